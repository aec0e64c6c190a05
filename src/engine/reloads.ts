/**
 * Reloads of a running service, one at a time. A broken one changes nothing and says why; who asks while one is under way gets one more
 * after it. Changed intelligence (`intel/intel-refresh.ts`) is taken in beside it, and asks for a reload where more has changed.
 */
import type { Diagnostic } from '../errors/diagnostic.ts';
import { FlintError } from '../errors/diagnostic.ts';
import type { Logger } from '../telemetry/logger.ts';
import { logNewProblems } from './config/new-problems.ts';
import type { RefreshOutcome } from './intel/intel-refresh.ts';
import type { IntelStore } from './intel/intel-store.ts';

export interface ReloadOutcome {
  readonly atMs: number;
  readonly ok: boolean;
  readonly message: string;
}

export interface ReloadsOptions {
  /** Builds everything anew and goes over to it; resolves with what there is then, in words. Rejects with FlintError, changing nothing. */
  readonly rebuild: () => Promise<string>;
  /** Of what is in use. */
  readonly diagnostics: () => readonly Diagnostic[];
  readonly store: IntelStore;
  readonly logger: Logger;
}

export class Reloads {
  readonly #options: ReloadsOptions;
  #last: ReloadOutcome | undefined;
  #running: Promise<ReloadOutcome> | undefined;
  #again: Promise<ReloadOutcome> | undefined;
  #isStopping = false;

  constructor(options: ReloadsOptions) {
    this.#options = options;
  }

  get last(): ReloadOutcome | undefined {
    return this.#last;
  }

  /** Never rejects for what configuration and files say. */
  run(): Promise<ReloadOutcome> {
    if (this.#isStopping) return Promise.resolve({ atMs: Date.now(), ok: false, message: 'the service is stopping' });
    if (this.#running !== undefined) {
      // It may have read already what has changed since: one more follows, for everybody who asks until then.
      this.#again ??= this.#running.then(() => {
        this.#again = undefined;
        return this.run();
      });
      return this.#again;
    }
    this.#running = this.#once().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when none is under way; none begins any more. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    while (this.#running !== undefined) await (this.#again ?? this.#running);
  }

  /** Takes in the content of sources that changed on disk; all of them when none is named. Never rejects. */
  async refresh(sources?: readonly string[]): Promise<RefreshOutcome> {
    const { store, logger, diagnostics } = this.#options;
    const former = diagnostics();
    try {
      const outcome = await store.refresh(sources, async () => {
        const { atMs, ok, message } = await this.run();
        return { atMs, ok, way: ok ? 'rebuild' : 'unchanged', added: 0, removed: 0, changed: 0, message };
      });
      const { atMs, ok, way, message } = outcome;
      if (way !== 'unchanged') {
        this.#last = { atMs, ok, message };
        if (way === 'delta') logNewProblems(former, diagnostics(), logger);
        logger.info('intelligence changed', { detail: message });
      }
      return outcome;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#last = { atMs: Date.now(), ok: false, message };
      logger.error('intelligence could not be taken in', { reason: message });
      return { atMs: Date.now(), ok: false, way: 'unchanged', added: 0, removed: 0, changed: 0, message };
    }
  }

  async #once(): Promise<ReloadOutcome> {
    const { diagnostics, logger } = this.#options;
    const former = diagnostics();
    const outcome = await this.#tryIt();
    this.#last = outcome;
    if (outcome.ok) logNewProblems(former, diagnostics(), logger);
    if (outcome.ok) logger.info('reloaded', { detail: outcome.message });
    else logger.error('reload refused, the running engine goes on', { reason: outcome.message });
    return outcome;
  }

  async #tryIt(): Promise<ReloadOutcome> {
    try {
      return { message: await this.#options.rebuild(), atMs: Date.now(), ok: true };
    } catch (error) {
      if (!(error instanceof FlintError)) throw error;
      return { atMs: Date.now(), ok: false, message: error.message };
    }
  }
}
