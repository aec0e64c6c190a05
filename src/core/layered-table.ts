/**
 * LayeredTable: a read-only base and the delta that came after it, as one table. The delta overrules: a row that it knows counts as
 * the delta says, and its row in the base is a tombstone for good. Each indicator therefore counts in one layer only.
 *
 * Row numbers: those of the base, then those of the delta.
 */
import { DeltaTable } from './delta-table.ts';
import type { IndicatorDetails, IndicatorKind, Semantics } from './indicator.ts';
import type { IndicatorRows, Saying } from './indicator-rows.ts';
import type { IndicatorTable } from './indicator-table.ts';
import type { Renewal, TableChange } from './table-change.ts';

export interface ChangeCounts {
  /** Rows that count now and did not. */
  added: number;
  removed: number;
  /** Rows that counted before and count on, with other sources. */
  changed: number;
}

/** Told of each change, so that indexes follow. */
export interface LayerListener {
  /** A row of the delta that is new there. */
  added(deltaRow: number): void;
  /** A row of the base that counts no more. */
  buried(baseRow: number): void;
}

/** Rows whose details are remembered: some megabytes. */
const MAX_REMEMBERED = 4096;
const NOBODY: LayerListener = { added: () => undefined, buried: () => undefined };

export class LayeredTable implements IndicatorRows {
  readonly base: IndicatorTable;
  readonly delta = new DeltaTable();
  readonly #tombstones = new Set<number>();
  /** Details of rows that were asked for, until something changes: the same row is found again and again. */
  readonly #details = new Map<number, readonly IndicatorDetails[]>();
  #revision = 0;

  constructor(base: IndicatorTable) {
    this.base = base;
  }

  get size(): number {
    return this.base.size + this.delta.size;
  }

  /** Changes applied so far. */
  get revision(): number {
    return this.#revision;
  }

  /** Indicators that count. */
  get liveCount(): number {
    return this.base.size - this.#tombstones.size + this.delta.liveCount;
  }

  /** Rows of the base that count no more. */
  get tombstones(): number {
    return this.#tombstones.size;
  }

  buriedRows(): Iterable<number> {
    return this.#tombstones;
  }

  apply(change: TableChange, listener: LayerListener = NOBODY): ChangeCounts {
    const counts: ChangeCounts = { added: 0, removed: 0, changed: 0 };
    this.#revision++;
    this.#details.clear();
    for (const [shape, value, details] of change.rows) {
      const before = this.findShape(shape, value) >= 0;
      const sayings = details.flatMap((number) => change.details[number] ?? []);
      const inBase = this.base.findShape(shape, value);
      if (inBase >= 0 && !this.#tombstones.has(inBase)) {
        this.#tombstones.add(inBase);
        listener.buried(inBase);
      }
      if (sayings.length === 0 && inBase < 0 && this.delta.numberOf(shape, value) < 0) continue;
      const { row, isNew } = this.delta.put(shape, value, sayings);
      if (isNew) listener.added(row);
      if (sayings.length > 0) counts[before ? 'changed' : 'added']++;
      else if (before) counts.removed++;
    }
    return counts;
  }

  /** In the base too, whose columns all threads share. Doing it again changes nothing. */
  renew(renewal: Renewal): void {
    this.#revision++;
    const { feeds, profile, validFrom, validUntil, modified } = this.base.columns;
    if (feeds.includes(renewal.feed))
      for (let number = 0; number < profile.length; number++)
        if (
          validUntil[number] === renewal.fromMs &&
          Number.isNaN(validFrom[number] ?? 0) &&
          Number.isNaN(modified[number] ?? 0) &&
          feeds[this.base.feedOf(number)] === renewal.feed
        )
          validUntil[number] = renewal.toMs;
    this.delta.renew(renewal);
  }

  /** Whether the row counts. */
  isLive(row: number): boolean {
    const inDelta = row - this.base.size;
    return inDelta < 0 ? !this.#tombstones.has(row) : this.delta.isLive(inDelta);
  }

  shapeAt(row: number): number {
    const inDelta = row - this.base.size;
    return inDelta < 0 ? this.base.shapeAt(row) : this.delta.shapeAt(inDelta);
  }

  kindAt(row: number): IndicatorKind {
    const inDelta = row - this.base.size;
    return inDelta < 0 ? this.base.kindAt(row) : this.delta.kindAt(inDelta);
  }

  semanticsAt(row: number): Semantics {
    const inDelta = row - this.base.size;
    return inDelta < 0 ? this.base.semanticsAt(row) : this.delta.semanticsAt(inDelta);
  }

  valueAt(row: number): string {
    const inDelta = row - this.base.size;
    return inDelta < 0 ? this.base.valueAt(row) : this.delta.valueAt(inDelta);
  }

  *rowsWithShape(shape: number): Generator<number> {
    yield* this.base.rowsWithShape(shape);
    for (const row of this.delta.rowsWithShape(shape)) yield this.base.size + row;
  }

  shapes(): Iterable<number> {
    return new Set([...this.base.shapes(), ...this.delta.shapes()]);
  }

  findShape(shape: number, value: string): number {
    if (this.delta.size > 0 && this.delta.numberOf(shape, value) >= 0) {
      const row = this.delta.findShape(shape, value);
      return row < 0 ? row : this.base.size + row;
    }
    return this.base.findShape(shape, value);
  }

  rowsOf(shapes: readonly number[], value: string): number[] {
    if (this.delta.size === 0) return this.base.rowsOf(shapes, value);
    return shapes.map((shape) => this.findShape(shape, value)).filter((row) => row >= 0);
  }

  /** The same array for the same row while nothing changes. */
  detailsAt(row: number): readonly IndicatorDetails[] {
    const known = this.#details.get(row);
    if (known !== undefined) return known;
    const inDelta = row - this.base.size;
    const details = inDelta < 0 ? this.base.detailsAt(row) : this.delta.detailsAt(inDelta);
    if (this.#details.size === MAX_REMEMBERED) this.#details.clear();
    this.#details.set(row, details);
    return details;
  }

  sayingsAt(row: number): readonly Saying[] {
    const inDelta = row - this.base.size;
    return inDelta < 0 ? this.base.sayingsAt(row) : this.delta.sayingsAt(inDelta);
  }

  /** Numbers of all rows that count. */
  *liveRows(): Generator<number> {
    for (let row = 0; row < this.size; row++) if (this.isLive(row)) yield row;
  }
}
