/** event_count: the number of facts in the window, which the store counts anyway. */
import type { Aggregate } from '../aggregate.ts';
import type { WindowStore } from '../window-store.ts';

export class EventCount implements Aggregate {
  readonly rebuiltOnUndo = false;
  readonly countsOnly = true;
  readonly byteLength = 0;
  readonly #store: WindowStore;

  constructor(store: WindowStore) {
    this.#store = store;
  }

  add(): void {}
  remove(): void {}
  clear(): void {}

  value(group: number): number {
    return this.#store.countOf(group);
  }
}
