/** GrowingWords: 32-bit numbers that more are added to a few at a time; the large rest is copied once, not each time. */
const SLACK_WORDS = 1 << 16;

export class GrowingWords {
  #words: Uint32Array;
  #length: number;

  /** `words` stays as it is. */
  constructor(words: Uint32Array) {
    this.#words = words;
    this.#length = words.length;
  }

  /** All of them; what is added later does not change it. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#length);
  }

  /** Beyond `limit` the oldest are forgotten. */
  append(more: readonly number[], limit = Number.POSITIVE_INFINITY): void {
    if (more.length === 0) return;
    const length = this.#length + more.length;
    if (length > limit || length > this.#words.length) {
      const kept = this.#words.subarray(Math.max(0, length - limit), this.#length);
      const larger = new Uint32Array(kept.length + more.length + (kept.length >> 3) + SLACK_WORDS);
      larger.set(kept);
      this.#words = larger;
      this.#length = kept.length;
    }
    this.#words.set(more, this.#length);
    this.#length += more.length;
  }
}
