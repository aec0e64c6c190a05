/**
 * What a change of one source does to ids that other feeds carry too, as rows and patterns: a version of another feed that has been overruled goes, one
 * that counts again, because the newer one is gone, comes back. Only rows that say something of these ids are looked at.
 */
import type { Saying } from '../../core/indicator-rows.ts';
import { idKey, keyHash, NO_ID } from '../../core/stix-id.ts';
import type { LayeredTable } from '../../core/layered-table.ts';
import type { ChangedRow, TableChange } from '../../core/table-change.ts';
import { idHashes } from './detail-texts.ts';
import { isVersioned, profilesOf, rowsOfDetails } from './diff-table.ts';
import { NumberedSayings } from './numbered-sayings.ts';

/** A row with what a feed says of it again. */
export type RestoredRow = readonly [shape: number, value: string, saying: Saying];

export interface AmendOptions {
  /** The feeds that change: what they say is in the change already. */
  readonly replaced: ReadonlySet<string>;
  /** Ids of which other feeds say nothing that counts any more. */
  readonly displaced: ReadonlySet<string>;
  readonly restored: readonly RestoredRow[];
  /** Position of a feed in loading order. */
  readonly rank: (feed: string) => number;
}

/** The change with what it does to other feeds. */
export function amendedRows(old: LayeredTable, change: TableChange, options: AmendOptions): TableChange {
  const { replaced, displaced, restored, rank } = options;
  if (displaced.size + restored.length === 0) return change;
  const rows = new Map<string, { readonly shape: number; readonly value: string; sayings: Saying[] }>();
  const take = (shape: number, value: string, sayings: () => readonly Saying[]): { sayings: Saying[] } => {
    const name = `${shape} ${value}`;
    let row = rows.get(name);
    if (row === undefined) {
      row = { shape, value, sayings: [...sayings()] };
      rows.set(name, row);
    }
    return row;
  };
  for (const [shape, value, details] of change.rows)
    take(shape, value, () => details.flatMap((number) => change.details[number] ?? []));
  const isOverruled = ({ feed, said }: Saying): boolean =>
    !replaced.has(feed) && isVersioned(said) && displaced.has(said.id);
  for (const row of rowsSaying(old, displaced, replaced))
    take(old.shapeAt(row), old.valueAt(row), () => old.sayingsAt(row));
  for (const row of rows.values()) row.sayings = row.sayings.filter((saying) => !isOverruled(saying));
  for (const [shape, value, saying] of restored) {
    const row = take(shape, value, () => {
      const known = old.findShape(shape, value);
      return known < 0 ? [] : old.sayingsAt(known);
    });
    row.sayings.push(saying);
    row.sayings.sort((a, b) => rank(a.feed) - rank(b.feed));
  }
  const numbered = new NumberedSayings();
  return {
    rows: [...rows.values()].map(
      ({ shape, value, sayings }): ChangedRow => [shape, value, sayings.map((saying) => numbered.numberOf(saying))],
    ),
    details: numbered.list,
  };
}

/** Rows that count and of which feeds other than these say something under one of the ids. */
function* rowsSaying(table: LayeredTable, ids: ReadonlySet<string>, without: ReadonlySet<string>): Generator<number> {
  if (ids.size === 0) return;
  const { base, delta } = table;
  const { profile } = base.columns;
  const hashes = new Set([...ids].map((id) => keyHash(idKey(id))));
  const isWithout = profilesOf(base, without);
  const idHash = idHashes(base);
  const says = new Uint8Array(profile.length);
  for (let number = 0; number < profile.length; number++)
    if (hashes.has(idHash[number] ?? NO_ID) && isWithout[profile[number] ?? 0] === 0)
      says[number] = Number(ids.has(base.said(number).id ?? ''));
  if (says.includes(1)) for (const row of rowsOfDetails(base, says)) if (table.isLive(row)) yield row;
  for (let row = base.size; row < base.size + delta.size; row++)
    if (table.sayingsAt(row).some(({ feed, said }) => !without.has(feed) && ids.has(said.id ?? ''))) yield row;
}
