/**
 * Loaded intelligence for other threads: the columns of the tables in shared memory, once, and the texts by descriptor. What a
 * thread builds from it are views; only the small index of textual kinds is its own.
 */
import { type IndicatorColumns, IndicatorTable } from '../../core/indicator-table.ts';
import { type SharedTexts, shared } from '../../core/text-pool.ts';
import { adoptTexts, borrowTexts } from '../../intel/disk-texts.ts';

/** Columns as they can be posted to a thread. */
export interface SharedColumns extends Omit<IndicatorColumns, 'texts'> {
  readonly texts: SharedTexts;
}

/** Who closes the file that texts lie in: this thread when nobody uses them any more, or somebody else. */
export type TextOwner = 'owned' | 'borrowed';

/** Moves the columns of the table into shared memory, where they do not lie there already. `hand-over`: texts change the owner. */
export function shareColumns(table: IndicatorTable, texts: 'share' | 'hand-over' = 'share'): SharedColumns {
  const { columns } = table;
  const moved: IndicatorColumns = {
    shape: shared(columns.shape),
    valueStart: shared(columns.valueStart),
    pool: shared(columns.pool),
    sourceStart: shared(columns.sourceStart),
    sources: shared(columns.sources),
    index: shared(columns.index),
    profile: shared(columns.profile),
    textStart: shared(columns.textStart),
    texts: columns.texts,
    validFrom: shared(columns.validFrom),
    validUntil: shared(columns.validUntil),
    modified: shared(columns.modified),
    confidence: shared(columns.confidence),
    tlp: shared(columns.tlp),
    ...(columns.idHash !== undefined && { idHash: shared(columns.idHash) }),
    profiles: columns.profiles,
    feeds: columns.feeds,
  };
  table.moveTo(moved);
  return { ...moved, texts: texts === 'share' ? columns.texts.share() : columns.texts.handOver() };
}

export function tableOf(columns: SharedColumns, owner: TextOwner = 'borrowed'): IndicatorTable {
  const texts = owner === 'owned' ? adoptTexts(columns.texts) : borrowTexts(columns.texts);
  return new IndicatorTable({ ...columns, texts });
}
