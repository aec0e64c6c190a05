/**
 * Copies what certain feeds say from a finished table into one that is being built: the last good content of a feed that broke, or a
 * compiled file beside other sources. Nothing derived is copied, so that both tables say the same.
 */
import type { IndicatorTable } from '../core/indicator-table.ts';
import type { IndicatorTableBuilder } from '../core/indicator-table-builder.ts';
import { NO_DETAILS, type VersionIndex } from '../rules/stix/version-index.ts';

export interface MergeTarget {
  readonly builder: IndicatorTableBuilder;
  readonly versions: VersionIndex;
  /** Drops details of an older version by the number kept in the version index. */
  readonly drop: (handle: number) => void;
  /** The number under which the version index keeps details of this builder. */
  readonly handle: (details: number) => number;
}

export interface Merged {
  /** Values copied; a value of several details counts for each. */
  readonly values: number;
  /** New number of old details; undefined when they are not of these feeds or a newer version is known. */
  newDetails(old: number): number | undefined;
}

const UNSEEN = -2;
const LEFT_OUT = -1;

/** `feedNumbers`: position of a feed in the old table to its number in the new one; feeds that are missing are left out. */
export function mergeTable(
  table: IndicatorTable,
  feedNumbers: ReadonlyMap<number, number>,
  target: MergeTarget,
): Merged {
  const numbers = new Int32Array(table.columns.profile.length).fill(UNSEEN);
  const newDetails = (old: number): number | undefined => {
    if (numbers[old] === UNSEEN) numbers[old] = copyDetails(table, old, feedNumbers, target);
    const number = numbers[old] ?? LEFT_OUT;
    return number === LEFT_OUT ? undefined : number;
  };
  let values = 0;
  for (let row = 0; row < table.size; row++) {
    const shape = table.columns.shape[row] ?? 0;
    for (const old of table.sourcesAt(row)) {
      const details = newDetails(old);
      if (details === undefined) continue;
      target.builder.addShape(shape, table.valueAt(row), details);
      values++;
    }
  }
  return { values, newDetails };
}

function copyDetails(
  table: IndicatorTable,
  old: number,
  feedNumbers: ReadonlyMap<number, number>,
  target: MergeTarget,
): number {
  const feed = feedNumbers.get(table.feedOf(old));
  if (feed === undefined) return LEFT_OUT;
  const said = table.said(old);
  // Only STIX indicators have versions; they are the ones with a pattern.
  if (said.id === undefined || said.pattern === undefined) return target.builder.addDetails(feed, said);
  const offer = target.versions.offer(said.id, said.modifiedMs ?? Number.NEGATIVE_INFINITY, false);
  if (offer.replaces !== NO_DETAILS) target.drop(offer.replaces);
  if (offer.verdict !== 'take') return LEFT_OUT;
  const details = target.builder.addDetails(feed, said);
  if (details >= 0) target.versions.setDetails(offer.entry, target.handle(details));
  return details;
}
