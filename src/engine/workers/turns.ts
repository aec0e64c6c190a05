/**
 * Turns: work that several threads prepare at once is completed one after the other, in the order in which it was begun. What keeps
 * state sees the same order as if one thread had done everything.
 */

export class Turns {
  /** Settles when the last turn that was taken is over; undefined: nobody waits or works. */
  #last: Promise<void> | undefined;

  /** True when nothing is on its way. */
  get isIdle(): boolean {
    return this.#last === undefined;
  }

  /** Takes the next turn now, and completes in it what `preparing` gives; a failure ends the turn as well. */
  async after<T, R>(preparing: Promise<T>, complete: (prepared: T) => R): Promise<R> {
    const before = this.#last;
    let end = (): void => undefined;
    const own = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#last = own;
    try {
      // A failure while others are waited for must not be an unhandled rejection.
      preparing.catch(() => undefined);
      await before;
      return complete(await preparing);
    } finally {
      if (this.#last === own) this.#last = undefined;
      end();
    }
  }

  /** Resolves when all turns taken so far are over. */
  async settled(): Promise<void> {
    await this.#last;
  }
}
