/**
 * Loaded intelligence for worker threads: the columns of the tables in shared memory, once, and the texts by descriptor. What a
 * worker builds from it are views; only the small index of textual kinds is its own.
 */
import { type IndicatorColumns, IndicatorTable } from '../core/indicator-table.ts';
import { type SharedTexts, shared } from '../core/text-pool.ts';
import { borrowTexts } from '../intel/disk-texts.ts';

/** Columns as they can be posted to a thread. */
export interface SharedColumns extends Omit<IndicatorColumns, 'texts'> {
  readonly texts: SharedTexts;
}

export function shareColumns(columns: IndicatorColumns): SharedColumns {
  return {
    shape: shared(columns.shape),
    valueStart: shared(columns.valueStart),
    pool: shared(columns.pool),
    sourceStart: shared(columns.sourceStart),
    sources: shared(columns.sources),
    index: shared(columns.index),
    profile: shared(columns.profile),
    textStart: shared(columns.textStart),
    texts: columns.texts.share(),
    validFrom: shared(columns.validFrom),
    validUntil: shared(columns.validUntil),
    modified: shared(columns.modified),
    confidence: shared(columns.confidence),
    tlp: shared(columns.tlp),
    profiles: columns.profiles,
    feeds: columns.feeds,
  };
}

export function tableOf(columns: SharedColumns): IndicatorTable {
  return new IndicatorTable({ ...columns, texts: borrowTexts(columns.texts) });
}
