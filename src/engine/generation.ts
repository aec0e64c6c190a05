/**
 * Generation: intelligence and rules of one load, compiled and ready to match. Read-only but for its counters; a reload builds the
 * next one beside it, and between two batches the service goes over to that.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { IndicatorKind } from '../core/indicator.ts';
import type { RecordBatch } from '../core/record.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import type { ErrorCode } from '../errors/table.ts';
import { applyKeyMap, parseKeyMap } from '../fields/legacy-keys.ts';
import type { IntelSet } from '../intel/intel-set.ts';
import { type IntelSource, readIntelSource } from '../intel/intel-source.ts';
import { loadIntel } from '../intel/load-intel.ts';
import { ComponentCounters, type ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { BatchMatcher } from './engine-intake.ts';
import { Detector, type DetectorOptions } from './detector.ts';
import { createIndicatorEngine } from './indicator-lookup.ts';
import { type LoadedConfig, located } from './load-config.ts';
import { type FoundAlert, Processor } from './processor.ts';

export interface GenerationOptions {
  /** `run`: live, indicators expire by the clock. `scan`: all match, validity is told. `scan-valid`: valid at the event's time only. */
  readonly mode: 'run' | 'scan' | 'scan-valid';
  /** Where the content of feeds is kept; absent: nothing is kept. */
  readonly feedFolder?: string;
  /** Folder for indicators of the drop-in mode. */
  readonly intelFolder?: string;
  /** A record that is not what it seems to be; its bytes are valid during the call only. */
  readonly report: (code: ErrorCode, input: string, sample: Uint8Array) => void;
  readonly previous?: Generation;
  readonly keepOriginal?: boolean;
}

/** Bundled indicators, beside dist/ and src/ alike. */
export const SAMPLE_INTEL = fileURLToPath(new URL('../../samples/intel', import.meta.url));
const SAMPLE_BYTES = 1024;
/** Room in the scanner's input beyond the longest record. */
const SCAN_CHUNK_BYTES = 2 << 20;
/** Rows looked at for an example. */
const EXAMPLE_ROWS = 1000;

export class Generation implements BatchMatcher {
  readonly intel: IntelSet;
  readonly diagnostics: readonly Diagnostic[];
  readonly processor: Processor;
  /** True when the bundled samples stand in for intelligence of the user's own. */
  readonly usesSamples: boolean;

  constructor(intel: IntelSet, diagnostics: readonly Diagnostic[], processor: Processor, usesSamples: boolean) {
    this.intel = intel;
    this.diagnostics = diagnostics;
    this.processor = processor;
    this.usesSamples = usesSamples;
  }

  get summary(): string {
    return `${this.intel.indicators.size} indicators of ${this.intel.feeds.length} feeds`;
  }

  /** Loaded rules by engine; engines without rules are absent. */
  get ruleCounts(): Readonly<Record<string, number>> {
    return {};
  }

  /** A value of a feed that would match, for a test line. */
  exampleOf(feed: string): { readonly kind: IndicatorKind; readonly value: string } | undefined {
    const { indicators } = this.intel;
    const number = indicators.columns.feeds.indexOf(feed);
    for (let row = 0; row < Math.min(indicators.size, EXAMPLE_ROWS); row++) {
      const kind = indicators.kindAt(row);
      const isOfFeed = [...indicators.sourcesAt(row)].some(
        (details) => indicators.columns.profiles[indicators.columns.profile[details] ?? -1]?.feed === number,
      );
      if (isOfFeed && (kind === 'domain' || kind === 'ipv4')) return { kind, value: indicators.valueAt(row) };
    }
    return undefined;
  }

  match(batch: RecordBatch): readonly FoundAlert[] {
    return this.processor.process(batch, batch.arrivalMs);
  }

  counts(): Readonly<Record<string, number>> {
    const { records, bytes, candidates, encodingOnly, omitted } = this.processor.counts;
    const { events, benign, expired, timeFromArrival, timeClamped } = this.processor.detector.counts;
    return {
      records,
      record_bytes: bytes,
      candidates,
      encoding_only: encodingOnly,
      events,
      benign,
      expired,
      alerts_omitted: omitted,
      time_from_arrival: timeFromArrival,
      time_clamped: timeClamped,
      indicators: this.intel.indicators.size,
    };
  }

  components(): readonly ComponentSnapshot[] {
    return this.intel.feeds.map((feed) => {
      const counters = new ComponentCounters('feed', feed.name);
      counters.add('entries', feed.statistics.entries);
      for (const [reason, count] of Object.entries({ ...feed.statistics.skipped, bad: feed.statistics.bad })) {
        if (count > 0) counters.drop(reason, count);
      }
      counters.set('loaded_at_ms', feed.fetchedAtMs ?? feed.loadedAtMs);
      counters.set(
        'indicators',
        Object.values(feed.statistics.kinds).reduce((sum, count) => sum + count, 0),
      );
      counters.set('ok', feed.status === 'loaded' ? 1 : 0);
      return counters.snapshot();
    });
  }

  async close(): Promise<void> {}
}

/** Throws FlintError when an entry of the configuration is wrong; problems inside feeds and rules are diagnostics. */
export async function buildGeneration(loaded: LoadedConfig, options: GenerationOptions): Promise<Generation> {
  const { config } = loaded;
  const { sources, usesSamples, diagnostics: refused } = intelSources(loaded, options);
  if (refused.length > 0) throw new FlintError(refused);
  const intel = await loadIntel(sources, {
    now: Date.now,
    ...(options.feedFolder !== undefined && { cacheFolder: options.feedFolder }),
    ...(options.previous !== undefined && { previous: options.previous.intel }),
  });
  const diagnostics = [...intel.diagnostics];
  const keyMap = config.key_map === undefined ? undefined : readKeyMap(config.key_map, diagnostics);
  const detectorOptions: DetectorOptions = {
    limits: { maxDepth: config.limits.json_depth },
    validity: options.mode === 'run' ? 'arrival' : options.mode === 'scan' ? 'mark' : 'event',
    clampTime: options.mode === 'run',
    keepOriginal: options.keepOriginal ?? config.alerts.original,
    ...(keyMap !== undefined && { adapt: (fields) => applyKeyMap(fields, keyMap) }),
  };
  const report: ConstructorParameters<typeof Detector>[3] = (code, bytes, start, end, input) =>
    options.report(code, input, bytes.slice(start, Math.min(end, start + SAMPLE_BYTES)));
  const indicators = createIndicatorEngine(intel, config.limits.record_bytes + SCAN_CHUNK_BYTES);
  const detector = new Detector(indicators.lookup, [], detectorOptions, report);
  const processor = new Processor(detector, indicators.scanner, {
    keepOriginal: detectorOptions.keepOriginal,
    maxAlerts: config.alerts.max_hits,
  });
  if (usesSamples) diagnostics.push(samplesWarning());
  return new Generation(intel, diagnostics, processor, usesSamples);
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
    const own = options.intelFolder;
    usesSamples = own === undefined || !existsSync(own);
    entries = [usesSamples ? SAMPLE_INTEL : (own as string)];
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
