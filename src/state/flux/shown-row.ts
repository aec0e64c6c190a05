import { NONE } from '../order/item-records.ts';
import type { TakenRow } from './row.ts';
import type { RowTable } from './row-table.ts';

/** A row of the table as handlers see it: only what they ask for is read. */
export class ShownRow<T> implements TakenRow<T> {
  readonly own: ArrayLike<number>;
  readonly #rows: RowTable<T>;
  slot = NONE;

  /** `own`: where the tags of the row stand while it is shown. */
  constructor(rows: RowTable<T>, own: ArrayLike<number>) {
    this.#rows = rows;
    this.own = own;
  }

  get timeMs(): number {
    return this.#rows.timeOf(this.slot);
  }

  get source(): number {
    return this.#rows.sourceOf(this.slot);
  }

  get position(): number {
    return this.#rows.positionOf(this.slot);
  }

  get part(): number {
    return this.#rows.partOf(this.slot);
  }

  get item(): T {
    return this.#rows.items[this.slot] as T;
  }
}
