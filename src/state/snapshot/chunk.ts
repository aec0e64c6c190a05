/**
 * Snapshot chunks: self-describing, checksummed pieces of state. A state is a set of chunks by key; a later chunk of the same key takes
 * the place of the earlier one, so an incremental snapshot is the chunks that changed. Whoever stores them keeps the newest of each
 * key, and `closing` tells which keys belong to the state. Reading and writing files is not done here.
 *
 * Layout (little-endian): 0 magic "FLS1"; 4 CRC-32 of all that follows, u32; 8 length of the head, u32; 12 head as JSON
 * { key, head, columns: [name, type, length][] }; then the columns, each from a multiple of 8.
 */
import { crc32 } from 'node:zlib';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';

export interface SnapshotChunk {
  readonly key: string;
  readonly bytes: Uint8Array;
}

export type Column = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

export interface DecodedChunk {
  readonly key: string;
  readonly head: unknown;
  readonly columns: Readonly<Record<string, Column>>;
}

const MAGIC = 0x31534c46;
const TYPES = { f64: Float64Array, i32: Int32Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array } as const;
type ColumnType = keyof typeof TYPES;

/** `head` must be JSON. The columns are copied. */
export function encodeChunk(key: string, head: unknown, columns: Readonly<Record<string, Column>> = {}): SnapshotChunk {
  const entries = Object.entries(columns);
  const described = entries.map(([name, column]) => [name, typeOf(column), column.length] as const);
  const json = new TextEncoder().encode(JSON.stringify({ key, head, columns: described }));
  let size = align(12 + json.length);
  for (const [, column] of entries) size = align(size + column.byteLength);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(json, 12);
  let at = align(12 + json.length);
  for (const [, column] of entries) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at = align(at + column.byteLength);
  }
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, json.length, true);
  view.setUint32(4, crc32(bytes.subarray(8)), true);
  return { key, bytes };
}

/** Reads a chunk and takes its bytes over: the columns are views of them where they lie right. What is damaged or of another version is told, never guessed. */
export function decodeChunk(bytes: Uint8Array): DecodedChunk | Diagnostic {
  if (bytes.length < 12) return damaged('a snapshot chunk is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return damaged('a snapshot chunk is of an unknown format or version');
  if (view.getUint32(4, true) !== crc32(bytes.subarray(8)))
    return damaged('a snapshot chunk does not match its checksum');
  const headLength = view.getUint32(8, true);
  // The checksum holds, so that what follows was written by encodeChunk.
  const { key, head, columns } = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + headLength))) as {
    key: string;
    head: unknown;
    columns: [string, ColumnType, number][];
  };
  let at = align(12 + headLength);
  const decoded: [string, Column][] = columns.map(([name, type, length]) => {
    const make = TYPES[type];
    const end = at + length * make.BYTES_PER_ELEMENT;
    const start = bytes.byteOffset + at;
    const column =
      start % 8 === 0 ? new make(bytes.buffer as ArrayBuffer, start, length) : new make(bytes.slice(at, end).buffer);
    at = align(end);
    return [name, column];
  });
  return { key, head, columns: Object.fromEntries(decoded) };
}

/** The last chunk of a snapshot: all keys that belong to the state at that moment. */
export function closing(keys: readonly string[]): SnapshotChunk {
  return encodeChunk('closing', { keys });
}

/** The chunks of a state by key. Told apart from damage: a key that `closing` names and nobody stored. */
export function readSnapshot(chunks: Iterable<Uint8Array>): ReadonlyMap<string, DecodedChunk> | Diagnostic {
  const byKey = new Map<string, DecodedChunk>();
  for (const bytes of chunks) {
    const chunk = decodeChunk(bytes);
    if ('severity' in chunk) return chunk;
    byKey.set(chunk.key, chunk);
  }
  const keys = byKey.get('closing')?.head as { keys: readonly string[] } | undefined;
  if (keys === undefined) return damaged('the snapshot has no closing chunk');
  const missing = keys.keys.filter((key) => !byKey.has(key));
  if (missing.length > 0) return damaged(`the snapshot lacks ${missing.length} chunks, "${missing[0]}" first`);
  const named = new Set(keys.keys);
  for (const key of byKey.keys()) if (!named.has(key)) byKey.delete(key);
  return byKey;
}

function damaged(message: string): Diagnostic {
  return diagnostic('STATE_BAD_SNAPSHOT', 'error', message);
}

function typeOf(column: Column): ColumnType {
  const found = (Object.keys(TYPES) as ColumnType[]).find((type) => column instanceof TYPES[type]);
  return found ?? 'u8';
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
