/**
 * DeltaTable: the few indicators that changed since a base was built. Rows are only ever appended, so that indexes over them can grow
 * along; a row whose last source is gone stays as an empty one and comes back under the same number.
 *
 * Cost: some 300 bytes a row beside its value and details, which is why it is merged into a new base before it grows large.
 */
import type { IndicatorDetails, IndicatorKind, Semantics } from './indicator.ts';
import type { IndicatorRows, Saying } from './indicator-rows.ts';
import type { Renewal } from './table-change.ts';
import { byConfidence, describeDetails, kindOfShape, semanticsOfShape } from './indicator-table.ts';

interface DeltaRow {
  readonly shape: number;
  readonly value: string;
  sayings: readonly Saying[];
}

export class DeltaTable implements IndicatorRows {
  readonly #rows: DeltaRow[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #shapes = new Set<number>();
  #live = 0;

  get size(): number {
    return this.#rows.length;
  }

  /** Rows that some source gives. */
  get liveCount(): number {
    return this.#live;
  }

  /** The row has these sources from now on. Returns its number; `isNew` when it had none before. */
  put(shape: number, value: string, sayings: readonly Saying[]): { readonly row: number; readonly isNew: boolean } {
    const key = keyOf(shape, value);
    const known = this.#numbers.get(key);
    const row = known === undefined ? undefined : this.#rows[known];
    if (known !== undefined && row !== undefined) {
      this.#live += Number(sayings.length > 0) - Number(row.sayings.length > 0);
      row.sayings = sayings;
      return { row: known, isNew: false };
    }
    const number = this.#rows.push({ shape, value, sayings }) - 1;
    this.#numbers.set(key, number);
    this.#shapes.add(shape);
    if (sayings.length > 0) this.#live++;
    return { row: number, isNew: true };
  }

  renew({ feed, fromMs, toMs }: Renewal): void {
    for (const row of this.#rows) {
      const isMeant = ({ feed: by, said }: Saying): boolean =>
        by === feed && said.validUntilMs === fromMs && said.validFromMs === undefined && said.modifiedMs === undefined;
      if (row.sayings.some(isMeant))
        row.sayings = row.sayings.map((one) =>
          isMeant(one) ? { feed, said: { ...one.said, validUntilMs: toMs } } : one,
        );
    }
  }

  isLive(row: number): boolean {
    return (this.#rows[row]?.sayings.length ?? 0) > 0;
  }

  /** Row of the value whether it counts or not; -1 when the delta says nothing of it. */
  numberOf(shape: number, value: string): number {
    return this.#numbers.get(keyOf(shape, value)) ?? -1;
  }

  shapeAt(row: number): number {
    return this.#rows[row]?.shape ?? 0;
  }

  kindAt(row: number): IndicatorKind {
    return kindOfShape(this.shapeAt(row));
  }

  semanticsAt(row: number): Semantics {
    return semanticsOfShape(this.shapeAt(row));
  }

  valueAt(row: number): string {
    return this.#rows[row]?.value ?? '';
  }

  shapes(): Iterable<number> {
    return this.#shapes;
  }

  *rowsWithShape(shape: number): Generator<number> {
    for (let row = 0; row < this.size; row++) if (this.shapeAt(row) === shape) yield row;
  }

  findShape(shape: number, value: string): number {
    const row = this.numberOf(shape, value);
    return row >= 0 && this.isLive(row) ? row : -1;
  }

  rowsOf(shapes: readonly number[], value: string): number[] {
    return shapes.map((shape) => this.findShape(shape, value)).filter((row) => row >= 0);
  }

  detailsAt(row: number): IndicatorDetails[] {
    const [kind, value] = [this.kindAt(row), this.valueAt(row)];
    return byConfidence(this.sayingsAt(row).map(({ said }) => describeDetails(said, kind, value)));
  }

  sayingsAt(row: number): readonly Saying[] {
    return this.#rows[row]?.sayings ?? [];
  }
}

function keyOf(shape: number, value: string): string {
  return String.fromCharCode(shape) + value;
}
