/**
 * What changes in a table when some records of one feed are others than before: rows that no changed record has to do with are not
 * looked at. Rows are found by the hashes of their values (`SeenRecords`); a row too many is compared and found unchanged.
 */
import type { Saying } from '../../core/indicator-rows.ts';
import { type IndicatorTable, valueHash } from '../../core/indicator-table.ts';
import type { LayeredTable } from '../../core/layered-table.ts';
import type { ChangedRow } from '../../core/table-change.ts';
import type { KeyFilter } from '../seen/seen-records.ts';
import { isVersioned, type TableDiff } from './diff-table.ts';
import { NumberedSayings } from './numbered-sayings.ts';

export interface RowDiffOptions {
  readonly feed: string;
  /** Hashes of the values that changed records give or gave. */
  readonly keys: KeyFilter;
  /** Whether what the feed said of such a row still holds; else the new table says all that it does. */
  readonly keeps: (said: Saying['said']) => boolean;
  /** Position of a feed in loading order. */
  readonly rank: (feed: string) => number;
  /** What has expired by then is as good as not said. */
  readonly nowMs: number;
  /** Details of the new table that do not count. */
  readonly leftOut: ReadonlySet<number>;
}

export interface RowDiff extends TableDiff {
  /** Rows that the feed has now and had not, less those that it had and has no more. */
  readonly gained: number;
}

export function diffRows(old: LayeredTable, fresh: IndicatorTable, options: RowDiffOptions): RowDiff {
  const { feed, keys, keeps, rank, nowMs, leftOut } = options;
  const sayings = new NumberedSayings();
  const rows: ChangedRow[] = [];
  const touched = new Map<string, number | undefined>();
  const formerly = new Map<string, number>();
  const expired = new Map<string, number>();
  let gained = 0;
  const hasEnded = ({ said }: Saying): boolean => said.validUntilMs !== undefined && said.validUntilMs <= nowMs;
  const compare = (shape: number, value: string, before: readonly Saying[], said: readonly Saying[]): void => {
    const own = before.filter((saying) => saying.feed === feed && !hasEnded(saying));
    const after = [...own.filter((one) => keeps(one.said)), ...said];
    gained += Number(after.length > 0) - Number(own.length > 0);
    if (JSON.stringify(own) === JSON.stringify(after)) return;
    // First what goes, then what comes: an id that the feed still gives is not given up.
    for (const { said: one } of own)
      if (isVersioned(one)) {
        formerly.set(one.id, one.modifiedMs ?? Number.NEGATIVE_INFINITY);
        if (!touched.has(one.id)) touched.set(one.id, undefined);
      }
    for (const { said: one } of said)
      if (isVersioned(one)) touched.set(one.id, one.modifiedMs ?? Number.NEGATIVE_INFINITY);
    const all = [...before.filter((saying) => saying.feed !== feed), ...after].sort(
      (a, b) => rank(a.feed) - rank(b.feed),
    );
    rows.push([shape, value, all.map((saying) => sayings.numberOf(saying))]);
  };
  for (let number = 0; number < fresh.columns.profile.length; number++) {
    if (!((fresh.columns.validUntil[number] ?? 0) <= nowMs)) continue;
    const said = fresh.said(number);
    if (isVersioned(said)) expired.set(said.id, said.modifiedMs ?? Number.NEGATIVE_INFINITY);
  }
  const visited = new Set<number>();
  for (let row = 0; row < fresh.size; row++) {
    const [shape, bytes] = [fresh.shapeAt(row), fresh.valueBytesAt(row)];
    if (!keys.has(valueHash(shape, bytes, 0, bytes.length))) continue;
    const value = fresh.valueAt(row);
    const known = old.findShape(shape, value);
    if (known >= 0) visited.add(known);
    const said = [...new Set(fresh.sourcesAt(row))]
      .filter((number) => !leftOut.has(number))
      .map((number) => ({ feed, said: fresh.said(number) }))
      .filter((saying) => !hasEnded(saying));
    compare(shape, value, known < 0 ? [] : old.sayingsAt(known), said);
  }
  for (const row of rowsWith(old, keys))
    if (!visited.has(row)) compare(old.shapeAt(row), old.valueAt(row), old.sayingsAt(row), []);
  return { change: { details: sayings.list, rows }, touched, before: formerly, expired, gained };
}

/** Rows that count whose values have one of these hashes. */
function* rowsWith(table: LayeredTable, keys: KeyFilter): Generator<number> {
  const { base, delta } = table;
  for (const key of keys) for (const row of base.rowsHashed(key)) if (table.isLive(row)) yield row;
  for (let row = 0; row < delta.size; row++) {
    if (!delta.isLive(row)) continue;
    const bytes = Buffer.from(delta.valueAt(row), 'utf8');
    if (keys.has(valueHash(delta.shapeAt(row), bytes, 0, bytes.length))) yield base.size + row;
  }
}
