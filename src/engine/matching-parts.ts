/**
 * What a thread needs to match records. Settings are plain data; the tables are objects in the main thread and views of shared
 * memory in workers. Both build their Processor here, in the same way.
 */
import type { ErrorCode } from '../errors/table.ts';
import { applyKeyMap } from '../fields/legacy-keys.ts';
import type { SieveShare } from '../scan/sieve-options.ts';
import { IndicatorScanner, type ScannerBlock } from '../scan/indicator-scanner.ts';
import { EventRules, type EventRulesOptions } from './rules/event-rules.ts';
import type { RuleTexts } from './rules/rule-texts.ts';
import { type LiveBase, LiveIndicators } from './intel/live-indicators.ts';
import { Detector, type DetectorOptions } from './detector.ts';
import type { ReportProblem } from './event-reader.ts';
import { Processor, type RulesFit } from './processor.ts';
import type { PatternChange } from '../intel/store/layered-patterns.ts';
import type { PortableLayer } from './rules/pattern-layer.ts';
import { FilterPlace } from './rules/pattern-filter.ts';
import type { LayerMerge } from './rules/pattern-layers.ts';
import type { LiteralPlan } from '../scan/literal-plan.ts';
import { ScanMemory } from '../scan/scan-memory.ts';

export interface MatchingTables extends LiveBase {
  /** The thread's own work area in the scanner memory; undefined where the kernel cannot run. */
  readonly scanner: ScannerBlock | undefined;
}

export interface MatchingOptions extends EventRulesOptions {
  /** Other threads will go by the kinds of records that this one learns. */
  readonly sharesSieve?: boolean;
  /** What is learnt of kinds of records can be kept. */
  readonly keepsKinds?: boolean;
  /** What another thread learns. */
  readonly sieve?: SieveShare;
  /** One of several threads that match: the state of rules is kept by another one. */
  readonly isWorker?: boolean;
  /** One of several threads that take files apart. */
  readonly sharesFiles?: boolean;
}

export interface MatchingSettings {
  readonly limits: DetectorOptions['limits'];
  readonly validity: DetectorOptions['validity'];
  readonly clampTime: boolean;
  readonly timeFields: readonly string[];
  readonly keepOriginal: boolean;
  readonly maxAlerts: number;
  readonly firstHit: boolean;
  /** Key map of STIX Spark, as entries. */
  readonly keyMap: readonly (readonly [string, string])[];
  readonly rules: RuleTexts;
  /** State is made anew from an archive of events, for inputs that cannot be read again. */
  readonly archives: boolean;
}

/** Told of a record that is not what it seems to be; the sample is a copy. */
export type ReportSample = (code: ErrorCode, input: string, sample: Uint8Array) => void;

const SAMPLE_BYTES = 1024;

export interface Matching {
  readonly processor: Processor;
  readonly live: LiveIndicators;
  readonly rules: EventRules;
}

/** Patterns come and go in this thread, between two batches. `layer`: its literals stand in the scanner's memory. */
export function changePatterns(
  { rules, processor }: Pick<Matching, 'rules' | 'processor'>,
  { removed }: Pick<PatternChange, 'removed'>,
  layer: PortableLayer,
): void {
  rules.patternSet.change({ removed, layer });
  processor.fit(fitOf(rules));
}

/** Joins layers of patterns in this thread, between two batches. Returns the literals that it needs no more. */
export function mergePatterns(
  { rules, processor }: Pick<Matching, 'rules' | 'processor'>,
  merge: LayerMerge,
): readonly LiteralPlan[] {
  const literals = rules.patternSet.layers.merge(merge);
  processor.fit(fitOf(rules));
  return literals;
}

/** The thread goes over to the scanner of other tables, between two batches. `literals`: as `PatternLayers.search` takes them. */
export function useScanner(
  { rules, processor }: Pick<Matching, 'rules' | 'processor'>,
  block: ScannerBlock,
  literals: ScanMemory | readonly (LiteralPlan | undefined)[],
): void {
  const scanner = new IndicatorScanner(block);
  rules.patternSet.layers.search(new FilterPlace(scanner), literals);
  processor.use(scanner);
  processor.fit(fitOf(rules));
}

function fitOf(rules: EventRules, ruleFilter = rules.filter): RulesFit {
  return {
    isStateful: rules.isStateful,
    hasTokens: rules.hasTokens,
    ...(ruleFilter !== undefined && { ruleFilter }),
  };
}

export function createMatching(
  tables: MatchingTables,
  settings: MatchingSettings,
  report: ReportSample,
  {
    isWorker = false,
    sharesFiles = isWorker,
    sharesSieve = false,
    keepsKinds = false,
    sieve,
    ...options
  }: MatchingOptions = {},
): Matching {
  const keyMap = new Map(settings.keyMap);
  const reportProblem: ReportProblem = (code, bytes, start, end, input) =>
    report(code, input, bytes.slice(start, Math.min(end, start + SAMPLE_BYTES)));
  const rules = new EventRules(settings.rules, { ...options, keepsState: !isWorker });
  const live = new LiveIndicators(tables, () => rules.tokens);
  const { limits, validity, clampTime, timeFields, keepOriginal } = settings;
  const adapt =
    keyMap.size === 0 ? {} : { adapt: (fields: Parameters<typeof applyKeyMap>[0]) => applyKeyMap(fields, keyMap) };
  const detector = new Detector(
    live,
    [rules],
    { limits, validity, clampTime, timeFields, keepOriginal, ...adapt },
    reportProblem,
  );
  const scanner = tables.scanner === undefined ? undefined : new IndicatorScanner(tables.scanner);
  if (scanner !== undefined) {
    const room = tables.witnesses?.memory ?? ScanMemory.behind(scanner.memory);
    const { layers } = rules.patternSet;
    // Of patterns that were compiled before they stand there already.
    layers.search(new FilterPlace(scanner), options.patterns === undefined ? room : layers.literals);
  }
  const ruleFilter =
    tables.scanner === undefined
      ? undefined
      : rules.createFilter({
          inputBytes: tables.scanner.inputBytes,
          maxDepth: limits.maxDepth,
          // What the fields of a record are called shows only when it is decoded.
          decodesAll: keyMap.size > 0,
          shares: sharesSieve,
          keeps: keepsKinds,
          ...(sieve !== undefined && { follows: sieve }),
        });
  const processor = new Processor(detector, scanner, {
    ...settings,
    hasRules: () => !rules.isEmpty,
    ...fitOf(rules, ruleFilter),
    isWorker,
    sharesFiles,
    hasIndicators: () => live.table.size > 0 || rules.hasTokens,
  });
  return { processor, live, rules };
}
