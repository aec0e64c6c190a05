/** value_count: the number of different values in the window; one table for all groups of the correlation counts each value's facts. */
import { lengthened } from '../../../core/growing-columns.ts';
import { CountTable } from '../../memory/count-table.ts';
import { Fingerprint } from '../../memory/fingerprint.ts';
import type { Aggregate } from '../aggregate.ts';
import type { WindowStore } from '../window-store.ts';

export class DistinctCount implements Aggregate {
  readonly rebuiltOnUndo = false;
  readonly #store: WindowStore;
  readonly #facts = new CountTable();
  readonly #print = new Fingerprint();
  #distinct = new Int32Array(8);

  constructor(store: WindowStore) {
    this.#store = store;
  }

  get byteLength(): number {
    return this.#facts.byteLength + this.#distinct.byteLength;
  }

  add(group: number, fact: number): void {
    if (group >= this.#distinct.length) this.#distinct = lengthened(this.#distinct, Math.ceil(group * 1.5));
    const { lo, hi } = this.#keyOf(group, fact);
    if (this.#facts.add(lo, hi) === 1) this.#distinct[group] = (this.#distinct[group] as number) + 1;
  }

  remove(group: number, fact: number): void {
    const { lo, hi } = this.#keyOf(group, fact);
    if (this.#facts.remove(lo, hi) === 0) this.#distinct[group] = (this.#distinct[group] as number) - 1;
  }

  value(group: number): number {
    return this.#distinct[group] ?? 0;
  }

  clear(group: number): void {
    // Facts leave one by one before their group does, so that the table holds nothing of it any more.
    if (group < this.#distinct.length) this.#distinct[group] = 0;
  }

  #keyOf(group: number, fact: number): Fingerprint {
    const value = this.#store.valueAt(fact);
    return this.#print.set(value % 4294967296, value / 4294967296).mix(group, 0);
  }
}
