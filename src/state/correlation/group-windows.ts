/**
 * The windows of a correlation's groups: which facts stand in them. A fact enters at the end of its group's list; the oldest leave when the
 * time span has passed them, and are freed unless an undo may need them (eager order). The aggregate is told of each.
 */
import type { EventPlace } from '../event-place.ts';
import type { OrderMode } from '../order/order-target.ts';
import type { Aggregate } from './aggregate.ts';
import { ARMED, type WindowStore } from './window-store.ts';

/** What only some facts have. */
export interface FactExtra {
  readonly carried: readonly (string | undefined)[];
  readonly inner: readonly EventPlace[] | undefined;
}

/** Told what enters windows, and of each group's window before something leaves it. */
export interface RunnerWatch {
  took(member: number): void;
  fullest(group: number): void;
}

export class GroupWindows {
  watch: RunnerWatch | undefined;
  /** Facts dropped from a window that was full. */
  trimmed = 0;
  readonly #store: WindowStore;
  readonly #aggregate: Aggregate;
  readonly #extras: Map<number, FactExtra>;
  readonly #mode: OrderMode;
  readonly #maxFacts: number;
  /** The aggregate need not be told of facts. */
  readonly #countsOnly: boolean;

  constructor(
    store: WindowStore,
    aggregate: Aggregate,
    extras: Map<number, FactExtra>,
    mode: OrderMode,
    maxFactsPerGroup: number,
  ) {
    this.#store = store;
    this.#aggregate = aggregate;
    this.#countsOnly = aggregate.countsOnly === true;
    this.#extras = extras;
    this.#mode = mode;
    // What may be undone must not be trimmed: KeyedOrder keeps up to 1,024 facts of a group for that.
    this.#maxFacts = Math.max(maxFactsPerGroup, mode === 'eager' ? 2048 : 1);
  }

  enter(group: number, fact: number): void {
    const store = this.#store;
    store.enter(group, fact);
    if (!this.#countsOnly) this.#aggregate.add(group, fact);
    if (store.lengthOf(group) <= this.#maxFacts) return;
    this.trimmed++;
    if (store.firstOf(group) === store.startOf(group)) this.#leave(group);
    this.#dropFirst(group);
  }

  /** The oldest facts leave the window. They are freed, unless an undo may need them. */
  expire(group: number, fromMs: number): void {
    const store = this.#store;
    if (this.#countsOnly && this.watch === undefined && this.#extras.size === 0 && this.#mode === 'ordered') {
      store.dropOlder(group, fromMs);
      return;
    }
    if (this.watch !== undefined) {
      const oldest = store.startOf(group);
      if (oldest >= 0 && store.timeOf(oldest) < fromMs) this.watch.fullest(group);
    }
    for (let at = store.startOf(group); at >= 0 && store.timeOf(at) < fromMs; at = store.startOf(group)) {
      this.#leave(group);
      if (this.#mode === 'ordered') this.#dropFirst(group);
    }
  }

  /** Takes the newest fact of the group out; the window is again that of the fact before it. */
  takeBack(group: number, fact: number, timespanMs: number): void {
    const store = this.#store;
    store.unlinkLast(group);
    store.setCount(group, store.countOf(group) - 1);
    if (!this.#aggregate.rebuiltOnUndo) this.#aggregate.remove(group, fact);
    if (store.startOf(group) === fact) store.setStart(group, -1);
    const last = store.lastOf(group);
    if (last >= 0) {
      const fromMs = store.timeOf(last) - timespanMs;
      let at = store.startOf(group) === -1 ? last : store.beforeOf(store.startOf(group));
      while (at >= 0 && store.timeOf(at) >= fromMs) {
        store.setStart(group, at);
        store.setCount(group, store.countOf(group) + 1);
        if (!this.#aggregate.rebuiltOnUndo) this.#aggregate.add(group, at);
        at = store.beforeOf(at);
      }
    }
    if (this.#aggregate.rebuiltOnUndo) this.rebuild(group);
  }

  /** Makes the aggregate of the group anew. */
  rebuild(group: number): void {
    const store = this.#store;
    this.#aggregate.clear(group);
    for (let fact = store.startOf(group); fact >= 0; fact = store.afterOf(fact)) this.#aggregate.add(group, fact);
  }

  /** Eager order: a fact is settled, so what its window does not reach is not needed any more. */
  dropBefore(fact: number, timespanMs: number): void {
    const store = this.#store;
    const group = store.ownerOf(fact);
    const fromMs = store.timeOf(fact) - timespanMs;
    for (
      let first = store.firstOf(group);
      first >= 0 && first !== store.startOf(group) && store.timeOf(first) < fromMs;
      first = store.firstOf(group)
    )
      this.#dropFirst(group);
  }

  /** Nothing more comes to the group in this epoch: its window is over. */
  empty(group: number): void {
    const store = this.#store;
    if (store.startOf(group) >= 0) this.watch?.fullest(group);
    while (store.startOf(group) >= 0) this.#leave(group);
    while (store.firstOf(group) >= 0) this.#dropFirst(group);
    this.#aggregate.clear(group);
    store.setGroupFlags(group, ARMED);
    store.setOpenMs(group, Number.NaN);
  }

  /** The first fact of the window leaves it, but stays in the list. */
  #leave(group: number): void {
    const store = this.#store;
    const fact = store.startOf(group);
    if (fact < 0) return;
    store.setStart(group, store.afterOf(fact));
    store.setCount(group, store.countOf(group) - 1);
    this.#aggregate.remove(group, fact);
  }

  #dropFirst(group: number): void {
    this.#extras.delete(this.#store.firstOf(group));
    this.#store.dropFirst(group);
  }
}
