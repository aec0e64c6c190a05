/**
 * What an alert costs in `flint scan`, from the record in a file to its line in the output file, in fresh processes by processor time:
 * `npm run build && node scripts/bench.mjs alert`. Each file holds nothing but records with a match, so that the difference of two
 * lengths, divided by the alerts between them, is the price of one alert with its share of scanning, decoding and matching. Indicators:
 * HTTP records with one of 996,910 indicators in each. Sigma: the events of attack-mix that match, repeated; the first of them compile
 * rule groups, so only the warm price is told.
 *
 * Options: --program FILE (repeatable: programs are compared in turns), --rounds N (5), --folder DIR (keeps data there and takes what is
 * there already), --only indicator|sigma, --record FILE. Linux.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { Random } from '../src/testing/random.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { activeRuleFiles } from '../src/testing/sigma-corpus.ts';
import { httpRecords, type PlantedValue } from './http-records.ts';
import { realIndicators } from './indicator-sets.ts';

const { values: flags } = parseArgs({
  options: {
    program: { type: 'string', multiple: true, default: ['dist/cli/main.js'] },
    rounds: { type: 'string', default: '5' },
    folder: { type: 'string' },
    only: { type: 'string' },
    record: { type: 'string' },
  },
});
const programs = flags.program.map((path) => resolve(path));
const KINDS = ['domain', 'url', 'ipv4', 'ipv6', 'hash', 'email'] as const;
/** Records of the indicator files: the first tells the start, the second is cold, between the last two all is warm. */
const LENGTHS = [1, 2000, 20_000, 60_000];
/** How often the matching events of attack-mix are repeated. */
const REPEATS = [4, 12, 44];

function main(): void {
  const folder = flags.folder ?? mkdtempSync(join(tmpdir(), 'flint-alert-bench-'));
  mkdirSync(folder, { recursive: true });
  try {
    print(`${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
    if (flags.only !== 'sigma') indicatorAlerts(folder);
    if (flags.only !== 'indicator') sigmaAlerts(folder);
    print(`load at the end ${loadavg()[0]?.toFixed(1)}`);
  } finally {
    if (flags.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function indicatorAlerts(folder: string): void {
  const compiled = join(folder, 'indicators.flint');
  const logs = LENGTHS.map((length) => join(folder, `hits-${length}.ndjson`));
  if (!logs.every((log) => existsSync(log)) || !existsSync(compiled)) {
    const list = join(folder, 'indicators.tsv');
    writeFileSync(list, gunzipSync(readFileSync(sharedData('iocs', 'iocs-1m.tsv.gz'))));
    execFileSync(process.execPath, [programs[0] as string, 'intel', 'compile', list, '-o', compiled, '-q']);
    const texts = hitRecords();
    for (const [i, log] of logs.entries()) writeFileSync(log, `${texts.slice(0, LENGTHS[i]).join('\n')}\n`);
  }
  const runs = interleaved(logs.map((log) => ['--intel', compiled, log]));
  for (const [program, [start, cold, warm, end]] of runs.entries()) {
    if (start === undefined || cold === undefined || warm === undefined || end === undefined) continue;
    const first = (cold.ms - start.ms) / (cold.alerts - start.alerts);
    const later = (end.ms - warm.ms) / (end.alerts - warm.alerts);
    tell(program, `indicator alert: ${microseconds(first)} in the first ${cold.alerts}, ${microseconds(later)} warm`);
    tell(program, `start ${start.ms.toFixed(0)} ms, ${end.alerts} alerts`);
  }
}

/** HTTP records with an indicator in each, as many as the longest file takes. */
function hitRecords(): readonly string[] {
  const random = new Random(11);
  const table = realIndicators(sharedData('iocs', 'iocs-1m.tsv.gz'));
  const values = KINDS.flatMap((kind) => {
    const some: PlantedValue[] = [];
    while (some.length < 50) {
      const row = random.int(table.size);
      if (table.kindAt(row) === kind) some.push({ kind, value: table.valueAt(row) });
    }
    return some;
  });
  const hosts = gunzipSync(readFileSync(sharedData('benign', 'top-domains.tsv.gz')))
    .toString()
    .split('\n');
  const names = hosts.flatMap((line) => line.split('\t')[0] || []);
  return httpRecords(random, (LENGTHS.at(-1) ?? 0) * 600, names, values, 1).texts;
}

function sigmaAlerts(folder: string): void {
  const rules = join(folder, 'rules');
  if (!existsSync(rules)) {
    for (const { path, text } of activeRuleFiles()) {
      const file = join(rules, path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, text);
    }
  }
  const logs = REPEATS.map((times) => join(folder, `attack-${times}.ndjson`));
  if (!logs.every((log) => existsSync(log))) {
    const lines = gunzipSync(readFileSync(sharedData('events', 'attack-mix.ndjson.gz')))
      .toString()
      .split('\n');
    const all = join(folder, 'attack-mix.ndjson');
    writeFileSync(all, lines.join('\n'));
    const found = scan(programs[0] as string, ['--rules', rules, all], join(folder, 'found.ndjson'));
    const matching = new Set(
      found.lines.map((line) => (JSON.parse(line) as { flint: { input: { line: number } } }).flint.input.line),
    );
    const text = lines.filter((_, i) => matching.has(i + 1)).join('\n');
    for (const [i, log] of logs.entries()) writeFileSync(log, `${text}\n`.repeat(REPEATS[i] ?? 0));
  }
  const runs = interleaved(logs.map((log) => ['--rules', rules, log]));
  for (const [program, [, warm, end]] of runs.entries()) {
    if (warm === undefined || end === undefined) continue;
    const later = (end.ms - warm.ms) / (end.alerts - warm.alerts);
    tell(program, `Sigma alert: ${microseconds(later)} warm; ${end.alerts} alerts`);
  }
}

interface Run {
  readonly ms: number;
  readonly alerts: number;
}

/** For each program and each list of arguments the median of the rounds; all take turns. */
function interleaved(jobs: readonly (readonly string[])[]): Run[][] {
  const times = programs.map(() => jobs.map((): number[] => []));
  const alerts = programs.map(() => jobs.map(() => 0));
  const out = join(flags.folder ?? tmpdir(), `alerts-${process.pid}.ndjson`);
  for (let round = 0; round < Number(flags.rounds); round++)
    for (const [j, job] of jobs.entries())
      for (const [p, program] of programs.entries()) {
        const run = scan(program, job, out);
        times[p]?.[j]?.push(run.ms);
        (alerts[p] as number[])[j] = run.lines.length;
      }
  rmSync(out, { force: true });
  return times.map((mine, p) => mine.map((list, j) => ({ ms: median(list), alerts: alerts[p]?.[j] ?? 0 })));
}

/** Processor time of one `flint scan` that writes to a file, and the lines it wrote. */
function scan(program: string, options: readonly string[], out: string): { ms: number; lines: readonly string[] } {
  const command = [process.execPath, program, 'scan', '--workers', '1', '--json', '-q', ...options];
  const { stderr, status } = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="took %3U %3S"; out=$1; shift; time "$@" > "$out"', 'time', out, ...command],
    { encoding: 'utf8' },
  );
  const took = /took ([\d.]+) ([\d.]+)/.exec(stderr);
  if (status !== 0 || took === null) throw new Error(`flint scan ended with ${status}: ${stderr}`);
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
  return { ms: 1000 * (Number(took[1]) + Number(took[2])), lines: lines[0] === '' ? [] : lines };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function microseconds(ms: number): string {
  return `${(1000 * ms).toFixed(1)} us`;
}

function tell(program: number, text: string): void {
  print(programs.length === 1 ? text : `${flags.program[program]}: ${text}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
  if (flags.record !== undefined) appendFileSync(flags.record, `    ${line}\n`);
}

main();
