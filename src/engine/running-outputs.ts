/**
 * The outputs of a running service and the way of alerts to them. A reload that changes outputs exchanges them; meanwhile alerts wait, so
 * that none meets a closed queue.
 */
import { hostname } from 'node:os';
import type { StatefulPart } from '../state/snapshot/stateful-part.ts';
import type { ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { Logger } from '../telemetry/logger.ts';
import { AlertPath, type ShownAlert } from './alert-path.ts';
import type { Config } from './config/config-schema.ts';
import type { DataDir } from './config/data-dir.ts';
import { samePlans } from './config/plan-components.ts';
import { type OutputPlan, Outputs } from './outputs.ts';
import type { FoundAlert } from '../alerts/found-alert.ts';
import type { StateWrites } from './state-writes.ts';

export interface RunningOutputsOptions {
  readonly dataDir: DataDir;
  readonly logger: Logger;
  readonly onAlert: (shown: ShownAlert) => void;
  /** A file of suppression that cannot be read. */
  readonly onDamaged: (path: string) => void;
  readonly writes: StateWrites;
}

/** How long outputs may take to deliver what is there when they are closed. */
export const DRAIN_MS = 10_000;

export class RunningOutputs {
  readonly #options: RunningOutputsOptions;
  #outputs: Outputs;
  #path: AlertPath;
  #exchanging: Promise<void> | undefined;

  private constructor(outputs: Outputs, config: Config, options: RunningOutputsOptions) {
    this.#options = options;
    this.#outputs = outputs;
    this.#path = newPath(outputs, config, options);
  }

  /** Rejects with FlintError when an output cannot be had. */
  static async open(
    plans: readonly OutputPlan[],
    config: Config,
    options: RunningOutputsOptions,
  ): Promise<RunningOutputs> {
    return new RunningOutputs(await openOutputs(plans, config, options), config, options);
  }

  /** What suppression remembers. */
  get part(): StatefulPart {
    return this.#path.part;
  }

  get sent(): number {
    return this.#path.sent;
  }

  get withdrawn(): number {
    return this.#path.withdrawn;
  }

  get heldBack(): number {
    return this.#path.heldBack;
  }

  snapshots(): readonly ComponentSnapshot[] {
    return this.#outputs.counters.map((counters) => counters.snapshot());
  }

  /** Resolves when the alerts are delivered or stand in a queue. */
  async send(found: readonly FoundAlert[], nowMs: number): Promise<void> {
    await this.#exchanging;
    await this.#path.send(found, nowMs);
  }

  /** As `send`, up to the outputs: they are not given anything. */
  rehearse(found: readonly FoundAlert[], nowMs: number): void {
    this.#path.rehearse(found, nowMs);
  }

  /** Resolves when no exchange is under way. */
  async ready(): Promise<void> {
    await this.#exchanging;
  }

  /** Updates of suppressed alerts that are due. */
  async tick(nowMs: number): Promise<void> {
    await this.#path.tick(nowMs);
  }

  /** What suppression remembers now, on disk when it resolves. */
  save(): Promise<void> {
    return this.#options.writes.tryLater(() => this.#path.save());
  }

  /** Goes over to other outputs, if they are others. */
  async use(plans: readonly OutputPlan[], config: Config): Promise<void> {
    if (samePlans(plans, this.#outputs.plans)) return;
    this.#exchanging = this.#exchange(plans, config).finally(() => {
      this.#exchanging = undefined;
    });
    await this.#exchanging;
  }

  /** Resolves with the number of alerts that stay in queues on disk. */
  async close(drainMs = DRAIN_MS): Promise<number> {
    const left = await this.#outputs.close(drainMs);
    await this.#path.close();
    return left;
  }

  /** Queue folders have one owner: the former outputs let go of theirs before the new ones open. */
  async #exchange(plans: readonly OutputPlan[], config: Config): Promise<void> {
    await this.#outputs.close(DRAIN_MS);
    await this.save();
    await this.#path.close();
    this.#outputs = await openOutputs(plans, config, this.#options);
    this.#path = newPath(this.#outputs, config, this.#options);
  }
}

function newPath(outputs: Outputs, config: Config, { dataDir, onDamaged, onAlert }: RunningOutputsOptions): AlertPath {
  return new AlertPath({
    outputs,
    suppressMs: config.alerts.suppress_seconds * 1000,
    stateFolder: dataDir.folder('state'),
    onDamaged,
    onAlert,
  });
}

function openOutputs(
  plans: readonly OutputPlan[],
  config: Config,
  { dataDir, logger }: RunningOutputsOptions,
): Promise<Outputs> {
  return Outputs.open(plans, {
    encode: { timezone: config.timezone, sensor: hostname() },
    logger,
    allowPrivateAddresses: config.allow_private_addresses,
    queueFolder: dataDir.folder('queue'),
    queueBytes: config.limits.queue_bytes,
  });
}
