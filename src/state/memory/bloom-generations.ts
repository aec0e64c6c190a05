/**
 * Bloom memory with the parameters of Flux-Capacitor (flux-capacitor.md section 6): ten rotating filters for each group, each sized for a
 * tenth of the capacity at the given false-positive rate. The oldest is thrown away when the newest is full; here that is
 * looked at with every put, not only between batches, so a filter never overfills. Filters are allocated on first use.
 */

export interface BloomOptions {
  /** Keys to remember in all ten filters together. */
  readonly capacity: number;
  /** False-positive rate of one full filter; the original's is 1e-4. */
  readonly falsePositiveRate: number;
}

export interface BloomFilter {
  readonly bits: Uint32Array;
  /** Bits set, from which the present false-positive rate follows. */
  ones: number;
}

const FILTERS = 10;

export class BloomGenerations {
  /** Oldest first; the last one takes the puts. */
  readonly filters: BloomFilter[] = [];
  readonly #bitCount: number;
  readonly #hashes: number;
  readonly #fullOnes: number;

  constructor(options: BloomOptions) {
    const keys = Math.max(1, Math.floor(options.capacity / FILTERS));
    const bits = (keys * -Math.log(options.falsePositiveRate)) / (Math.LN2 * Math.LN2);
    this.#bitCount = Math.ceil(bits / 64) * 64;
    this.#hashes = Math.max(1, Math.round((this.#bitCount / keys) * Math.LN2));
    // rate = (ones / bits) ^ hashes
    this.#fullOnes = this.#bitCount * options.falsePositiveRate ** (1 / this.#hashes);
  }

  get byteLength(): number {
    return this.filters.length * (this.#bitCount / 8);
  }

  get bitsPerFilter(): number {
    return this.#bitCount;
  }

  get hashes(): number {
    return this.#hashes;
  }

  has(lo: number, hi: number): boolean {
    for (let i = this.filters.length - 1; i >= 0; i--)
      if (this.#inFilter(this.filters[i] as BloomFilter, lo, hi)) return true;
    return false;
  }

  put(lo: number, hi: number): void {
    let filter = this.filters.at(-1);
    if (filter === undefined || filter.ones > this.#fullOnes) {
      filter = { bits: new Uint32Array(this.#bitCount / 32), ones: 0 };
      this.filters.push(filter);
      if (this.filters.length > FILTERS) this.filters.shift();
    }
    const step = hi | 1;
    let at = lo;
    for (let i = 0; i < this.#hashes; i++, at = (at + step) | 0) {
      const bit = Math.floor(((at >>> 0) * this.#bitCount) / 4294967296);
      const word = filter.bits[bit >>> 5] as number;
      const one = 1 << (bit & 31);
      if ((word & one) !== 0) continue;
      filter.bits[bit >>> 5] = word | one;
      filter.ones++;
    }
  }

  #inFilter(filter: BloomFilter, lo: number, hi: number): boolean {
    const step = hi | 1;
    let at = lo;
    for (let i = 0; i < this.#hashes; i++, at = (at + step) | 0) {
      const bit = Math.floor(((at >>> 0) * this.#bitCount) / 4294967296);
      if (((filter.bits[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}
