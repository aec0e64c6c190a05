/**
 * What inputs push their batches into. Matching happens at once, so that a lone record is answered at once; only deliveries wait.
 * The bytes of unsettled batches are the pressure that makes inputs wait, refuse or drop.
 *
 * `pause` holds new work back for a moment and waits until all that was taken is settled: then what is remembered of the past and how
 * far inputs were read belong together, and a picture of both may be taken.
 */
import { type Intake, type RecordBatch, SETTLED } from '../core/record.ts';
import type { FoundAlert } from '../alerts/found-alert.ts';
import { within } from './within.ts';

export interface BatchMatcher {
  match(batch: RecordBatch): Promise<readonly FoundAlert[]> | readonly FoundAlert[];
}

/** What is told of a batch that could not be matched. */
export interface FailedBatch {
  readonly source: Pick<RecordBatch['source'], 'input'>;
  readonly count: number;
}

export interface EngineIntakeOptions {
  readonly pendingBytes: number;
  /** The present generation; a reload gives another one between two batches. */
  readonly matcher: () => BatchMatcher;
  readonly send: (found: readonly FoundAlert[], nowMs: number) => Promise<void>;
  /** Waits for slow readers of what comes out beside alerts. */
  readonly settle?: () => Promise<void>;
  readonly now: () => number;
  /** A bug while matching: the batch is counted as failed, the stream goes on. */
  readonly onFailure: (error: unknown, batch: FailedBatch) => void;
  /** Told the pressure in thousandths whenever it changes: threads that receive by themselves read it. */
  readonly shown?: Int32Array;
}

/** Work that finds alerts. */
type Work = () => Promise<readonly FoundAlert[]> | readonly FoundAlert[];

export class EngineIntake implements Intake {
  readonly #options: EngineIntakeOptions;
  #pending = 0;
  #open = 0;
  #idle: (() => void)[] = [];
  #paused: Promise<void> | undefined;
  #endPause = (): void => undefined;
  /** Work held back by a pause, in the order it came. */
  readonly #heldBack: (() => void)[] = [];

  constructor(options: EngineIntakeOptions) {
    this.#options = options;
  }

  get pressure(): number {
    return Math.min(1, this.#pending / this.#options.pendingBytes);
  }

  push(batch: RecordBatch): Promise<void> {
    return this.take(batch.bytes.byteLength, batch, () => this.#options.matcher().match(batch));
  }

  /** Work on a batch of so many bytes; never rejects. */
  take(bytes: number, batch: FailedBatch, work: Work): Promise<void> {
    if (this.#paused !== undefined || this.#options.settle !== undefined)
      return this.#settled(bytes, batch, () => this.run(work));
    let found: ReturnType<Work>;
    try {
      found = work();
    } catch (error) {
      this.#options.onFailure(error, batch);
      return SETTLED;
    }
    // Nearly every batch of a live input: nothing waits for anything.
    if (!(found instanceof Promise) && found.length === 0) return SETTLED;
    return this.#settled(bytes, batch, () => this.#begin(() => found));
  }

  async #settled(bytes: number, batch: FailedBatch, work: () => Promise<void>): Promise<void> {
    this.#weigh(bytes);
    try {
      await work();
    } catch (error) {
      this.#options.onFailure(error, batch);
    } finally {
      this.#weigh(-bytes);
    }
  }

  #weigh(bytes: number): void {
    this.#pending += bytes;
    const { shown } = this.#options;
    if (shown !== undefined) Atomics.store(shown, 0, Math.floor(1000 * this.pressure));
  }

  /** Work that finds alerts, of batches or of the clock: done at once unless paused; settles when they are delivered. */
  run(work: Work): Promise<void> {
    if (this.#paused === undefined) return this.#begin(work);
    return new Promise((resolve, reject) => {
      this.#heldBack.push(() => void this.#begin(work).then(resolve, reject));
    });
  }

  async #begin(work: Work): Promise<void> {
    this.#open++;
    try {
      const matching = work();
      const found = matching instanceof Promise ? await matching : matching;
      if (found.length > 0) await this.#options.send(found, this.#options.now());
      if (this.#options.settle !== undefined) await this.#options.settle();
    } finally {
      if (--this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Resolves when every batch pushed so far is settled. */
  async settled(): Promise<void> {
    while (this.#open > 0 || this.#heldBack.length > 0) await this.#quiet();
  }

  /**
   * Holds new work back until the returned function is called, which must be soon. Undefined, and nothing held back, when what was
   * taken is not settled within `maxMs`: an output is slow.
   */
  async pause(maxMs: number): Promise<(() => void) | undefined> {
    if (this.#paused !== undefined) return undefined;
    this.#holdBack();
    const release = (): void => this.#release();
    const quiet = async (): Promise<void> => {
      while (this.#open > 0) await this.#quiet();
    };
    await within(quiet(), maxMs);
    // Inputs note what was settled in the turns after it.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    if (this.#open === 0) return release;
    release();
    return undefined;
  }

  /**
   * Does `work` between two batches: new ones are held back while `isMatched` is awaited, which is asked when nothing can be begun any
   * more and resolves when what was begun is matched. Deliveries are not waited for.
   */
  async between<T>(isMatched: () => Promise<void>, work: () => T): Promise<T> {
    while (this.#paused !== undefined) await this.#paused;
    this.#holdBack();
    try {
      await isMatched();
      return work();
    } finally {
      this.#release();
    }
  }

  #holdBack(): void {
    this.#paused = new Promise((resolve) => {
      this.#endPause = resolve;
    });
  }

  #quiet(): Promise<void> {
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #release(): void {
    this.#paused = undefined;
    this.#endPause();
    for (const begin of this.#heldBack.splice(0)) begin();
  }
}
