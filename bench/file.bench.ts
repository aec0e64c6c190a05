/**
 * The whole way from a file to its alerts with the real program, in fresh processes: `node scripts/bench.mjs file` (dist/ must be
 * built). HTTP records with indicators of every kind planted in 0.1 % of them and nothing else to be found, one and two workers, beside
 * a loop that only parses. The start of the process is told apart, and a file four times as long shows what is left of it there. The
 * alerts are held to the planted (line, value) pairs outside the timed part. Two processes of one worker at once, each over the whole
 * file, share nothing but the processors, caches and memory: what they do together is all that two workers could do on this machine.
 *
 * Options: --megabytes N (1160), --times N (4; 1: no longer file), --large (ten million seeded indicators as well, in turns with the million: 9 GB of memory and some
 * minutes to prepare), --rounds N (5), --workers 1,2, --folder DIR (keeps data there and takes what is there already),
 * --program FILE (repeatable: programs are compared in turns), --record FILE. Linux.
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
import { dirname, join } from 'node:path';
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
    times: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '1,2' },
    folder: { type: 'string' },
    program: { type: 'string', multiple: true, default: ['dist/cli/main.js'] },
    record: { type: 'string' },
  },
});
// As they were given: a record says nothing of where on this machine they lie. Programs are started in the folder of this run.
const programs = flags.program;
const BLOCK_BYTES = 8_000_000;
const PARSED_BYTES = 120_000_000;
const KINDS = ['domain', 'url', 'ipv4', 'ipv6', 'hash', 'email'] as const;
const LIST_TYPES: Readonly<Record<string, string>> = { network: 'cidr', hash: 'hash' };

interface Planted {
  readonly records: number;
  /** 1-based line and indicator value. */
  readonly pairs: readonly (readonly [line: number, value: string])[];
}

/** One size of indicator set: the files, and what is planted in the log. */
interface DataSet {
  readonly name: string;
  readonly log: string;
  readonly compiled: string;
  readonly bytes: number;
  readonly planted: Planted;
}

type Size = '1m' | '10m';

interface Run {
  readonly program: string;
  readonly workers: number;
  readonly wall: number;
  readonly cpu: number;
}

function main(): void {
  const folder = flags.folder ?? mkdtempSync(join(tmpdir(), 'flint-file-bench-'));
  mkdirSync(folder, { recursive: true });
  try {
    const sizes: readonly Size[] = flags.large ? ['1m', '10m'] : ['1m'];
    report(sizes.flatMap((size) => dataSets(folder, size)));
  } finally {
    if (flags.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** The log, and for the million one that is several times as long. */
function dataSets(folder: string, size: Size): DataSet[] {
  const [log, plan, list, compiled] = ['ndjson', 'planted.json', 'tsv', 'flint'].map((end) =>
    join(folder, `http-${size}.${end}`),
  ) as [string, string, string, string];
  if (!existsSync(plan) || !existsSync(compiled)) prepare(size, log, plan, list, compiled);
  const planted = JSON.parse(readFileSync(plan, 'utf8')) as Planted;
  const set = { name: size, log, compiled, bytes: statSync(log).size, planted };
  const times = Number(flags.times);
  return size === '10m' || times < 2 ? [set] : [set, repeated(set, times)];
}

function repeated({ name, log, compiled, bytes, planted }: DataSet, times: number): DataSet {
  const long = log.replace(/\.ndjson$/, `-x${times}.ndjson`);
  if (!existsSync(long) || statSync(long).size !== bytes * times)
    execFileSync('bash', [
      '-c',
      'for ((i = 0; i < $3; i++)); do cat "$1"; done > "$2"',
      'cat',
      log,
      long,
      String(times),
    ]);
  const turns = Array.from({ length: times }, (_, turn) => turn * planted.records);
  const pairs = turns.flatMap((before) => planted.pairs.map(([line, value]) => [before + line, value] as const));
  const all = { records: times * planted.records, pairs };
  return { name: `${name}, ${times} times as long`, log: long, compiled, bytes: times * bytes, planted: all };
}

/** The log file, what is planted in it, and the compiled indicators; nothing but what is planted can be found. */
function prepare(size: Size, log: string, plan: string, list: string, compiled: string): void {
  const path = sharedData('iocs', 'iocs-1m.tsv.gz');
  const isReal = size === '1m' && hasSharedData('iocs', 'iocs-1m.tsv.gz');
  const table = isReal ? realIndicators(path) : seededIndicators(2, size === '10m' ? 10_000_000 : 1_000_000);
  if (isReal) writeFileSync(list, gunzipSync(readFileSync(path)));
  else writeList(table, list);
  execFileSync(process.execPath, [
    '--max-old-space-size=8000',
    programs[0] as string,
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

function report(sets: readonly DataSet[]): void {
  const rounds = Number(flags.rounds);
  const workers = flags.workers.split(',').map(Number);
  const [processor] = cpus();
  say(
    `${processor?.model.trim()}, ${cpus().length} processors, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`,
  );
  for (const { name, bytes, planted } of sets)
    say(
      `${name}: ${planted.records} records, ${(bytes / 1e6).toFixed(0)} MB, ${planted.pairs.length} with a planted indicator`,
    );
  const parse: Pick<Run, 'wall' | 'cpu'>[] = [];
  const measured = sets.map((set) => ({ set, runs: [] as Run[], ready: [] as Run[], pairs: [] as Run[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { set, runs, ready, pairs } of measured) {
      const one = join(dirname(set.log), 'one.ndjson');
      writeFileSync(one, '{}\n');
      for (const program of programs) {
        for (const count of workers) runs.push(scanOnce(program, set, count));
        if (workers.some((count) => count > 1)) pairs.push(twoAtOnce(program, set));
        ready.push(timed(program, one, set.compiled, 1).run);
      }
    }
    if (sets[0] !== undefined) parse.push(parseOnce(sets[0].log));
  }
  const parsed = rate(parse, Math.min(sets[0]?.bytes ?? 0, PARSED_BYTES), 'cpu');
  say(`JSON.parse only: ${parsed.toFixed(0)} MB/s of processor time`);
  const results = measured.flatMap(({ set, runs, ready, pairs }) =>
    programs.map((program) => {
      const mine = ({ program: by }: Run): boolean => by === program;
      return { program, ...reportSet(set, runs.filter(mine), ready.filter(mine), pairs.filter(mine), parsed, program) };
    }),
  );
  const [million, tenMillion] = ['1m', '10m'].map((size) => results.find(({ name }) => name === size)?.rows[0]);
  if (million !== undefined && tenMillion !== undefined)
    say(
      `10m against 1m, without the start: ${percent(tenMillion.scanMbPerSecond, million.scanMbPerSecond)} by the clock, ${percent(tenMillion.scanCpuMbPerSecond, million.scanCpuMbPerSecond)} by processor time`,
    );
  if (flags.record === undefined) return;
  const whole = {
    date: new Date().toISOString(),
    cpu: processor?.model,
    node: process.version,
    load: loadavg(),
    parseMbPerSecond: parsed,
    results,
  };
  writeFileSync(flags.record, `${JSON.stringify(whole, null, 2)}\n`);
}

function reportSet(
  { name, bytes, planted }: DataSet,
  runs: readonly Run[],
  ready: readonly Run[],
  pairs: readonly Run[],
  parsed: number,
  program: string,
) {
  const label = programs.length > 1 ? `${program}: ${name}` : name;
  const empty = median(ready.map(({ wall }) => wall));
  const emptyCpu = median(ready.map(({ cpu }) => cpu));
  say(`${label}, an empty scan: ${(1000 * empty).toFixed(0)} ms, ${(1000 * emptyCpu).toFixed(0)} ms of processor time`);
  const rows = [...new Set(runs.map(({ workers }) => workers))].map((workers) => {
    const mine = runs.filter((run) => run.workers === workers);
    const row = {
      workers,
      wallMbPerSecond: rate(mine, bytes, 'wall'),
      cpuMbPerSecond: rate(mine, bytes, 'cpu'),
      scanMbPerSecond: bytes / 1e6 / (median(mine.map(({ wall }) => wall)) - empty),
      scanCpuMbPerSecond: bytes / 1e6 / (median(mine.map(({ cpu }) => cpu)) - emptyCpu),
      parseRatio: rate(mine, bytes, 'wall') / parsed,
      runs: mine,
    };
    say(
      `${label}, ${workers} worker(s): ${row.wallMbPerSecond.toFixed(0)} MB/s by the clock with the start of the process, ${row.scanMbPerSecond.toFixed(0)} without it; ${row.cpuMbPerSecond.toFixed(0)} and ${row.scanCpuMbPerSecond.toFixed(0)} by processor time; ${row.parseRatio.toFixed(2)} times JSON.parse`,
    );
    return row;
  });
  const [one] = rows;
  for (const { workers, scanMbPerSecond } of rows.slice(1))
    say(`${label}, ${workers} workers are ${(scanMbPerSecond / (one?.scanMbPerSecond ?? 0)).toFixed(2)} times one`);
  if (pairs.length > 0) {
    const together = (2 * bytes) / 1e6 / (median(pairs.map(({ wall }) => wall)) - empty);
    const share = together / (one?.scanMbPerSecond ?? 0);
    say(`${label}, two processes at once: ${together.toFixed(0)} MB/s together, ${share.toFixed(2)} times one`);
  }
  return { name, bytes, records: planted.records, hits: planted.pairs.length, ready, rows, pairs };
}

/** Of the median run. */
function rate(runs: readonly Pick<Run, 'wall' | 'cpu'>[], bytes: number, of: 'wall' | 'cpu'): number {
  return bytes / 1e6 / median(runs.map((run) => run[of]));
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(0)} %`;
}

function scanOnce(program: string, { log, compiled, planted }: DataSet, workers: number): Run {
  const { run, out } = timed(program, log, compiled, workers);
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

/** Two processes of one worker, each over the whole file: from the start of both to the end of both. */
function twoAtOnce(program: string, { log, compiled }: DataSet): Run {
  return timed(program, log, compiled, 1, '"$@" > /dev/null & "$@" > /dev/null & wait').run;
}

/** Wall and processor time of `flint scan`, from start to exit; `command` is what is done with it. */
function timed(
  program: string,
  log: string,
  compiled: string,
  workers: number,
  command = '"$@"',
): { run: Run; out: string } {
  const scan = [program, 'scan', '--intel', compiled, '--workers', String(workers), '--json', '-q', log];
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['-c', `TIMEFORMAT="took %3R %3U %3S"; time { ${command}; }`, 'time', process.execPath, ...scan],
    { encoding: 'utf8', maxBuffer: 1 << 30 },
  );
  const took = /took ([\d.]+) ([\d.]+) ([\d.]+)/.exec(stderr);
  if (status !== 0 || took === null) throw new Error(`flint scan ended with ${status}: ${stderr}`);
  return { run: { program, workers, wall: Number(took[1]), cpu: Number(took[2]) + Number(took[3]) }, out: stdout };
}

/** Seconds of a part of the file. */
function parseOnce(log: string): Pick<Run, 'wall' | 'cpu'> {
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
  return { wall: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main();
