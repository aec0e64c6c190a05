/** value_percentile and value_median: linear interpolation between closest ranks, from the values of the closed window. */
import type { Aggregate } from '../aggregate.ts';
import type { WindowStore } from '../window-store.ts';

export class Percentile implements Aggregate {
  readonly rebuiltOnUndo = false;
  readonly byteLength = 0;
  readonly #percent: number;
  readonly #store: WindowStore;

  constructor(percent: number, store: WindowStore) {
    this.#percent = percent;
    this.#store = store;
  }

  add(): void {}
  remove(): void {}
  clear(): void {}

  value(group: number): number {
    const store = this.#store;
    const values = new Float64Array(store.lengthOf(group));
    let count = 0;
    for (let fact = store.startOf(group); fact >= 0; fact = store.afterOf(fact)) values[count++] = store.valueAt(fact);
    return percentileOf(values.subarray(0, count).sort(), this.#percent);
  }
}

/** `sorted` ascending; NaN when empty. */
export function percentileOf(sorted: Float64Array, percent: number): number {
  const rank = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}
