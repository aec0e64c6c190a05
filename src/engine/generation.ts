/**
 * Generation: intelligence and rules of one load, compiled and ready to match. Read-only but for its counters; a reload builds the
 * next one beside it, and between two batches the service goes over to that.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { IndicatorKind } from '../core/indicator.ts';
import type { Event } from '../core/event.ts';
import type { RecordBatch } from '../core/record.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import { parseKeyMap } from '../fields/legacy-keys.ts';
import type { IntelSet } from '../intel/intel-set.ts';
import { type IntelSource, readIntelSource } from '../intel/intel-source.ts';
import { listFiles } from '../intel/list-files.ts';
import { loadIntel } from '../intel/load-intel.ts';
import { type IntelRows, rowsOf } from '../intel/store/store-entry.ts';
import { shared } from '../core/text-pool.ts';
import { allocateScanner, canRunKernel, IndicatorScanner, type ScannerBlock } from '../scan/indicator-scanner.ts';
import { ScanMemory } from '../scan/scan-memory.ts';
import type { WitnessTables } from '../scan/witness-tables.ts';
import { SAMPLE_INTEL } from './package-folders.ts';
import { urlColumnsOf, witnessTables } from './intel/compiled-tables.ts';
import { handOver } from '../state/snapshot/hand-over.ts';
import type { StatefulPart } from '../state/snapshot/stateful-part.ts';
import { ComponentCounters, type ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { BatchMatcher } from './engine-intake.ts';
import { type LoadedConfig, located } from './config/load-config.ts';
import type { EventRules } from './rules/event-rules.ts';
import type { BuiltIntel } from './intel/intel-jobs.ts';
import type { LiveSink, OpenedIntel } from './intel/intel-store.ts';
import type { AppliedRows, LiveIndicators } from './intel/live-indicators.ts';
import { createMatching, type MatchingSettings, type ReportSample } from './matching-parts.ts';
import type { FoundAlert, Processor } from './processor.ts';
import { type RuleTexts, readRuleTexts } from './rules/rule-texts.ts';
import type { StatefulOptions } from './state/stateful-rules.ts';
import { witnessesOf } from './intel/portable-intel.ts';
import { shareColumns } from './intel/shared-intel.ts';
import type { LinesBefore, PreparedRecords } from './workers/prepared-records.ts';
import { Turns } from './workers/turns.ts';
import type { BatchTask, TaskResult } from './workers/worker-messages.ts';
import { WorkerPool } from './workers/worker-pool.ts';

export interface GenerationOptions {
  /** `run`: live, indicators expire by the clock. `scan`: all match, validity is told. `scan-valid`: valid at the event's time only. */
  readonly mode: 'run' | 'scan' | 'scan-valid';
  /** Where the content of feeds is kept; absent: nothing is kept. */
  readonly feedFolder?: string;
  /** Where feeds that were pulled lie, which are read and not written. */
  readonly storedFolder?: string;
  /** Folder for indicators of the drop-in mode. */
  readonly intelFolder?: string;
  /** A record that is not what it seems to be; its bytes are valid during the call only. */
  readonly report: ReportSample;
  /** Threads that match; 1 is the calling thread alone. Default 1. */
  readonly workers?: number;
  readonly previous?: Generation;
  /** Where intelligence comes from when it is kept over changes and restarts; absent: it is loaded once. */
  readonly openIntel?: (sources: readonly IntelSource[]) => Promise<OpenedIntel>;
  readonly keepOriginal?: boolean;
  /** Each event with its updated `sigma` map (`--emit events`). */
  readonly onEvent?: StatefulOptions['onEvent'];
  /** Key of the fingerprints of state; random when absent. */
  readonly seed?: StatefulOptions['seed'];
  /** Where stateful rules keep events beyond memory. */
  readonly archive?: StatefulOptions['archive'];
  /** Told what windows of stateful rules are like. */
  readonly watch?: StatefulOptions['watch'];
}

/** Room in the scanner's input beyond the longest record. */
const SCAN_CHUNK_BYTES = 2 << 20;
const READY = Promise.resolve();
/** Rows looked at for an example. */
const EXAMPLE_ROWS = 1000;

interface GenerationContent {
  readonly intel: IntelSet;
  readonly diagnostics: readonly Diagnostic[];
  readonly processor: Processor;
  /** Workers that match; undefined: the main thread does. */
  readonly pool: WorkerPool | undefined;
  readonly rules: EventRules;
  readonly live: LiveIndicators;
  readonly usesSamples: boolean;
  readonly report: ReportSample;
  /** Bytes of each scanner's input. */
  readonly inputBytes: number;
}

export class Generation implements BatchMatcher, LiveSink {
  readonly diagnostics: readonly Diagnostic[];
  /** The main thread's own. */
  readonly processor: Processor;
  readonly pool: WorkerPool | undefined;
  readonly rules: EventRules;
  /** Indicators with all that changed since they were loaded. */
  readonly live: LiveIndicators;
  /** True when the bundled samples stand in for intelligence of the user's own. */
  readonly usesSamples: boolean;
  readonly #report: ReportSample;
  readonly #inputBytes: number;
  readonly #turns = new Turns();
  #intel: IntelSet;
  #feeds: IntelSet['feeds'];

  constructor(content: GenerationContent) {
    this.#intel = content.intel;
    this.#feeds = content.intel.feeds;
    this.#inputBytes = content.inputBytes;
    this.diagnostics = content.diagnostics;
    this.processor = content.processor;
    this.pool = content.pool;
    this.rules = content.rules;
    this.live = content.live;
    this.usesSamples = content.usesSamples;
    this.#report = content.report;
  }

  /** The base; what changed since is in `live`. */
  get intel(): IntelSet {
    return this.#intel;
  }

  /** State of all feeds as they are now. */
  get feeds(): IntelSet['feeds'] {
    return this.#feeds;
  }

  showFeeds(feeds: IntelSet['feeds']): void {
    this.#feeds = feeds;
  }

  applyRows(rows: IntelRows, entry: Uint8Array): AppliedRows {
    const applied = this.live.apply(rows);
    // After the witnesses: what a worker is given from now on is scanned with them.
    this.pool?.tellRows(entry);
    return applied;
  }

  swapIntel(set: IntelSet, { set: parts, tables }: BuiltIntel, since: readonly Uint8Array[]): void {
    const witnesses = witnessesOf(tables);
    const scanners = scannersFor(witnesses, this.workers === 1 ? 1 : this.workers + 1, this.#inputBytes);
    const { indicators, benign } = parts;
    const { urls } = tables;
    const former = this.#intel;
    this.#intel = set;
    this.live.swap(
      { indicators: set.indicators, benign: set.benign.table, urls, ...(witnesses !== undefined && { witnesses }) },
      since.map(rowsOf),
    );
    this.processor.use(scanners[0] === undefined ? undefined : new IndicatorScanner(scanners[0]));
    // Workers read texts of the former base until they have gone over.
    void this.pool?.tellSwap({ indicators, benign, urls, since }, scanners.slice(1)).then(() => former.indicators.size);
  }

  /** Threads that match. */
  get workers(): number {
    return this.pool?.size ?? 1;
  }

  get summary(): string {
    const rules = Object.entries(this.ruleCounts).map(([engine, count]) => `, ${count} ${engine} rules`);
    return `${this.live.table.liveCount} indicators of ${this.feeds.length} feeds${rules.join('')}`;
  }

  /** Loaded rules by engine; engines without rules are absent. */
  get ruleCounts(): Readonly<Record<string, number>> {
    return this.rules.counts;
  }

  /** A value of a feed that would match, for a test line. */
  exampleOf(feed: string): { readonly kind: IndicatorKind; readonly value: string } | undefined {
    const { table } = this.live;
    const { base } = table;
    const number = base.columns.feeds.indexOf(feed);
    for (let row = 0; row < Math.min(base.size, EXAMPLE_ROWS); row++) {
      const kind = base.kindAt(row);
      if ((kind !== 'domain' && kind !== 'ipv4') || !table.isLive(row)) continue;
      if ([...base.sourcesAt(row)].some((details) => base.feedOf(details) === number))
        return { kind, value: base.valueAt(row) };
    }
    return undefined;
  }

  match(batch: RecordBatch): Promise<readonly FoundAlert[]> | readonly FoundAlert[] {
    const { pool } = this;
    const isHere = pool === undefined || batch.bytes.length > pool.inputBytes;
    if (isHere && this.#turns.isIdle) return this.processor.process(batch, batch.arrivalMs);
    if (isHere) return this.#turns.after(READY, () => this.processor.process(batch, batch.arrivalMs));
    const prepared = pool.run(batchTask(batch), batch.bytes);
    const take = ({ found, prepared, problems }: TaskResult): readonly FoundAlert[] => {
      for (const { code, input, sample } of problems) this.#report(code, input, sample);
      return this.rules.isStateful ? this.complete(prepared, batch.arrivalMs) : found;
    };
    return this.rules.isStateful ? this.#turns.after(prepared, take) : prepared.then(take);
  }

  counts(): Readonly<Record<string, number>> {
    const all = [
      { counts: this.processor.counts, detectorCounts: this.processor.detector.counts },
      ...(this.pool?.results ?? []),
    ];
    const sum = (pick: (each: (typeof all)[number]) => number): number =>
      all.reduce((total, each) => total + pick(each), 0);
    return {
      records: sum(({ counts }) => counts.records),
      record_bytes: sum(({ counts }) => counts.bytes),
      candidates: sum(({ counts }) => counts.candidates),
      encoding_only: sum(({ counts }) => counts.encodingOnly),
      events: sum(({ detectorCounts }) => detectorCounts.events),
      benign: sum(({ detectorCounts }) => detectorCounts.benign),
      expired: sum(({ detectorCounts }) => detectorCounts.expired),
      alerts_omitted: sum(({ counts }) => counts.omitted),
      time_from_arrival: sum(({ detectorCounts }) => detectorCounts.timeFromArrival),
      time_clamped: sum(({ detectorCounts }) => detectorCounts.timeClamped),
      unrecognised: sum(({ detectorCounts }) => detectorCounts.unrecognised),
      indicators: this.live.table.liveCount,
      intel_delta: this.live.table.delta.size + this.live.benign.delta.size,
      intel_tombstones: this.live.table.tombstones + this.live.benign.tombstones,
      ...this.rules.processes?.metrics(),
    };
  }

  components(): readonly ComponentSnapshot[] {
    return this.feeds.map((feed) => {
      const counters = new ComponentCounters('feed', feed.name);
      counters.add('entries', feed.statistics.entries);
      for (const [reason, count] of Object.entries({ ...feed.statistics.skipped, bad: feed.statistics.bad })) {
        if (count > 0) counters.drop(reason, count);
      }
      counters.add('received_bytes', feed.bytes);
      // A feed that keeps its last good content was last successful when that was fetched.
      if (feed.status !== 'failed') counters.set('last_success_ms', feed.fetchedAtMs ?? feed.loadedAtMs);
      for (const { code, severity } of feed.diagnostics) if (severity === 'error') counters.error(code);
      counters.set(
        'indicators',
        Object.values(feed.statistics.kinds).reduce((sum, count) => sum + count, 0),
      );
      return counters.snapshot();
    });
  }

  /** What must survive a restart or a reload. */
  get parts(): readonly StatefulPart[] {
    return this.rules.parts;
  }

  /** Takes over what the generation before remembers, between two batches. Returns what starts empty, in words for people. */
  takeOver(former: Generation, nowMs: number): readonly string[] {
    return handOver(former.parts, this.parts, nowMs);
  }

  /** Resolves when everything that was given so far is matched; at once when `isIdle`. */
  settled(): Promise<void> {
    return this.#turns.settled();
  }

  /** An event that was taken before a crash, again: state is made anew from it, and alerts with the ids of the first time. */
  replay(event: Event, nowMs: number): readonly FoundAlert[] {
    return this.processor.replay(event, this.rules.match(event), nowMs);
  }

  /** Alerts of what workers have prepared: state is kept here, and takes events in the order of the input. */
  complete(prepared: PreparedRecords, nowMs: number, before?: LinesBefore): readonly FoundAlert[] {
    return this.processor.complete(prepared, nowMs, before);
  }

  /** Alerts of rules that span events, by the arrival clock. */
  advance(nowMs: number): Promise<readonly FoundAlert[]> | readonly FoundAlert[] {
    const advance = (): readonly FoundAlert[] => {
      this.rules.stateful?.advance(nowMs);
      return this.processor.drain(nowMs);
    };
    // Events that came before the moment are taken before it.
    return this.#turns.isIdle ? advance() : this.#turns.after(READY, advance);
  }

  /** Files that are read one after the other may overlap in time: rules that span events wait for all of them. */
  hold(held: boolean): void {
    this.rules.stateful?.hold(held);
  }

  /** Alerts of rules that span events, at the end of a finite input. */
  end(nowMs: number): readonly FoundAlert[] {
    this.rules.stateful?.end();
    return this.processor.drain(nowMs);
  }

  /** Ends the workers; batches still on their way fail. */
  async close(): Promise<void> {
    await this.pool?.close();
  }
}

/** Throws FlintError when an entry of the configuration is wrong; problems inside feeds and rules are diagnostics. */
export async function buildGeneration(loaded: LoadedConfig, options: GenerationOptions): Promise<Generation> {
  const { config } = loaded;
  const { sources, usesSamples, diagnostics: refused } = intelSources(loaded, options);
  if (refused.length > 0) throw new FlintError(refused);
  const opened = await openIntel(sources, options);
  const intel = opened.set;
  const ruleTexts = readRuleTexts(loaded, intel, options.mode === 'run' ? 'eager' : 'ordered');
  const diagnostics = [...intel.diagnostics, ...ruleTexts.diagnostics];
  const keyMap = config.key_map === undefined ? undefined : readKeyMap(config.key_map, diagnostics);
  const settings: MatchingSettings = {
    limits: { maxDepth: config.limits.json_depth },
    validity: options.mode === 'run' ? 'arrival' : options.mode === 'scan' ? 'mark' : 'event',
    clampTime: options.mode === 'run',
    keepOriginal: options.keepOriginal ?? config.alerts.original,
    maxAlerts: config.alerts.max_hits,
    firstHit: config.alerts.legacy_first_hit,
    keyMap: keyMap === undefined ? [] : [...keyMap],
    rules: ruleTexts.texts,
  };
  const asked = options.workers ?? 1;
  const inputBytes = config.limits.record_bytes + SCAN_CHUNK_BYTES;
  const witnesses = opened.built === undefined ? witnessesFor(intel) : witnessesOf(opened.built.tables);
  const scanners = scannersFor(witnesses, asked === 1 ? 1 : asked + 1, inputBytes);
  const knownUrls = opened.built?.tables.urls ?? urlColumnsOf(intel.extra);
  const tables = {
    indicators: intel.indicators,
    benign: intel.benign.table,
    scanner: scanners[0],
    ...(witnesses !== undefined && { witnesses }),
    ...(knownUrls !== undefined && { urls: knownUrls }),
  };
  const { processor, live, rules } = createMatching(tables, settings, options.report, {
    ...(options.onEvent !== undefined && { onEvent: options.onEvent }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.archive !== undefined && { archive: options.archive }),
    ...(options.watch !== undefined && { watch: options.watch }),
    ...(options.previous !== undefined && { previous: options.previous.rules }),
  });
  diagnostics.push(...rules.diagnostics);
  if (options.previous !== undefined) rules.adopt(options.previous.rules);
  const pool =
    asked === 1 || scanners.length === 0
      ? undefined
      : await WorkerPool.open({
          indicators: shareColumns(intel.indicators),
          benign: shareColumns(intel.benign.table),
          urls: { ...live.urlColumns, slots: shared(live.urlColumns.slots) },
          scanners: scanners.slice(1),
          // Of the texts only those that say which feed a rule came from are needed beside the compiled rules.
          settings: { ...settings, rules: { ...settings.rules, sigma: settings.rules.sigma.filter(isFromFeed) } },
          sigma: rules.portable(),
        });
  if (usesSamples) diagnostics.push(samplesWarning());
  const { report } = options;
  const parts = { intel, diagnostics, processor, pool, rules, usesSamples, report, live, inputBytes };
  const generation = new Generation(parts);
  for (const entry of opened.entries) generation.applyRows(rowsOf(entry), entry);
  return generation;
}

function isFromFeed({ indicator }: RuleTexts['sigma'][number]): boolean {
  return indicator !== undefined;
}

async function openIntel(sources: readonly IntelSource[], options: GenerationOptions): Promise<OpenedIntel> {
  if (options.openIntel !== undefined) return await options.openIntel(sources);
  const set = await loadIntel(sources, {
    now: Date.now,
    ...(options.storedFolder !== undefined && { storedFolder: options.storedFolder }),
    ...(options.feedFolder !== undefined && { cacheFolder: options.feedFolder }),
  });
  return { set, entries: [] };
}

/** Witness tables in a memory of their own; undefined where the kernel cannot run. */
function witnessesFor(intel: IntelSet): WitnessTables | undefined {
  return canRunKernel() ? witnessTables(new ScanMemory(), intel.indicators, intel.extra) : undefined;
}

/** Work areas in the memory of the tables; none where the kernel cannot run. */
function scannersFor(witnesses: WitnessTables | undefined, count: number, inputBytes: number): ScannerBlock[] {
  if (witnesses === undefined) return [];
  return Array.from({ length: count }, () => allocateScanner(witnesses.memory, witnesses.address, inputBytes));
}

function batchTask(batch: RecordBatch): BatchTask {
  const { source, count, basePosition, baseRecord, arrivalMs, positions, lines } = batch;
  return {
    kind: 'batch',
    source,
    count,
    basePosition,
    baseRecord,
    arrivalMs,
    byteLength: batch.bytes.length,
    // A view is posted with its whole buffer: slices carry only what is needed.
    ranges: batch.ranges.slice(0, 2 * count),
    ...(positions !== undefined && { positions: positions.slice(0, count) }),
    ...(lines !== undefined && { lines: lines.slice(0, count) }),
  };
}

/** The configured sources that can be read, and what is wrong with the others. */
export function intelSources(
  loaded: LoadedConfig,
  options: Pick<GenerationOptions, 'intelFolder'>,
): {
  readonly sources: readonly IntelSource[];
  readonly usesSamples: boolean;
  readonly diagnostics: readonly Diagnostic[];
} {
  let entries = loaded.config.intel;
  let usesSamples = false;
  if (entries.length === 0 && loaded.dropIn) {
    const own = options.intelFolder === undefined ? [] : intelFiles(options.intelFolder);
    usesSamples = own.length === 0;
    entries = (usesSamples ? intelFiles(SAMPLE_INTEL) : own).map((source) => ({ source, library: libraryOf(source) }));
  }
  const diagnostics: Diagnostic[] = [];
  const sources = entries.flatMap((entry, i): IntelSource[] => {
    const own = typeof entry === 'string' ? { source: entry } : entry;
    const keys = { allow_private_addresses: loaded.config.allow_private_addresses, ...own };
    const read = readIntelSource(keys, `intel[${i}]`);
    if (read.ok) return [read.source];
    diagnostics.push(...located(read.diagnostics, loaded.locate?.(`intel.${i}`)));
    return [];
  });
  return { sources, usesSamples, diagnostics };
}

/** Files of the drop-in mode's folder, recursively and in path order; none when it does not exist. */
function intelFiles(folder: string): string[] {
  return existsSync(folder) ? listFiles(folder).files.map(({ path }) => path) : [];
}

/** STIX Spark has a threat and a mining library; here the name of the file tells. */
function libraryOf(path: string): 'threat' | 'mine' {
  return /(?:^|[._-])(?:mine|mining)(?:[._-]|$)/i.test(basename(path)) ? 'mine' : 'threat';
}

function samplesWarning(): Diagnostic {
  return diagnostic(
    'INTEL_SAMPLES_IN_USE',
    'warning',
    'no intelligence is configured: the bundled samples are loaded, which protect nobody',
    {
      hint: `put bundles and lists into ${join('data_dir', 'intel')}, or give --intel`,
    },
  );
}

/** Throws FlintError when the file cannot be read; what is wrong inside is added to `diagnostics`. */
export function readKeyMap(file: string, diagnostics: Diagnostic[]): ReturnType<typeof parseKeyMap>['map'] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FlintError([diagnostic('CONFIG_UNREADABLE', 'error', `key map "${file}" cannot be read: ${reason}`)], {
      cause: error,
    });
  }
  const parsed = parseKeyMap(text, file);
  diagnostics.push(...parsed.diagnostics);
  return parsed.map;
}
