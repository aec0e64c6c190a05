/**
 * SieveResult: the candidates of one scan, as columns; SieveCandidates fills them from the lists of the sieve's kernel
 * (`kernel/sieve.kernel.ts`), several to a scan. The columns are used again at the next scan, so that nothing is allocated but when
 * they grow.
 */
import { grown } from '../core/growing-columns.ts';
import { EVERY_RULE, FACT_BYTES, HAS_FACT, HEADER_BYTES, PLAIN_START } from './sieve-memory.ts';

export { EVERY_RULE };

/** In place of the start of a fact. */
export const NO_FACT = 0xffff_ffff;

const FACT_WORDS = FACT_BYTES / 4;
const HEADER_WORDS = HEADER_BYTES / 4;

export interface SieveResult {
  readonly records: number;
  /** Bytes up to the end of the last whole record (line mode). */
  readonly consumedBytes: number;
  /** Records of white space only, which are no candidates. */
  readonly blanks: number;
  readonly candidateCount: number;
  /** Start and end (exclusive) in the input of candidate i: `ranges[2 * i]`, `ranges[2 * i + 1]`. Valid until the next scan. */
  readonly ranges: Uint32Array;
  readonly ordinals: Uint32Array;
  /** Rules of candidate i: `ruleCounts[i]` of them from `words[ruleStarts[i]]` on; `EVERY_RULE` of them: any rule may hold. */
  readonly ruleStarts: Uint32Array;
  readonly ruleCounts: Uint32Array;
  /** The lists of the kernel as they came. */
  readonly words: Uint32Array;
  /**
   * Values of candidate i that is for no rule and of a kind that feeds, or for rules that all hold for certain: `fieldCounts[i]` of them
   * from `fields[3 * fieldStarts[i]]` on, each slot + kind * 256, start and end in the input. In the order of the record; elements of an
   * array stand one by one.
   */
  readonly fieldStarts: Uint32Array;
  readonly fieldCounts: Uint32Array;
  readonly fields: Uint32Array;
  /**
   * Where in `words` stands what the kernel has read of candidate i, `FACT_BYTES` (`kernel/sieve-layout.ts`); `NO_FACT`: its values are
   * listed only. Values are listed beside a fact where it refers to some.
   */
  readonly factStarts: Uint32Array;
  /** 1: the first key of candidate i does not begin with an R, and comes right behind the brace. */
  readonly plainStarts: Uint8Array;
  /** 1: only the thread that learns can tell which rules candidate i is for. */
  readonly left: Uint8Array;
}

export class SieveCandidates {
  /** Where the kernel's input begins: places in its lists are addresses, those of a result are from here. */
  readonly #inputAt: number;
  #count = 0;
  #words = new Uint32Array(16_384);
  #wordCount = 0;
  #ranges = new Uint32Array(2048);
  #ordinals = new Uint32Array(1024);
  #ruleStarts = new Uint32Array(1024);
  #ruleCounts = new Uint32Array(1024);
  #fieldStarts = new Uint32Array(1024);
  #fieldCounts = new Uint32Array(1024);
  #fieldCount = 0;
  #fields = new Uint32Array(4096);
  #factStarts = new Uint32Array(1024);
  #plainStarts = new Uint8Array(1024);
  #left = new Uint8Array(1024);
  #leavesNext = false;

  constructor(inputAt: number) {
    this.#inputAt = inputAt;
  }

  /** A scan begins; ends the use of the last result. */
  clear(): void {
    this.#count = 0;
    this.#wordCount = 0;
    this.#fieldCount = 0;
  }

  /** The candidate that is added next is left to the thread that learns. */
  leaveNext(): void {
    this.#leavesNext = true;
  }

  /** Adds what the kernel has listed; `firstOrdinal` is that of its record 0. */
  take(found: Uint32Array, firstOrdinal: number): void {
    const first = this.#wordCount;
    this.#wordCount += found.length;
    if (this.#wordCount > this.#words.length) this.#words = grown(this.#words, this.#wordCount);
    this.#words.set(found, first);
    for (let at = 0; at < found.length; ) {
      if (this.#count === this.#ordinals.length) this.#growCandidates();
      const i = this.#count++;
      const count = found[at + 3] ?? 0;
      const listed = count === EVERY_RULE ? 0 : count;
      const fields = found[at + 4] ?? 0;
      const flags = found[at + 5] ?? 0;
      const hasFact = (flags & HAS_FACT) !== 0;
      this.#ranges[2 * i] = (found[at] ?? 0) - this.#inputAt;
      this.#ranges[2 * i + 1] = (found[at + 1] ?? 0) - this.#inputAt;
      this.#ordinals[i] = firstOrdinal + (found[at + 2] ?? 0);
      this.#ruleStarts[i] = first + at + HEADER_WORDS;
      this.#ruleCounts[i] = count;
      this.#plainStarts[i] = (flags & PLAIN_START) === 0 ? 0 : 1;
      this.#left[i] = this.#leavesNext ? 1 : 0;
      this.#leavesNext = false;
      at += HEADER_WORDS + listed;
      this.#factStarts[i] = hasFact ? first + at : NO_FACT;
      if (hasFact) at += FACT_WORDS;
      this.#fieldStarts[i] = this.#fieldCount;
      this.#fieldCounts[i] = fields;
      if (fields > 0) this.#takeFields(found, at, fields);
      at += 3 * fields;
    }
  }

  /** All that was taken since `clear`. */
  result(records: number, consumedBytes: number, blanks: number): SieveResult {
    return {
      records,
      consumedBytes,
      blanks,
      candidateCount: this.#count,
      ranges: this.#ranges,
      ordinals: this.#ordinals,
      ruleStarts: this.#ruleStarts,
      ruleCounts: this.#ruleCounts,
      words: this.#words,
      fieldStarts: this.#fieldStarts,
      fieldCounts: this.#fieldCounts,
      fields: this.#fields,
      factStarts: this.#factStarts,
      plainStarts: this.#plainStarts,
      left: this.#left,
    };
  }

  #takeFields(found: Uint32Array, from: number, count: number): void {
    const words = 3 * (this.#fieldCount + count);
    if (words > this.#fields.length) this.#fields = grown(this.#fields, words);
    let to = 3 * this.#fieldCount;
    for (let at = from; at < from + 3 * count; at += 3, to += 3) {
      this.#fields[to] = found[at] ?? 0;
      this.#fields[to + 1] = (found[at + 1] ?? 0) - this.#inputAt;
      this.#fields[to + 2] = (found[at + 2] ?? 0) - this.#inputAt;
    }
    this.#fieldCount += count;
  }

  #growCandidates(): void {
    const needed = 2 * this.#ordinals.length;
    this.#ordinals = grown(this.#ordinals, needed);
    this.#ruleStarts = grown(this.#ruleStarts, needed);
    this.#ruleCounts = grown(this.#ruleCounts, needed);
    this.#ranges = grown(this.#ranges, 2 * needed);
    this.#fieldStarts = grown(this.#fieldStarts, needed);
    this.#fieldCounts = grown(this.#fieldCounts, needed);
    this.#factStarts = grown(this.#factStarts, needed);
    this.#plainStarts = grown(this.#plainStarts, needed);
    this.#left = grown(this.#left, needed);
  }
}
