/**
 * Records of the evidence log: u32 length of the payload, u32 CRC-32 of length and payload, payload = u16 length of the source id, the id in
 * UTF-8, f64 position, u32 part, body. Little-endian.
 */
import { crc32 } from 'node:zlib';

/** Names one event for ever. */
export interface EvidenceReference {
  readonly source: string;
  readonly position: number;
  readonly part: number;
}

/** Length and checksum. */
export const HEADER_BYTES = 8;
const FIXED_BYTES = 14;
/** Longer events are not kept. */
const MAX_BODY_BYTES = 4 << 20;
/** Of a payload; what says it is longer is damaged. */
export const MAX_PAYLOAD_BYTES = MAX_BODY_BYTES + 0x10000;

export type EvidenceRecord = EvidenceReference & { readonly body: string };

/** Undefined when the event is too long. */
export function encodeRecord({ source, position, part }: EvidenceReference, body: string): Buffer | undefined {
  const idBytes = Buffer.byteLength(source);
  const bodyBytes = Buffer.byteLength(body);
  if (idBytes > 0xffff || bodyBytes > MAX_BODY_BYTES) return undefined;
  const length = FIXED_BYTES + idBytes + bodyBytes;
  const record = Buffer.allocUnsafe(HEADER_BYTES + length);
  record.writeUInt32LE(length, 0);
  record.writeUInt16LE(idBytes, 8);
  record.write(source, 10);
  record.writeDoubleLE(position, 10 + idBytes);
  record.writeUInt32LE(part, 18 + idBytes);
  record.write(body, 22 + idBytes);
  record.writeUInt32LE(checksumOf(record, 0, length), 4);
  return record;
}

/** `end`: no whole record stands there. */
export function decodeRecord(bytes: Buffer, at: number): EvidenceRecord | 'damaged' | 'end' {
  if (at + HEADER_BYTES + FIXED_BYTES > bytes.length) return 'end';
  const length = bytes.readUInt32LE(at);
  const end = at + HEADER_BYTES + length;
  if (length < FIXED_BYTES || end > bytes.length) return 'end';
  const idBytes = bytes.readUInt16LE(at + 8);
  if (checksumOf(bytes, at, length) !== bytes.readUInt32LE(at + 4) || FIXED_BYTES + idBytes > length) return 'damaged';
  const idEnd = at + 10 + idBytes;
  return {
    source: bytes.toString('utf8', at + 10, idEnd),
    position: bytes.readDoubleLE(idEnd),
    part: bytes.readUInt32LE(idEnd + 8),
    body: bytes.toString('utf8', idEnd + 12, end),
  };
}

function checksumOf(bytes: Buffer, at: number, length: number): number {
  return crc32(bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length), crc32(bytes.subarray(at, at + 4)));
}
