/** The inputs of a running service: started from their plans, exchanged by a reload, of which those that did not change stay. */
import { randomUUID } from 'node:crypto';
import type { Intake } from '../core/record.ts';
import type { Input, ReceiverThreads } from '../inputs/input.ts';
import type { PositionStore } from '../inputs/position-store.ts';
import { ComponentCounters, type ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { InputPlan } from './config/input-plans.ts';
import { samePlan } from './config/plan-components.ts';

export interface RunningInputsOptions {
  readonly intake: Intake;
  readonly positions: PositionStore;
  readonly receivers: ReceiverThreads;
  readonly logger: Logger;
  /** Samples of what could not be read. */
  readonly deadLetter: (input: string, code: string, sample: Uint8Array) => void;
}

interface RunningInput {
  readonly plan: InputPlan;
  readonly input: Input;
  readonly counters: ComponentCounters;
}

export class RunningInputs {
  readonly #options: RunningInputsOptions;
  readonly #instanceId = randomUUID();
  #running: RunningInput[] = [];

  constructor(options: RunningInputsOptions) {
    this.#options = options;
  }

  get listeners(): readonly { readonly name: string; readonly plan: InputPlan; readonly address: string }[] {
    return this.#running.map(({ plan, input }) => ({ name: plan.name, plan, address: input.boundAddress }));
  }

  /** `lagOf`: how far event time is behind, milliseconds. */
  snapshots(lagOf: (input: string) => number | undefined): readonly ComponentSnapshot[] {
    return this.#running.map(({ plan, counters }) => {
      const lagMs = lagOf(plan.name);
      if (lagMs !== undefined) counters.set('watermark_lag_ms', lagMs);
      return counters.snapshot();
    });
  }

  /** Resolves when every finite one is at its end; never when there are others. */
  async finished(): Promise<void> {
    await Promise.all(this.#running.map(({ input }) => input.finished));
  }

  /** Starts those that are new, stops those that are gone. Rejects with FlintError when one cannot start; the others stay. */
  async use(plans: readonly InputPlan[], maxRecordBytes: number): Promise<void> {
    const keep = this.#running.filter(({ plan }) => plans.some((other) => samePlan(plan, other)));
    const stop = this.#running.filter((running) => !keep.includes(running));
    await Promise.all(stop.map(({ input }) => input.stop()));
    this.#running = keep;
    for (const plan of plans) {
      if (!keep.some((running) => samePlan(running.plan, plan)))
        this.#running.push(await this.#start(plan, maxRecordBytes));
    }
  }

  /** Stops all; resolves when what they took is settled. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.map(({ input }) => input.stop()));
  }

  async #start(plan: InputPlan, maxRecordBytes: number): Promise<RunningInput> {
    const { intake, positions, receivers, logger, deadLetter } = this.#options;
    const counters = new ComponentCounters('input', plan.name);
    const input = plan.kind.create(plan.address, {
      name: plan.name,
      intake,
      counters,
      instanceId: this.#instanceId,
      now: Date.now,
      positions,
      maxRecordBytes,
      receivers,
      report: (code, message, sample) => {
        counters.error(code);
        logger.warn(message, { input: plan.name, code });
        if (sample !== undefined) deadLetter(plan.name, code, sample);
      },
    });
    await input.start();
    logger.info('input ready', { input: plan.name, address: input.boundAddress });
    return { plan, input, counters };
  }
}
