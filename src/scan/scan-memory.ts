/**
 * ScanMemory: one shared WebAssembly memory for compiled tables and the work areas of all scanners that use them. Blocks are
 * handed out once and never moved; a reload makes a new memory beside the old one. Worker threads receive the memory itself and
 * the addresses of their blocks.
 */

const PAGE_BYTES = 65_536;
export const MAX_MEMORY_BYTES = 65_536 * PAGE_BYTES;

export class ScanMemory {
  readonly memory: WebAssembly.Memory;
  #end: number;

  /** A new memory; or one that another thread has filled up to `usedBytes` and given away. */
  constructor(memory?: WebAssembly.Memory, usedBytes = 0) {
    this.memory = memory ?? new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
    // Kernels read up to 16 bytes before an address they are given.
    this.#end = Math.max(1024, usedBytes);
  }

  /** Bytes handed out so far. */
  get usedBytes(): number {
    return this.#end;
  }

  /** Address of a new block of zeros, 64-byte aligned, with 64 bytes unused around it; throws a RangeError beyond 4 GiB. */
  allocate(bytes: number): number {
    const start = Math.ceil((this.#end + 64) / 64) * 64;
    const end = start + bytes + 192;
    if (end > MAX_MEMORY_BYTES) throw new RangeError(`the scanner's memory of 4 GiB cannot hold ${bytes} bytes more`);
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) this.memory.grow(missing);
    this.#end = end;
    return start;
  }
}
