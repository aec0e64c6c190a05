/**
 * What flux rules remember, behind one interface: exactly (fingerprint tables, the default) or in Bloom filters with the original's
 * parameters. All calls are about the group entered last. Masks are those of one word of one rule; times belong to single tags.
 */
import { BloomGenerations, type BloomOptions } from '../memory/bloom-generations.ts';
import { Fingerprint } from '../memory/fingerprint.ts';
import type { Journal } from '../memory/tag-table.ts';
import { TagTable } from '../memory/tag-table.ts';

/** Old values of what one row wrote, so that it can be undone: masks and times. */
export interface RowJournal {
  readonly masks: Journal;
  /** Only when a rule has a time span. */
  readonly times: Journal | undefined;
}

export function isEmpty({ masks, times }: RowJournal): boolean {
  return masks.length === 0 && (times === undefined || times.length === 0);
}

export interface FluxMemory {
  readonly kind: 'exact' | 'bloom';
  readonly facts: number;
  /** Groups that something is remembered of. */
  readonly groupCount: number;
  readonly forgotten: number;
  readonly byteLength: number;
  enter(lo: number, hi: number): void;
  /** Asks memory for what `mayHold` will look at; the result says nothing. */
  expect(hi: number): number;
  /** False when nothing is remembered under a key with this high half. */
  mayHold(hi: number): boolean;
  /** The remembered ones among the `wanted` bits. */
  readMask(lo: number, hi: number, wanted: number): number;
  /**
   * The remembered ones of several words of an id, into their places: each under the key `lo` ^ its place, `hi`. What is 0 there stays 0 where
   * nothing is remembered. All by word of the plan.
   */
  readMasks(
    lo: number,
    hi: number,
    words: readonly number[],
    places: Int32Array,
    wanted: Int32Array,
    into: Int32Array,
  ): void;
  /** Replaces the mask of a key; Bloom memory can only add bits. */
  writeMask(lo: number, hi: number, mask: number, journal: RowJournal | undefined): void;
  /** NaN when the tag is not remembered. */
  readTime(lo: number, hi: number): number;
  /** NaN forgets the tag. */
  writeTime(lo: number, hi: number, timeMs: number, journal: RowJournal | undefined): void;
  undo(journal: RowJournal): void;
}

export interface ExactOptions {
  readonly budgetBytes: number;
  readonly maxPerGroup: number;
  /** Whether any rule has a time span. */
  readonly timed: boolean;
}

export class ExactMemory implements FluxMemory {
  readonly kind = 'exact';
  readonly masks: TagTable;
  readonly times: TagTable | undefined;

  constructor(options: ExactOptions) {
    const budgetBytes = options.timed ? options.budgetBytes / 2 : options.budgetBytes;
    this.masks = new TagTable({ budgetBytes, maxPerGroup: options.maxPerGroup, timed: false });
    if (options.timed) this.times = new TagTable({ budgetBytes, maxPerGroup: options.maxPerGroup, timed: true });
  }

  get facts(): number {
    return this.masks.facts + (this.times?.facts ?? 0);
  }

  get groupCount(): number {
    return Math.max(this.masks.groups.count, this.times?.groups.count ?? 0);
  }

  get forgotten(): number {
    return this.masks.forgotten + (this.times?.forgotten ?? 0);
  }

  get byteLength(): number {
    return this.masks.byteLength + (this.times?.byteLength ?? 0);
  }

  enter(lo: number, hi: number): void {
    this.masks.enter(lo, hi);
    this.times?.enter(lo, hi);
  }

  expect(hi: number): number {
    return this.masks.expect(hi);
  }

  mayHold(hi: number): boolean {
    return this.masks.mayHold(hi);
  }

  readMask(lo: number, hi: number, wanted: number): number {
    return this.masks.read(lo, hi) & wanted;
  }

  readMasks(
    lo: number,
    hi: number,
    words: readonly number[],
    places: Int32Array,
    wanted: Int32Array,
    into: Int32Array,
  ): void {
    if (!this.masks.readPlaces(lo, hi, words, places, into)) return;
    for (let word = 0; word < into.length; word++) into[word] = (into[word] as number) & (wanted[word] as number);
  }

  writeMask(lo: number, hi: number, mask: number, journal: RowJournal | undefined): void {
    this.masks.write(lo, hi, mask, 0, journal?.masks);
  }

  readTime(lo: number, hi: number): number {
    return this.times?.readTime(lo, hi) ?? Number.NaN;
  }

  writeTime(lo: number, hi: number, timeMs: number, journal: RowJournal | undefined): void {
    this.times?.write(lo, hi, Number.isNaN(timeMs) ? 0 : 1, timeMs, journal?.times);
  }

  undo(journal: RowJournal): void {
    this.masks.undo(journal.masks);
    if (journal.times !== undefined) this.times?.undo(journal.times);
  }
}

/**
 * Compatibility: forgets by keys, is now and then wrong, and never un-remembers: a process id used again inherits the old tags, and
 * a late row cannot be put in its place. Time spans are refused with it by `bloomProblems`.
 */
export class BloomMemory implements FluxMemory {
  readonly kind = 'bloom';
  /** Groups that were given up because all filters together took too much, those without a put for longest first. */
  forgotten = 0;
  /** In the order of their last puts. */
  readonly groups = new Map<number, BloomGenerations>();
  /** Keys of the groups by bucket. */
  readonly buckets: readonly Set<number>[] = Array.from({ length: BLOOM_BUCKETS }, () => new Set());
  /** Set while a snapshot is taken: called before a group of the bucket changes. */
  beforeChange: ((bucket: number) => void) | undefined;
  readonly options: BloomOptions;
  readonly #budgetBytes: number;
  #bytes = 0;
  /** The group that took the last put. */
  #last = Number.NaN;
  /** Buckets of groups that took a put since the last snapshot. */
  readonly changed = new Set<number>();
  readonly #print = new Fingerprint();
  #key = 0;
  #filters: BloomGenerations | undefined;

  /** `budgetBytes`: what the filters of all groups may take; those of one group stay in any case. */
  constructor(options: BloomOptions, budgetBytes: number) {
    this.options = options;
    this.#budgetBytes = budgetBytes;
  }

  /** Unknown to a Bloom filter. */
  get facts(): number {
    return 0;
  }

  get groupCount(): number {
    return this.groups.size;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  enter(lo: number, hi: number): void {
    this.#key = this.#print.set(lo, hi).key;
    this.#filters = this.groups.get(this.#key);
  }

  expect(): number {
    return 0;
  }

  mayHold(): boolean {
    return this.#filters !== undefined;
  }

  readMask(lo: number, hi: number, wanted: number): number {
    const filters = this.#filters;
    if (filters === undefined) return 0;
    let found = 0;
    for (let rest = wanted; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      this.#print.set(lo, hi).mix(bit, ~bit);
      if (filters.has(this.#print.lo, this.#print.hi)) found |= bit;
    }
    return found;
  }

  readMasks(
    lo: number,
    hi: number,
    words: readonly number[],
    places: Int32Array,
    wanted: Int32Array,
    into: Int32Array,
  ): void {
    for (const word of words) into[word] = this.readMask(lo ^ (places[word] as number), hi, wanted[word] as number);
  }

  writeMask(lo: number, hi: number, mask: number): void {
    if (mask === 0) return;
    const bucket = bloomBucket(this.#key);
    this.beforeChange?.(bucket);
    this.changed.add(bucket);
    if (this.#filters === undefined) {
      this.#filters = new BloomGenerations(this.options);
      this.insert(this.#key, this.#filters);
    }
    if (this.#last !== this.#key) {
      this.#last = this.#key;
      this.groups.delete(this.#key);
      this.groups.set(this.#key, this.#filters);
    }
    const before = this.#filters.byteLength;
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const bit = rest & -rest;
      this.#print.set(lo, hi).mix(bit, ~bit);
      this.#filters.put(this.#print.lo, this.#print.hi);
    }
    this.#bytes += this.#filters.byteLength - before;
    if (this.#bytes > this.#budgetBytes) this.#makeRoom();
  }

  /** Gives up the groups without a put for longest. */
  #makeRoom(): void {
    for (const [key, filters] of this.groups) {
      if (this.#bytes <= this.#budgetBytes || this.groups.size === 1) return;
      const bucket = bloomBucket(key);
      this.beforeChange?.(bucket);
      this.changed.add(bucket);
      this.groups.delete(key);
      this.buckets[bucket]?.delete(key);
      this.#bytes -= filters.byteLength;
      this.forgotten++;
    }
  }

  insert(key: number, filters: BloomGenerations): void {
    this.groups.set(key, filters);
    this.#bytes += filters.byteLength;
    this.buckets[bloomBucket(key)]?.add(key);
  }

  readTime(): number {
    return Number.NaN;
  }

  writeTime(): void {
    // Refused when the engine is made.
  }

  undo(): void {
    // A Bloom filter cannot forget one key: rows are evaluated as they come.
  }
}

export const BLOOM_BUCKETS = 256;

/** Groups of one bucket share a chunk of a snapshot. */
function bloomBucket(key: number): number {
  return key % BLOOM_BUCKETS;
}
