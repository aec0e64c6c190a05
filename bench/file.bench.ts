/**
 * The whole way from a file to its alerts with the real program, in fresh processes: `node scripts/bench.mjs file` (dist/ must be
 * built). HTTP records with indicators of every kind planted in 0.1 % of them and nothing else to be found, one and two workers, beside
 * a loop that only parses. The alerts are held to the planted (line, value) pairs outside the timed part.
 *
 * Options: --megabytes N (1160), --large (ten million seeded
 * indicators), --rounds N (5), --workers 1,2, --folder DIR (keeps data there and takes what is there already), --record FILE. Linux.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import type { IndicatorTable } from '../src/core/indicator-table.ts';
import { allocateScanner, IndicatorScanner } from '../src/scan/indicator-scanner.ts';
import { ScanMemory } from '../src/scan/scan-memory.ts';
import { WitnessTables } from '../src/scan/witness-tables.ts';
import { Random } from '../src/testing/random.ts';
import { hasSharedData, sharedData } from '../src/testing/shared-data.ts';
import { httpRecords, type PlantedValue } from './http-records.ts';
import { realIndicators, seededIndicators } from './indicator-sets.ts';

const { values: flags } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1160' },
    large: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '1,2' },
    folder: { type: 'string' },
    program: { type: 'string', default: 'dist/cli/main.js' },
    record: { type: 'string' },
  },
});
const program = resolve(flags.program);
const BLOCK_BYTES = 8_000_000;
const PARSED_BYTES = 120_000_000;
const KINDS = ['domain', 'url', 'ipv4', 'ipv6', 'hash', 'email'] as const;
const LIST_TYPES: Readonly<Record<string, string>> = { network: 'cidr', hash: 'hash' };

interface Planted {
  readonly records: number;
  /** 1-based line and indicator value. */
  readonly pairs: readonly (readonly [line: number, value: string])[];
}

interface Run {
  readonly workers: number;
  readonly wall: number;
  readonly cpu: number;
}

function main(): void {
  const folder = flags.folder ?? mkdtempSync(join(tmpdir(), 'flint-file-bench-'));
  mkdirSync(folder, { recursive: true });
  try {
    const size = flags.large ? '10m' : '1m';
    const [log, plan, list, compiled] = ['ndjson', 'planted.json', 'tsv', 'flint'].map((end) =>
      join(folder, `http-${size}.${end}`),
    ) as [string, string, string, string];
    if (!existsSync(plan) || !existsSync(compiled)) prepare(log, plan, list, compiled);
    const planted = JSON.parse(readFileSync(plan, 'utf8')) as Planted;
    report(log, compiled, planted);
  } finally {
    if (flags.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** The log file, what is planted in it, and the compiled indicators; nothing but what is planted can be found. */
function prepare(log: string, plan: string, list: string, compiled: string): void {
  const path = sharedData('iocs', 'iocs-1m.tsv.gz');
  const isReal = !flags.large && hasSharedData('iocs', 'iocs-1m.tsv.gz');
  const table = isReal ? realIndicators(path) : seededIndicators(2, flags.large ? 10_000_000 : 1_000_000);
  if (isReal) writeFileSync(list, gunzipSync(readFileSync(path)));
  else writeList(table, list);
  execFileSync(process.execPath, [
    '--max-old-space-size=8000',
    program,
    'intel',
    'compile',
    list,
    '-o',
    compiled,
    '-q',
  ]);
  const random = new Random(11);
  const memory = new ScanMemory();
  const tables = WitnessTables.build(memory, table);
  const scanner = new IndicatorScanner(allocateScanner(memory, tables.address, 2 * BLOCK_BYTES));
  const values = valuesOf(table, random, 50);
  const hosts = hostNames(random);
  const pairs: [number, string][] = [];
  const file = openSync(log, 'w');
  let line = 0;
  for (let written = 0; written < Number(flags.megabytes) * 1e6; ) {
    const { bytes, texts, planted } = httpRecords(random, BLOCK_BYTES, hosts, values, 0.001, line);
    scanner.input.set(bytes);
    const { candidateCount, ordinals } = scanner.scanLines(bytes.length, true);
    const meant = new Map(planted);
    const met = new Set(ordinals.subarray(0, candidateCount));
    const kept = texts.flatMap((text, i) => {
      const value = meant.get(i);
      if (value === undefined && met.has(i)) return [];
      line++;
      if (value !== undefined) pairs.push([line, value.value]);
      return [`${text}\n`];
    });
    written += writeSync(file, kept.join(''));
  }
  closeSync(file);
  writeFileSync(plan, JSON.stringify({ records: line, pairs } satisfies Planted));
}

function writeList(table: IndicatorTable, path: string): void {
  const file = openSync(path, 'w');
  let text = '';
  for (let row = 0; row < table.size; row++) {
    const kind = table.kindAt(row);
    text += `${LIST_TYPES[kind] ?? kind}\t${table.valueAt(row)}\n`;
    if (text.length > 1 << 20 || row === table.size - 1) {
      writeSync(file, text);
      text = '';
    }
  }
  closeSync(file);
}

function valuesOf(table: IndicatorTable, random: Random, each: number): PlantedValue[] {
  return KINDS.flatMap((kind) => {
    const values: PlantedValue[] = [];
    for (let tries = 0; values.length < each && tries < 2_000_000; tries++) {
      const row = random.int(table.size);
      if (table.kindAt(row) === kind) values.push({ kind, value: table.valueAt(row) });
    }
    return values;
  });
}

function hostNames(random: Random): string[] {
  if (!hasSharedData('benign', 'top-domains.tsv.gz'))
    return Array.from({ length: 50_000 }, () => `${random.text('abcdefghijklmnopqrstuvwxyz', 4, 14)}.com`);
  const text = gunzipSync(readFileSync(sharedData('benign', 'top-domains.tsv.gz'))).toString();
  return text.split('\n').flatMap((line) => line.split('\t')[0] || []);
}

function report(log: string, compiled: string, planted: Planted): void {
  const bytes = statSync(log).size;
  const rounds = Number(flags.rounds);
  const [processor] = cpus();
  say(
    `${processor?.model.trim()}, ${cpus().length} processors, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`,
  );
  say(`${planted.records} records, ${(bytes / 1e6).toFixed(0)} MB, ${planted.pairs.length} with a planted indicator`);
  const runs: Run[] = [];
  const parse: Run[] = [];
  const ready: Run[] = [];
  const one = join(dirname(log), 'one.ndjson');
  writeFileSync(one, '{}\n');
  for (let round = 0; round < rounds; round++) {
    for (const workers of flags.workers.split(',').map(Number)) runs.push(scanOnce(log, compiled, workers, planted));
    ready.push(timed(one, compiled, 1).run);
    parse.push(parseOnce(log));
  }
  const rate = (list: readonly Run[], size: number, of: 'wall' | 'cpu'): number =>
    size / 1e6 / median(list.map((run) => run[of]));
  const parsed = rate(parse, Math.min(bytes, PARSED_BYTES), 'cpu');
  say(`JSON.parse only: ${parsed.toFixed(0)} MB/s of processor time`);
  const empty = median(ready.map(({ wall }) => wall));
  say(
    `an empty scan: ${(1000 * empty).toFixed(0)} ms, ${(1000 * median(ready.map(({ cpu }) => cpu))).toFixed(0)} ms of processor time`,
  );
  const rows = flags.workers.split(',').map((workers) => {
    const mine = runs.filter((run) => run.workers === Number(workers));
    const row = {
      workers: Number(workers),
      wallMbPerSecond: rate(mine, bytes, 'wall'),
      cpuMbPerSecond: rate(mine, bytes, 'cpu'),
      scanMbPerSecond: bytes / 1e6 / (median(mine.map(({ wall }) => wall)) - empty),
      parseRatio: rate(mine, bytes, 'wall') / parsed,
      runs: mine,
    };
    say(
      `${workers} worker(s): ${row.wallMbPerSecond.toFixed(0)} MB/s by the clock with the start of the process, ${row.scanMbPerSecond.toFixed(0)} without it, ${row.cpuMbPerSecond.toFixed(0)} by processor time; ${row.parseRatio.toFixed(2)} times JSON.parse`,
    );
    return row;
  });
  if (flags.record === undefined) return;
  const whole = {
    date: new Date().toISOString(),
    cpu: processor?.model,
    node: process.version,
    load: loadavg(),
    bytes,
    records: planted.records,
    hits: planted.pairs.length,
    parseMbPerSecond: parsed,
    ready,
    rows,
  };
  writeFileSync(flags.record, `${JSON.stringify(whole, null, 2)}\n`);
}

function scanOnce(log: string, compiled: string, workers: number, planted: Planted): Run {
  const { run, out } = timed(log, compiled, workers);
  const found = out
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as { flint: { input: { line: number }; matched: { item: string }[] } })
    .map(({ flint }) => `${flint.input.line} ${flint.matched[0]?.item}`);
  const met = new Set(found);
  const missing = planted.pairs.filter(([line, value]) => !met.has(`${line} ${value}`));
  if (missing.length > 0) throw new Error(`${missing.length} planted values were not found, e.g. "${missing[0]}"`);
  // A planted URL may stand on a listed host: more than one hit in such a line is right.
  const lines = new Set(planted.pairs.map(([line]) => line));
  const other = found.find((pair) => !lines.has(Number.parseInt(pair, 10)));
  if (other !== undefined) throw new Error(`an alert where nothing was planted: "${other}"`);
  return run;
}

/** Wall and processor time of one `flint scan`, from start to exit. */
function timed(log: string, compiled: string, workers: number): { run: Run; out: string } {
  const scan = [program, 'scan', '--intel', compiled, '--workers', String(workers), '--json', '-q', log];
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="took %3R %3U %3S"; time "$@"', 'time', process.execPath, ...scan],
    { encoding: 'utf8', maxBuffer: 1 << 30 },
  );
  const took = /took ([\d.]+) ([\d.]+) ([\d.]+)/.exec(stderr);
  if (status !== 0 || took === null) throw new Error(`flint scan ended with ${status}: ${stderr}`);
  return { run: { workers, wall: Number(took[1]), cpu: Number(took[2]) + Number(took[3]) }, out: stdout };
}

function parseOnce(log: string): Run {
  const buffer = Buffer.alloc(Math.min(statSync(log).size, PARSED_BYTES));
  const file = openSync(log, 'r');
  readSync(file, buffer, 0, buffer.length, 0);
  closeSync(file);
  const before = process.cpuUsage();
  const started = performance.now();
  let keys = 0;
  for (let start = 0; ; ) {
    const end = buffer.indexOf(10, start);
    if (end < 0) break;
    keys += Object.keys(JSON.parse(buffer.toString('utf8', start, end)) as object).length;
    start = end + 1;
  }
  if (keys === 0) throw new Error('nothing was parsed');
  const { user, system } = process.cpuUsage(before);
  return { workers: 1, wall: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main();
