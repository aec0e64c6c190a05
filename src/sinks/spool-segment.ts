/**
 * On-disk form of the spool's segments, version 1. All numbers little-endian.
 *
 * file:    8 bytes "FLNTSPL1"
 *          records, one after the other
 * record:  u32 length of the payload, u32 CRC-32 of the length field and the payload, payload
 * payload: u16 length of the id, id in UTF-8, body
 *
 * A torn or damaged record is told by its CRC or by a length that cannot be; what follows a wrong length cannot be found any more.
 */
import { crc32 } from 'node:zlib';
import type { OutgoingMessage } from './sink.ts';

export const SEGMENT_MAGIC = Buffer.from('FLNTSPL1', 'latin1');
const HEADER_BYTES = 8;
const ID_LENGTH_BYTES = 2;
const MAX_ID_BYTES = 0xffff;

export interface ScannedRecord {
  readonly message: OutgoingMessage;
  /** Offset after the record. */
  readonly end: number;
}

export interface Scan {
  readonly records: readonly ScannedRecord[];
  /** Offset after the last whole record. */
  readonly end: number;
  /** Records whose CRC is wrong; they are passed over. */
  readonly damagedRecords: number;
  /** True when the bytes after `end` are no record: too short, or a length that cannot be. */
  readonly torn: boolean;
}

export function encodeRecord({ id, body }: OutgoingMessage): Buffer {
  const idBytes = Buffer.from(id, 'utf8').subarray(0, MAX_ID_BYTES);
  const length = ID_LENGTH_BYTES + idBytes.length + body.length;
  const record = Buffer.allocUnsafe(HEADER_BYTES + length);
  record.writeUInt32LE(length, 0);
  record.writeUInt16LE(idBytes.length, HEADER_BYTES);
  record.set(idBytes, HEADER_BYTES + ID_LENGTH_BYTES);
  record.set(body, HEADER_BYTES + ID_LENGTH_BYTES + idBytes.length);
  record.writeUInt32LE(checksum(record, 0, length), 4);
  return record;
}

/** Reads whole records of `bytes`, which begin at offset `base` of the file, until the limits are reached. */
export function scanRecords(bytes: Buffer, base: number, maxRecords = Number.POSITIVE_INFINITY): Scan {
  const records: ScannedRecord[] = [];
  let damagedRecords = 0;
  let at = 0;
  while (records.length < maxRecords && at + HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    const end = at + HEADER_BYTES + length;
    if (length < ID_LENGTH_BYTES || end > bytes.length) break;
    const idLength = bytes.readUInt16LE(at + HEADER_BYTES);
    const sound = bytes.readUInt32LE(at + 4) === checksum(bytes, at, length) && ID_LENGTH_BYTES + idLength <= length;
    if (sound) {
      const idStart = at + HEADER_BYTES + ID_LENGTH_BYTES;
      const id = bytes.toString('utf8', idStart, idStart + idLength);
      records.push({ message: { id, body: bytes.subarray(idStart + idLength, end) }, end: base + end });
    } else damagedRecords++;
    at = end;
  }
  return { records, end: base + at, damagedRecords, torn: records.length < maxRecords && at < bytes.length };
}

function checksum(record: Buffer, at: number, length: number): number {
  const lengthField = record.subarray(at, at + 4);
  return crc32(record.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length), crc32(lengthField));
}
