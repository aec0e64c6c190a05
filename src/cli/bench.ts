/**
 * `flint bench`: how fast this machine searches the user's own logs for the user's own indicators, beside what other ways of doing it
 * would take. Without data it makes its own from a seed. The distribution of the data comes first, so that readers can judge it.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { formatBytes } from './byte-amount.ts';
import { type BenchReport, runBench, type WayResult } from '../engine/bench/bench.ts';
import { generateIndicators, generateRecords, type PlantedValue } from '../engine/bench/bench-data.ts';
import { buildGeneration } from '../engine/build-generation.ts';
import type { Generation } from '../engine/generation.ts';
import { listFiles } from '../engine/files/list-files.ts';
import { loadConfig } from '../engine/config/load-config.ts';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import type { CliCommand } from './command.ts';
import { collect } from './engine-options.ts';
import { EXIT, printDiagnostics } from './exit.ts';
import { createProgress } from './progress.ts';
import { renderTable } from './table.ts';
import { openTerminal, paint, say, type Terminal } from './terminal.ts';
import { version } from './version.ts';

interface BenchFlags {
  readonly data?: readonly string[];
  readonly intel?: readonly string[];
  readonly records: string;
  readonly indicators: string;
  readonly rounds: string;
  readonly seed: string;
  readonly record?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** One of so many generated records holds a value to be found. */
const PLANT_EVERY = 1000;
const ORACLE_MS = 10_000;

export const benchCommand: CliCommand = {
  name: 'bench',
  build: (action) =>
    new Command('bench')
      .description('throughput of this machine with given or generated data')
      .option('--data <file>', 'log file of lines (repeatable); default: generated HTTP records', collect)
      .option('--intel <source>', 'indicators (repeatable); default: generated ones', collect)
      .option('--records <n>', 'records to generate', '200000')
      .option('--indicators <n>', 'indicators to generate', '100000')
      .option('--rounds <n>', 'timed rounds of each way', '5')
      .option('--seed <n>', 'seed of what is generated', '1')
      .option('--record <path>', 'write the result as JSON to the file as well; into a folder under its date')
      .option('--json', 'machine-readable output')
      .option('-q, --quiet', 'nothing on stderr but errors')
      .addHelpText(
        'after',
        `
Ways: "parse" is JSON.parse of each line and nothing else, "map" adds a look-up of every string in a Map of the indicators, "oracle"
is the reference matcher on a sample, "flint" is the way of flint scan with one worker, from the file to the alert. flint and the oracle
must find the same; if they do not, this exits with 1. Rates are by processor time.

Examples:
  flint bench
  flint bench --data access.ndjson --intel feeds/
  flint bench --indicators 1000000 --json --record bench/record/`,
      )
      .action(action((flags) => bench(flags as BenchFlags))),
};

async function bench(flags: BenchFlags): Promise<number> {
  const terminal = openTerminal(flags);
  const [records, indicators, rounds, seed] = (['records', 'indicators', 'rounds', 'seed'] as const).map((name) =>
    wholeNumber(flags[name], `--${name}`),
  ) as [number, number, number, number];
  const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
  try {
    const made = flags.intel === undefined ? generateIndicators(seed, indicators) : undefined;
    const list = join(folder, 'indicators.tsv');
    if (made !== undefined)
      writeFileSync(list, made.map(({ kind, value }) => `${typeName(kind)}\t${value}\n`).join(''));
    const loaded = loadConfig({ intel: flags.intel ?? [list], dataDir: join(folder, 'data') }, {});
    const generation = await buildGeneration(loaded, { mode: 'scan', keepOriginal: true, report: () => undefined });
    printDiagnostics(
      generation.diagnostics.filter(({ severity }) => severity === 'error'),
      terminal,
    );
    const given = flags.data ?? [join(folder, 'records.ndjson')];
    if (flags.data === undefined) {
      const plant = made ?? plantable(generation);
      const { bytes } = generateRecords({ seed, count: records, plantEvery: PLANT_EVERY, plant });
      writeFileSync(given[0] as string, bytes);
    }
    const progress = createProgress(terminal, 'bench');
    const { limits, alerts } = loaded.config;
    const report = await runBench({
      files: listFiles(given),
      generation,
      rounds,
      oracleMs: ORACLE_MS,
      maxRecordBytes: limits.record_bytes,
      maxAlerts: alerts.max_hits,
      maxDepth: limits.json_depth,
      onProgress: (done, total, what) => progress.update(done, total, what),
    });
    progress.end();
    return print(report, flags, terminal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(report: BenchReport, flags: BenchFlags, terminal: Terminal): number {
  const made = flags.data === undefined || flags.intel === undefined ? { seed: Number(flags.seed) } : {};
  const whole = { date: new Date().toISOString(), version: version(), ...made, ...report };
  if (flags.record !== undefined) {
    const file = recordFile(flags.record, whole.date);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(whole, null, 2)}\n`);
    say(terminal, `written to ${file}`);
  }
  terminal.out.write(`${terminal.json ? JSON.stringify(whole) : benchText(report, terminal.colorOut)}\n`);
  return report.agreement.differences === 0 ? EXIT.done : EXIT.failed;
}

/** A folder (one that is there, or a name with a slash at its end) holds results under their dates. */
export function recordFile(path: string, date: string): string {
  const isFolder = /[\\/]$/.test(path) || (existsSync(path) && statSync(path).isDirectory());
  return isFolder ? join(path, `${date.slice(0, 10)}-bench.json`) : path;
}

function benchText(report: BenchReport, color: boolean): string {
  const { machine, data, indicators, agreement, ratio } = report;
  const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.01 ? 3 : 1)} %`;
  const kinds = Object.entries(indicators.byKind)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${count.toLocaleString('en')} ${kind}`);
  const { p50, p99, max } = data.recordBytes;
  const columns = [
    { title: 'way' },
    { title: 'records', align: 'right' as const },
    { title: 'wall s', align: 'right' as const },
    { title: 'cpu min s', align: 'right' as const },
    { title: 'median', align: 'right' as const },
    { title: 'spread', align: 'right' as const },
    { title: 'MB/s', align: 'right' as const },
    { title: 'records/s', align: 'right' as const },
    { title: 'hits', align: 'right' as const },
  ];
  const verdict =
    agreement.differences === 0
      ? `flint and the oracle agree on ${agreement.records.toLocaleString('en')} records with ${agreement.hits.toLocaleString('en')} hits of ${agreement.indicators.toLocaleString('en')} indicators`
      : paint(
          color,
          'red',
          `flint and the oracle DISAGREE on ${agreement.differences} of ${agreement.records} records`,
        );
  return [
    `machine     ${machine.cpu}, ${machine.cores} processors, ${machine.platform}, Node ${machine.node}`,
    `data        ${data.records.toLocaleString('en')} records, ${formatBytes(data.bytes)} in ${data.files} ${data.files === 1 ? 'file' : 'files'}; ` +
      `record ${p50} B (99 %: ${p99} B, longest ${max} B); JSON ${percent(data.json)}, with escapes ${percent(data.escaped)}, non-ASCII ${percent(data.nonAscii)}`,
    `indicators  ${indicators.total.toLocaleString('en')}: ${kinds.join(', ')}`,
    '',
    renderTable(columns, report.ways.map(wayRow), { color, width: Number.POSITIVE_INFINITY }),
    '',
    verdict,
    `to the exact path: ${percent(report.candidates)} of records, ${percent(report.encodingOnly)} for their encoding alone; largest resident memory ${formatBytes(report.maxRssBytes)}`,
    ...(ratio === undefined
      ? []
      : [paint(color, 'bold', `flint is ${ratio.toFixed(2)} times as fast as JSON.parse alone`)]),
  ].join('\n');
}

function wayRow(way: WayResult): string[] {
  return [
    way.way,
    way.records.toLocaleString('en'),
    Math.min(...way.seconds).toFixed(3),
    Math.min(...way.cpuSeconds).toFixed(3),
    way.medianSeconds.toFixed(3),
    `${(way.spread * 100).toFixed(0)} %`,
    way.mbPerSecond.toFixed(way.mbPerSecond < 10 ? 2 : 0),
    Math.round(way.recordsPerSecond).toLocaleString('en'),
    way.hits === undefined ? '' : way.hits.toLocaleString('en'),
  ];
}

/** Values of the user's indicators that can stand as a whole field, spread over the set. */
function plantable({ intel: { indicators } }: Generation): PlantedValue[] {
  const values: PlantedValue[] = [];
  const step = Math.max(1, Math.floor(indicators.size / 10_000));
  for (let row = 0; row < indicators.size; row += step) {
    const kind = indicators.kindAt(row);
    if (kind === 'domain' || kind === 'url' || kind === 'ipv4' || kind === 'hash')
      values.push({ kind, value: indicators.valueAt(row) });
  }
  return values;
}

/** Name in the type column of a table; the length of a digest says which it is. */
function typeName(kind: PlantedValue['kind']): string {
  return kind === 'hash' ? 'sha256' : kind;
}

function wholeNumber(text: string, option: string): number {
  if (/^\d{1,12}$/.test(text) && Number(text) > 0) return Number(text);
  const hint = 'a whole number from 1 up';
  throw new FlintError([diagnostic('CONFIG_BAD_USAGE', 'error', `"${option} ${text}" is no number`, { hint })]);
}
