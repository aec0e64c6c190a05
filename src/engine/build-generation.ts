/**
 * From a configuration to a Generation: intelligence and rules are read, compiled and put together, and workers are started. Starts and
 * reloads both come here.
 */
import { type Diagnostic, FlintError } from '../errors/diagnostic.ts';
import { shared } from '../core/text-pool.ts';
import type { IntelSet } from '../intel/intel-set.ts';
import type { IntelSource } from '../intel/intel-source.ts';
import { loadIntel } from '../intel/load-intel.ts';
import { rowsOf } from '../intel/store/store-entry.ts';
import { canRunKernel } from '../scan/indicator-scanner.ts';
import { ScanMemory } from '../scan/scan-memory.ts';
import type { WitnessTables } from '../scan/witness-tables.ts';
import { readKeyMap } from './config/key-map-file.ts';
import type { LoadedConfig } from './config/load-config.ts';
import type { FurtherThreads } from './files/scan-files.ts';
import { Generation } from './generation.ts';
import { urlColumnsOf, witnessTables } from './intel/compiled-tables.ts';
import { intelSources, samplesWarning } from './intel/intel-sources.ts';
import type { OpenedIntel } from './intel/intel-store.ts';
import { witnessesOf } from './intel/portable-intel.ts';
import { shareColumns } from './intel/shared-intel.ts';
import { createMatching, type MatchingSettings, type ReportSample } from './matching-parts.ts';
import type { EventRules } from './rules/event-rules.ts';
import type { KindsFile } from './rules/kept-kinds.ts';
import type { RuleCache } from './rules/rule-cache.ts';
import { atOnce, inPieces } from './in-pieces.ts';
import { type SaidSource, unusedSources } from './rules/pinned-source.ts';
import { ruleFilesIn } from './rules/rule-files.ts';
import { type RuleTexts, readRuleTexts } from './rules/rule-texts.ts';
import type { StatefulOptions } from './state/stateful-rules.ts';
import { scannersFor } from './workers/scanner-areas.ts';
import { type PoolStart, WorkerPool } from './workers/worker-pool.ts';

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
  /** The calling thread takes files apart and may be helped; absent: it leaves matching to the workers, which are open at once. */
  readonly moreThreads?: FurtherThreads['when'];
  readonly previous?: Generation;
  /** Where intelligence comes from when it is kept over changes and restarts; absent: it is loaded once. */
  readonly openIntel?: (sources: readonly IntelSource[]) => Promise<OpenedIntel>;
  readonly keepOriginal?: boolean;
  /** False: nobody asks for the event of an alert that a worker has found. Default true. */
  readonly withEvents?: boolean;
  /** Each event with its updated `sigma` map (`--emit events`). */
  readonly onEvent?: StatefulOptions['onEvent'];
  /** Key of the fingerprints of state; random when absent. */
  readonly seed?: StatefulOptions['seed'];
  /** Where stateful rules keep events beyond memory. */
  readonly archive?: StatefulOptions['archive'];
  /** Told what windows of stateful rules are like. */
  readonly watch?: StatefulOptions['watch'];
  /** What is said of where records come from; it is told where no rule is for that. */
  readonly saidSources?: readonly SaidSource[];
  /** Keeps parsed rules; absent: they are parsed each time. */
  readonly ruleCache?: RuleCache;
}

/** Room in the scanner's input beyond the longest record. */
const SCAN_CHUNK_BYTES = 2 << 20;

/** Throws FlintError when an entry of the configuration is wrong; problems inside feeds and rules are diagnostics. */
export async function buildGeneration(loaded: LoadedConfig, options: GenerationOptions): Promise<Generation> {
  const { config } = loaded;
  const { sources, usesSamples, diagnostics: refused } = intelSources(loaded, options);
  if (refused.length > 0) throw new FlintError(refused);
  const opened = await openIntel(sources, options);
  const intel = opened.set;
  const entries = opened.entries.map((entry) => [entry, rowsOf(entry)] as const);
  const patternChanges = entries.flatMap(([, { patterns }]) => patterns ?? []);
  const files = ruleFilesIn(config.rules, options.ruleCache?.knownTexts());
  // While another generation matches, it waits as little as can be.
  const read = options.previous === undefined ? atOnce(files) : await inPieces(files);
  if (options.previous !== undefined) await options.ruleCache?.prepare(read.files);
  const ruleTexts = readRuleTexts(loaded, intel, options.mode === 'run' ? 'eager' : 'ordered', patternChanges, read);
  const diagnostics = [...intel.diagnostics, ...ruleTexts.diagnostics];
  diagnostics.push(...(options.ruleCache?.beginLoad(ruleTexts.texts.sigma.length) ?? []));
  const keyMap = config.key_map === undefined ? undefined : readKeyMap(config.key_map, diagnostics);
  const settings: MatchingSettings = {
    limits: { maxDepth: config.limits.json_depth },
    validity: options.mode === 'run' ? 'arrival' : options.mode === 'scan' ? 'mark' : 'event',
    clampTime: options.mode === 'run',
    timeFields: config.time_fields,
    keepOriginal: options.keepOriginal ?? config.alerts.original,
    maxAlerts: config.alerts.max_hits,
    firstHit: config.alerts.legacy_first_hit,
    keyMap: keyMap === undefined ? [] : [...keyMap],
    rules: ruleTexts.texts,
    archives: options.archive !== undefined,
  };
  const asked = options.workers ?? 1;
  const inputBytes = config.limits.record_bytes + SCAN_CHUNK_BYTES;
  const witnesses = opened.built === undefined ? witnessesFor(intel) : witnessesOf(opened.built.tables);
  const [scanner] = scannersFor(witnesses, 1, inputBytes);
  const knownUrls = opened.built?.tables.urls ?? urlColumnsOf(intel.extra);
  const tables = {
    indicators: intel.indicators,
    benign: intel.benign.table,
    scanner,
    ...(witnesses !== undefined && { witnesses }),
    ...(knownUrls !== undefined && { urls: knownUrls }),
  };
  const kinds = options.ruleCache?.kindsOf(settings.rules);
  const { processor, live, rules } = createMatching(tables, settings, options.report, {
    ...(options.onEvent !== undefined && { onEvent: options.onEvent }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.archive !== undefined && { archive: options.archive }),
    ...(options.watch !== undefined && { watch: options.watch }),
    ...(options.previous !== undefined && { previous: options.previous.rules }),
    ...(options.ruleCache !== undefined && { known: options.ruleCache.rules }),
    sharesFiles: asked > 1 && options.moreThreads !== undefined,
    sharesSieve: asked > 1,
    keepsKinds: kinds !== undefined,
  });
  diagnostics.push(...rules.diagnostics, ...unusedSources(options.saidSources ?? [], rules.logSources));
  if (options.previous !== undefined) rules.adopt(options.previous.rules);
  diagnostics.push(...(await knowKinds(rules, kinds, options.previous)));
  const isAlone = asked === 1 || scanner === undefined;
  const poolStart = (threads: number): PoolStart => ({
    indicators: shareColumns(intel.indicators),
    benign: shareColumns(intel.benign.table),
    urls: { ...live.urlColumns, slots: shared(live.urlColumns.slots) },
    scanners: scannersFor(witnesses, threads, inputBytes),
    // Of the texts only those that say which feed a rule came from are needed beside the compiled rules.
    settings: {
      ...settings,
      rules: { ...settings.rules, patterns: [], sigma: settings.rules.sigma.filter(isFromFeed) },
    },
    patterns: rules.patternSet.layers.base.portable,
    sigma: rules.portable(),
    ...(processor.sieveShare !== undefined && { sieve: processor.sieveShare }),
    withEvents: options.withEvents ?? true,
  });
  const { moreThreads: when } = options;
  const pool = isAlone || when !== undefined ? undefined : await WorkerPool.open(poolStart(asked));
  const moreThreads: FurtherThreads | undefined =
    isAlone || when === undefined
      ? undefined
      : {
          when,
          rules: rules.counts['sigma'] ?? 0,
          open: () => WorkerPool.begin(poolStart(asked - 1)),
        };
  if (usesSamples) diagnostics.push(samplesWarning());
  const { report } = options;
  const parts = { intel, diagnostics, processor, rules, usesSamples, report, live, inputBytes };
  const { patterns, stixMappings } = settings.rules;
  const generation = new Generation({ ...parts, patterns, stixMappings, pool, moreThreads, kinds });
  // Their patterns are among the rules already.
  for (const [entry, { patterns: _patterns, ...rows }] of entries) generation.applyRows(rows, entry);
  return generation;
}

/** Kinds of records that are known already: those of the generation before, which matches meanwhile, or those that were kept. */
async function knowKinds(
  rules: EventRules,
  kinds: KindsFile | undefined,
  previous: Generation | undefined,
): Promise<readonly Diagnostic[]> {
  const { sieve } = rules;
  if (sieve === undefined) return [];
  if (previous === undefined) {
    const problem = kinds?.recall(sieve);
    return problem === undefined ? [] : [problem];
  }
  const former = previous.rules.sieve;
  const kept = kinds !== undefined && kinds.identity === previous.kinds?.identity ? former?.keep() : undefined;
  if (kept !== undefined && sieve.recall(kept)) {
    if (previous.hasNewKinds) kinds?.fallBehind();
  } else if (former !== undefined) await inPieces(sieve.learnFrom(former));
  return [];
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
  return canRunKernel()
    ? witnessTables(new ScanMemory(), intel.indicators, intel.extra, intel.deferred.length)
    : undefined;
}
