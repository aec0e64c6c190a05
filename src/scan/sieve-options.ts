/** What an event sieve is made with: one that learns kinds of records is told of them by whoever can decode, others follow such a one. */
import type { RecordQuestion } from '../core/record-question.ts';
import type { SieveGroup } from './sieve-group.ts';
import type { PlacedGroup } from './sieve-journal.ts';

/** What a resolver says of a kind of record: its rules, where they were written before, none at all, or that records of it must be decoded each. */
export type SieveKind = SieveGroup | PlacedGroup | 'none' | 'exact';

/** A kind, and what was asked of the record to tell it. */
export interface ResolvedKind {
  readonly kind: SieveKind;
  readonly questions: readonly RecordQuestion[];
  /** What its records are counted under. */
  readonly label: string;
}

export interface SieveArea {
  /** Bytes of its input. */
  readonly inputBytes: number;
  /** Objects and arrays may be nested so deep; deeper records go to the exact path. */
  readonly maxDepth: number;
}

export interface LearningOptions extends SieveArea {
  /** Others will follow: there is a journal of what is learnt. */
  readonly shares?: boolean;
  /** What is learnt can be kept: large tables stand in a place of their own, that of every sieve that keeps. */
  readonly keeps?: boolean;
  /** Told of the first record of each kind; `origin` is what `select` said. */
  readonly resolve: (bytes: Uint8Array, start: number, end: number, origin: string) => ResolvedKind;
  /**
   * Told once of each group, when enough records were met, in how many of them each atom held: gives the group that reaches its rules
   * by what is rare in these logs.
   */
  readonly improve?: (group: SieveGroup, hits: Uint32Array, records: number) => SieveGroup;
  /** The group of the kind of a record that was learnt before and kept, as `resolve` gave it then; undefined: it is another one now. */
  readonly recall?: (record: Uint8Array, origin: string) => SieveGroup | undefined;
}

/** Of a sieve in the memory of one that shares what it learns. */
export interface FollowingOptions extends SieveArea {
  /** Address of its journal. */
  readonly follows: number;
  /** Told what the other one has noted. */
  readonly onNote?: (note: unknown) => void;
}

export type SieveOptions = LearningOptions | FollowingOptions;

/** What another thread needs to follow. */
export interface SieveShare {
  readonly memory: WebAssembly.Memory;
  readonly journal: number;
}
