/**
 * CountTable: counts by 64-bit fingerprint. Open addressing with linear probing over typed arrays, at most half filled; an entry that
 * counts down to nothing is taken out, and those behind it move up, so that no markers are left. 12 bytes a slot.
 */
export class CountTable {
  #keys = new Int32Array(32);
  #counts = new Int32Array(16);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get byteLength(): number {
    return this.#keys.byteLength + this.#counts.byteLength;
  }

  /** Counts one up; returns the new count. */
  add(lo: number, hi: number): number {
    if (2 * (this.#size + 1) > this.#counts.length) this.#grow();
    const slot = this.#slotOf(lo, hi);
    const count = (this.#counts[slot] as number) + 1;
    if (count === 1) {
      this.#keys[2 * slot] = lo;
      this.#keys[2 * slot + 1] = hi;
      this.#size++;
    }
    this.#counts[slot] = count;
    return count;
  }

  /** Counts one down; returns the new count, -1 when there was none. */
  remove(lo: number, hi: number): number {
    const slot = this.#slotOf(lo, hi);
    const count = (this.#counts[slot] as number) - 1;
    if (count > 0) this.#counts[slot] = count;
    else if (count === 0) this.#takeOut(slot);
    return count;
  }

  /** The entry's slot, or the free one where it would stand. */
  #slotOf(lo: number, hi: number): number {
    const mask = this.#counts.length - 1;
    let slot = lo & mask;
    while (this.#counts[slot] !== 0 && (this.#keys[2 * slot] !== lo || this.#keys[2 * slot + 1] !== hi))
      slot = (slot + 1) & mask;
    return slot;
  }

  #takeOut(slot: number): void {
    const mask = this.#counts.length - 1;
    let free = slot;
    for (let next = (free + 1) & mask; this.#counts[next] !== 0; next = (next + 1) & mask) {
      const home = (this.#keys[2 * next] as number) & mask;
      // It may stand at `free` when its home is not behind that.
      if (((next - home) & mask) < ((next - free) & mask)) continue;
      this.#keys[2 * free] = this.#keys[2 * next] as number;
      this.#keys[2 * free + 1] = this.#keys[2 * next + 1] as number;
      this.#counts[free] = this.#counts[next] as number;
      free = next;
    }
    this.#counts[free] = 0;
    this.#size--;
  }

  #grow(): void {
    const [keys, counts] = [this.#keys, this.#counts];
    this.#keys = new Int32Array(2 * keys.length);
    this.#counts = new Int32Array(2 * counts.length);
    for (let from = 0; from < counts.length; from++) {
      if (counts[from] === 0) continue;
      const slot = this.#slotOf(keys[2 * from] as number, keys[2 * from + 1] as number);
      this.#keys[2 * slot] = keys[2 * from] as number;
      this.#keys[2 * slot + 1] = keys[2 * from + 1] as number;
      this.#counts[slot] = counts[from] as number;
    }
  }
}
