/**
 * Rows of one group and one time, taken parents before their children whatever order they came in (`equal_times: parents-first`). They come
 * one after the other out of the order; the last ones are released when a row of another time or group comes, or when the order has no more.
 */
import type { FluxPlan, PlannedRule } from './plan.ts';
import type { RowTable } from './row-table.ts';

export class EqualTimes {
  readonly #rows: RowTable<unknown>;
  readonly #planned: PlannedRule;
  readonly #take: (slot: number) => void;
  #held: number[] = [];

  private constructor(rows: RowTable<unknown>, planned: PlannedRule, take: (slot: number) => void) {
    this.#rows = rows;
    this.#planned = planned;
    this.#take = take;
  }

  /** The ids of the first lineage rule decide; undefined where there is none. `take` gets each row once. */
  static of(plan: FluxPlan, rows: RowTable<unknown>, take: (slot: number) => void): EqualTimes | undefined {
    const planned = plan.rules.find(({ child }) => child >= 0);
    return planned === undefined ? undefined : new EqualTimes(rows, planned, take);
  }

  hold(slot: number): void {
    const rows = this.#rows;
    const first = this.#held[0];
    if (first !== undefined && (rows.ownerOf(first) !== rows.ownerOf(slot) || rows.timeOf(first) !== rows.timeOf(slot)))
      this.release();
    this.#held.push(slot);
  }

  release(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    for (const slot of this.#parentsFirst(held)) this.#take(slot);
  }

  /** Depth first from each row in arrival order; a cycle is cut where it is met. */
  #parentsFirst(slots: readonly number[]): readonly number[] {
    if (slots.length === 1) return slots;
    const rows = this.#rows;
    const { child, parent } = this.#planned;
    const byId = new Map<string, number[]>();
    for (const slot of slots) {
      const id = rows.idOf(slot, child);
      if (id === undefined) continue;
      const same = byId.get(id);
      if (same === undefined) byId.set(id, [slot]);
      else same.push(slot);
    }
    const sorted = new Set<number>();
    const started = new Set<number>();
    const visit = (start: number): void => {
      const chain = [start];
      for (let slot = chain.at(-1); slot !== undefined; slot = chain.at(-1)) {
        started.add(slot);
        const parentId = rows.idOf(slot, parent);
        const parents = parentId === undefined ? [] : (byId.get(parentId) ?? []);
        const next = parents.find((one) => !started.has(one));
        if (next !== undefined) chain.push(next);
        else sorted.add(chain.pop() as number);
      }
    };
    for (const slot of slots) if (!started.has(slot)) visit(slot);
    return [...sorted];
  }
}
