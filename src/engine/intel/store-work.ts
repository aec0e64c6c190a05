/**
 * The order of work in the store of indicators. Changes are made in turn, one after the other, for those who wait for them. Beside
 * them, and likewise one after the other, the store is tidied up: a base is written, entries are merged into a new one.
 */

export interface StoreWorkOptions {
  /** Aborted when the service stops: what is under way then ends without a word. */
  readonly signal: AbortSignal;
  readonly onProblem: (message: string, reason: string) => void;
}

export class StoreWork {
  readonly #options: StoreWorkOptions;
  #turns: Promise<unknown> = Promise.resolve();
  #tidying: Promise<void> | undefined;

  constructor(options: StoreWorkOptions) {
    this.#options = options;
  }

  /** A failure is the caller's, and does not keep those behind from their turn. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turns.then(work);
    this.#turns = result.catch(() => undefined);
    return result;
  }

  /** Nobody waits for it; a failure is told. The work may take turns. */
  beside(work: () => Promise<void>): void {
    const running: Promise<void> = (this.#tidying ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => {
        const { signal, onProblem } = this.#options;
        if (!signal.aborted) onProblem('the store of indicators could not be tidied up', String(error));
      })
      .finally(() => {
        if (this.#tidying === running) this.#tidying = undefined;
      });
    this.#tidying = running;
  }

  /** Resolves when the turns taken so far are over and nothing is left to tidy up. */
  async settled(): Promise<void> {
    await this.#turns;
    while (this.#tidying !== undefined) await this.#tidying;
  }
}
