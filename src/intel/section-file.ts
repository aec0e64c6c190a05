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
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { type Diagnostic, diagnostic } from '../errors/diagnostic.ts';

export type Sections = ReadonlyMap<string, Uint8Array>;

export type SectionRead =
  | { readonly ok: true; readonly version: number; readonly sections: Sections }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

const HEADER_BYTES = 64;
const ENTRY_BYTES = 64;
const NAME_BYTES = 40;
const ALIGNMENT = 64;
const MAX_SECTIONS = 1000;
const CHUNK_BYTES = 256 * 1024 * 1024;

/** @throws on I/O problems. `magic` has eight ASCII characters; names have at most 40. */
export function writeSectionFile(path: string, magic: string, version: number, sections: Sections): void {
  const header = Buffer.alloc(HEADER_BYTES);
  const table = Buffer.alloc(ENTRY_BYTES * sections.size);
  let offset = aligned(HEADER_BYTES + table.length);
  let entry = 0;
  for (const [name, bytes] of sections) {
    if (name.length > NAME_BYTES || !/^[\x21-\x7e]+$/.test(name)) throw new RangeError(`bad section name "${name}"`);
    table.write(name, entry, 'ascii');
    table.writeBigUInt64LE(BigInt(offset), entry + NAME_BYTES);
    table.writeBigUInt64LE(BigInt(bytes.length), entry + NAME_BYTES + 8);
    table.writeUInt32LE(crc32(bytes), entry + NAME_BYTES + 16);
    entry += ENTRY_BYTES;
    offset = aligned(offset + bytes.length);
  }
  header.write(magic, 0, 8, 'ascii');
  header.writeUInt32LE(version, 8);
  header.writeUInt32LE(sections.size, 12);
  header.writeBigUInt64LE(BigInt(offset), 16);
  header.writeUInt32LE(crc32(table), 24);
  header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
  writeWhole(path, [header, table], sections);
}

/** Whether the first bytes of a file say that it is a section file with this magic. */
export function hasMagic(head: Uint8Array, magic: string): boolean {
  return Buffer.from(head.buffer, head.byteOffset, head.byteLength).subarray(0, 8).toString('latin1') === magic;
}

/** Reads and checks the whole file; sections are views of one buffer, aligned to 64 bytes. @throws on I/O problems. */
export function readSectionFile(path: string, magic: string, version: number): SectionRead {
  const bytes = readWhole(path);
  if (bytes.length < HEADER_BYTES || !hasMagic(bytes, magic))
    return damaged(path, 'the file is cut off or no such file');
  if (bytes.readUInt32LE(28) !== crc32(bytes.subarray(0, 28)))
    return damaged(path, 'the header does not fit its checksum');
  const found = bytes.readUInt32LE(8);
  if (found !== version) {
    const message = `"${path}" has format ${found}, this version reads format ${version}`;
    return { ok: false, diagnostic: diagnostic('INTEL_COMPILED_VERSION', 'error', message, { span: { file: path } }) };
  }
  const count = bytes.readUInt32LE(12);
  const tableEnd = HEADER_BYTES + count * ENTRY_BYTES;
  if (bytes.readBigUInt64LE(16) !== BigInt(bytes.length) || count > MAX_SECTIONS || tableEnd > bytes.length)
    return damaged(
      path,
      `the file has ${bytes.length} bytes, not the ${bytes.readBigUInt64LE(16)} that it was written with`,
    );
  const table = bytes.subarray(HEADER_BYTES, tableEnd);
  if (bytes.readUInt32LE(24) !== crc32(table)) return damaged(path, 'the section table does not fit its checksum');
  const sections = new Map<string, Uint8Array>();
  for (let entry = 0; entry < table.length; entry += ENTRY_BYTES) {
    const name = table.toString('ascii', entry, entry + NAME_BYTES).replace(/\0+$/, '');
    const offset = Number(table.readBigUInt64LE(entry + NAME_BYTES));
    const length = Number(table.readBigUInt64LE(entry + NAME_BYTES + 8));
    if (offset + length > bytes.length) return damaged(path, `section "${name}" ends behind the file`);
    const section = bytes.subarray(offset, offset + length);
    if (crc32(section) !== table.readUInt32LE(entry + NAME_BYTES + 16))
      return damaged(path, `section "${name}" does not fit its checksum`);
    sections.set(name, section);
  }
  return { ok: true, version: found, sections };
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

function readWhole(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.from(new ArrayBuffer(size));
    let at = 0;
    while (at < size) {
      const read = readSync(file, bytes, at, Math.min(CHUNK_BYTES, size - at), at);
      if (read === 0) break;
      at += read;
    }
    return at === size ? bytes : bytes.subarray(0, at);
  } finally {
    closeSync(file);
  }
}

function writeWhole(path: string, head: readonly Buffer[], sections: Sections): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w', 0o644);
    try {
      let at = 0;
      for (const bytes of [...head, ...sections.values()]) {
        // Positions that are skipped read as zero.
        at = aligned(at);
        for (let done = 0; done < bytes.length; )
          done += writeSync(file, bytes, done, Math.min(CHUNK_BYTES, bytes.length - done), at + done);
        at += bytes.length;
      }
      ftruncateSync(file, aligned(at));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
