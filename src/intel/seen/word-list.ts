/** WordList: 32-bit numbers appended one by one, in one typed array that grows. */
export class WordList {
  #words: Uint32Array;
  #length: number;

  constructor(words: Uint32Array = new Uint32Array(0)) {
    this.#words = words;
    this.#length = words.length;
  }

  get length(): number {
    return this.#length;
  }

  at(i: number): number {
    return this.#words[i] ?? 0;
  }

  set(i: number, word: number): void {
    this.#words[i] = word;
  }

  push(word: number): void {
    if (this.#length === this.#words.length) {
      const larger = new Uint32Array(Math.max(1024, 2 * this.#length));
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[this.#length++] = word;
  }

  /** A view, valid until the next `push`. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#length);
  }
}
