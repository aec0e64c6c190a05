/** temporal: the number of different rules with a fact in the window. */
import { lengthened } from '../../../core/growing-columns.ts';
import type { Aggregate } from '../aggregate.ts';
import type { WindowStore } from '../window-store.ts';

export class RuleCount implements Aggregate {
  readonly rebuiltOnUndo = false;
  readonly #members: number;
  readonly #store: WindowStore;
  /** Facts of rule m in group g: `counts[g * members + m]`. */
  #counts: Int32Array;

  constructor(members: number, store: WindowStore) {
    this.#members = members;
    this.#store = store;
    this.#counts = new Int32Array(8 * members);
  }

  get byteLength(): number {
    return this.#counts.byteLength;
  }

  add(group: number, fact: number): void {
    const at = group * this.#members + this.#store.memberOf(fact);
    if (at >= this.#counts.length)
      this.#counts = lengthened(this.#counts, Math.ceil((group + 1) * 1.5) * this.#members);
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  remove(group: number, fact: number): void {
    const at = group * this.#members + this.#store.memberOf(fact);
    this.#counts[at] = (this.#counts[at] as number) - 1;
  }

  value(group: number): number {
    let different = 0;
    for (let member = 0; member < this.#members; member++) if (this.has(group, member)) different++;
    return different;
  }

  has(group: number, member: number): boolean {
    return (this.#counts[group * this.#members + member] ?? 0) > 0;
  }

  clear(group: number): void {
    this.#counts.fill(0, group * this.#members, (group + 1) * this.#members);
  }
}
