/**
 * KeySet: a set of digests of 96 bits, open addressing over one typed array. A million keys take 25 MB, where a Set of strings takes more
 * than 100; two of a billion different keys are equal by chance once in 10^11 runs.
 */
const WORDS = 3;
export const KEY_BYTES = 4 * WORDS;
const FIRST_SLOTS = 1024;

export class KeySet {
  #slots = new Uint32Array(FIRST_SLOTS * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first 12 bytes count. Returns whether the key is new. */
  add(digest: Buffer, at = 0): boolean {
    const a = digest.readUInt32LE(at);
    const b = digest.readUInt32LE(at + 4);
    // All zeros mark a free slot.
    const c = digest.readUInt32LE(at + 8) | (a === 0 && b === 0 ? 1 : 0);
    if (!this.#put(a, b, c >>> 0)) return false;
    this.#size++;
    if (this.#size * 2 * WORDS > this.#slots.length) this.#grow();
    return true;
  }

  #put(a: number, b: number, c: number): boolean {
    const slots = this.#slots;
    const mask = slots.length / WORDS - 1;
    for (let slot = a & mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      const [x, y, z] = [slots[at], slots[at + 1], slots[at + 2]];
      if (x === a && y === b && z === c) return false;
      if (x !== 0 || y !== 0 || z !== 0) continue;
      slots[at] = a;
      slots[at + 1] = b;
      slots[at + 2] = c;
      return true;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += WORDS) {
      const [a = 0, b = 0, c = 0] = [old[at], old[at + 1], old[at + 2]];
      if (a !== 0 || b !== 0 || c !== 0) this.#put(a, b, c);
    }
  }
}
