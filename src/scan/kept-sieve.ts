/**
 * What an event sieve has learnt, so that another one of the same program and the same rules knows it from the start. Large tables (groups
 * and automata) stand in a range of addresses that is the same for all sieves that keep, and are kept as they stand; what is small is made
 * again in the same order, as other threads make it of the journal. That is the whole difference between a kept kind and a learnt one.
 */
import type { LazyAutomaton } from './sieve-automata.ts';
import type { PlacedGroup, SieveNews } from './sieve-journal.ts';
import type { SieveStep } from './sieve-kinds.ts';

/** Tables that are kept; with more, nothing is. Addresses only, until they are used. */
export const KEPT_BYTES = 48 << 20;
/** Kinds that are kept; names that tell them are log content. */
export const MAX_KEPT_KINDS = 2048;
/** First records of kinds, each and together. */
const MAX_SAMPLE_BYTES = 64 << 10;
const MAX_SAMPLES_BYTES = 8 << 20;

/** What numbers keys: in the order in which it came. */
export type KeyNews = Extract<SieveNews, { readonly news: 'key' | 'tell' | 'manner' }>;

export interface LearntKind {
  readonly origin: string;
  readonly steps: readonly SieveStep[];
  readonly group: PlacedGroup;
  /** What its records are counted under. */
  readonly label: string;
}

export interface KeptKind extends LearntKind {
  /** Its group goes by estimates still: it has not met enough records. */
  readonly isFresh: boolean;
  /** Its first record among the samples, in the order of the kinds; 0: it is not there. */
  readonly sampleBytes: number;
}

export interface KeptSieve {
  /** Where the tables stand. */
  readonly start: number;
  readonly tables: Uint8Array;
  readonly keys: readonly KeyNews[];
  readonly kinds: readonly KeptKind[];
  readonly samples: Uint8Array;
  /** By their cells. */
  readonly automata: Iterable<readonly [cell: number, automaton: LazyAutomaton]>;
}

/** A kind by its first record. */
export interface SampleRecord {
  readonly record: Uint8Array;
  readonly origin: string;
}

/** Copies of the first records of kinds, as far as there is room. */
export class KindSamples {
  #bytes = 0;

  copyOf(record: Uint8Array): Uint8Array | undefined {
    if (record.length > MAX_SAMPLE_BYTES || this.#bytes + record.length > MAX_SAMPLES_BYTES) return undefined;
    this.#bytes += record.length;
    return record.slice();
  }
}

/** Whether everything that was kept lies where it says; of a file whose checksums fit, so only another program's does not. */
export function fitsTables({ start, tables, kinds }: KeptSieve): boolean {
  const isIn = ({ address, needs }: PlacedGroup): boolean =>
    needs === undefined ? address <= 1 : address >= start && address < start + tables.length;
  return tables.length <= KEPT_BYTES && kinds.length <= MAX_KEPT_KINDS && kinds.every(({ group }) => isIn(group));
}
