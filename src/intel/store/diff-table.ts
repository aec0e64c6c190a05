/**
 * What changes in a table when some feeds say something new: their old part of it (rows of base and delta with details of these
 * feeds) against a table of their new content alone. Rows on which the feeds say the same as before are no change, whatever else
 * changed around them; a changed row carries what the other feeds say of it as well.
 *
 * Cost: one look-up for each row of the new table and one pass over the old one; a million rows take about a second.
 */
import type { Saying } from '../../core/indicator-rows.ts';
import type { IndicatorTable } from '../../core/indicator-table.ts';
import type { LayeredTable } from '../../core/layered-table.ts';
import type { ChangedRow, TableChange } from '../../core/table-change.ts';
import { detailsSignatures } from './details-signature.ts';
import { NumberedSayings } from './numbered-sayings.ts';

export interface DiffOptions {
  /** Names of the feeds whose content is replaced. */
  readonly replaced: ReadonlySet<string>;
  /** Position of a feed in loading order. */
  readonly rank: (feed: string) => number;
  /** What has expired by then is as good as not said. */
  readonly nowMs: number;
  /** Details of the new table that do not count. */
  readonly leftOut: ReadonlySet<number>;
}

export interface TableDiff {
  readonly change: TableChange;
  /** Ids of versioned indicators on changed rows, with the new `modified`; absent: the feeds do not give the id any more. */
  readonly touched: ReadonlyMap<string, number | undefined>;
  /** Of those that the feeds gave before, the `modified` that counted. */
  readonly before: ReadonlyMap<string, number>;
  /** Ids that the feeds give and that have expired: nothing to match, but newer than what others may say. */
  readonly expired: ReadonlyMap<string, number>;
}

export function diffTable(old: LayeredTable, fresh: IndicatorTable, options: DiffOptions): TableDiff {
  return new TableDiffer(old, fresh, options).run();
}

class TableDiffer {
  readonly #old: LayeredTable;
  readonly #fresh: IndicatorTable;
  readonly #options: DiffOptions;
  /** One byte for each details of the base: 1 where a replaced feed says them and they have not expired. */
  readonly #isOld: Uint8Array;
  readonly #hasOld: boolean;
  readonly #baseSignatures: Uint32Array;
  readonly #freshSignatures: Uint32Array;
  readonly #sayings = new NumberedSayings();
  readonly #rows: ChangedRow[] = [];
  readonly #touched = new Map<string, number | undefined>();
  readonly #before = new Map<string, number>();
  readonly #expired = new Map<string, number>();

  constructor(old: LayeredTable, fresh: IndicatorTable, options: DiffOptions) {
    this.#old = old;
    this.#fresh = fresh;
    this.#options = options;
    const { profile, validUntil } = old.base.columns;
    const isReplaced = profilesOf(old.base, options.replaced);
    this.#isOld = new Uint8Array(profile.length);
    if (isReplaced.includes(1))
      for (let number = 0; number < profile.length; number++)
        if (isReplaced[profile[number] ?? 0] === 1 && !((validUntil[number] ?? 0) <= options.nowMs))
          this.#isOld[number] = 1;
    this.#hasOld = this.#isOld.includes(1);
    this.#baseSignatures = this.#hasOld ? detailsSignatures(old.base, this.#isOld) : new Uint32Array(0);
    this.#freshSignatures = detailsSignatures(fresh);
  }

  run(): TableDiff {
    const { validUntil, profile } = this.#fresh.columns;
    for (let number = 0; number < profile.length; number++) {
      if (!((validUntil[number] ?? 0) <= this.#options.nowMs)) continue;
      const said = this.#fresh.said(number);
      if (isVersioned(said)) this.#expired.set(said.id, said.modifiedMs ?? Number.NEGATIVE_INFINITY);
    }
    const visited = new Uint8Array(this.#old.size);
    for (let row = 0; row < this.#fresh.size; row++) {
      const details = this.#freshDetails(row);
      if (details.length === 0) continue;
      const shape = this.#fresh.shapeAt(row);
      const known = this.#findOld(shape, row);
      if (known >= 0) visited[known] = 1;
      if (known < 0 || !this.#saysTheSame(known, details)) this.#change(shape, this.#fresh.valueAt(row), known, row);
    }
    for (const row of this.#formerRows())
      if (visited[row] !== 1 && this.#old.isLive(row))
        this.#change(this.#old.shapeAt(row), this.#old.valueAt(row), row, -1);
    return {
      change: { details: this.#sayings.list, rows: this.#rows },
      touched: this.#touched,
      before: this.#before,
      expired: this.#expired,
    };
  }

  #findOld(shape: number, row: number): number {
    const { delta, base } = this.#old;
    if (delta.size > 0) return this.#old.findShape(shape, this.#fresh.valueAt(row));
    return base.findBytes(shape, this.#fresh.valueBytesAt(row));
  }

  /** Details of a new row that count. */
  #freshDetails(row: number): number[] {
    const { validUntil } = this.#fresh.columns;
    const { leftOut, nowMs } = this.#options;
    const numbers: number[] = [];
    for (const number of this.#fresh.sourcesAt(row))
      if (!((validUntil[number] ?? 0) <= nowMs) && !leftOut.has(number) && !numbers.includes(number))
        numbers.push(number);
    return numbers;
  }

  #saysTheSame(row: number, fresh: readonly number[]): boolean {
    const { base } = this.#old;
    if (row >= base.size) {
      const before = this.#replacedSayings(row);
      return (
        before.length === fresh.length &&
        before.every(({ said }, i) => JSON.stringify(said) === JSON.stringify(this.#fresh.said(fresh[i] ?? 0)))
      );
    }
    let at = 0;
    for (const number of this.#baseDetails(row)) {
      const other = fresh[at++];
      if (other === undefined || !this.#hasSameSignature(number, other)) return false;
    }
    return at === fresh.length;
  }

  #hasSameSignature(base: number, fresh: number): boolean {
    const [a, b] = [this.#baseSignatures, this.#freshSignatures];
    return a[2 * base] === b[2 * fresh] && a[2 * base + 1] === b[2 * fresh + 1];
  }

  /** Details of a base row that the replaced feeds gave and that count. */
  #baseDetails(row: number): number[] {
    const numbers: number[] = [];
    for (const number of this.#old.base.sourcesAt(row))
      if (this.#isOld[number] === 1 && !numbers.includes(number)) numbers.push(number);
    return numbers;
  }

  #replacedSayings(row: number): Saying[] {
    const { replaced, nowMs } = this.#options;
    return this.#old
      .sayingsAt(row)
      .filter(({ feed, said }) => replaced.has(feed) && !((said.validUntilMs ?? Number.NaN) <= nowMs));
  }

  /** Rows of which the replaced feeds said something that counted. */
  *#formerRows(): Generator<number> {
    const { base, delta } = this.#old;
    if (this.#hasOld) yield* rowsOfDetails(base, this.#isOld);
    for (let row = base.size; row < base.size + delta.size; row++) if (this.#replacedSayings(row).length > 0) yield row;
  }

  #change(shape: number, value: string, old: number, fresh: number): void {
    const { replaced, rank } = this.#options;
    const sayings = old < 0 ? [] : this.#old.sayingsAt(old).filter(({ feed }) => !replaced.has(feed));
    for (const { said } of old < 0 ? [] : this.#replacedSayings(old))
      if (isVersioned(said)) {
        this.#before.set(said.id, said.modifiedMs ?? Number.NEGATIVE_INFINITY);
        if (!this.#touched.has(said.id)) this.#touched.set(said.id, undefined);
      }
    if (fresh >= 0)
      for (const number of this.#freshDetails(fresh)) {
        const said = this.#fresh.said(number);
        if (isVersioned(said)) this.#touched.set(said.id, said.modifiedMs ?? Number.NEGATIVE_INFINITY);
        sayings.push({ feed: this.#fresh.columns.feeds[this.#fresh.feedOf(number)] ?? '', said });
      }
    sayings.sort((a, b) => rank(a.feed) - rank(b.feed));
    this.#rows.push([shape, value, sayings.map((saying) => this.#sayings.numberOf(saying))]);
  }
}

/** For each profile of the table 1 when it is of one of these feeds. */
export function profilesOf({ columns: { profiles, feeds } }: IndicatorTable, names: ReadonlySet<string>): Uint8Array {
  return Uint8Array.from(profiles, ({ feed }) => Number(names.has(feeds[feed] ?? '')));
}

/** Rows with one of the details that are marked with 1, in order. The others, which are most, are passed over without a look at where they begin. */
export function* rowsOfDetails({ columns }: IndicatorTable, isMarked: Uint8Array): Generator<number> {
  const { sources, sourceStart } = columns;
  for (let link = 0, row = 0; link < sources.length; link++) {
    if (isMarked[sources[link] ?? 0] !== 1) continue;
    row = rowOfLink(sourceStart, link, row);
    yield row;
    link = (sourceStart[row + 1] ?? 0) - 1;
  }
}

/** The row that a link belongs to; not before `from`. */
function rowOfLink(sourceStart: Uint32Array, link: number, from: number): number {
  let low = from;
  let high = sourceStart.length - 1;
  // The last row that begins at or before the link.
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((sourceStart[middle] ?? 0) <= link) low = middle;
    else high = middle;
  }
  return low;
}

/** Only STIX indicators have versions; they are the ones with a pattern. */
export function isVersioned(said: Saying['said']): said is Saying['said'] & { readonly id: string } {
  return said.id !== undefined && said.pattern !== undefined;
}
