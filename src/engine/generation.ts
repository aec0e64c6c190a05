/**
 * Generation: intelligence and rules of one load, compiled and ready to match. Read-only but for its counters; a reload builds the
 * next one beside it, and between two batches the service goes over to that. Where workers match, it keeps the state of rules and
 * takes what they prepare in the order of the input.
 */
import type { IndicatorKind } from '../core/indicator.ts';
import type { Event } from '../core/event.ts';
import type { RecordBatch } from '../core/record.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import type { IntelSet } from '../intel/intel-set.ts';
import type { PatternChange } from '../intel/store/layered-patterns.ts';
import { type IntelRows, rowsOf } from '../intel/store/store-entry.ts';
import { placePlan, releasePlan } from '../scan/literal-plan.ts';
import { handOver } from '../state/snapshot/hand-over.ts';
import type { StatefulPart } from '../state/snapshot/stateful-part.ts';
import { ComponentCounters, type ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { BatchMatcher } from './engine-intake.ts';
import type { EventRules } from './rules/event-rules.ts';
import type { KindsFile } from './rules/kept-kinds.ts';
import type { FurtherThreads } from './files/scan-files.ts';
import type { BuiltIntel } from './intel/intel-jobs.ts';
import type { LiveSink } from './intel/live-sink.ts';
import type { AppliedRows, LiveIndicators } from './intel/live-indicators.ts';
import { changePatterns, mergePatterns, type ReportSample, useScanner } from './matching-parts.ts';
import { patternInput } from './intel/intel-patterns.ts';
import type { PatternInput } from './rules/compiled-pattern.ts';
import type { CompiledLayer, PortableLayer } from './rules/pattern-layer.ts';
import type { LayerMerge, WantedMerge } from './rules/pattern-layers.ts';
import type { Finding } from '../alerts/finding.ts';
import type { FoundAlert } from '../alerts/found-alert.ts';
import type { Processor } from './processor.ts';
import { witnessesOf } from './intel/portable-intel.ts';
import { alertsWith } from './workers/alert-block.ts';
import type { LinesBefore, PreparedRecords } from './workers/prepared-records.ts';
import { batchTask } from './workers/batch-task.ts';
import { scannersFor } from './workers/scanner-areas.ts';
import { Turns } from './workers/turns.ts';
import type { TaskResult } from './workers/worker-messages.ts';
import type { WorkerPool } from './workers/worker-pool.ts';

const READY = Promise.resolve();
/** Rows looked at for an example. */
const EXAMPLE_ROWS = 1000;

interface GenerationContent {
  readonly intel: IntelSet;
  readonly diagnostics: readonly Diagnostic[];
  readonly processor: Processor;
  /** Workers that match; undefined: the main thread does. */
  readonly pool: WorkerPool | undefined;
  /** Those that a scan may open. */
  readonly moreThreads: FurtherThreads | undefined;
  readonly rules: EventRules;
  /** Where what is learnt of kinds of records is kept. */
  readonly kinds: KindsFile | undefined;
  readonly live: LiveIndicators;
  readonly usesSamples: boolean;
  readonly report: ReportSample;
  /** Bytes of each scanner's input. */
  readonly inputBytes: number;
  /** Of feeds. */
  readonly patterns: readonly PatternInput[];
  /** Entries of `stix_mappings`. */
  readonly stixMappings: readonly unknown[];
}

export class Generation implements BatchMatcher, LiveSink {
  readonly stixMappings: readonly unknown[];
  readonly #diagnostics: readonly Diagnostic[];
  /** Of patterns that came since, by key. */
  readonly #patternProblems = new Map<string, Diagnostic>();
  /** Patterns of feeds as they are now, by key. */
  readonly #patterns: Map<string, PatternInput>;
  #patternRevision = 0;
  /** The main thread's own. */
  readonly processor: Processor;
  readonly moreThreads: FurtherThreads | undefined;
  readonly rules: EventRules;
  readonly kinds: KindsFile | undefined;
  /** Indicators with all that changed since they were loaded. */
  readonly live: LiveIndicators;
  /** True when the bundled samples stand in for intelligence of the user's own. */
  readonly usesSamples: boolean;
  readonly #report: ReportSample;
  readonly #inputBytes: number;
  #pool: WorkerPool | undefined;
  readonly #turns = new Turns();
  #intel: IntelSet;
  #feeds: IntelSet['feeds'];

  constructor(content: GenerationContent) {
    this.#intel = content.intel;
    this.#feeds = content.intel.feeds;
    this.#inputBytes = content.inputBytes;
    this.#diagnostics = content.diagnostics;
    this.stixMappings = content.stixMappings;
    this.#patterns = new Map(content.patterns.map((one) => [one.key ?? one.details.id, one]));
    this.processor = content.processor;
    this.#pool = content.pool;
    const { moreThreads } = content;
    this.moreThreads =
      moreThreads === undefined ? undefined : { ...moreThreads, open: () => this.#keep(moreThreads.open()) };
    this.rules = content.rules;
    this.kinds = content.kinds;
    this.live = content.live;
    this.usesSamples = content.usesSamples;
    this.#report = content.report;
  }

  #keep(pool: WorkerPool): WorkerPool {
    this.#pool = pool;
    return pool;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#patternProblems.size === 0
      ? this.#diagnostics
      : [...this.#diagnostics, ...this.#patternProblems.values()];
  }

  /** What feeds say of the patterns that no single value decides. */
  get patterns(): { readonly revision: number; readonly inputs: Iterable<PatternInput> } {
    return { revision: this.#patternRevision, inputs: this.#patterns.values() };
  }

  get pool(): WorkerPool | undefined {
    return this.#pool;
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

  applyRows(rows: IntelRows, entry: Uint8Array, compiled?: CompiledLayer): AppliedRows {
    const applied = this.live.apply(rows);
    const { patterns, renewed } = rows;
    const layer = compiled === undefined ? undefined : this.#placed(compiled.layer);
    const more =
      patterns === undefined || compiled === undefined || layer === undefined
        ? undefined
        : this.#changePatterns(patterns, { ...compiled, layer });
    if (renewed !== undefined) this.rules.patternSet.renew(renewed);
    // After the witnesses: what a worker is given from now on is scanned with them.
    this.pool?.tellRows(entry, layer);
    return more === undefined ? applied : { ...applied, ...more, withoutRoom: applied.withoutRoom + more.withoutRoom };
  }

  applyPatterns(change: PatternChange, compiled: CompiledLayer): void {
    const layer = this.#placed(compiled.layer);
    this.#changePatterns(change, { ...compiled, layer });
    this.pool?.tellPatterns(change.removed, layer);
  }

  /** All threads search by the same literals: in the memory of the scanner's tables. */
  #placed(layer: PortableLayer): PortableLayer {
    const { memory } = this.live;
    const { literals } = layer;
    return memory === undefined || literals === undefined ? layer : { ...layer, literals: placePlan(literals, memory) };
  }

  #changePatterns(
    change: PatternChange,
    { layer, problems }: CompiledLayer,
  ): Pick<AppliedRows, 'patterns' | 'withoutRoom'> {
    const before = this.rules.tokens.length;
    changePatterns(this, change, layer);
    this.#patternRevision++;
    for (const key of change.removed) {
      this.#patterns.delete(key);
      this.#patternProblems.delete(key);
    }
    for (const pattern of change.added) this.#patterns.set(pattern.key, patternInput(pattern));
    for (const [key, problem] of problems) this.#patternProblems.set(key, problem);
    return {
      patterns: { added: change.added.length, removed: change.removed.length },
      withoutRoom: this.live.addTokens(this.rules.tokens.slice(before)),
    };
  }

  get wantedMerge(): WantedMerge | undefined {
    return this.rules.patternSet.layers.wantedMerge;
  }

  mergePatterns(merge: LayerMerge): void {
    const { memory } = this.live;
    const placed = { ...merge, layer: this.#placed(merge.layer) };
    const literals = mergePatterns(this, placed);
    // Before anybody relies on them.
    this.live.addTokens(this.rules.tokens);
    const told = this.pool?.tellMerge(placed) ?? READY;
    if (memory !== undefined)
      void told.then(() => {
        for (const plan of literals) releasePlan(plan, memory);
      });
  }

  swapIntel(set: IntelSet, { set: parts, tables }: BuiltIntel, since: readonly Uint8Array[]): void {
    const witnesses = witnessesOf(tables);
    const scanners = scannersFor(witnesses, 1 + (this.pool?.size ?? 0), this.#inputBytes);
    const { indicators, benign } = parts;
    const { urls } = tables;
    const former = this.#intel;
    this.#intel = set;
    this.live.swap(
      { indicators: set.indicators, benign: set.benign.table, urls, ...(witnesses !== undefined && { witnesses }) },
      since.map(rowsOf),
    );
    const [scanner] = scanners;
    if (scanner === undefined || witnesses === undefined) this.processor.use(undefined);
    else useScanner(this, scanner, witnesses.memory);
    const { literals } = this.rules.patternSet.layers;
    // Workers read texts of the former base until they have gone over.
    void this.pool
      ?.tellSwap({ indicators, benign, urls, since, literals }, scanners.slice(1))
      .then(() => former.indicators.size);
  }

  /** Threads that match. */
  get workers(): number {
    return this.pool?.size ?? 1;
  }

  /** What is looked for, in words. */
  get summary(): string {
    const indicators = `${this.live.table.liveCount} indicators of ${plural(this.feeds.length, 'feed')}`;
    const rules = Object.entries(this.ruleCounts).map(([engine, count]) => plural(count, `${engine} rule`));
    return [...(this.feeds.length > 0 || rules.length === 0 ? [indicators] : []), ...rules].join(', ');
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
    const take = (result: TaskResult): readonly FoundAlert[] => this.#take(result, batch.arrivalMs);
    return this.rules.isStateful ? this.#turns.after(prepared, take) : prepared.then(take);
  }

  /** Alerts of a batch that a worker has received by itself. */
  take(result: TaskResult, arrivalMs: number): Promise<readonly FoundAlert[]> | readonly FoundAlert[] {
    const take = (): readonly FoundAlert[] => this.#take(result, arrivalMs);
    return this.#turns.isIdle ? take() : this.#turns.after(READY, take);
  }

  #take({ found, prepared, problems }: TaskResult, arrivalMs: number): readonly FoundAlert[] {
    for (const { code, input, sample } of problems) this.#report(code, input, sample);
    // Found before the worker heard of the first pattern over several observations, or beside what it has left.
    return alertsWith(found, this.complete(prepared, arrivalMs));
  }

  counts(): Readonly<Record<string, number>> {
    const all = [
      { counts: this.processor.totals, detectorCounts: this.processor.detector.counts },
      ...(this.pool?.results ?? []),
    ];
    const sum = (pick: (each: (typeof all)[number]) => number): number =>
      all.reduce((total, each) => total + pick(each), 0);
    const patterns = this.rules.patternSet.layers.changes;
    return {
      records: sum(({ counts }) => counts.records),
      record_bytes: sum(({ counts }) => counts.bytes),
      candidates: sum(({ counts }) => counts.candidates),
      encoding_only: sum(({ counts }) => counts.encodingOnly),
      records_sieved: sum(({ counts }) => counts.sieved ?? 0),
      records_unknown_kind: sum(({ counts }) => counts.unknownKind ?? 0),
      records_irregular: sum(({ counts }) => counts.irregular ?? 0),
      records_left: sum(({ counts }) => counts.left ?? 0),
      events: sum(({ detectorCounts }) => detectorCounts.events),
      benign: sum(({ detectorCounts }) => detectorCounts.benign),
      expired: sum(({ detectorCounts }) => detectorCounts.expired),
      alerts_omitted: sum(({ counts }) => counts.omitted),
      time_from_arrival: sum(({ detectorCounts }) => detectorCounts.timeFromArrival),
      time_clamped: sum(({ detectorCounts }) => detectorCounts.timeClamped),
      unrecognised: sum(({ detectorCounts }) => detectorCounts.unrecognised),
      indicators: this.live.table.liveCount,
      intel_delta: this.live.table.delta.size + this.live.benign.delta.size,
      intel_pattern_delta: patterns.added,
      intel_pattern_tombstones: patterns.tombstones,
      intel_pattern_merges: patterns.merges,
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
  replay(event: Event, nowMs: number): readonly Finding[] {
    return this.processor.replay(event, this.rules.match(event), nowMs);
  }

  /** Alerts of what workers have prepared: state is kept here, and takes events in the order of the input; kinds of records are learnt here. */
  complete(prepared: PreparedRecords, nowMs: number, before?: LinesBefore): readonly Finding[] {
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
  end(nowMs: number): readonly Finding[] {
    this.rules.end(nowMs);
    return this.processor.drain(nowMs);
  }

  /** Whether something was learnt of kinds of records that is not kept. */
  get hasNewKinds(): boolean {
    const { sieve } = this.rules;
    return sieve !== undefined && this.kinds?.isBehind(sieve) === true;
  }

  /** Keeps what was learnt of kinds of records, for the next start. Returns what is to be said of it. */
  async keepKinds(): Promise<Diagnostic | undefined> {
    const { sieve } = this.rules;
    return sieve === undefined ? undefined : this.kinds?.save(sieve);
  }

  /** Ends the workers; batches still on their way fail. */
  async close(): Promise<void> {
    await this.pool?.close();
  }
}

function plural(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
