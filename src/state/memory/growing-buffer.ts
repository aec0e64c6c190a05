/**
 * GrowingBuffer: memory of zeros that becomes longer. A small one is copied into one half as long again. A large one grows where it stands, a
 * sixteenth at a time, as the memory of a WebAssembly module does: no copy, no pause for it, and no former one that waits to be collected
 * beside it, which for tables of a million records would be as much memory as half of them. The memory is a shared one, although no
 * other thread has it: growing any other takes the former buffer away, after which V8 asks before each access to any array whether it is
 * still there (a quarter slower). Where the system grants none (it takes addresses for what it may become), large ones are copied too.
 */

const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
/** From here on it is a memory that grows. */
const LARGE_BYTES = 1 << 18;

export class GrowingBuffer {
  #memory: WebAssembly.Memory | undefined;
  #buffer: ArrayBuffer | SharedArrayBuffer;

  constructor(bytes: number) {
    this.#buffer = new ArrayBuffer(bytes);
  }

  get buffer(): ArrayBuffer | SharedArrayBuffer {
    return this.#buffer;
  }

  /** A buffer at least so long, a multiple of eight, with what was there. The one before must not be written to any more. */
  grow(bytes: number): ArrayBuffer | SharedArrayBuffer {
    this.#buffer = this.#grown(bytes);
    return this.#buffer;
  }

  #grown(bytes: number): ArrayBuffer | SharedArrayBuffer {
    const from = this.#buffer;
    if (bytes < LARGE_BYTES) return copied(from, Math.max(bytes, Math.ceil(from.byteLength * 1.5)));
    const pages = Math.min(MAX_PAGES, Math.ceil((bytes * 17) / 16 / PAGE_BYTES));
    if (pages * PAGE_BYTES >= bytes) {
      try {
        if (this.#memory === undefined) this.#memory = memoryWith(from, pages);
        else this.#memory.grow(pages - from.byteLength / PAGE_BYTES);
        return this.#memory.buffer;
      } catch (error) {
        // No addresses are left for it, or there is no WebAssembly.
        if (!(error instanceof RangeError || error instanceof ReferenceError)) throw error;
      }
    }
    this.#memory = undefined;
    return copied(from, Math.ceil(bytes * 1.2));
  }
}

function memoryWith(from: ArrayBuffer | SharedArrayBuffer, pages: number): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true });
  new Uint8Array(memory.buffer).set(new Uint8Array(from));
  return memory;
}

function copied(from: ArrayBuffer | SharedArrayBuffer, bytes: number): ArrayBuffer {
  const to = new ArrayBuffer(8 * Math.ceil(bytes / 8));
  new Uint8Array(to).set(new Uint8Array(from));
  return to;
}
