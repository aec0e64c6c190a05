/**
 * ScanMemory: one shared WebAssembly memory for compiled tables and the work areas of all scanners that use them. Blocks are
 * never moved; a reload makes a new memory beside the old one, and what changes more often gives its blocks back (`release`). Worker threads
 * receive the memory itself and the addresses of their blocks; a thread that needs more takes it behind all there is (`behind`), and nobody
 * else is given it.
 */

const PAGE_BYTES = 65_536;
export const MAX_MEMORY_BYTES = 65_536 * PAGE_BYTES;
/** Unused behind a block: kernels read further than they are told. */
const GAP_BYTES = 192;

export class ScanMemory {
  readonly memory: WebAssembly.Memory;
  #end: number;
  #ownBytes = 0;
  /** Up to here the memory is this one's to hand out. */
  #capacity: number;
  /** Given back, by bytes. */
  readonly #free = new Map<number, number[]>();

  /** A new memory; or one that another thread has filled up to `usedBytes` and given away. */
  constructor(memory?: WebAssembly.Memory, usedBytes = 0, capacity?: number) {
    this.memory = memory ?? new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
    // Kernels read up to 16 bytes before an address they are given.
    this.#end = Math.max(1024, usedBytes);
    this.#capacity = capacity ?? this.memory.buffer.byteLength;
  }

  /** New blocks in a memory of others. */
  static behind(memory: WebAssembly.Memory): ScanMemory {
    const size = memory.buffer.byteLength;
    return new ScanMemory(memory, size, size);
  }

  /** Bytes handed out so far. */
  get usedBytes(): number {
    return this.#end;
  }

  /** Bytes that this one has handed out itself. */
  get ownBytes(): number {
    return this.#ownBytes;
  }

  /** A block of `allocate` that no thread uses any more: the next one of as many bytes may stand there. */
  release(address: number, bytes: number): void {
    const free = this.#free.get(bytes);
    if (free === undefined) this.#free.set(bytes, [address]);
    else free.push(address);
  }

  /** Address of a new block of zeros, 64-byte aligned, with 64 bytes unused around it; throws a RangeError beyond 4 GiB. */
  allocate(bytes: number): number {
    const free = this.#free.get(bytes)?.pop();
    if (free !== undefined) {
      new Uint8Array(this.memory.buffer, free, bytes).fill(0);
      return free;
    }
    let start = blockAt(this.#end);
    if (start + bytes + GAP_BYTES > this.#capacity) {
      const before = this.#capacity;
      // Another thread may have taken what comes next: the block begins behind that.
      if (this.#grow(start + bytes + GAP_BYTES - before, bytes) !== before)
        start = blockAt(this.#grow(bytes + 2 * GAP_BYTES, bytes));
    }
    this.#end = start + bytes + GAP_BYTES;
    this.#ownBytes += bytes + GAP_BYTES;
    return start;
  }

  /** Returns where the new bytes begin, which are this one's from now on. */
  #grow(missing: number, bytes: number): number {
    const pages = Math.ceil(missing / PAGE_BYTES);
    if (this.memory.buffer.byteLength + pages * PAGE_BYTES > MAX_MEMORY_BYTES)
      throw new RangeError(`the scanner's memory of 4 GiB cannot hold ${bytes} bytes more`);
    const start = this.memory.grow(pages) * PAGE_BYTES;
    this.#capacity = start + pages * PAGE_BYTES;
    return start;
  }
}

function blockAt(end: number): number {
  return Math.ceil((end + 64) / 64) * 64;
}
