/**
 * Service: `flint run`. Inputs, matching, outputs and what must survive a restart, put together from one configuration. A reload
 * takes the same way as the start: a new generation is built beside the running one and swapped between two batches; inputs and
 * outputs that did not change are left alone.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Alert } from '../core/alert.ts';
import type { Event, EventObject } from '../core/event.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import { ERROR_TABLE } from '../errors/table.ts';
import type { Input } from '../inputs/input.ts';
import { ComponentCounters, type ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { Logger } from '../telemetry/logger.ts';
import { AlertPath } from './alert-path.ts';
import type { Config } from './config/config-schema.ts';
import { FileEventArchive } from './state/event-archive.ts';
import type { EvidencePosition } from '../store/evidence-log.ts';
import type { FoundAlert } from './processor.ts';
import { type DataDir, openDataDir } from './config/data-dir.ts';
import { EngineIntake } from './engine-intake.ts';
import { FilePositions, type SavedPositions } from './files/file-positions.ts';
import { buildGeneration, type Generation, type GenerationOptions, intelSources } from './generation.ts';
import { type InputPlan, planInputs } from './config/input-plans.ts';
import { inThreads } from './intel/intel-jobs.ts';
import type { RefreshOutcome } from './intel/intel-refresh.ts';
import { IntelStore, type LiveSink, type OpenedIntel } from './intel/intel-store.ts';
import { logNewProblems } from './config/new-problems.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { type LookupAnswer, type PrefixAnswer, ValueLookup } from './intel/lookup-value.ts';
import { type OutputPlan, Outputs, planOutputs } from './outputs.ts';
import type { StateReport } from '../state/snapshot/stateful-part.ts';
import { StateKeeper } from './state/state-keeper.ts';
import { stateSeed } from './state/state-seed.ts';
import { WatermarkLag } from './state/watermark-lag.ts';
import { type PolledSource, type PollerOptions, SourcePoller } from './intel/source-poller.ts';
import { PullThread } from './intel/pull-thread.ts';
import { workerCount } from './workers/worker-count.ts';

export interface ServiceOptions {
  readonly logger: Logger;
  readonly onAlert: (alert: Alert) => void;
  /** Configuration again, for a reload. */
  readonly reload: () => LoadedConfig;
  /** Samples of records that could not be read. */
  readonly deadLetter: (input: string, code: string, sample: Uint8Array) => void;
  /** Used when the configuration names none: `stdout:`, or nothing where somebody watches. */
  readonly defaultOutputs: readonly string[];
  readonly dataDir?: DataDir;
  /** Watched beside what it names. */
  readonly configFile?: string;
  /** Takes each event with its flux tags; inputs wait for `settle`. */
  readonly events?: {
    readonly write: (event: Event, fields: EventObject) => void;
    readonly settle: () => Promise<void>;
  };
}

export interface ReloadOutcome {
  readonly atMs: number;
  readonly ok: boolean;
  readonly message: string;
}

interface RunningInput {
  readonly plan: InputPlan;
  readonly input: Input;
  readonly counters: ComponentCounters;
}

const TICK_MS = 1000;
const SWEEP_MS = 3_600_000;
const DRAIN_MS = 10_000;
/** A start waits so long for sources that were never fetched; what takes longer goes live when it is here. */
const FIRST_PULL_MS = 10_000;

export class Service {
  readonly startedMs = Date.now();
  readonly #options: ServiceOptions;
  readonly #dataDir: DataDir;
  readonly #instanceId = randomUUID();
  readonly #positions: FilePositions;
  readonly #intake: EngineIntake;
  readonly #keeper: StateKeeper;
  readonly #archive: FileEventArchive;
  /** Alerts found anew at the start, from events that no input will give again. */
  #replayed: FoundAlert[] = [];
  readonly #engine: ComponentCounters;
  readonly #lag = new WatermarkLag();
  readonly #poller: SourcePoller;
  readonly #pullThread: PullThread;
  #config: Config;
  #dropIn: boolean;
  #generation: Generation;
  #outputs: Outputs;
  #alertPath: AlertPath;
  #inputs: RunningInput[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lastReload: ReloadOutcome | undefined;
  #reloading: Promise<ReloadOutcome> | undefined;
  #reloadingAgain: Promise<ReloadOutcome> | undefined;
  /** While outputs are exchanged alerts wait, so that none meets a closed queue. */
  #swapping: Promise<void> | undefined;
  #ready = false;
  readonly #store: IntelStore;
  readonly #stopping: AbortController;
  #nextSweepMs = Date.now() + SWEEP_MS;
  #writeFailureToldMs = 0;

  private constructor(
    loaded: LoadedConfig,
    dataDir: DataDir,
    generation: Generation,
    outputs: Outputs,
    engine: ComponentCounters,
    polling: Polling,
    { store, stopping }: StoreParts,
    archive: FileEventArchive,
    options: ServiceOptions,
  ) {
    this.#options = options;
    this.#archive = archive;
    this.#poller = polling.poller;
    this.#pullThread = polling.thread;
    this.#store = store;
    this.#stopping = stopping;
    this.#engine = engine;
    this.#config = loaded.config;
    this.#dropIn = loaded.dropIn;
    this.#dataDir = dataDir;
    this.#generation = generation;
    this.#outputs = outputs;
    this.#positions = new FilePositions(dataDir.folder('positions'), this.#onDamaged);
    this.#alertPath = this.#newAlertPath(outputs);
    this.#intake = new EngineIntake({
      pendingBytes: loaded.config.limits.pending_bytes,
      matcher: () => ({
        match: (batch) => {
          this.#lag.sample(batch, (...record) => this.#generation.processor.detector.timeOf(...record));
          const found = this.#generation.match(batch);
          // Before it is acknowledged: what is remembered of it must not die with the process.
          if (found instanceof Promise) return found.finally(() => this.#archive.flush());
          this.#archive.flush();
          return found;
        },
      }),
      send: async (found, nowMs) => {
        this.#keep(() => this.#positions.saveBegun());
        await this.#swapping;
        await this.#alertPath.send(found, nowMs);
      },
      ...(options.events !== undefined && { settle: options.events.settle }),
      now: Date.now,
      onFailure: (error, batch) => {
        this.#engine.drop('failed', batch.count);
        options.logger.error('matching failed, the batch is given up', {
          input: batch.source.input,
          reason: String(error),
          records: batch.count,
        });
      },
    });
    const { snapshot_seconds, snapshot_bytes } = loaded.config.state;
    this.#keeper = new StateKeeper({
      folder: join(dataDir.folder('state'), 'snapshots'),
      intervalMs: snapshot_seconds * 1000,
      maxBytes: snapshot_bytes,
      intake: this.#intake,
      parts: () => this.#generation.parts,
      more: () => [this.#alertPath.part],
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
      logger: options.logger,
      counters: engine,
    });
    const restored = this.#keeper.restore();
    if (restored === undefined) return;
    this.#positions.restore(restored.moment.positions as SavedPositions);
    if (restored.moment.evidence !== undefined) this.#replay(restored.moment.evidence);
  }

  /** Throws FlintError when the configuration, the data directory, intelligence, an output or an input does not allow a start. */
  static async start(loaded: LoadedConfig, options: ServiceOptions): Promise<Service> {
    const { inputs, outputs: outputPlans } = planAll(loaded, options.defaultOutputs);
    const dataDir = options.dataDir ?? openDataDir(loaded.config.data_dir);
    const polling = pollingOf(dataDir.folder('feeds'), options.logger);
    try {
      await polling.poller.update(intelSources(loaded, {}).sources);
      await polling.poller.pullMissing(FIRST_PULL_MS);
      polling.poller.loaded();
      const engine = new ComponentCounters('engine', 'engine');
      const parts = openStore(dataDir, options);
      const archive = openArchive(loaded.config, dataDir, options.logger);
      const building = generationOptions(loaded.config, dataDir, engine, archive, options);
      const { generation, attach } = await buildWithStore(parts.store, loaded, building);
      const outputs = await Outputs.open(outputPlans, outputsOptions(loaded.config, dataDir, options));
      attach(generation);
      const service = new Service(loaded, dataDir, generation, outputs, engine, polling, parts, archive, options);
      // From now on positions are those of snapshots: there is one before the first record.
      await service.#alertPath.send(service.#replayed.splice(0), Date.now());
      if (service.#keeper.active) await service.#keeper.save();
      await service.#startInputs(inputs);
      service.#timer = setInterval(() => {
        service.#tick().catch((error: unknown) => {
          // A bug: the stream goes on, as after a batch that could not be matched.
          options.logger.error('what is due every second could not be done', { reason: String(error) });
        });
      }, TICK_MS);
      // What changed while nobody ran.
      await service.refresh();
      service.#ready = true;
      polling.poller.start(async (sources) => (await service.refresh(sources)).ok);
      return service;
    } catch (error) {
      await polling.poller.stop();
      await polling.thread.close();
      dataDir.close();
      throw error;
    }
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
    const { rules, pipelines, flux, key_map } = this.#config;
    const specs = flux.map((entry) => (typeof entry === 'string' ? entry : entry.spec));
    const own = this.#dropIn ? [join(this.#dataDir.path, 'intel')] : [];
    return [
      ...(this.#options.configFile === undefined ? [] : [this.#options.configFile]),
      ...this.intelPaths,
      ...[...rules, ...pipelines, ...specs, ...(key_map === undefined ? [] : [key_map])].filter(isPath),
      ...own,
    ];
  }

  /** Of these, sources of intelligence: `refresh` takes their changes in. */
  get intelPaths(): readonly string[] {
    return this.#config.intel
      .flatMap((entry) =>
        typeof entry === 'string' ? [entry] : typeof entry.source === 'string' ? [entry.source] : [],
      )
      .filter(isPath);
  }

  get ready(): boolean {
    return this.#ready;
  }

  get lastReload(): ReloadOutcome | undefined {
    return this.#lastReload;
  }

  get listeners(): readonly { readonly name: string; readonly plan: InputPlan; readonly address: string }[] {
    return this.#inputs.map(({ plan, input }) => ({ name: plan.name, plan, address: input.boundAddress }));
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
    for (const { plan, counters } of this.#inputs) {
      const lagMs = this.#lag.of(plan.name);
      if (lagMs !== undefined) counters.set('watermark_lag_ms', lagMs);
    }
    return [
      this.#engine.snapshot(),
      ...this.#inputs.map(({ counters }) => counters.snapshot()),
      ...this.#poller.snapshots(),
      ...this.#generation.components(),
      ...stateComponents(this.#generation.parts.flatMap((part) => part.report())),
      ...this.#outputs.counters.map((counters) => counters.snapshot()),
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
    await Promise.all(this.#inputs.map(({ input }) => input.finished));
    await this.#intake.settled();
  }

  /** Builds a new generation from the files as they are now; never throws: a broken one changes nothing and says why. */
  reload(): Promise<ReloadOutcome> {
    if (this.#reloading !== undefined) {
      // It may have read already what has changed since: one more follows, for everybody who asks until then.
      this.#reloadingAgain ??= this.#reloading.then(() => {
        this.#reloadingAgain = undefined;
        return this.reload();
      });
      return this.#reloadingAgain;
    }
    this.#reloading = this.#reloadOnce().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  /** Takes in the content of sources that changed on disk; all of them when none is named (`intel-refresh.ts`). Never rejects. */
  async refresh(sources?: readonly string[]): Promise<RefreshOutcome> {
    try {
      const outcome = await this.#store.refresh(sources, async () => {
        const { atMs, ok, message } = await this.reload();
        return { atMs, ok, way: ok ? 'rebuild' : 'unchanged', added: 0, removed: 0, changed: 0, message };
      });
      const { atMs, ok, way, message } = outcome;
      if (way !== 'unchanged') {
        this.#lastReload = { atMs, ok, message };
        this.#options.logger.info('intelligence changed', { detail: message });
      }
      return outcome;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#lastReload = { atMs: Date.now(), ok: false, message };
      this.#options.logger.error('intelligence could not be taken in', { reason: message });
      return { atMs: Date.now(), ok: false, way: 'unchanged', added: 0, removed: 0, changed: 0, message };
    }
  }

  /** Stops taking, settles what was taken, delivers what is queued, writes what must survive. Idempotent. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#ready = false;
    await this.#poller.stop();
    await this.#pullThread.close();
    while (this.#reloading !== undefined) await (this.#reloadingAgain ?? this.#reloading);
    await Promise.all(this.#inputs.map(({ input }) => input.stop()));
    await this.#intake.settled();
    await this.#options.events?.settle();
    await this.#keeper.stop();
    this.#keep(() => this.#alertPath.save());
    this.#keep(() => this.#positions.save());
    const left = await this.#outputs.close(DRAIN_MS);
    if (left > 0) this.#options.logger.warn('alerts stay queued on disk for the next start', { alerts: left });
    this.#stopping.abort();
    await this.#store.close();
    await this.#generation.close();
    this.#archive.close();
    this.#dataDir.close();
  }

  /** Events of inputs that cannot be read again, acknowledged after the snapshot was taken. */
  #replay(since: EvidencePosition): void {
    for (const event of this.#archive.since(since)) {
      this.#engine.add('state_replayed');
      this.#replayed.push(...this.#generation.replay(event, event.origin.arrivalMs));
    }
  }

  async #startInputs(plans: readonly InputPlan[]): Promise<void> {
    try {
      for (const plan of plans) this.#inputs.push(await this.#startInput(plan));
    } catch (error) {
      await Promise.all(this.#inputs.map(({ input }) => input.stop()));
      await this.#outputs.close(0);
      throw error;
    }
  }

  async #startInput(plan: InputPlan): Promise<RunningInput> {
    const counters = new ComponentCounters('input', plan.name);
    const input = plan.kind.create(plan.address, {
      name: plan.name,
      intake: this.#intake,
      counters,
      instanceId: this.#instanceId,
      now: Date.now,
      positions: this.#positions,
      maxRecordBytes: this.#config.limits.record_bytes,
      report: (code, message, sample) => {
        counters.error(code);
        this.#options.logger.warn(message, { input: plan.name, code });
        if (sample !== undefined) this.#options.deadLetter(plan.name, code, sample);
      },
    });
    await input.start();
    this.#options.logger.info('input ready', { input: plan.name, address: input.boundAddress });
    return { plan, input, counters };
  }

  async #reloadOnce(): Promise<ReloadOutcome> {
    const former = this.#generation.diagnostics;
    const outcome = await this.#tryReload();
    this.#lastReload = outcome;
    if (outcome.ok) logNewProblems(former, this.#generation.diagnostics, this.#options.logger);
    if (outcome.ok) this.#options.logger.info('reloaded', { detail: outcome.message });
    else this.#options.logger.error('reload refused, the running engine goes on', { reason: outcome.message });
    return outcome;
  }

  async #tryReload(): Promise<ReloadOutcome> {
    try {
      const loaded = this.#options.reload();
      const { inputs, outputs } = planAll(loaded, this.#options.defaultOutputs);
      const { generation, attach } = await buildWithStore(this.#store, loaded, {
        ...generationOptions(loaded.config, this.#dataDir, this.#engine, this.#archive, this.#options),
        previous: this.#generation,
      });
      const former = this.#generation;
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
      if (exchanged) void this.#keeper.tick();
      if (fresh.length > 0)
        this.#options.logger.info('state of these rules begins anew', {
          count: fresh.length,
          rules: fresh.slice(0, 10).join(', '),
        });
      this.#config = loaded.config;
      await this.#swapOutputs(outputs, loaded.config);
      await this.#swapInputs(inputs);
      await former.close();
      await this.#poller.update(intelSources(loaded, {}).sources);
      // A change that was taken in while the new generation was built is not part of it.
      void this.refresh();
      return { atMs: Date.now(), ok: true, message: generation.summary };
    } catch (error) {
      if (!(error instanceof FlintError)) throw error;
      return { atMs: Date.now(), ok: false, message: error.message };
    }
  }

  async #swapOutputs(plans: readonly OutputPlan[], config: Config): Promise<void> {
    if (samePlans(plans, this.#outputs.plans)) return;
    this.#swapping = this.#exchangeOutputs(plans, config);
    await this.#swapping;
    this.#swapping = undefined;
  }

  /** Queue folders have one owner: the former outputs let go of theirs before the new ones open. */
  async #exchangeOutputs(plans: readonly OutputPlan[], config: Config): Promise<void> {
    await this.#outputs.close(DRAIN_MS);
    this.#keep(() => this.#alertPath.save());
    this.#outputs = await Outputs.open(plans, outputsOptions(config, this.#dataDir, this.#options));
    this.#alertPath = this.#newAlertPath(this.#outputs);
  }

  async #swapInputs(plans: readonly InputPlan[]): Promise<void> {
    const keep = this.#inputs.filter(({ plan }) => plans.some((other) => samePlan(plan, other)));
    const stop = this.#inputs.filter((running) => !keep.includes(running));
    await Promise.all(stop.map(({ input }) => input.stop()));
    this.#inputs = keep;
    for (const plan of plans) {
      if (!keep.some((running) => samePlan(running.plan, plan))) this.#inputs.push(await this.#startInput(plan));
    }
  }

  #newAlertPath(outputs: Outputs): AlertPath {
    return new AlertPath({
      outputs,
      suppressMs: this.#config.alerts.suppress_seconds * 1000,
      stateFolder: this.#dataDir.folder('state'),
      onDamaged: this.#onDamaged,
      onAlert: this.#options.onAlert,
    });
  }

  readonly #onDamaged = (path: string): void => {
    this.#options.logger.error('state file was damaged and has been set aside', { path: `${path}.damaged` });
  };

  async #tick(): Promise<void> {
    await this.#swapping;
    const nowMs = Date.now();
    if (nowMs >= this.#nextSweepMs) {
      this.#nextSweepMs = nowMs + SWEEP_MS;
      void this.#sweep();
    }
    await this.#intake.run(() => this.#generation.advance(nowMs));
    await this.#alertPath.tick(nowMs);
    // What a position says was read must be known to suppression: the other way round a crash between the two loses counts.
    // Where state is saved, both stand in the snapshot; the file of positions then tells only which sources there are.
    if (!this.#keeper.active) this.#keep(() => this.#alertPath.save());
    this.#keep(() => this.#positions.save());
    await this.#keeper.tick();
  }

  /** Writes a state file. Alerts go out and the stream goes on when it cannot be: that is counted, told once a minute and tried again. */
  #keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      // A full or failing disk, a folder that somebody took away.
      if (!(error instanceof Error) || !('code' in error)) throw error;
      this.#engine.add('state_writes_failed');
      if (Date.now() - this.#writeFailureToldMs < 60_000) return;
      this.#writeFailureToldMs = Date.now();
      this.#options.logger.error('a state file cannot be written; after a crash more is read again', {
        reason: error.message,
      });
    }
  }

  async #sweep(): Promise<void> {
    try {
      await this.#store.sweep();
    } catch (error) {
      this.#options.logger.error('expired indicators could not be removed', { reason: String(error) });
    }
  }

  #countEngine(): void {
    for (const [name, value] of Object.entries(this.#store.metrics)) this.#engine.set(`intel_${name}`, value);
    this.#engine.set('pressure', this.#intake.pressure);
    this.#engine.set('alerts_sent', this.#alertPath.sent);
    this.#engine.set('alerts_held_back', this.#alertPath.heldBack);
    for (const [name, value] of Object.entries({ ...this.#generation.counts(), ...this.#archive.metrics() }))
      this.#engine.set(name, value);
  }
}

interface Polling {
  readonly poller: SourcePoller;
  readonly thread: PullThread;
}

function pollingOf(folder: string, logger: Logger): Polling {
  const thread = new PullThread();
  const pull: PollerOptions['pull'] = (source, ...how) => thread.pull(source, folder, ...how);
  return { poller: new SourcePoller({ folder, pull, logger, now: Date.now, random: Math.random }), thread };
}

function isPath(text: string): boolean {
  return !/^(?:[a-z]+\+)?https?:/i.test(text);
}

interface StoreParts {
  readonly store: IntelStore;
  readonly stopping: AbortController;
}

function openStore(dataDir: DataDir, { logger }: ServiceOptions): StoreParts {
  const stopping = new AbortController();
  const store = new IntelStore({
    folder: dataDir.folder('indicators'),
    feedFolder: dataDir.folder('feeds'),
    run: inThreads(stopping.signal),
    signal: stopping.signal,
    now: Date.now,
    onProblem: (message, reason) => logger.error(message, { reason }),
  });
  return { store, stopping };
}

/** The store goes over to what it gave when the generation is in use, by `attach`. */
async function buildWithStore(
  store: IntelStore,
  loaded: LoadedConfig,
  options: GenerationOptions,
): Promise<{ readonly generation: Generation; readonly attach: (sink: LiveSink) => void }> {
  let attach = (_sink: LiveSink): void => undefined;
  const openIntel: NonNullable<GenerationOptions['openIntel']> = async (sources): Promise<OpenedIntel> => {
    const opened = await store.open(sources);
    attach = opened.attach;
    return opened;
  };
  const generation = await buildGeneration(loaded, { ...options, openIntel });
  return { generation, attach };
}

/** Memory by rule, for the metrics; the rule's id is the name. */
function stateComponents(reports: readonly StateReport[]): ComponentSnapshot[] {
  return reports.map(
    ({ rule, groups, entries, bytes, waiting, late, evicted, refuted, unconfirmed = 0, restored = 0 }) => ({
      component: 'state',
      name: rule,
      counts: {},
      dropped: {},
      errors: {},
      gauges: {
        ...{ groups, entries, bytes, waiting, late, evicted },
        ...(refuted !== undefined && { refuted, unconfirmed, restored }),
      },
    }),
  );
}

function planAll(
  loaded: LoadedConfig,
  defaultOutputs: readonly string[],
): { readonly inputs: readonly InputPlan[]; readonly outputs: readonly OutputPlan[] } {
  const inputs = planInputs(loaded.config.inputs, loaded.config.timezone, loaded.locate);
  const outputs = planOutputs(
    loaded.config.outputs.length === 0 ? defaultOutputs : loaded.config.outputs,
    loaded.locate,
  );
  const diagnostics: Diagnostic[] = [...loaded.diagnostics, ...inputs.diagnostics, ...outputs.diagnostics];
  if (loaded.config.inputs.length === 0) {
    const hint =
      'add --listen gelf+udp://127.0.0.1:12201, or inputs: to the configuration; flint demo shows a running example';
    diagnostics.push(diagnostic('CONFIG_BAD_USAGE', 'error', 'no input is configured', { hint }));
  }
  if (diagnostics.some((problem) => problem.severity === 'error')) throw new FlintError(diagnostics);
  return { inputs: inputs.plans, outputs: outputs.plans };
}

function outputsOptions(config: Config, dataDir: DataDir, options: ServiceOptions): Parameters<typeof Outputs.open>[1] {
  return {
    encode: { timezone: config.timezone, sensor: hostname() },
    logger: options.logger,
    allowPrivateAddresses: config.allow_private_addresses,
    queueFolder: dataDir.folder('queue'),
    queueBytes: config.limits.queue_bytes,
  };
}

/** A failing disk is told once in a while, not for every event. */
function openArchive({ state }: Config, dataDir: DataDir, logger: Logger): FileEventArchive {
  let toldMs = 0;
  return new FileEventArchive(() => dataDir.folder('evidence'), {
    maxBytes: state.evidence_bytes,
    maxAgeMs: state.evidence_hours * 3_600_000,
    now: Date.now,
    onFailure: (reason) => {
      if (Date.now() - toldMs < 60_000) return;
      toldMs = Date.now();
      logger.error('events for later alerts cannot be written', { reason });
    },
  });
}

function generationOptions(
  config: Config,
  dataDir: DataDir,
  engine: ComponentCounters,
  archive: FileEventArchive,
  options: ServiceOptions,
): GenerationOptions {
  return {
    mode: 'run',
    workers: workerCount(config.workers),
    ...(options.events !== undefined && { onEvent: options.events.write }),
    feedFolder: dataDir.folder('feeds'),
    intelFolder: join(dataDir.path, 'intel'),
    seed: stateSeed(dataDir.folder('state')),
    archive,
    report: (code, input, sample) => {
      engine.error(code);
      options.logger.warn(ERROR_TABLE[code].title, { input, code });
      options.deadLetter(input, code, sample);
    },
  };
}

function samePlan(a: InputPlan, b: InputPlan): boolean {
  return a.name === b.name && JSON.stringify(a.address) === JSON.stringify(b.address);
}

function samePlans(a: readonly OutputPlan[], b: readonly OutputPlan[]): boolean {
  const key = (plan: OutputPlan): string => JSON.stringify([plan.name, plan.address, plan.encoder.name]);
  return a.length === b.length && a.every((plan, i) => key(plan) === key(b[i] as OutputPlan));
}
