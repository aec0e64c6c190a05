/**
 * A bit filter for each of 256 segments of a table: one look says that nothing with this high half of a fingerprint is there, which is the
 * common answer. Filters of 16 segments stand in one arena, so that a look reads one line of memory that is not in the nearest cache, and
 * no arena takes long to grow.
 *
 * Segment s: `#starts[s]`, word in its arena where its filter begins (-1: it has none), and `#shifts[s]`, which leaves of a hash the bits that
 * count the filter's bits; the filter is a power of two of words.
 */

const SEGMENTS = 256;
const ARENAS = 16;
const FACTOR = 0x9e3779b1;
const SPREAD = 0x85ebca6b;
const FIRST_WORDS = 64;

export class SegmentFilters {
  readonly #arenas: Int32Array[] = Array.from({ length: ARENAS }, () => new Int32Array(FIRST_WORDS));
  /** By arena: words in use, of filters that were dropped too. */
  readonly #ends = new Uint32Array(ARENAS);
  readonly #starts = new Int32Array(SEGMENTS).fill(-1);
  readonly #shifts = new Uint8Array(SEGMENTS);

  has(segment: number): boolean {
    return (this.#starts[segment] as number) >= 0;
  }

  /** Begins an empty filter in place of the one that the segment may have; `words`: a power of two, at least 2. */
  begin(segment: number, words: number): void {
    this.drop(segment);
    const arena = segment & (ARENAS - 1);
    if ((this.#ends[arena] as number) + words > (this.#arenas[arena] as Int32Array).length)
      this.#makeRoom(arena, words);
    this.#starts[segment] = this.#ends[arena] as number;
    this.#shifts[segment] = 32 - Math.log2(words);
    this.#ends[arena] = (this.#ends[arena] as number) + words;
  }

  drop(segment: number): void {
    this.#starts[segment] = -1;
  }

  /** To be asked only where the segment has a filter. */
  mayHold(segment: number, hi: number): boolean {
    const hash = Math.imul(hi, FACTOR);
    const word = (this.#starts[segment] as number) + (hash >>> (this.#shifts[segment] as number));
    const bits = bitsOf(hash);
    return (((this.#arenas[segment & (ARENAS - 1)] as Int32Array)[word] as number) & bits) === bits;
  }

  /** The word that `mayHold` looks at; 0 where the segment has no filter. */
  expect(segment: number, hi: number): number {
    const start = this.#starts[segment] as number;
    if (start < 0) return 0;
    const word = start + (Math.imul(hi, FACTOR) >>> (this.#shifts[segment] as number));
    return (this.#arenas[segment & (ARENAS - 1)] as Int32Array)[word] as number;
  }

  /** Nothing happens where the segment has no filter. */
  add(segment: number, hi: number): void {
    const start = this.#starts[segment] as number;
    if (start < 0) return;
    const hash = Math.imul(hi, FACTOR);
    const words = this.#arenas[segment & (ARENAS - 1)] as Int32Array;
    const word = start + (hash >>> (this.#shifts[segment] as number));
    words[word] = (words[word] as number) | bitsOf(hash);
  }

  /** Moves the arena's filters together, into a longer one: words behind them are empty. */
  #makeRoom(arena: number, words: number): void {
    const from = this.#arenas[arena] as Int32Array;
    let live = words;
    for (let segment = arena; segment < SEGMENTS; segment += ARENAS)
      if (this.has(segment)) live += this.#wordsOf(segment);
    const to = new Int32Array(Math.ceil(live * 1.5));
    let end = 0;
    for (let segment = arena; segment < SEGMENTS; segment += ARENAS) {
      if (!this.has(segment)) continue;
      const start = this.#starts[segment] as number;
      to.set(from.subarray(start, start + this.#wordsOf(segment)), end);
      this.#starts[segment] = end;
      end += this.#wordsOf(segment);
    }
    this.#arenas[arena] = to;
    this.#ends[arena] = end;
  }

  #wordsOf(segment: number): number {
    return 2 ** (32 - (this.#shifts[segment] as number));
  }
}

/** Three bits of a word, or fewer. */
function bitsOf(hash: number): number {
  const bits = Math.imul(hash, SPREAD);
  return (1 << (bits >>> 27)) | (1 << (bits >>> 22)) | (1 << (bits >>> 17));
}
