/**
 * `flint bench`: throughput of this machine, every way of searching over the same bytes in the same process, in turns so that a
 * slow moment of the machine meets all of them; rates are by processor time, since other work may be running. What they find is
 * compared outside the timed part: flint and the oracle must agree record by record on a sample that holds every record flint found
 * something in, as far as the time for it reaches, about every indicator found and a fair share of the others.
 */
import { readFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import type { IndicatorKind } from '../../core/indicator.ts';
import type { IntelSet } from '../../intel/intel-set.ts';
import {
  examineLine,
  rowOf,
  type LineRanges,
  linesOf,
  oracleProcessor,
  parseAndLookUp,
  parseOnly,
  valueMap,
} from './bench-ways.ts';
import { sourceOf } from '../files/file-source.ts';
import type { Generation } from '../generation.ts';
import type { ListedFile } from '../files/list-files.ts';
import type { Finding } from '../../alerts/finding.ts';
import { scanFiles } from '../files/scan-files.ts';

export interface BenchOptions {
  /** Plain files of lines. */
  readonly files: readonly ListedFile[];
  readonly generation: Generation;
  readonly rounds: number;
  /** Longest time for the oracle's sample. */
  readonly oracleMs: number;
  readonly maxRecordBytes: number;
  readonly maxAlerts: number;
  readonly maxDepth: number;
  readonly onProgress: (done: number, total: number, what: string) => void;
}

export interface Distribution {
  readonly files: number;
  readonly bytes: number;
  readonly records: number;
  readonly recordBytes: { readonly min: number; readonly p50: number; readonly p99: number; readonly max: number };
  /** Shares of records, 0 to 1. */
  readonly json: number;
  readonly escaped: number;
  readonly nonAscii: number;
}

export interface WayResult {
  readonly way: 'parse' | 'map' | 'oracle' | 'flint';
  readonly records: number;
  readonly bytes: number;
  /** Wall time of whole rounds, in the order they were run. */
  readonly seconds: readonly number[];
  /** Processor time of the same rounds, all threads together. */
  readonly cpuSeconds: readonly number[];
  /** Of processor time, as all that follows. */
  readonly medianSeconds: number;
  /** (max - min) / median. */
  readonly spread: number;
  readonly mbPerSecond: number;
  readonly recordsPerSecond: number;
  readonly hits?: number;
}

export interface BenchReport {
  readonly machine: { readonly node: string; readonly cpu: string; readonly cores: number; readonly platform: string };
  readonly data: Distribution;
  readonly indicators: { readonly total: number; readonly byKind: Readonly<Partial<Record<IndicatorKind, number>>> };
  readonly ways: readonly WayResult[];
  /** Share of records that reached the exact path, and for reasons of encoding alone. */
  readonly candidates: number;
  readonly encodingOnly: number;
  /** Records on which flint and the oracle were compared, about how many indicators, hits in them, differences (must be 0). */
  readonly agreement: {
    readonly records: number;
    readonly indicators: number;
    readonly hits: number;
    readonly differences: number;
  };
  /** MB/s of flint by MB/s of `parse`; absent for data that is not JSON. */
  readonly ratio?: number;
  readonly maxRssBytes: number;
}

const MIN_JSON_SHARE = 0.5;
const SPACED_SAMPLE = 500;
/** Indicators the oracle is asked about beside those found: it compares each URL with each. */
const SPACED_INDICATORS = 5000;

export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const { files, generation, rounds, onProgress } = options;
  const contents = files.map((file) => ({ file, bytes: readFileSync(file.path) }));
  const pieces = contents.map(({ file, bytes }) => ({ file, bytes, lines: linesOf(bytes) }));
  const data = describe(pieces);
  const values = valueMap(generation.intel.indicators);
  const isJson = data.json >= MIN_JSON_SHARE;
  const each = (run: (bytes: Buffer, lines: LineRanges) => number): number =>
    pieces.reduce((sum, { bytes, lines }) => sum + run(bytes, lines), 0);
  const found: Finding[] = [];
  const counts = generation.processor.counts;
  const before = { ...counts };
  const runs: { way: WayResult['way']; run: () => Promise<number | undefined> }[] = [];
  if (isJson) {
    runs.push({ way: 'parse', run: async () => void each(parseOnly) });
    runs.push({ way: 'map', run: async () => each((bytes, lines) => parseAndLookUp(bytes, lines, values)) });
  }
  runs.push({ way: 'flint', run: () => scan(options, found) });
  const seconds = new Map<string, number[]>(runs.map(({ way }) => [way, []]));
  const cpuSeconds = new Map<string, number[]>(runs.map(({ way }) => [way, []]));
  const hits = new Map<string, number>();
  // One round more than asked for: the first only warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const { way, run } of runs) {
      onProgress(round, rounds + 1, way);
      found.length = 0;
      const startedMs = performance.now();
      const startedCpu = process.cpuUsage();
      const count = await run();
      const cpu = process.cpuUsage(startedCpu);
      const taken = (performance.now() - startedMs) / 1000;
      if (round > 0) {
        seconds.get(way)?.push(taken);
        cpuSeconds.get(way)?.push((cpu.user + cpu.system) / 1e6);
      }
      if (count !== undefined) hits.set(way, count);
    }
  }
  const scanned = counts.records - before.records;
  onProgress(rounds, rounds + 1, 'oracle');
  const { agreement, oracle } = compare(options, pieces, found);
  const ways = [
    ...runs.map(({ way }) =>
      wayResult(
        { way, records: data.records, bytes: data.bytes, ...hitsOf(hits.get(way)) },
        seconds.get(way) ?? [],
        cpuSeconds.get(way) ?? [],
      ),
    ),
    oracle,
  ];
  const speed = (way: string): number => ways.find((one) => one.way === way)?.mbPerSecond ?? 0;
  const { kinds, total } = kindsOf(generation.intel);
  return {
    machine: {
      node: process.version,
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      platform: `${platform()} ${arch()}`,
    },
    data,
    indicators: { total, byKind: kinds },
    ways,
    candidates: (counts.candidates - before.candidates) / Math.max(1, scanned),
    encodingOnly: (counts.encodingOnly - before.encodingOnly) / Math.max(1, scanned),
    agreement,
    ...(isJson && { ratio: speed('flint') / speed('parse') }),
    maxRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

async function scan(options: BenchOptions, found: Finding[]): Promise<number> {
  await scanFiles(options.files, options.generation, {
    maxRecordBytes: options.maxRecordBytes,
    timezone: 'Z',
    inflate: { maxBytes: Number.MAX_SAFE_INTEGER, maxRatio: 10_000, maxWindowBytes: 1 << 27 },
    now: () => 0,
    // On one thread they are findings.
    onFound: async (alerts) => void found.push(...(alerts as readonly Finding[])),
    onProgress: () => undefined,
    onDiagnostic: () => undefined,
  });
  return found.length;
}

interface Piece {
  readonly file: ListedFile;
  readonly bytes: Buffer;
  readonly lines: LineRanges;
}

/** Lines where flint found something and lines spread evenly, by the oracle; timed, since they are the oracle's rate as well. */
function compare(
  options: BenchOptions,
  pieces: readonly Piece[],
  found: readonly Finding[],
): { agreement: BenchReport['agreement']; oracle: WayResult } {
  const { generation, maxDepth, maxAlerts, oracleMs } = options;
  const { indicators } = generation.intel;
  const rows = new Set(found.map((alert) => rowOf(indicators, alert)).filter((row) => row >= 0));
  const step = Math.max(1, Math.floor(indicators.size / SPACED_INDICATORS));
  for (let row = 0; row < indicators.size; row += step) rows.add(row);
  const processor = oracleProcessor(generation.intel, rows, { maxDepth }, maxAlerts);
  const agreement = { records: 0, indicators: rows.size, hits: 0, differences: 0 };
  let bytesRead = 0;
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  for (const { file, bytes, lines } of pieces) {
    const source = sourceOf(file, { timezone: 'Z' });
    const byPosition = new Map<number, number[]>();
    for (const alert of found) {
      const { origin } = alert.event;
      if (origin.source.path !== source.path) continue;
      byPosition.set(origin.position, [...(byPosition.get(origin.position) ?? []), rowOf(indicators, alert)]);
    }
    for (const index of sampleOf(lines, byPosition)) {
      if (performance.now() - startedMs > oracleMs) break;
      const range = { start: lines.starts[index] ?? 0, end: lines.ends[index] ?? 0 };
      const truth = examineLine(processor, bytes, range, source).map((alert) => rowOf(indicators, alert));
      agreement.records++;
      agreement.hits += truth.length;
      bytesRead += range.end - range.start;
      if (keyOf(truth) !== keyOf(byPosition.get(range.start) ?? [])) agreement.differences++;
    }
  }
  const cpu = process.cpuUsage(startedCpu);
  const oracle = wayResult(
    { way: 'oracle', records: agreement.records, bytes: bytesRead, hits: agreement.hits },
    [(performance.now() - startedMs) / 1000],
    [(cpu.user + cpu.system) / 1e6],
  );
  return { agreement, oracle };
}

function keyOf(rows: readonly number[]): string {
  return [...rows].sort((a, b) => a - b).join(' ');
}

function hitsOf(hits: number | undefined): { readonly hits?: number } {
  return hits === undefined ? {} : { hits };
}

/** Hits and other lines by turns, so that a short time for it still sees both. */
function sampleOf({ starts }: LineRanges, hits: ReadonlyMap<number, unknown>): Set<number> {
  const withHits: number[] = [];
  for (let i = 0; i < starts.length; i++) if (hits.has(starts[i] ?? 0)) withHits.push(i);
  const step = Math.max(1, Math.floor(starts.length / SPACED_SAMPLE));
  const sample = new Set<number>();
  for (let i = 0; i * step < starts.length || i < withHits.length; i++) {
    if (i * step < starts.length) sample.add(i * step);
    const hit = withHits[i];
    if (hit !== undefined) sample.add(hit);
  }
  return sample;
}

function describe(pieces: readonly Piece[]): Distribution {
  const lengths: number[] = [];
  let [json, escaped, nonAscii, total] = [0, 0, 0, 0];
  for (const { bytes, lines } of pieces) {
    total += bytes.length;
    for (let i = 0; i < lines.starts.length; i++) {
      const [start = 0, end = 0] = [lines.starts[i], lines.ends[i]];
      lengths.push(end - start);
      const line = bytes.subarray(start, end);
      if (line[0] === 0x7b || line[0] === 0x5b) json++;
      if (line.includes(0x5c)) escaped++;
      if (line.some((byte) => byte > 127)) nonAscii++;
    }
  }
  const sorted = Float64Array.from(lengths).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const share = (count: number): number => count / Math.max(1, lengths.length);
  return {
    files: pieces.length,
    bytes: total,
    records: lengths.length,
    recordBytes: { min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) },
    json: share(json),
    escaped: share(escaped),
    nonAscii: share(nonAscii),
  };
}

export function wayResult(
  what: Pick<WayResult, 'way' | 'records' | 'bytes' | 'hits'>,
  seconds: readonly number[],
  cpuSeconds: readonly number[],
): WayResult {
  const sorted = [...cpuSeconds].sort((a, b) => a - b);
  const medianSeconds = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const rate = (amount: number): number => (medianSeconds === 0 ? 0 : amount / medianSeconds);
  return {
    ...what,
    seconds,
    cpuSeconds,
    medianSeconds,
    spread: medianSeconds === 0 ? 0 : ((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)) / medianSeconds,
    mbPerSecond: rate(what.bytes / 1e6),
    recordsPerSecond: rate(what.records),
  };
}

function kindsOf({ indicators }: IntelSet): { kinds: Partial<Record<IndicatorKind, number>>; total: number } {
  const kinds: Partial<Record<IndicatorKind, number>> = {};
  for (let row = 0; row < indicators.size; row++) {
    const kind = indicators.kindAt(row);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return { kinds, total: indicators.size };
}
