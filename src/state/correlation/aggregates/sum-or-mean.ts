/**
 * value_sum and value_avg. Sums of integers below 2^53 are exact however facts come and go; with fractions in the window the sum is
 * taken anew from oldest to newest when it is asked for, so that it never depends on what has left.
 */
import { lengthened } from '../../../core/growing-columns.ts';
import type { Aggregate } from '../aggregate.ts';
import type { WindowStore } from '../window-store.ts';

export class SumOrMean implements Aggregate {
  readonly rebuiltOnUndo = false;
  readonly #what: 'sum' | 'mean';
  readonly #store: WindowStore;
  #sums = new Float64Array(8);
  /** Facts in the window that are no integers, or too great. */
  #inexact = new Int32Array(8);

  constructor(what: 'sum' | 'mean', store: WindowStore) {
    this.#what = what;
    this.#store = store;
  }

  get byteLength(): number {
    return this.#sums.byteLength + this.#inexact.byteLength;
  }

  add(group: number, fact: number): void {
    if (group >= this.#sums.length) {
      const size = Math.ceil((group + 1) * 1.5);
      this.#sums = lengthened(this.#sums, size);
      this.#inexact = lengthened(this.#inexact, size);
    }
    this.#change(group, this.#store.valueAt(fact), 1);
  }

  remove(group: number, fact: number): void {
    this.#change(group, this.#store.valueAt(fact), -1);
  }

  value(group: number): number {
    const count = this.#store.countOf(group);
    const sum = (this.#inexact[group] ?? 0) > 0 ? this.#sumAnew(group) : (this.#sums[group] ?? 0);
    return this.#what === 'sum' ? sum : sum / count;
  }

  clear(group: number): void {
    if (group >= this.#sums.length) return;
    this.#sums[group] = 0;
    this.#inexact[group] = 0;
  }

  #change(group: number, value: number, sign: 1 | -1): void {
    // A million such values still sum up exactly.
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 33)
      this.#sums[group] = (this.#sums[group] as number) + sign * value;
    else this.#inexact[group] = (this.#inexact[group] as number) + sign;
  }

  #sumAnew(group: number): number {
    const store = this.#store;
    let sum = 0;
    for (let fact = store.startOf(group); fact >= 0; fact = store.afterOf(fact)) sum += store.valueAt(fact);
    return sum;
  }
}
