/**
 * Texts of details on disk: in a nameless file that they spill to while a large bundle or compiled file is loaded, so that nobody can
 * change it. Read by position when an alert is made; the file is closed when nobody holds the pool any more.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  MemoryTexts,
  MemoryTextsBuilder,
  type SharedTexts,
  type TextPool,
  type TextPoolBuilder,
} from '../core/text-pool.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Texts up to this size stay in memory. */
const SPILL_BYTES = 16 * 1024 * 1024;

/** Closes descriptors of pools that are gone; a set of intelligence has no other end of life. */
const closing = new FinalizationRegistry<number>((file) => closeSync(file));

/** A range of an open file; an owned one is closed with it. */
export class DiskTexts implements TextPool {
  readonly byteLength: number;
  readonly memoryBytes = 0;
  readonly #file: number;
  readonly #offset: number;

  constructor(file: number, offset: number, byteLength: number, ownership: 'owned' | 'borrowed' = 'owned') {
    this.#file = file;
    this.#offset = offset;
    this.byteLength = byteLength;
    if (ownership === 'owned') closing.register(this, file, this);
  }

  read(start: number, end: number): string {
    return this.bytes(start, end).toString('utf8');
  }

  bytes(start: number, end: number): Buffer {
    const bytes = Buffer.allocUnsafe(end - start);
    readFully(this.#file, bytes, this.#offset + start);
    return bytes;
  }

  *chunks(): Generator<Uint8Array> {
    for (let at = 0; at < this.byteLength; at += CHUNK_BYTES) {
      const part = Buffer.alloc(Math.min(CHUNK_BYTES, this.byteLength - at));
      readFully(this.#file, part, this.#offset + at);
      yield part;
    }
  }

  share(): SharedTexts {
    return { kind: 'file', file: this.#file, offset: this.#offset, byteLength: this.byteLength };
  }

  handOver(): SharedTexts {
    closing.unregister(this);
    return this.share();
  }
}

/** The texts of another thread's pool, which keeps the file open. */
export function borrowTexts(texts: SharedTexts): TextPool {
  return texts.kind === 'memory'
    ? new MemoryTexts(texts.bytes)
    : new DiskTexts(texts.file, texts.offset, texts.byteLength, 'borrowed');
}

/** Texts that another thread made for this one: the file is closed here. */
export function adoptTexts(texts: SharedTexts): TextPool {
  return texts.kind === 'memory'
    ? new MemoryTexts(texts.bytes)
    : new DiskTexts(texts.file, texts.offset, texts.byteLength, 'owned');
}

/** Keeps texts in memory up to `SPILL_BYTES`, then on disk in a file that has no name and so never outlives the process. */
export class SpillingTexts implements TextPoolBuilder {
  readonly #folder: string;
  readonly #limit: number;
  #memory: MemoryTextsBuilder | undefined = new MemoryTextsBuilder();
  #file = -1;
  #buffer = Buffer.alloc(0);
  #buffered = 0;
  #written = 0;

  constructor(folder: string, limitBytes = SPILL_BYTES) {
    this.#folder = folder;
    this.#limit = limitBytes;
  }

  get byteLength(): number {
    return this.#memory?.byteLength ?? this.#written + this.#buffered;
  }

  append(text: string): void {
    if (this.#memory !== undefined) {
      this.#memory.append(text);
      if (this.#memory.byteLength > this.#limit) this.#spill(this.#memory);
      return;
    }
    this.#makeRoom(text.length * 3);
    this.#buffered += this.#buffer.write(text, this.#buffered, 'utf8');
  }

  appendBytes(bytes: Uint8Array): void {
    if (this.#memory !== undefined) {
      this.#memory.appendBytes(bytes);
      if (this.#memory.byteLength > this.#limit) this.#spill(this.#memory);
      return;
    }
    this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  #makeRoom(bytes: number): void {
    if (this.#buffered + bytes <= this.#buffer.length) return;
    this.#flush();
    if (bytes > this.#buffer.length) this.#buffer = Buffer.alloc(bytes);
  }

  finish(): TextPool {
    if (this.#memory !== undefined) return this.#memory.finish();
    this.#flush();
    this.#buffer = Buffer.alloc(0);
    return new DiskTexts(this.#file, 0, this.#written);
  }

  #spill(memory: MemoryTextsBuilder): void {
    this.#file = namelessFile(this.#folder);
    for (const chunk of memory.finish().chunks()) this.#write(chunk);
    this.#memory = undefined;
    this.#buffer = Buffer.alloc(CHUNK_BYTES);
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  #write(bytes: Uint8Array): void {
    writeFully(this.#file, bytes, this.#written);
    this.#written += bytes.length;
  }
}

/** A copy of a pool that a file of its own holds; small ones are copied to memory. */
export function privateCopy(pool: TextPool, folder: string, limitBytes = SPILL_BYTES): TextPool {
  if (pool.byteLength <= limitBytes)
    return new MemoryTexts(Buffer.concat([...pool.chunks()].map((chunk) => Buffer.from(chunk))));
  const file = namelessFile(folder);
  let written = 0;
  for (const chunk of pool.chunks()) {
    writeFully(file, chunk, written);
    written += chunk.length;
  }
  return new DiskTexts(file, 0, written);
}

/** It goes with the last descriptor, whatever happens to the process. */
function namelessFile(folder: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `texts.${randomUUID()}.tmp`);
  const file = openSync(path, 'wx+', 0o600);
  rmSync(path);
  return file;
}

function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

function readFully(file: number, into: Buffer, position: number): void {
  for (let done = 0; done < into.length; ) {
    const read = readSync(file, into, done, into.length - done, position + done);
    if (read === 0) throw new Error('the file with the texts of indicators was cut off while it was read');
    done += read;
  }
}
