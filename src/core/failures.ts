/**
 * Failures: what calls threw that take none of those behind them along. They are kept, and thrown when all is done: one as it is, several as an
 * AggregateError. Bounded: of very many the first ones tell what is wrong.
 */

const MAX_KEPT = 64;

export class Failures {
  #kept: unknown[] = [];

  add(failure: unknown): void {
    if (this.#kept.length < MAX_KEPT) this.#kept.push(failure);
  }

  /** Calls with each of them. */
  each<T>(list: readonly T[], call: (one: T) => void): this {
    for (const one of list)
      try {
        call(one);
      } catch (failure) {
        // Whatever it is: it is thrown when all have been called.
        this.add(failure);
      }
    return this;
  }

  /** Throws what was kept since the last time. */
  raise(): void {
    if (this.#kept.length === 0) return;
    const kept = this.#kept;
    this.#kept = [];
    throw kept.length === 1 ? kept[0] : new AggregateError(kept);
  }
}
