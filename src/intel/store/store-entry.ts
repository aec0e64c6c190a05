/**
 * StoreEntry: one change of the store as it is written to the log and applied: rows of both tables, what is known of the sources
 * from then on, and what later loads must know. JSON, UTF-8.
 */
import { NO_CHANGE, type Renewal, type TableChange } from '../../core/table-change.ts';
import type { MarkingLevel } from '../../rules/stix/markings.ts';
import type { FeedState } from '../intel-set.ts';
import type { PatternChange } from './layered-patterns.ts';

/** Changed rows of both tables: plain data, as it is posted to workers. */
export interface IntelRows {
  readonly indicators: TableChange;
  readonly benign: TableChange;
  /** In both tables, after the rows. */
  readonly renewed?: readonly Renewal[];
  /** Patterns that no single value decides. */
  readonly patterns?: PatternChange;
}

export interface StoreEntry {
  /** 2: with patterns, which an older program would leave out without a word. */
  readonly version: 1 | 2;
  readonly atMs: number;
  readonly rows: IntelRows;
  /** All feeds of the sources that were looked at, in order; those of other sources stay as they are. */
  readonly sources: readonly SourceFeeds[];
  /** What came to the carried data: words of keys, hashes of names. */
  readonly revoked: readonly number[];
  readonly contested: readonly number[];
  readonly ordinals: readonly number[];
  readonly markings: readonly MarkingLevel[];
  /** Rows that were removed because all that was said of them has expired. */
  readonly expired: number;
}

export interface SourceFeeds {
  /** The source as it stands in the configuration, for comparison only. */
  readonly source: string;
  /** State of its content on disk when it was read; empty when nobody can tell. */
  readonly fingerprint: string;
  readonly feeds: readonly FeedState[];
}

export function encodeEntry(entry: StoreEntry): Buffer {
  return Buffer.from(JSON.stringify(entry), 'utf8');
}

/** Entries have passed their checksum, so they are what `encodeEntry` wrote. Undefined for another version. */
export function decodeEntry(bytes: Uint8Array): StoreEntry | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const entry = JSON.parse(text) as StoreEntry;
  return entry.version === 1 || entry.version === 2 ? entry : undefined;
}

/** The rows of an entry as it stands in the log. */
export function rowsOf(bytes: Uint8Array): IntelRows {
  const entry = decodeEntry(bytes);
  return entry?.rows ?? { indicators: NO_CHANGE, benign: NO_CHANGE };
}

/** Rows and patterns that the entry changes. */
export function changedRows({ rows }: StoreEntry): number {
  const { indicators, benign, patterns } = rows;
  return indicators.rows.length + benign.rows.length + (patterns?.removed.length ?? 0) + (patterns?.added.length ?? 0);
}
