/**
 * Small state files beside the snapshots. Alerts go out and the stream goes on when one cannot be written: that is counted, told once a
 * minute and tried again.
 */
import type { ComponentCounters } from '../telemetry/component-counters.ts';
import type { Logger } from '../telemetry/logger.ts';

const TELL_MS = 60_000;

export class StateWrites {
  readonly #counters: ComponentCounters;
  readonly #logger: Logger;
  #toldMs = 0;

  constructor(counters: ComponentCounters, logger: Logger) {
    this.#counters = counters;
    this.#logger = logger;
  }

  try(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** As `try`, of what takes its time. */
  async tryLater(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    // A full or failing disk, a folder that somebody took away.
    if (!(error instanceof Error) || !('code' in error)) throw error;
    this.#counters.add('state_writes_failed');
    if (Date.now() - this.#toldMs < TELL_MS) return;
    this.#toldMs = Date.now();
    this.#logger.error('a state file cannot be written; after a crash more is read again', { reason: error.message });
  }
}
