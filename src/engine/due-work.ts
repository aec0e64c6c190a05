/**
 * What is due in a running service by the clock alone: every second the state of rules moves on to the time that it is, outputs are
 * tried again, and what must survive is written; every hour indicators that have expired are removed, and what was learnt of kinds of
 * records is kept, the first time sooner.
 */
import type { Logger } from '../telemetry/logger.ts';
import type { EngineIntake } from './engine-intake.ts';
import type { FilePositions } from './files/file-positions.ts';
import type { Generation } from './generation.ts';
import type { IntelStore } from './intel/intel-store.ts';
import { KindsKeeper } from './rules/kinds-keeper.ts';
import type { RunningOutputs } from './running-outputs.ts';
import type { StateKeeper } from './state/state-keeper.ts';
import type { StateWrites } from './state-writes.ts';

export interface DueWorkOptions {
  readonly outputs: RunningOutputs;
  readonly intake: EngineIntake;
  /** The one in use. */
  readonly generation: () => Generation;
  readonly positions: FilePositions;
  readonly keeper: StateKeeper;
  readonly writes: StateWrites;
  readonly store: IntelStore;
  readonly logger: Logger;
}

const TICK_MS = 1000;
const SWEEP_MS = 3_600_000;

export class DueWork {
  readonly #options: DueWorkOptions;
  #timer: NodeJS.Timeout | undefined;
  #nextSweepMs = performance.now() + SWEEP_MS;
  readonly #kinds = new KindsKeeper(performance.now());

  constructor(options: DueWorkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#tick().catch((error: unknown) => {
        // A bug: the stream goes on, as after a batch that could not be matched.
        this.#options.logger.error('what is due every second could not be done', { reason: String(error) });
      });
    }, TICK_MS);
  }

  /** False when it does not run. */
  stop(): boolean {
    if (this.#timer === undefined) return false;
    clearInterval(this.#timer);
    this.#timer = undefined;
    return true;
  }

  async #tick(): Promise<void> {
    const { outputs, intake, generation, positions, keeper, writes } = this.#options;
    await outputs.ready();
    const nowMs = Date.now();
    if (performance.now() >= this.#nextSweepMs) {
      this.#nextSweepMs = performance.now() + SWEEP_MS;
      void this.#sweep();
    }
    await intake.run(() => generation().advance(nowMs));
    await outputs.tick(nowMs);
    // What a position says was read must be known to suppression: the other way round a crash between the two loses counts.
    // Where state is saved, both stand in the snapshot; the file of positions then tells only which sources there are.
    const write = positions.prepare();
    if (!keeper.active) await outputs.save();
    writes.try(write);
    await keeper.tick();
    await this.#keepKinds(generation());
  }

  async #keepKinds(generation: Generation): Promise<void> {
    if (!this.#kinds.isDue(generation, performance.now())) return;
    const problem = await generation.keepKinds();
    if (problem !== undefined) this.#options.logger.warn(problem.message);
  }

  async #sweep(): Promise<void> {
    const { store, logger } = this.#options;
    try {
      await store.sweep();
    } catch (error) {
      logger.error('expired indicators could not be removed', { reason: String(error) });
    }
  }
}
