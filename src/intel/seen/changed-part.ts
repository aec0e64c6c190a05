/**
 * ChangedPart: what is different in a feed since it was read last, found from the notes of its records (`SeenRecords`): only records
 * that are new, gone or changed are read, and those that give the same values as these. What comes of it is what reading all would give.
 */
import type { DetailsInput } from '../../core/indicator-table.ts';
import type { Carried, FeedState, IntelSet } from '../intel-set.ts';
import type { IntelSource } from '../intel-source.ts';
import type { FeedPart } from '../read-feed.ts';
import type { KeyFilter, SeenRecords } from './seen-records.ts';

/** A feed as it lies on disk now, and what was known of it. */
export interface FeedBefore {
  readonly source: IntelSource;
  readonly name: string;
  readonly provider: string;
  readonly parts: readonly FeedPart[];
  readonly state: FeedState;
  readonly seen: SeenRecords;
  /** As of when entries count that state no time. */
  readonly asOfMs: number | undefined;
  readonly carried: Carried;
}

export interface ChangedPart {
  /** What the records that were read give; of rows with other hashes than `keys` it may be less than all. */
  readonly set: IntelSet;
  /** Hashes of the values that may have changed. */
  readonly keys: KeyFilter;
  /** Whether what the feed said of such a value still holds beside `set`. */
  readonly keeps: (said: DetailsInput) => boolean;
  /** Ids whose version that counts may be another one now. */
  readonly ids: ReadonlySet<string>;
  /** `known` is yet to be counted. */
  readonly changes: Pick<FeedState, 'statistics' | 'bytes' | 'diagnostics' | 'omittedDiagnostics'>;
  /** Brought up to date. */
  readonly seen: SeenRecords;
  readonly recordsRead: number;
}

/** More records than this are not read one by one. */
export const MAX_CHANGED_RECORDS = 50_000;
/** Content that is held in memory while it is compared. */
export const MAX_HELD_BYTES = 256 * 1024 * 1024;
