/**
 * Service: `flint run`. Inputs, matching, outputs and what must survive a restart, put together from one configuration. A reload
 * takes the same way as the start: a new generation is built beside the running one and swapped between two batches; inputs and
 * outputs that did not change are left alone.
 */
import { join } from 'node:path';
import type { Diagnostic } from '../errors/diagnostic.ts';
import type { ComponentCounters, ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { EvidencePosition } from '../store/evidence-log.ts';
import type { StateReport } from '../state/snapshot/stateful-part.ts';
import type { Config } from './config/config-schema.ts';
import type { DataDir } from './config/data-dir.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { planComponents } from './config/plan-components.ts';
import { intelPaths, watchedPaths } from './config/watched-paths.ts';
import { EngineIntake } from './engine-intake.ts';
import { FilePositions, type SavedPositions } from './files/file-positions.ts';
import type { Generation } from './generation.ts';
import type { RefreshOutcome } from './intel/intel-refresh.ts';
import { intelSources } from './intel/intel-sources.ts';
import type { IntelStore } from './intel/intel-store.ts';
import { type LookupAnswer, type PrefixAnswer, ValueLookup } from './intel/lookup-value.ts';
import type { PolledSource, SourcePoller } from './intel/source-poller.ts';
import { DueWork } from './due-work.ts';
import { buildWithStore } from './live-intel.ts';
import type { FoundAlert } from '../alerts/found-alert.ts';
import { type ReloadOutcome, Reloads } from './reloads.ts';
import { RunningInputs } from './running-inputs.ts';
import { DRAIN_MS, type RunningOutputs } from './running-outputs.ts';
import {
  damageTeller,
  generationOptions,
  type ServiceOptions,
  type ServiceParts,
  withServiceParts,
} from './service-parts.ts';
import type { FileEventArchive } from './state/event-archive.ts';
import { stateComponents } from './state/state-components.ts';
import { StateKeeper } from './state/state-keeper.ts';
import { WatermarkLag } from './state/watermark-lag.ts';
import type { StateWrites } from './state-writes.ts';
import { warmUp } from './warm-up.ts';
import { within } from './within.ts';
import { ThreadReceivers } from './workers/thread-receivers.ts';

export class Service {
  readonly startedMs = Date.now();
  readonly #parts: ServiceParts;
  readonly #options: ServiceOptions;
  readonly #dataDir: DataDir;
  readonly #positions: FilePositions;
  readonly #intake: EngineIntake;
  readonly #keeper: StateKeeper;
  readonly #archive: FileEventArchive;
  /** Alerts found anew at the start, from events that no input will give again. */
  readonly #replayed: FoundAlert[] = [];
  readonly #engine: ComponentCounters;
  readonly #lag = new WatermarkLag();
  readonly #poller: SourcePoller;
  #config: Config;
  readonly #dropIn: boolean;
  #generation: Generation;
  readonly #outputs: RunningOutputs;
  readonly #inputs: RunningInputs;
  readonly #receivers: ThreadReceivers;
  /** Seen by workers that receive by themselves. */
  readonly #pressure = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #writes: StateWrites;
  readonly #due: DueWork;
  readonly #reloads: Reloads;
  #ready = false;
  /** Resolves when the rules of the last load are kept. */
  #kept = Promise.resolve();
  readonly #store: IntelStore;
  readonly #stopping = new AbortController();

  private constructor(parts: ServiceParts) {
    const { loaded, options, dataDir, engine, polling, stored, archive, generation, writes, outputs } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#archive = archive;
    this.#poller = polling.poller;
    this.#store = stored.store;
    this.#engine = engine;
    this.#config = loaded.config;
    this.#dropIn = loaded.dropIn;
    this.#dataDir = dataDir;
    this.#generation = generation;
    this.#outputs = outputs;
    this.#writes = writes;
    this.#reloads = new Reloads({
      rebuild: () => this.#rebuild(),
      diagnostics: () => this.#generation.diagnostics,
      ...{ store: stored.store, logger: options.logger },
    });
    this.#positions = new FilePositions(dataDir.folder('positions'), damageTeller(options.logger));
    this.#intake = new EngineIntake({
      pendingBytes: loaded.config.limits.pending_bytes,
      matcher: () => ({
        match: (batch) => {
          this.#lag.sample(batch, (...record) => this.#generation.processor.detector.events.timeOf(...record));
          return this.#flushed(this.#generation.match(batch));
        },
      }),
      send: async (found, nowMs) => {
        this.#writes.try(() => this.#positions.saveBegun());
        await this.#outputs.send(found, nowMs);
      },
      ...(options.events !== undefined && { settle: options.events.settle }),
      now: Date.now,
      onFailure: (error, batch) => this.#failed(error, batch),
      shown: new Int32Array(this.#pressure),
    });
    const { logger, deadLetter } = options;
    this.#receivers = new ThreadReceivers(generation, {
      pressure: this.#pressure,
      deliver: (from, { bytes, arrivalMs, result }, input) => {
        const batch = { source: { input }, count: 0 };
        return this.#intake.take(bytes, batch, () => this.#flushed(from.take(result, arrivalMs)));
      },
      onFailed: (input, count, reason) => this.#failed(reason, { source: { input }, count }),
    });
    this.#inputs = new RunningInputs({
      ...{ intake: this.#intake, positions: this.#positions, receivers: this.#receivers, logger, deadLetter },
    });
    const { snapshot_seconds, snapshot_bytes } = loaded.config.state;
    this.#keeper = new StateKeeper({
      folder: join(dataDir.folder('state'), 'snapshots'),
      intervalMs: snapshot_seconds * 1000,
      maxBytes: snapshot_bytes,
      intake: this.#intake,
      parts: () => this.#generation.parts,
      more: () => [this.#outputs.part],
      moment: () => {
        archive.flush();
        const { position } = archive;
        return {
          version: 1,
          positions: this.#positions.snapshot(),
          ...(position !== undefined && { evidence: position }),
        };
      },
      now: Date.now,
      steadyMs: () => performance.now(),
      logger: options.logger,
      counters: engine,
    });
    this.#due = new DueWork({
      ...{ outputs, writes, logger, intake: this.#intake, positions: this.#positions, keeper: this.#keeper },
      ...{ generation: () => this.#generation, store: stored.store },
    });
    const restored = this.#keeper.restore();
    if (restored === undefined) return;
    this.#positions.restore(restored.moment.positions as SavedPositions);
    if (restored.moment.evidence !== undefined) this.#replay(restored.moment.evidence);
  }

  /** Throws FlintError when the configuration, the data directory, intelligence, an output or an input does not allow a start. */
  static async start(loaded: LoadedConfig, options: ServiceOptions): Promise<Service> {
    const plans = planComponents(loaded, options.defaultOutputs);
    return withServiceParts(loaded, plans, options, async (parts) => {
      const service = new Service(parts);
      await service.#begin(plans.inputs);
      return service;
    });
  }

  async #begin(inputs: Parameters<RunningInputs['use']>[0]): Promise<void> {
    // From now on positions are those of snapshots: there is one before the first record.
    await this.#outputs.send(this.#replayed.splice(0), Date.now());
    if (this.#keeper.active) await this.#keeper.save();
    await this.#startInputs(inputs);
    this.#due.start();
    // What changed while nobody ran.
    await this.refresh();
    this.#ready = true;
    this.#kept = this.#keepRules();
    if (this.#options.warmsUp === true) void this.#warmUp();
    this.#poller.start(async (sources) => (await this.refresh(sources)).ok);
  }

  get config(): Config {
    return this.#config;
  }

  get dropIn(): boolean {
    return this.#dropIn;
  }

  get generation(): Generation {
    return this.#generation;
  }

  get dataDirPath(): string {
    return this.#dataDir.path;
  }

  /** Threads that match; the receiving thread alone when 1. */
  get workers(): number {
    return this.#generation.workers;
  }

  /** Files and folders that are looked at for changes. */
  get watchedPaths(): readonly string[] {
    const own = watchedPaths(this.#config, this.#dropIn ? this.#dataDir.path : undefined);
    return this.#options.configFile === undefined ? own : [this.#options.configFile, ...own];
  }

  /** Of these, sources of intelligence: `refresh` takes their changes in. */
  get intelPaths(): readonly string[] {
    return intelPaths(this.#config);
  }

  get ready(): boolean {
    return this.#ready;
  }

  get lastReload(): ReloadOutcome | undefined {
    return this.#reloads.last;
  }

  get listeners(): RunningInputs['listeners'] {
    return this.#inputs.listeners;
  }

  /** What rules over several events remember, and the last snapshot of it. */
  state(): {
    readonly rules: readonly StateReport[];
    readonly snapshot?: { readonly savedMs: number; readonly bytes: number };
  } {
    const { saved } = this.#keeper;
    const rules = this.#generation.parts.flatMap((part) => part.report());
    return { rules, ...(saved !== undefined && { snapshot: saved }) };
  }

  components(): readonly ComponentSnapshot[] {
    this.#countEngine();
    return [
      this.#engine.snapshot(),
      ...this.#inputs.snapshots((input) => this.#lag.of(input)),
      ...this.#poller.snapshots(),
      ...this.#generation.components(),
      ...stateComponents(this.#generation.parts.flatMap((part) => part.report())),
      ...this.#outputs.snapshots(),
    ];
  }

  /** Sources that are fetched, and how they are doing. */
  get sources(): readonly PolledSource[] {
    return this.#poller.sources;
  }

  /** What is known of a value now. */
  lookup(value: string): LookupAnswer {
    return this.#lookups().lookup(value);
  }

  /** Indicators whose value begins with the text. */
  search(prefix: string, limit: number): PrefixAnswer {
    return this.#lookups().search(this.#generation.live.table, prefix, limit);
  }

  #lookups(): ValueLookup {
    const { live } = this.#generation;
    const tables = { indicators: live.table, benign: live.benignSet };
    return new ValueLookup(tables, Date.now(), (observed) => live.match(observed));
  }

  /** Asks the servers of all sources now, whatever their schedule. */
  pullSources(): void {
    this.#poller.pullAll();
  }

  /** Resolves when every finite input (files read once, stdin) is at its end; never when there are others. */
  async finished(): Promise<void> {
    await this.#inputs.finished();
    await this.#intake.settled();
  }

  /** Builds a new generation from the files as they are now; never throws: a broken one changes nothing and says why. */
  reload(): Promise<ReloadOutcome> {
    return this.#reloads.run();
  }

  /** Takes in the content of sources that changed on disk; all of them when none is named (`intel-refresh.ts`). Never rejects. */
  refresh(sources?: readonly string[]): Promise<RefreshOutcome> {
    return this.#reloads.refresh(sources);
  }

  /** Stops taking, settles what was taken, delivers what is queued, writes what must survive. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#due.stop()) return;
    this.#ready = false;
    this.#stopping.abort();
    await this.#poller.stop();
    await this.#parts.polling.thread.close();
    await this.#reloads.stop();
    // An output that takes nothing must not keep the service from its end: what it has not taken is not acknowledged.
    const settled = this.#inputs.stop().then(() => this.#intake.settled());
    if (!(await within(settled, DRAIN_MS)))
      this.#options.logger.warn(
        'stopping although outputs have not taken all alerts; their records are not acknowledged',
      );
    await this.#options.events?.settle();
    await this.#keeper.stop();
    await this.#outputs.save();
    this.#writes.try(() => this.#positions.save());
    const left = await this.#outputs.close();
    if (left > 0) this.#options.logger.warn('alerts stay queued on disk for the next start', { alerts: left });
    this.#parts.stored.stopping.abort();
    await this.#store.close();
    await this.#generation.close();
    await this.#kept;
    this.#tellUnkept(await this.#generation.keepKinds());
    this.#archive.close();
    this.#dataDir.close();
  }

  async #warmUp(): Promise<void> {
    const { processor, live } = this.#generation;
    const { signal } = this.#stopping;
    const rehearse = this.#outputs.rehearse.bind(this.#outputs);
    try {
      await warmUp({ processor, indicators: live.table, rehearse, signal });
    } catch (error) {
      // A bug; nothing hangs on it.
      this.#options.logger.error('the warm-up has failed', { reason: String(error) });
    }
  }

  /** Events of inputs that cannot be read again, acknowledged after the snapshot was taken. */
  #replay(since: EvidencePosition): void {
    for (const event of this.#archive.since(since)) {
      this.#engine.add('state_replayed');
      this.#replayed.push(...this.#generation.replay(event, event.origin.arrivalMs));
    }
  }

  async #startInputs(plans: Parameters<RunningInputs['use']>[0]): Promise<void> {
    try {
      await this.#inputs.use(plans, this.#config.limits.record_bytes);
    } catch (error) {
      await this.#inputs.stop();
      await this.#outputs.close(0);
      throw error;
    }
  }

  async #moveReceivers(generation: Generation): Promise<() => void> {
    try {
      return await this.#receivers.move(generation);
    } catch (error) {
      await generation.close();
      throw error;
    }
  }

  /** Before a batch is acknowledged: what is remembered of it must not die with the process. */
  #flushed(found: Promise<readonly FoundAlert[]> | readonly FoundAlert[]): typeof found {
    if (found instanceof Promise) return found.finally(() => this.#archive.flush());
    this.#archive.flush();
    return found;
  }

  #failed(
    error: unknown,
    { source, count }: { readonly source: { readonly input: string }; readonly count: number },
  ): void {
    this.#engine.drop('failed', count);
    this.#options.logger.error('matching failed, the batch is given up', {
      ...{ input: source.input, reason: String(error), records: count },
    });
  }

  async #rebuild(): Promise<string> {
    const loaded = this.#options.reload();
    const { inputs, outputs } = planComponents(loaded, this.#options.defaultOutputs);
    const { generation, attach } = await buildWithStore(this.#store, loaded, {
      ...generationOptions(loaded.config, inputs, this.#parts),
      previous: this.#generation,
    });
    const former = this.#generation;
    const begin = await this.#moveReceivers(generation);
    const parts = new Set([...generation.parts, ...former.parts]);
    const exchanged = parts.size > former.parts.length || parts.size > generation.parts.length;
    // Workers of the former generation may still have events that its state, which goes on in the new one, has not seen.
    const fresh = await this.#intake.between(
      () => former.settled(),
      () => {
        if (exchanged) this.#keeper.reset();
        const begun = generation.takeOver(former, Date.now());
        this.#generation = generation;
        attach(generation);
        return begun;
      },
    );
    begin();
    if (exchanged) void this.#keeper.tick();
    if (fresh.length > 0)
      this.#options.logger.info('state of these rules begins anew', {
        count: fresh.length,
        rules: fresh.slice(0, 10).join(', '),
      });
    this.#config = loaded.config;
    await this.#outputs.use(outputs, loaded.config);
    await this.#inputs.use(inputs, loaded.config.limits.record_bytes);
    await former.close();
    await this.#poller.update(intelSources(loaded, {}).sources);
    // A change that was taken in while the new generation was built is not part of it.
    void this.refresh();
    this.#kept = this.#keepRules();
    return generation.summary;
  }

  /** The next start need not parse them. */
  async #keepRules(): Promise<void> {
    this.#tellUnkept(await this.#parts.ruleCache.save());
  }

  #tellUnkept(problem: Diagnostic | undefined): void {
    if (problem !== undefined) this.#options.logger.warn(problem.message);
  }

  #countEngine(): void {
    for (const [name, value] of Object.entries(this.#store.metrics)) this.#engine.set(`intel_${name}`, value);
    this.#engine.set('pressure', this.#intake.pressure);
    this.#engine.set('alerts_sent', this.#outputs.sent);
    this.#engine.set('alerts_held_back', this.#outputs.heldBack);
    this.#engine.set('alerts_withdrawn', this.#outputs.withdrawn);
    for (const [name, value] of Object.entries({ ...this.#generation.counts(), ...this.#archive.metrics() }))
      this.#engine.set(name, value);
  }
}
