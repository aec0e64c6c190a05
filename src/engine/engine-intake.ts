/**
 * What inputs push their batches into. Matching happens at once, so that a lone record is answered at once; only deliveries wait.
 * The bytes of unsettled batches are the pressure that makes inputs wait, refuse or drop.
 */
import type { Intake, RecordBatch } from '../core/record.ts';
import type { FoundAlert } from './processor.ts';

export interface BatchMatcher {
  match(batch: RecordBatch): Promise<readonly FoundAlert[]> | readonly FoundAlert[];
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
  readonly onFailure: (error: unknown, batch: RecordBatch) => void;
}

export class EngineIntake implements Intake {
  readonly #options: EngineIntakeOptions;
  #pending = 0;
  #open = 0;
  #idle: (() => void)[] = [];

  constructor(options: EngineIntakeOptions) {
    this.#options = options;
  }

  get pressure(): number {
    return Math.min(1, this.#pending / this.#options.pendingBytes);
  }

  async push(batch: RecordBatch): Promise<void> {
    const bytes = batch.bytes.byteLength;
    this.#pending += bytes;
    this.#open++;
    try {
      const matching = this.#options.matcher().match(batch);
      const found = matching instanceof Promise ? await matching : matching;
      if (found.length > 0) await this.#options.send(found, this.#options.now());
      if (this.#options.settle !== undefined) await this.#options.settle();
    } catch (error) {
      this.#options.onFailure(error, batch);
    } finally {
      this.#pending -= bytes;
      if (--this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Resolves when every batch pushed so far is settled. */
  settled(): Promise<void> {
    return this.#open === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}
