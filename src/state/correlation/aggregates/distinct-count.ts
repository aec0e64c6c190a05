/** value_count: the number of different values in the window; one table for all groups of the correlation counts each value's facts. */
import { Fingerprint } from '../../memory/fingerprint.ts';
import type { Aggregate } from '../aggregate.ts';
import { grown, type WindowStore } from '../window-store.ts';

export class DistinctCount implements Aggregate {
  readonly rebuiltOnUndo = false;
  readonly #store: WindowStore;
  readonly #facts = new Map<number, number>();
  readonly #print = new Fingerprint();
  #distinct = new Int32Array(8);

  constructor(store: WindowStore) {
    this.#store = store;
  }

  get byteLength(): number {
    // An entry of a Map from doubles to small integers.
    return this.#facts.size * 48 + this.#distinct.byteLength;
  }

  add(group: number, fact: number): void {
    if (group >= this.#distinct.length) this.#distinct = grown(Int32Array, this.#distinct, Math.ceil(group * 1.5));
    const key = this.#keyOf(group, fact);
    const count = this.#facts.get(key) ?? 0;
    this.#facts.set(key, count + 1);
    if (count === 0) this.#distinct[group] = (this.#distinct[group] as number) + 1;
  }

  remove(group: number, fact: number): void {
    const key = this.#keyOf(group, fact);
    const count = this.#facts.get(key) ?? 0;
    if (count > 1) this.#facts.set(key, count - 1);
    else if (this.#facts.delete(key)) this.#distinct[group] = (this.#distinct[group] as number) - 1;
  }

  value(group: number): number {
    return this.#distinct[group] ?? 0;
  }

  clear(group: number): void {
    // Facts leave one by one before their group does, so that the table holds nothing of it any more.
    if (group < this.#distinct.length) this.#distinct[group] = 0;
  }

  #keyOf(group: number, fact: number): number {
    const value = this.#store.value[fact] as number;
    return this.#print.set(value % 4294967296, value / 4294967296).mix(group, 0).key;
  }
}
