/**
 * TableChange: rows of a table of indicators as they are from now on, as plain data: posted to threads, written to the log of the
 * store. Details that many rows share stand once.
 */
import type { Saying } from './indicator-rows.ts';

/** Shape, canonical value, positions in `details` in loading order. None: no source gives the value any more. */
export type ChangedRow = readonly [shape: number, value: string, details: readonly number[]];

export interface TableChange {
  readonly details: readonly Saying[];
  readonly rows: readonly ChangedRow[];
}

export const NO_CHANGE: TableChange = { details: [], rows: [] };

/** What a feed says without stating a time, and what would have ended at `fromMs`, ends at `toMs`: the feed was found to say it still. */
export interface Renewal {
  readonly feed: string;
  readonly fromMs: number;
  readonly toMs: number;
}
