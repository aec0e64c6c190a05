/** WordList: 32-bit numbers appended one by one, behind those that were there when it was opened; these are not moved for them. */
export class WordList {
  readonly #head: Uint32Array;
  #tail = new Uint32Array(0);
  #length: number;

  constructor(words: Uint32Array = new Uint32Array(0)) {
    this.#head = words;
    this.#length = words.length;
  }

  get length(): number {
    return this.#length;
  }

  at(i: number): number {
    const behind = i - this.#head.length;
    return (behind < 0 ? this.#head[i] : this.#tail[behind]) ?? 0;
  }

  set(i: number, word: number): void {
    const behind = i - this.#head.length;
    if (behind < 0) this.#head[i] = word;
    else this.#tail[behind] = word;
  }

  push(word: number): void {
    const behind = this.#length - this.#head.length;
    if (behind === this.#tail.length) {
      const larger = new Uint32Array(Math.max(1024, 2 * behind));
      larger.set(this.#tail);
      this.#tail = larger;
    }
    this.#tail[behind] = word;
    this.#length++;
  }

  /** From `start` on, `length` of them; a view where they lie together, valid until the next `push`. */
  slice(start: number, length: number): Uint32Array {
    const behind = start - this.#head.length;
    if (behind >= 0) return this.#tail.subarray(behind, behind + length);
    if (behind + length <= 0) return this.#head.subarray(start, start + length);
    return Uint32Array.from({ length }, (_, i) => this.at(start + i));
  }

  /** All of them, in two parts; views, valid until the next `push`. */
  parts(): readonly [Uint32Array, Uint32Array] {
    return [this.#head, this.#tail.subarray(0, this.#length - this.#head.length)];
  }
}
