/**
 * temporal_ordered: the greatest number of different rules whose facts stand in the window in the order of the rule list.
 *
 * For each length k and last rule j the start of the youngest such chain is kept: `starts[k - 1][j]`. A fact of rule j prolongs the
 * chains that end with an earlier rule. Nothing need be done when facts leave: a chain counts while its start is inside the
 * window, and a younger start is never worse. Cost: rules² per fact, rules² numbers per group.
 */
import { lengthened } from '../../../core/growing-columns.ts';
import type { Aggregate } from '../aggregate.ts';
import type { WindowStore } from '../window-store.ts';

export class OrderedRules implements Aggregate {
  readonly rebuiltOnUndo = true;
  readonly #members: number;
  readonly #store: WindowStore;
  #starts: Float64Array;

  constructor(members: number, store: WindowStore) {
    this.#members = members;
    this.#store = store;
    this.#starts = new Float64Array(8 * members * members).fill(Number.NEGATIVE_INFINITY);
  }

  get byteLength(): number {
    return this.#starts.byteLength;
  }

  add(group: number, fact: number): void {
    this.note(group, this.#store.memberOf(fact), this.#store.timeOf(fact));
  }

  /** A match of rule `j` of the list. */
  note(group: number, j: number, timeMs: number): void {
    const n = this.#members;
    const base = group * n * n;
    this.#reserve(group);
    const starts = this.#starts;
    starts[base + j] = Math.max(starts[base + j] as number, timeMs);
    for (let k = 1; k <= j; k++) {
      let best = starts[base + k * n + j] as number;
      for (let i = k - 1; i < j; i++) best = Math.max(best, starts[base + (k - 1) * n + i] as number);
      starts[base + k * n + j] = best;
    }
  }

  remove(): void {}

  value(group: number, fromMs: number): number {
    const n = this.#members;
    const base = group * n * n;
    for (let k = n; k > 0; k--)
      for (let j = k - 1; j < n; j++) {
        const startMs = this.#starts[base + (k - 1) * n + j] ?? Number.NEGATIVE_INFINITY;
        if (startMs > Number.NEGATIVE_INFINITY && startMs >= fromMs) return k;
      }
    return 0;
  }

  clear(group: number): void {
    const size = this.#members * this.#members;
    this.#starts.fill(Number.NEGATIVE_INFINITY, group * size, (group + 1) * size);
  }

  #reserve(group: number): void {
    const size = this.#members * this.#members;
    const before = this.#starts.length;
    if ((group + 1) * size <= before) return;
    this.#starts = lengthened(this.#starts, Math.ceil((group + 1) * 1.5) * size);
    this.#starts.fill(Number.NEGATIVE_INFINITY, before);
  }
}
