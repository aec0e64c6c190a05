/**
 * FrameLog: an append-only file of checksummed entries. What stands whole in the file counts; what a crash tore off at its end is cut
 * away when the file is opened again. Little-endian:
 *
 *   header, 16 bytes   0 magic `FLNTDLOG` · 8 version u32 · 12 CRC-32 of bytes 0 to 11 u32
 *   each entry         0 length u32 · 4 CRC-32 of length and content u32 · 8 content
 *
 * An entry counts as written when `append` resolves: it has been forced to disk then.
 */
import { openSync, closeSync, fstatSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const MAGIC = 'FLNTDLOG';
const VERSION = 1;
const HEADER_BYTES = 16;
const FRAME_BYTES = 8;
/** Longer entries are no entries: a length that was torn must not ask for gigabytes. */
export const MAX_ENTRY_BYTES = 256 * 1024 * 1024;

export interface LogContent {
  readonly entries: readonly Buffer[];
  /** Where the last whole entry ends; 0 when the header is none of ours. */
  readonly end: number;
  /** Bytes behind it. */
  readonly torn: number;
}

/** The whole entries of the file, up to `limit` bytes of it. @throws on I/O problems. */
export function readFrameLog(path: string, limit = Number.POSITIVE_INFINITY): LogContent {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(file).size, limit));
    let read = 0;
    while (read < bytes.length) {
      const got = readSync(file, bytes, read, bytes.length - read, read);
      if (got === 0) break;
      read += got;
    }
    return entriesOf(bytes.subarray(0, read));
  } finally {
    closeSync(file);
  }
}

function entriesOf(bytes: Buffer): LogContent {
  if (!bytes.subarray(0, HEADER_BYTES).equals(header())) return { entries: [], end: 0, torn: bytes.length };
  const entries: Buffer[] = [];
  let end = HEADER_BYTES;
  while (end + FRAME_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(end);
    const next = end + FRAME_BYTES + length;
    if (length > MAX_ENTRY_BYTES || next > bytes.length) break;
    const content = bytes.subarray(end + FRAME_BYTES, next);
    if (bytes.readUInt32LE(end + 4) !== checksum(bytes.subarray(end, end + 4), content)) break;
    entries.push(content);
    end = next;
  }
  return { entries, end, torn: bytes.length - end };
}

export class FrameLog {
  readonly path: string;
  readonly #file: FileHandle;
  #bytes: number;
  #entries: number;

  private constructor(path: string, file: FileHandle, bytes: number, entries: number) {
    this.path = path;
    this.#file = file;
    this.#bytes = bytes;
    this.#entries = entries;
  }

  /** A new file with these entries, forced to disk. */
  static async create(path: string, entries: readonly Uint8Array[] = []): Promise<FrameLog> {
    const file = await open(path, 'w', 0o600);
    try {
      const content = Buffer.concat([header(), ...entries.flatMap(frame)]);
      await file.writeFile(content);
      await file.sync();
      return new FrameLog(path, file, content.length, entries.length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Goes on with a file whose content was read by `readFrameLog`; cuts off what is torn. */
  static async resume(path: string, content: LogContent): Promise<FrameLog> {
    const file = await open(path, 'r+');
    try {
      await file.truncate(content.end);
      return new FrameLog(path, file, content.end, content.entries.length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Length of the file. */
  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Resolves when the entry is on disk. One call at a time. */
  async append(entry: Uint8Array): Promise<void> {
    if (entry.length > MAX_ENTRY_BYTES) throw new RangeError(`an entry of ${entry.length} bytes is too long`);
    const bytes = Buffer.concat(frame(entry));
    // By position: after a failed write the next one begins where that began.
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#bytes + done);
      done += bytesWritten;
    }
    await this.#file.datasync();
    this.#bytes += bytes.length;
    this.#entries++;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function header(): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(MAGIC, 0, 'ascii');
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  return bytes;
}

function frame(content: Uint8Array): [Buffer, Uint8Array] {
  const head = Buffer.alloc(FRAME_BYTES);
  head.writeUInt32LE(content.length, 0);
  head.writeUInt32LE(checksum(head.subarray(0, 4), content), 4);
  return [head, content];
}

function checksum(length: Uint8Array, content: Uint8Array): number {
  return crc32(content, crc32(length));
}
