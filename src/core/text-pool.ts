/**
 * TextPool: the texts of many details behind each other, read back by position. In memory here; `intel/disk-texts.ts` keeps large ones
 * on disk, because they are read only when an alert is made.
 */

export interface TextPool {
  readonly byteLength: number;
  /** Of these, bytes held in memory. */
  readonly memoryBytes: number;
  /** UTF-8 text of the bytes from `start` to `end`. */
  read(start: number, end: number): string;
  /** The bytes themselves; not to be changed. */
  bytes(start: number, end: number): Buffer;
  /** All bytes in order; each chunk is valid until the next is taken. */
  chunks(): Iterable<Uint8Array>;
  /** What another thread of this process reads the same texts by, as long as this pool is alive. */
  share(): SharedTexts;
  /** As `share`, and this pool lets go: whoever takes the texts over (`adoptTexts`) closes what must be closed. */
  handOver(): SharedTexts;
}

export type SharedTexts =
  | { readonly kind: 'memory'; readonly bytes: Uint8Array }
  /** A descriptor of this process, which the pool owns. */
  | { readonly kind: 'file'; readonly file: number; readonly offset: number; readonly byteLength: number };

export interface TextPoolBuilder {
  readonly byteLength: number;
  append(text: string): void;
  appendBytes(bytes: Uint8Array): void;
  /** The builder must not be used afterwards. */
  finish(): TextPool;
}

export class MemoryTexts implements TextPool {
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  get memoryBytes(): number {
    return this.#bytes.length;
  }

  read(start: number, end: number): string {
    return this.#bytes.toString('utf8', start, end);
  }

  bytes(start: number, end: number): Buffer {
    return this.#bytes.subarray(start, end);
  }

  chunks(): Iterable<Uint8Array> {
    return [this.#bytes];
  }

  share(): SharedTexts {
    return { kind: 'memory', bytes: shared(this.#bytes) };
  }

  handOver(): SharedTexts {
    return this.share();
  }
}

/** A copy in shared memory; the same bytes when they lie there already. */
export function shared<T extends Uint8Array | Uint32Array | Float64Array>(array: T): T {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const buffer = new SharedArrayBuffer(array.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  const Kind = (array instanceof Float64Array
    ? Float64Array
    : array instanceof Uint32Array
      ? Uint32Array
      : Uint8Array) as unknown as new (
    buffer: SharedArrayBuffer,
  ) => T;
  return new Kind(buffer);
}

export class MemoryTextsBuilder implements TextPoolBuilder {
  #bytes = Buffer.alloc(4096);
  #end = 0;

  get byteLength(): number {
    return this.#end;
  }

  append(text: string): void {
    this.#makeRoom(text.length * 3);
    this.#end += this.#bytes.write(text, this.#end, 'utf8');
  }

  appendBytes(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }

  finish(): TextPool {
    return new MemoryTexts(Uint8Array.prototype.slice.call(this.#bytes, 0, this.#end));
  }
}
