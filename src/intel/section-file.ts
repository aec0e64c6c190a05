/**
 * Section file: named runs of bytes in one file, checksummed, loaded by reading and not by parsing. Little-endian.
 *
 *   header, 64 bytes     0 magic (8 ASCII bytes) · 8 version u32 · 12 number of sections u32 · 16 length of the file u64
 *                        24 CRC-32 of the section table u32 · 28 CRC-32 of bytes 0 to 27 u32 · 32 to 63 zero
 *   table, 64 bytes each 0 name (ASCII, zero padded, 40 bytes) · 40 offset u64 · 48 length u64 · 56 CRC-32 u32 · 60 zero
 *   sections             each begins at a multiple of 64; the gaps are zero
 *
 * A file is written beside its place, synced and renamed: a reader sees the old or the new one, never a part.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { type Diagnostic, diagnostic } from '../errors/diagnostic.ts';

export type Sections = ReadonlyMap<string, Uint8Array>;

/** Bytes to be written: at hand, or in chunks. */
export type SectionContent = Uint8Array | { readonly byteLength: number; chunks(): Iterable<Uint8Array> };

export interface SectionPlace {
  readonly offset: number;
  readonly length: number;
}

export type SectionRead =
  | {
      readonly ok: true;
      readonly version: number;
      readonly sections: Sections;
      /** Sections that were checked and left on disk. */
      readonly left: ReadonlyMap<string, SectionPlace>;
      /** The open file, when sections were left in it; the caller closes it. */
      readonly file: number | undefined;
    }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

export interface SectionFileOptions {
  /** Permissions of the file; default 0o644. */
  readonly mode?: number;
  /** Whether it is forced to disk before it takes its place; default true. */
  readonly sync?: boolean;
}

const HEADER_BYTES = 64;
const ENTRY_BYTES = 64;
const NAME_BYTES = 40;
const ALIGNMENT = 64;
const MAX_SECTIONS = 1000;
const CHUNK_BYTES = 256 * 1024 * 1024;
const CHECK_BYTES = 1024 * 1024;

/** @throws on I/O problems. `magic` has eight ASCII characters; names have at most 40. */
export function writeSectionFile(
  path: string,
  magic: string,
  version: number,
  sections: ReadonlyMap<string, SectionContent>,
  options: SectionFileOptions = {},
): void {
  writeWhole(path, headOf(magic, version, sections), sections, options);
}

/** As `writeSectionFile`, while this thread does other things: nobody may change the sections meanwhile. Rejects on I/O problems. */
export async function writeSectionFileBeside(
  path: string,
  magic: string,
  version: number,
  sections: Sections,
  { mode = 0o644, sync = true }: SectionFileOptions = {},
): Promise<void> {
  // Another one may be on its way.
  const temporary = `${path}.${process.pid}.${writesBeside++}.tmp`;
  try {
    const file = await open(temporary, 'w', mode);
    try {
      let at = 0;
      for (const bytes of [...headOf(magic, version, sections), ...sections.values()]) {
        at = aligned(at);
        for (let done = 0; done < bytes.length; )
          done += (await file.write(bytes, done, Math.min(CHUNK_BYTES, bytes.length - done), at + done)).bytesWritten;
        at += bytes.length;
      }
      await file.truncate(aligned(at));
      if (sync) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

let writesBeside = 0;

function headOf(
  magic: string,
  version: number,
  sections: ReadonlyMap<string, SectionContent>,
): readonly [header: Buffer, table: Buffer] {
  const header = Buffer.alloc(HEADER_BYTES);
  const table = Buffer.alloc(ENTRY_BYTES * sections.size);
  let offset = aligned(HEADER_BYTES + table.length);
  let entry = 0;
  for (const [name, bytes] of sections) {
    if (name.length > NAME_BYTES || !/^[\x21-\x7e]+$/.test(name)) throw new RangeError(`bad section name "${name}"`);
    table.write(name, entry, 'ascii');
    table.writeBigUInt64LE(BigInt(offset), entry + NAME_BYTES);
    table.writeBigUInt64LE(BigInt(bytes.byteLength), entry + NAME_BYTES + 8);
    let checksum = 0;
    for (const chunk of chunksOf(bytes)) checksum = crc32(chunk, checksum);
    table.writeUInt32LE(checksum, entry + NAME_BYTES + 16);
    entry += ENTRY_BYTES;
    offset = aligned(offset + bytes.byteLength);
  }
  header.write(magic, 0, 8, 'ascii');
  header.writeUInt32LE(version, 8);
  header.writeUInt32LE(sections.size, 12);
  header.writeBigUInt64LE(BigInt(offset), 16);
  header.writeUInt32LE(crc32(table), 24);
  header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
  return [header, table];
}

/** Whether the first bytes of a file say that it is a section file with this magic. */
export function hasMagic(head: Uint8Array, magic: string): boolean {
  return Buffer.from(head.buffer, head.byteOffset, head.byteLength).subarray(0, 8).toString('latin1') === magic;
}

/**
 * Reads and checks a whole file. Each section is a buffer of its own; those that `leaveOnDisk` names are checked and stay in the file,
 * which is left open for them. @throws on I/O problems.
 */
export function readSectionFile(
  path: string,
  magic: string,
  version: number,
  leaveOnDisk: (name: string) => boolean = () => false,
): SectionRead {
  const file = openSync(path, 'r');
  let keepOpen = false;
  try {
    const read = readOpen(file, path, magic, version, leaveOnDisk);
    keepOpen = read.ok && read.file !== undefined;
    return read;
  } finally {
    if (!keepOpen) closeSync(file);
  }
}

function readOpen(
  file: number,
  path: string,
  magic: string,
  version: number,
  leaveOnDisk: (name: string) => boolean,
): SectionRead {
  const { size } = fstatSync(file);
  const header = readRange(file, 0, Math.min(HEADER_BYTES, size));
  if (header.length < HEADER_BYTES || !hasMagic(header, magic))
    return damaged(path, 'the file is cut off or no such file');
  if (header.readUInt32LE(28) !== crc32(header.subarray(0, 28)))
    return damaged(path, 'the header does not fit its checksum');
  const found = header.readUInt32LE(8);
  if (found !== version) {
    const message = `"${path}" has format ${found}, this version reads format ${version}`;
    return { ok: false, diagnostic: diagnostic('INTEL_COMPILED_VERSION', 'error', message, { span: { file: path } }) };
  }
  const count = header.readUInt32LE(12);
  const tableEnd = HEADER_BYTES + count * ENTRY_BYTES;
  const expected = header.readBigUInt64LE(16);
  if (expected !== BigInt(size) || count > MAX_SECTIONS || tableEnd > size)
    return damaged(path, `the file has ${size} bytes, not the ${expected} that it was written with`);
  const table = readRange(file, HEADER_BYTES, tableEnd - HEADER_BYTES);
  if (header.readUInt32LE(24) !== crc32(table)) return damaged(path, 'the section table does not fit its checksum');
  const sections = new Map<string, Uint8Array>();
  const left = new Map<string, SectionPlace>();
  for (let entry = 0; entry < table.length; entry += ENTRY_BYTES) {
    const name = table.toString('ascii', entry, entry + NAME_BYTES).replace(/\0+$/, '');
    const offset = Number(table.readBigUInt64LE(entry + NAME_BYTES));
    const length = Number(table.readBigUInt64LE(entry + NAME_BYTES + 8));
    if (offset + length > size) return damaged(path, `section "${name}" ends behind the file`);
    const stays = leaveOnDisk(name);
    const bytes = stays ? undefined : readRange(file, offset, length);
    const checksum = bytes === undefined ? checksumOf(file, offset, length) : crc32(bytes);
    if (checksum !== table.readUInt32LE(entry + NAME_BYTES + 16))
      return damaged(path, `section "${name}" does not fit its checksum`);
    if (bytes === undefined) left.set(name, { offset, length });
    else sections.set(name, bytes);
  }
  return { ok: true, version: found, sections, left, file: left.size > 0 ? file : undefined };
}

/** Bytes of a typed array, as a section. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  if (endianness() !== 'LE') throw new Error('section files need a little-endian machine');
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function damaged(path: string, why: string): SectionRead {
  return {
    ok: false,
    diagnostic: diagnostic('INTEL_COMPILED_DAMAGED', 'error', `"${path}" is damaged: ${why}`, { span: { file: path } }),
  };
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}

/** A buffer of its own, aligned for every typed array and shared, so that threads need no copy; shorter when the file ends early. */
function readRange(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.from(new SharedArrayBuffer(length));
  let at = 0;
  while (at < length) {
    const read = readSync(file, bytes, at, Math.min(CHUNK_BYTES, length - at), offset + at);
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

function checksumOf(file: number, offset: number, length: number): number {
  let checksum = 0;
  for (let at = 0; at < length; at += CHECK_BYTES)
    checksum = crc32(readRange(file, offset + at, Math.min(CHECK_BYTES, length - at)), checksum);
  return checksum;
}

function chunksOf(content: SectionContent): Iterable<Uint8Array> {
  return content instanceof Uint8Array ? [content] : content.chunks();
}

function writeWhole(
  path: string,
  head: readonly Buffer[],
  sections: ReadonlyMap<string, SectionContent>,
  { mode = 0o644, sync = true }: SectionFileOptions,
): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w', mode);
    try {
      let at = 0;
      for (const content of [...head, ...sections.values()]) {
        // Positions that are skipped read as zero.
        at = aligned(at);
        for (const bytes of chunksOf(content)) {
          for (let done = 0; done < bytes.length; )
            done += writeSync(file, bytes, done, Math.min(CHUNK_BYTES, bytes.length - done), at + done);
          at += bytes.length;
        }
      }
      ftruncateSync(file, aligned(at));
      if (sync) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
