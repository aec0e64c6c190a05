/**
 * WordKeys: a finished list of keys of two or four 32-bit words each, found by their words. Sorted into buckets by two passes over the
 * list when somebody first asks: a million keys take some 15 ms, where a hash table of them, filled one by one, takes 100.
 *
 * Cost: 4 bytes a key beside the list, and 1 for the buckets.
 */
const KEYS_A_BUCKET = 8;

export class WordKeys {
  readonly words: Uint32Array;
  readonly #width: 2 | 4;
  #order: Uint32Array | undefined;
  #starts = new Uint32Array(0);
  #shift = 0;

  /** `words` must not change afterwards. */
  constructor(words: Uint32Array, width: 2 | 4) {
    this.words = words;
    this.#width = width;
  }

  get size(): number {
    return this.words.length / this.#width;
  }

  /** Position of the key, or -1; with two words `c` and `d` are 0. */
  find(a: number, b: number, c = 0, d = 0): number {
    if (this.words.length === 0) return -1;
    const order = this.#order ?? this.#sort();
    const [words, width] = [this.words, this.#width];
    const bucket = bucketHash(a, b) >>> this.#shift;
    const end = this.#starts[bucket + 1] ?? 0;
    for (let i = this.#starts[bucket] ?? 0; i < end; i++) {
      const position = order[i] ?? 0;
      const at = width * position;
      if (words[at] !== a || words[at + 1] !== b) continue;
      if (width === 2 || (words[at + 2] === c && words[at + 3] === d)) return position;
    }
    return -1;
  }

  #sort(): Uint32Array {
    const { size, words } = this;
    const width = this.#width;
    const bits = Math.max(1, Math.ceil(Math.log2(size / KEYS_A_BUCKET)));
    const shift = 32 - bits;
    const starts = new Uint32Array(2 ** bits + 1);
    for (let at = 0; at < words.length; at += width) {
      const bucket = bucketHash(words[at] ?? 0, words[at + 1] ?? 0) >>> shift;
      starts[bucket + 1] = (starts[bucket + 1] ?? 0) + 1;
    }
    for (let bucket = 1; bucket < starts.length; bucket++)
      starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
    const next = starts.slice();
    const order = new Uint32Array(size);
    for (let position = 0, at = 0; position < size; position++, at += width) {
      const bucket = bucketHash(words[at] ?? 0, words[at + 1] ?? 0) >>> shift;
      const place = next[bucket] ?? 0;
      next[bucket] = place + 1;
      order[place] = position;
    }
    this.#starts = starts;
    this.#shift = shift;
    this.#order = order;
    return order;
  }
}

function bucketHash(a: number, b: number): number {
  return Math.imul(a ^ Math.imul(b, 0x85eb_ca6b), 0x9e37_79b1) >>> 0;
}
