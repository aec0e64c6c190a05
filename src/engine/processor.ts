/**
 * Processor: a batch of records in, alerts out. The scanner says which records could match, the detector decides; records that
 * are no candidates are counted and never decoded. Without a scanner every record is a candidate.
 */
import type { Finding } from '../alerts/finding.ts';
import type { Event } from '../core/event.ts';
import type { Match } from '../core/match.ts';
import { isOpenToParent } from '../core/rule-candidate.ts';
import { originOf, positionOf, type RecordBatch, type RecordOrigin } from '../core/record.ts';
import type { SieveShare } from '../scan/sieve-options.ts';
import type { Scanner, ScanResult } from '../scan/scanner.ts';
import type { MatchedRecord } from '../state/correlation/matched-record.ts';
import type { FedValues } from './state/process-feeder.ts';
import type { Detector, Wanted } from './detector.ts';
import { FindingBuilder, type FindingOptions } from './finding-builder.ts';
import {
  everyLineOf,
  INDICATORS_AND_PATTERNS,
  INDICATORS_ONLY,
  IndicatorLines,
  type LineScanner,
  patternLines,
  RuleLines,
} from './files/line-scanner.ts';
import type { PinnedSource, RuleFilter } from './rules/rule-filter.ts';
import type { LeftRecord } from './workers/left-records.ts';
import { eachPrepared, type LinesBefore, PreparedCollector, type PreparedRecords } from './workers/prepared-records.ts';

export interface ProcessorCounts {
  records: number;
  bytes: number;
  /** Records that the scanner let pass to the detector. */
  candidates: number;
  /** Candidates that the exact path had to see for encoding reasons alone. */
  encodingOnly: number;
  /** Matches of one event beyond the limit of alerts. */
  omitted: number;
  /** Records that the event sieve was given and knew, did not know the kind of, and could not read. */
  sieved?: number;
  unknownKind?: number;
  irregular?: number;
  /** Left to the thread that learns kinds of records; it counts them as well. */
  left?: number;
}

export interface ProcessorOptions extends FindingOptions {
  /** Rules are loaded: records are examined for them. */
  readonly hasRules: () => boolean;
  /** Rules remember events: no record may be examined twice, and its numbers must be those of the whole file. */
  readonly isStateful: boolean;
  /** One of several threads that match: where rules are stateful, it prepares records for the thread that keeps the state. */
  readonly isWorker?: boolean;
  /** One of several threads that take files apart. */
  readonly sharesFiles?: boolean;
  /** Events that state is made of are kept, for inputs that cannot be read again. */
  readonly archives?: boolean;
  /** Rules out records that concern no rule; absent: every record is examined. */
  readonly ruleFilter?: RuleFilter;
  /** The scanner's tables hold tokens of patterns, so that what it finds may be for these as well. Default false. */
  readonly hasTokens?: boolean;
  /** False while no indicator is loaded and no token: nothing is looked for then. */
  readonly hasIndicators: () => boolean;
}

/** Of the options what follows from the rules. */
export type RulesFit = Pick<ProcessorOptions, 'isStateful' | 'ruleFilter' | 'hasTokens'>;

/** What every record is examined for, when the scanner rules out indicators only. */
const RULES_ONLY: Wanted = { indicators: false, rules: true };
const ALL: Wanted = { indicators: true, rules: true };

const NOTHING_FOUND = { candidateCount: 0, ordinals: new Uint32Array(0), encodingOnly: 0 };

export class Processor {
  readonly counts: ProcessorCounts = { records: 0, bytes: 0, candidates: 0, encodingOnly: 0, omitted: 0 };
  readonly detector: Detector;
  #scanner: Scanner | undefined;
  #ruleFilter: RuleFilter | undefined;
  readonly #options: ProcessorOptions;
  readonly #findings: FindingBuilder;
  readonly #collector = new PreparedCollector();
  readonly #oneRule = new Uint32Array(1);
  /** Where rules keep state: records are prepared for whoever keeps it, as `takePrepared` gives them, and not matched to the end. */
  prepares: boolean;
  #isStateful: boolean;
  /** What records are for that only the scanner has found. */
  #foundWanted: Wanted;

  constructor(detector: Detector, scanner: Scanner | undefined, options: ProcessorOptions) {
    this.detector = detector;
    this.#scanner = scanner;
    this.#options = options;
    this.#findings = new FindingBuilder(options, this.counts, (bytes, start, end) =>
      this.#ruleFilter?.sieve?.escaped(bytes, start, end),
    );
    this.prepares = options.isWorker === true;
    this.#isStateful = options.isStateful;
    this.#foundWanted = INDICATORS_ONLY;
    this.fit(options);
  }

  /** As `Detector.apart`; every record is examined. */
  apart(): Processor {
    const { keepOriginal, maxAlerts, firstHit, hasIndicators } = this.#options;
    const options = { keepOriginal, maxAlerts, firstHit, hasIndicators, hasRules: () => false, isStateful: false };
    return new Processor(this.detector.apart(), undefined, options);
  }

  /** The rules are others now; between two batches. What was stateful once remains so. */
  fit({ isStateful, ruleFilter, hasTokens }: RulesFit): void {
    this.#ruleFilter = ruleFilter;
    this.#foundWanted = hasTokens === true ? INDICATORS_AND_PATTERNS : INDICATORS_ONLY;
    this.#isStateful ||= isStateful;
  }

  /** What tells which lines of a file are candidates; its input may be read into. Undefined where lines have no use. */
  lineScanner(source: PinnedSource): LineScanner | undefined {
    const filter = this.#ruleFilter;
    // Lines are looked at by one filter of patterns: only in a running service, which takes batches, there may be more.
    if (this.#scanner === undefined || (filter?.patterns.length ?? 0) > 1) return undefined;
    if (!this.#options.hasRules()) return new IndicatorLines(this.#scanner);
    if (filter?.sieve !== undefined && filter.takes(source))
      return new RuleLines(
        filter.sieve,
        this.#scanner,
        this.#options.hasIndicators,
        source.logsource,
        filter.patterns[0],
        this.#foundWanted,
      );
    const [patterns] = filter?.patterns ?? [];
    if (patterns !== undefined && filter?.sieve === undefined)
      return patternLines(this.#scanner, patterns, this.#foundWanted);
    if (filter?.hasOnlyTokens === true) return new IndicatorLines(this.#scanner, this.#foundWanted);
    // Where bytes tell nothing the lines of a file can still be shared among threads.
    return this.#options.sharesFiles === true ? everyLineOf(this.#scanner, source, this.#filterFor(source)) : undefined;
  }

  #filterFor(source: PinnedSource): RuleFilter | undefined {
    return this.#ruleFilter?.takes(source) === true ? this.#ruleFilter : undefined;
  }

  /** The counts with those of the event sieve. */
  get totals(): ProcessorCounts {
    const ways = this.#ruleFilter?.ways;
    if (ways === undefined) return this.counts;
    return {
      ...this.counts,
      sieved: ways.sieved,
      unknownKind: ways.unknown,
      irregular: ways.irregular,
      left: ways.left,
    };
  }

  get #isPreparing(): boolean {
    return this.prepares && this.#isStateful;
  }

  /** Rules remember events. */
  get isStateful(): boolean {
    return this.#isStateful;
  }

  /** The scanner's input memory. */
  get input(): Uint8Array | undefined {
    return this.#scanner?.input;
  }

  /** Goes over to the scanner of other tables; between two batches. */
  use(scanner: Scanner | undefined): void {
    this.#scanner = scanner;
  }

  /** Records up to position `after` are counted and not examined. */
  process(batch: RecordBatch, nowMs: number, after = -1): Finding[] {
    const found: Finding[] = [];
    this.counts.records += batch.count;
    for (let i = 0; i < batch.count; i++)
      this.counts.bytes += (batch.ranges[2 * i + 1] ?? 0) - (batch.ranges[2 * i] ?? 0);
    this.counts.encodingOnly += this.#match(batch, nowMs, found, after);
    this.#findings.add(this.detector.flush(), nowMs, found);
    return found;
  }

  /** Returns how many records are candidates for indicators because of their encoding alone. */
  #match(batch: RecordBatch, nowMs: number, found: Finding[], after: number): number {
    const scanner = this.#scanner;
    if (scanner === undefined || batch.bytes.length > scanner.input.length) {
      for (let i = 0; i < batch.count; i++) this.#examineRange(batch, i, ALL, nowMs, found, after);
      return 0;
    }
    const result = this.#scanIndicators(scanner, batch);
    if (!this.#options.hasRules()) {
      for (let i = 0; i < result.candidateCount; i++)
        this.#examineRange(batch, result.ordinals[i] ?? 0, INDICATORS_ONLY, nowMs, found, after);
      return result.encodingOnly;
    }
    const filter = this.#filterFor(batch.source);
    const forRules = filter?.candidates(batch.bytes, batch.ranges, batch.count, batch.source.logsource);
    let next = 0;
    for (let i = 0; i < batch.count; i++) {
      const isCandidate = next < result.candidateCount && result.ordinals[next] === i;
      if (isCandidate) next++;
      const isForRules = forRules === undefined || forRules[i] === 1;
      if (!isCandidate && !isForRules) continue;
      if (filter?.isLeft(i) === true) {
        const origin = originOf(batch, i);
        if (origin.position > after)
          this.leave(batch.bytes, batch.ranges[2 * i] ?? 0, batch.ranges[2 * i + 1] ?? 0, origin);
        continue;
      }
      const fed = isCandidate ? undefined : filter?.fedOf(i);
      if (
        fed !== undefined &&
        positionOf(batch, i) > after &&
        this.feed(fed, originOf(batch, i), batch.ranges[2 * i] ?? 0, batch.ranges[2 * i + 1] ?? 0, nowMs, found)
      )
        continue;
      const wanted = !isCandidate ? RULES_ONLY : isForRules ? ALL : this.#foundWanted;
      const sigma = isForRules ? filter?.sigmaOf(i) : undefined;
      this.#examineRange(batch, i, sigma === undefined ? wanted : { ...wanted, sigma }, nowMs, found, after);
    }
    this.settle();
    return result.encodingOnly;
  }

  /** A record that only the thread that learns can tell anything of: it is given to that with what is prepared. */
  leave(bytes: Uint8Array, start: number, end: number, origin: RecordOrigin): void {
    this.#collector.addLeft(bytes, start, end, origin);
  }

  #matchLeft({ bytes, origin }: LeftRecord, nowMs: number, found: Finding[]): void {
    const { source, position, line, record, arrivalMs } = origin;
    const place = { positions: Float64Array.of(position), basePosition: 0, lines: Float64Array.of(line) };
    const ranges = Uint32Array.of(0, bytes.length);
    this.#match({ source, bytes, count: 1, ranges, ...place, baseRecord: record, arrivalMs }, nowMs, found, -1);
  }

  /** Sieves of other threads go by what this thread's learns; undefined: each learns for itself. */
  get sieveShare(): SieveShare | undefined {
    return this.#ruleFilter?.share;
  }

  #scanIndicators(
    scanner: Scanner,
    batch: RecordBatch,
  ): Pick<ScanResult, 'candidateCount' | 'ordinals' | 'encodingOnly'> {
    if (!this.#options.hasIndicators()) return NOTHING_FOUND;
    if (batch.bytes.byteOffset !== scanner.input.byteOffset || batch.bytes.buffer !== scanner.input.buffer)
      scanner.input.set(batch.bytes);
    return scanner.scanRecords(batch.ranges, batch.count);
  }

  /** One candidate record; its alerts are added to `found`. */
  examine(
    bytes: Uint8Array,
    start: number,
    end: number,
    origin: RecordOrigin,
    wanted: Wanted,
    nowMs: number,
    found: Finding[],
  ): void {
    this.counts.candidates++;
    if (this.#isPreparing) {
      for (const event of this.detector.prepare(bytes, start, end, origin, wanted)) this.#collector.addEvent(event);
      return;
    }
    const detections = this.detector.examine(bytes, start, end, origin, wanted);
    if (detections.length > 0) this.#findings.add(detections, nowMs, found, { bytes, start, end, origin });
  }

  /**
   * A candidate that is for nothing but tells of a process, or whose rules are for correlations only, from its listed values; false when it
   * must be examined. It stands in `[start, end)` of their bytes, which must stay as they are until `settle`.
   */
  feed(values: FedValues, origin: RecordOrigin, start: number, end: number, nowMs: number, found: Finding[]): boolean {
    const { source, arrivalMs } = origin;
    const { detector } = this;
    if (values.ruleCount > 0 && isOpenToParent(values.rules[values.firstRule] as number))
      return this.#feedOpen(values, origin, start, end, nowMs, found);
    if (values.ruleCount > 0) {
      const record = detector.readMatch(values, origin, start, end);
      if (record === undefined) return false;
      this.counts.candidates++;
      const rules = this.#rulesOf(values);
      if (this.#isPreparing) this.#collector.addMatch(record, rules);
      else this.#takeMatch(record, rules, nowMs, found);
      return true;
    }
    const { feeder } = detector;
    // What is kept for a restart is the event.
    const isKept = this.#options.archives === true && !source.replayable;
    if (feeder === undefined || isKept || !detector.read(feeder, values, source, arrivalMs)) return false;
    this.counts.candidates++;
    const { fact } = feeder;
    if (fact.kind === 'activity') return true;
    if (this.#isPreparing) this.#collector.addFact(fact, feeder.texts, arrivalMs);
    else {
      const late = detector.tell(fact, arrivalMs);
      if (late.length > 0) this.#findings.add(late, nowMs, found);
    }
    return true;
  }

  /** Its rules, until the next call: nearly always one, for which a view of its own would be most of what is allocated for the record. */
  #rulesOf({ rules, firstRule, ruleCount }: FedValues): Uint32Array {
    if (ruleCount !== 1) return rules.subarray(firstRule, firstRule + ruleCount);
    this.#oneRule[0] = rules[firstRule] as number;
    return this.#oneRule;
  }

  /** Where processes are remembered, their parents may tell that none of its rules holds. */
  #feedOpen(
    values: FedValues,
    origin: RecordOrigin,
    start: number,
    end: number,
    nowMs: number,
    found: Finding[],
  ): boolean {
    const isKept = this.#options.archives === true && !origin.source.replayable;
    if (isKept || this.#isPreparing) return false;
    const late = this.detector.tellOpen(values, origin, start, end);
    if (late === undefined) return false;
    this.counts.candidates++;
    if (late.length > 0) this.#findings.add(late, nowMs, found);
    return true;
  }

  #takeMatch(record: MatchedRecord, rules: Uint32Array, nowMs: number, found: Finding[]): void {
    const detections = this.detector.takeMatch(record, rules);
    if (detections.length > 0) this.#findings.add(detections, nowMs, found);
  }

  /** To be called before the bytes of records that were fed change. */
  settle(): void {
    this.detector.settle();
  }

  /** What was prepared since the last call. */
  takePrepared(): PreparedRecords {
    return this.#collector.take();
  }

  /** Alerts of what workers have prepared, in the order of the input. `before`: lines and records of the file in front of it. */
  complete(prepared: PreparedRecords, nowMs: number, before?: LinesBefore): Finding[] {
    const found: Finding[] = [];
    const { detector } = this;
    this.#ruleFilter?.improve();
    for (const one of eachPrepared(prepared, detector.feeder?.texts, before)) {
      if ('record' in one) {
        this.#takeMatch(one.record, one.rules, nowMs, found);
        continue;
      }
      if ('origin' in one) {
        this.settle();
        this.#matchLeft(one, nowMs, found);
        continue;
      }
      const detections = 'fact' in one ? detector.tell(one.fact, one.arrivalMs) : detector.complete(one);
      if (detections.length > 0) this.#findings.add(detections, nowMs, found);
    }
    this.settle();
    this.#findings.add(detector.flush(), nowMs, found);
    return found;
  }

  /** Alerts of an event whose matches are known, and of what it completed. */
  replay(event: Event, matches: readonly Match[], nowMs: number): Finding[] {
    const found: Finding[] = [];
    if (matches.length > 0) this.#findings.add([{ event, matches }], nowMs, found);
    this.#findings.add(this.detector.flush(), nowMs, found);
    return found;
  }

  /** What rules that span events have found outside of any record: by the clock, or at the end of the input. */
  drain(nowMs: number): Finding[] {
    const found: Finding[] = [];
    this.#findings.add(this.detector.flush(), nowMs, found);
    return found;
  }

  #examineRange(
    batch: RecordBatch,
    index: number,
    wanted: Wanted,
    nowMs: number,
    found: Finding[],
    after: number,
  ): void {
    const start = batch.ranges[2 * index] ?? 0;
    const end = batch.ranges[2 * index + 1] ?? start;
    const origin = originOf(batch, index);
    if (origin.position > after) this.examine(batch.bytes, start, end, origin, wanted, nowMs, found);
  }
}
