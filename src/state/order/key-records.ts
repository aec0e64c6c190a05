/**
 * What the order knows of each key, as records of 64 bytes in one buffer: all of a key lies in one or two cache lines, which a million
 * keys that come by turns would otherwise pay nine times. Keys are small dense numbers.
 *
 * Record of key k, in 8-byte words from 8k: `maxMs` (newest time of its source), `settledMs` (newest applied item that will never be undone),
 * `arrivalMs` (of its last item), `oldestMs` (ordered mode: nothing that waits is older), `tailMs` (ordered mode: time of
 * `tail`, so that what is put behind it need not read it; NaN when it is of another epoch than the key); in 4-byte words from 16k + 10: `source` (-1: there is no
 * such key), `epoch`, `head` and `tail` of its list (-1 none), `count` of its items, `touched` (count of pushes at its last item, unsigned).
 *
 * Most keys are simple: they have one source, and all that waits stands in the list. Further sources stand in `others`; where there are or were
 * some, or something waits elsewhere, `source` is -2 minus its number, so that one comparison tells that the short way is open.
 */
import { GrowingBuffer } from '../memory/growing-buffer.ts';
import { NONE } from './item-records.ts';

export interface SourceMark {
  readonly source: number;
  maxMs: number;
  epoch: number;
}

const WORDS = 8;
const HALVES = 2 * WORDS;
export const KEY_BYTES = 8 * WORDS;
export const [MAX_MS, SETTLED_MS, ARRIVAL_MS, OLDEST_MS, TAIL_MS] = [0, 1, 2, 3, 4];
export const [SOURCE, EPOCH, HEAD, TAIL, COUNT, TOUCHED] = [10, 11, 12, 13, 14, 15];
/** Words of a record, of eight bytes and of four. */
export { HALVES as KEY_HALVES, WORDS as KEY_WORDS };

export class KeyRecords {
  readonly #others = new Map<number, SourceMark[]>();
  readonly #mixed = new Set<number>();
  /** All records, for whoever reads many fields of one; other arrays after any `open`. */
  words: Float64Array;
  halves: Int32Array;
  readonly #records = new GrowingBuffer(16 * KEY_BYTES);
  #bound = 0;
  #keys = 0;

  constructor() {
    this.words = new Float64Array(this.#records.buffer);
    this.halves = new Int32Array(this.#records.buffer).fill(NONE);
  }

  get keys(): number {
    return this.#keys;
  }

  /** Keys are below this. */
  get bound(): number {
    return this.#bound;
  }

  get byteLength(): number {
    return this.words.byteLength;
  }

  has(key: number): boolean {
    return key < this.#bound && this.halves[key * HALVES + SOURCE] !== NONE;
  }

  /** A key without items, of a source that nothing is known of. */
  open(key: number, source: number, epoch: number): void {
    if ((key + 1) * WORDS > this.words.length) this.#grow(key + 1);
    this.#bound = Math.max(this.#bound, key + 1);
    this.#keys++;
    const word = key * WORDS;
    this.words[word + MAX_MS] = Number.NEGATIVE_INFINITY;
    this.words[word + SETTLED_MS] = Number.NEGATIVE_INFINITY;
    this.words[word + ARRIVAL_MS] = 0;
    this.words[word + OLDEST_MS] = Number.POSITIVE_INFINITY;
    const half = key * HALVES;
    this.halves[half + SOURCE] = source;
    this.halves[half + EPOCH] = epoch;
    this.halves[half + HEAD] = NONE;
    this.halves[half + TAIL] = NONE;
    this.halves[half + COUNT] = 0;
    this.halves[half + TOUCHED] = 0;
  }

  close(key: number): void {
    this.halves[key * HALVES + SOURCE] = NONE;
    this.#keys--;
    if (this.#others.size > 0) this.#others.delete(key);
    if (this.#mixed.size > 0) this.#mixed.delete(key);
  }

  /** Closes all keys. */
  clear(): void {
    for (let key = 0; key < this.#bound; key++) this.halves[key * HALVES + SOURCE] = NONE;
    this.#bound = 0;
    this.#keys = 0;
    this.#others.clear();
    this.#mixed.clear();
  }

  /** Marks of its further sources. */
  othersOf(key: number): SourceMark[] | undefined {
    return this.#others.size === 0 ? undefined : this.#others.get(key);
  }
  setOthers(key: number, marks: SourceMark[]): void {
    this.#others.set(key, marks);
    this.setComplex(key);
  }

  /** Something waits that is of another epoch than the key. */
  noteMixed(key: number): void {
    this.#mixed.add(key);
    this.setComplex(key);
  }

  setComplex(key: number): void {
    this.halves[key * HALVES + SOURCE] = -2 - this.source(key);
  }

  /** The key is simple again unless it has other sources or epochs; to be called when all that waits stands in its list. */
  simplify(key: number): void {
    if (this.#mixed.size > 0) {
      if (this.count(key) === 0) this.#mixed.delete(key);
      if (this.#mixed.has(key)) return;
    }
    if (this.othersOf(key) === undefined) this.halves[key * HALVES + SOURCE] = this.source(key);
  }

  maxMs(key: number): number {
    return this.words[key * WORDS + MAX_MS] as number;
  }
  setMaxMs(key: number, timeMs: number): void {
    this.words[key * WORDS + MAX_MS] = timeMs;
  }

  settledMs(key: number): number {
    return this.words[key * WORDS + SETTLED_MS] as number;
  }
  setSettledMs(key: number, timeMs: number): void {
    this.words[key * WORDS + SETTLED_MS] = timeMs;
  }

  arrivalMs(key: number): number {
    return this.words[key * WORDS + ARRIVAL_MS] as number;
  }
  setArrivalMs(key: number, timeMs: number): void {
    this.words[key * WORDS + ARRIVAL_MS] = timeMs;
  }

  oldestMs(key: number): number {
    return this.words[key * WORDS + OLDEST_MS] as number;
  }
  setOldestMs(key: number, timeMs: number): void {
    this.words[key * WORDS + OLDEST_MS] = timeMs;
  }

  setTailMs(key: number, timeMs: number): void {
    this.words[key * WORDS + TAIL_MS] = timeMs;
  }

  source(key: number): number {
    const source = this.halves[key * HALVES + SOURCE] as number;
    return source < NONE ? -2 - source : source;
  }

  epoch(key: number): number {
    return this.halves[key * HALVES + EPOCH] as number;
  }
  setEpoch(key: number, epoch: number): void {
    this.halves[key * HALVES + EPOCH] = epoch;
    this.setTailMs(key, Number.NaN);
  }

  head(key: number): number {
    return this.halves[key * HALVES + HEAD] as number;
  }
  setHead(key: number, item: number): void {
    this.halves[key * HALVES + HEAD] = item;
  }

  tail(key: number): number {
    return this.halves[key * HALVES + TAIL] as number;
  }
  setTail(key: number, item: number): void {
    this.halves[key * HALVES + TAIL] = item;
  }

  count(key: number): number {
    return this.halves[key * HALVES + COUNT] as number;
  }
  addCount(key: number, by: number): void {
    const at = key * HALVES + COUNT;
    this.halves[at] = (this.halves[at] as number) + by;
  }

  touched(key: number): number {
    return (this.halves[key * HALVES + TOUCHED] as number) >>> 0;
  }
  setTouched(key: number, pushes: number): void {
    this.halves[key * HALVES + TOUCHED] = pushes;
  }

  /** Drops the marks of the key's sources for which the test holds, but for the last one. True when there were any. */
  dropMarks(key: number, isGone: (source: number) => boolean): boolean {
    const others = this.othersOf(key);
    if (others === undefined) return false;
    const marks = [{ source: this.source(key), maxMs: this.maxMs(key), epoch: this.epoch(key) }, ...others];
    const left = marks.filter(({ source }) => !isGone(source));
    if (left.length === marks.length) return false;
    const [first, ...rest] = left.length > 0 ? left : [marks.reduce((a, b) => (b.maxMs > a.maxMs ? b : a))];
    if (first === undefined) return false;
    this.halves[key * HALVES + SOURCE] = first.source;
    this.setMaxMs(key, first.maxMs);
    this.setEpoch(key, first.epoch);
    if (rest.length > 0) this.#others.set(key, rest);
    else this.#others.delete(key);
    // What waits may be of another epoch than that of the source that is left.
    this.noteMixed(key);
    return true;
  }

  /** Sources that keys have marks of. */
  addSources(to: Set<number>): void {
    for (let key = 0; key < this.#bound; key++) if (this.has(key)) to.add(this.source(key));
    for (const marks of this.#others.values()) for (const { source } of marks) to.add(source);
  }

  /** `touched` of every key, in no order. */
  allTouched(): Float64Array {
    const all = new Float64Array(this.#keys);
    let at = 0;
    for (let key = 0; key < this.#bound; key++) if (this.has(key)) all[at++] = this.touched(key);
    return all;
  }

  /** Newest time of all sources of the key. */
  newestMs(key: number): number {
    let newestMs = this.maxMs(key);
    for (const other of this.othersOf(key) ?? NO_OTHERS) newestMs = Math.max(newestMs, other.maxMs);
    return newestMs;
  }

  #grow(keys: number): void {
    const before = this.halves.length;
    const buffer = this.#records.grow(keys * KEY_BYTES);
    this.words = new Float64Array(buffer);
    this.halves = new Int32Array(buffer).fill(NONE, before);
  }
}

const NO_OTHERS: readonly SourceMark[] = Object.freeze([]);
