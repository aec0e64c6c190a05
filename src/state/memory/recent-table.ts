/**
 * RecentTable: values by 64-bit fingerprint, of the last so many put; older ones are forgotten half the table at a time. Two halves of
 * open addressing over typed arrays, put into the newer one, the older one thrown away when that is full: nothing is deleted one by
 * one, so that a put costs the same always.
 */

interface Half<V> {
  /** Different for each half that a table ever has. */
  readonly id: number;
  readonly keys: Int32Array;
  readonly values: (V | undefined)[];
  count: number;
}

/** What stands in one half of a table, as it was when the picture was taken. */
export interface HalfPicture<V> {
  readonly id: number;
  /** True when nothing will be put into it any more. */
  readonly sealed: boolean;
  readonly keys: Int32Array;
  readonly values: readonly (V | undefined)[];
}

export class RecentTable<V> {
  /** Whether a value was ever forgotten: what is not found may have been there. */
  lost = false;
  #halves = 0;
  #capacity: number;
  readonly #mask: number;
  #newer: Half<V>;
  #older: Half<V>;

  /** Remembers at least half of `max` values, and `max` at most. */
  constructor(max: number) {
    this.#capacity = Math.max(1, Math.floor(max / 2));
    let slots = 4;
    while (slots < 2 * this.#capacity) slots *= 2;
    this.#mask = slots - 1;
    this.#newer = this.#emptyHalf();
    this.#older = this.#emptyHalf();
  }

  /** As if it had been made for `max` values, where that is less. */
  shrink(max: number): void {
    this.#capacity = Math.min(this.#capacity, Math.max(1, Math.floor(max / 2)));
  }

  /** The older half first. */
  picture(): readonly HalfPicture<V>[] {
    const { id, keys, values } = this.#newer;
    return [
      { id: this.#older.id, sealed: true, keys: this.#older.keys, values: this.#older.values },
      { id, sealed: false, keys: keys.slice(), values: values.slice() },
    ];
  }

  *values(): Generator<V> {
    for (const { values } of [this.#older, this.#newer])
      for (const value of values) if (value !== undefined) yield value;
  }

  get size(): number {
    return this.#newer.count + this.#older.count;
  }

  get(lo: number, hi: number): V | undefined {
    return this.#find(this.#newer, lo, hi) ?? this.#find(this.#older, lo, hi);
  }

  put(lo: number, hi: number, value: V): void {
    if (this.#newer.keys.length === 0) this.#newer = this.#newHalf();
    if (this.#newer.count === this.#capacity) {
      if (this.#older.count > 0) this.lost = true;
      this.#older = this.#newer;
      this.#newer = this.#newHalf();
    }
    const { keys, values } = this.#newer;
    let slot = lo & this.#mask;
    while (values[slot] !== undefined) {
      if (keys[2 * slot] === lo && keys[2 * slot + 1] === hi) {
        values[slot] = value;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
    keys[2 * slot] = lo;
    keys[2 * slot + 1] = hi;
    values[slot] = value;
    this.#newer.count++;
  }

  #find({ keys, values }: Half<V>, lo: number, hi: number): V | undefined {
    if (keys.length === 0) return undefined;
    for (let slot = lo & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const value = values[slot];
      if (value === undefined) return undefined;
      if (keys[2 * slot] === lo && keys[2 * slot + 1] === hi) return value;
    }
  }

  #newHalf(): Half<V> {
    const slots = this.#mask + 1;
    return {
      id: this.#halves++,
      keys: new Int32Array(2 * slots),
      values: new Array<V | undefined>(slots).fill(undefined),
      count: 0,
    };
  }

  #emptyHalf(): Half<V> {
    return { id: this.#halves++, keys: new Int32Array(0), values: [], count: 0 };
  }
}
