/**
 * Benchmark of Sigma matching: events per second with all active SigmaHQ rules on the event files of the shared data, each and all
 * together, repeated to `--mb` megabytes (500), from a file of JSON text to matches, on one core; load time and memory; growth with the
 * number of rules. Beside it `flint scan` as a whole (when built), JSON.parse alone, the reference interpreter as the naive way, rsigma
 * when its program is given (`--rsigma PATH`), and the library sigma-rust when cargo can build it. Times are processor time, garbage
 * collection included, because other work may be running. Match counts are asserted outside the timed parts.
 *
 * With `--shapes` only the events of attack-mix as other collectors write them, and audit records of clouds, services and Linux, sieved
 * and decoded.
 *
 * Run: npm run build && node scripts/bench.mjs sigma [--rsigma PATH] [--mb 500] [--record FILE] [--shapes]
 */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { admits } from '../src/core/event-source.ts';
import type { EventObject } from '../src/core/event.ts';
import { rulesOf } from '../src/engine/rules/rule-filter.ts';
import { SigmaSieve } from '../src/engine/rules/sigma-sieve.ts';
import { createEventRecogniser } from '../src/fields/mapping/recognise.ts';
import type { DetectionRule } from '../src/ir/detection-rule.ts';
import { evaluate } from '../src/match/interpreter.ts';
import { regexProblem } from '../src/match/regex.ts';
import { RuleMatcher } from '../src/match/rule-matcher.ts';
import { eventSubject } from '../src/match/subject.ts';
import { loadSigma } from '../src/rules/sigma/load.ts';
import { sharedData } from '../src/testing/shared-data.ts';
import { activeRuleFiles, type RuleFile } from '../src/testing/sigma-corpus.ts';
import { WINDOWS_SHAPES } from '../src/testing/windows-shapes.ts';
import { serviceRecords } from './service-records.ts';
import { ruleFiles } from './sigma-corpus.ts';

const { values: options } = parseArgs({
  options: {
    rsigma: { type: 'string' },
    mb: { type: 'string', default: '500' },
    record: { type: 'string' },
    shapes: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
  },
});
/** Matches of all 3,755 rules that load without placeholders; see docs/sigma.md. */
const FILES = [
  { name: 'attack-mix', matches: 1013 },
  { name: 'background-contiguous', matches: 15 },
  { name: 'zeek-apt29-day1', matches: 6 },
] as const;
const SIZES = [100, 1000, 3780, 20_000];
const CHUNK_BYTES = 1 << 20;
/** Of each product that is not Windows. */
const SERVICE_RECORDS = 20_000;
const RUNS = 5;
/** Untimed passes: kinds are learnt in the first, most groups improved in the fourth and fifth, when they have met enough records. */
const WARM_PASSES = 8;
const TURNS = 11;
const INTERPRETED = 600;
/** Its rules are tried one after the other on each event. */
const SIGMA_RUST_EVENTS = 600;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

interface Data {
  readonly name: string;
  readonly bytes: Buffer;
  readonly events: number;
  /** How often it is repeated. */
  readonly times: number;
  /** The bytes as an open file, which is read as the engine reads files. */
  readonly file: number;
}

function processorMs(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function print(label: string, text: string): void {
  const line = `${label.padEnd(46)} ${text}\n`;
  process.stdout.write(line);
  if (options.record !== undefined) appendFileSync(options.record, `    ${line}`);
}

function rate(events: number, ms: number, bytes: number): string {
  return `${Math.round(events / (ms / 1000)).toLocaleString('en')} events/s, ${(bytes / 1000 / ms).toFixed(0)} MB/s`;
}

function dataOf(name: string, bytes: Buffer): Data {
  const events = bytes
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '').length;
  const path = join(folder, `${name}.ndjson`);
  writeFileSync(path, bytes);
  return {
    name,
    bytes,
    events,
    times: Math.ceil((Number(options.mb) * 1e6) / bytes.length),
    file: openSync(path, 'r'),
  };
}

/** JSON text to matches, as the engine does it, but for alerts. */
class Matching {
  readonly sieve: SigmaSieve;
  readonly matcher: RuleMatcher;
  readonly #recogniser = createEventRecogniser();

  constructor(rules: readonly DetectionRule[]) {
    this.sieve = new SigmaSieve(rules, { inputBytes: 4 * CHUNK_BYTES, maxDepth: 64 });
    this.matcher = new RuleMatcher(rules);
  }

  /** Number of matches. */
  run({ file, bytes: { length: size } }: Data): number {
    const { input } = this.sieve;
    const texts = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    let matches = 0;
    for (let start = 0; start < size; ) {
      const length = readSync(file, input, 0, CHUNK_BYTES, start);
      const result = this.sieve.scanLines(length, start + length === size);
      for (let i = 0; i < result.candidateCount; i++) {
        const text = texts.toString('utf8', result.ranges[2 * i], result.ranges[2 * i + 1]);
        const recognised = this.#recogniser.recognise(JSON.parse(text) as EventObject);
        if (recognised === undefined) continue;
        const rules = rulesOf(result, i);
        const { event, source } = recognised;
        matches += (
          rules === undefined ? this.matcher.match(event, source) : this.matcher.matchCandidates(event, source, rules)
        ).length;
      }
      start += result.consumedBytes;
    }
    return matches;
  }
}

/** Every event decoded and given to the indexed matcher: what the fast way is held to. */
function decodedMatches(bytes: Buffer, matcher: RuleMatcher): number {
  const recogniser = createEventRecogniser();
  let matches = 0;
  for (const line of bytes.toString('utf8').split('\n')) {
    const recognised = line === '' ? undefined : recogniser.recognise(JSON.parse(line) as EventObject);
    if (recognised !== undefined) matches += matcher.match(recognised.event, recognised.source).length;
  }
  return matches;
}

function interpret(bytes: Buffer, rules: readonly DetectionRule[]): void {
  const recogniser = createEventRecogniser();
  for (const line of bytes.toString('utf8').split('\n').slice(0, INTERPRETED)) {
    const recognised = recogniser.recognise(JSON.parse(line) as EventObject);
    if (recognised === undefined) continue;
    const subject = eventSubject(recognised.event.fields);
    for (const { logsource, predicate } of rules)
      if (admits(logsource, recognised.source)) evaluate(predicate, subject);
  }
}

function warm(label: string, data: Data, matching: Matching, expected: number): void {
  for (let pass = 0; pass < WARM_PASSES; pass++) {
    const found = matching.run(data);
    if (found !== expected) throw new Error(`${label}: ${found} matches instead of ${expected}`);
  }
}

/** Events per second, the least and the greatest. */
function rangeOf(data: Data, times: readonly number[]): string {
  const [least, greatest] = [Math.max(...times), Math.min(...times)];
  return [least, greatest].map((ms) => Math.round(data.events / (ms / 1000)).toLocaleString('en')).join(' to ');
}

function middleOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Events per second of each size of rule sets, by turns; the last ratio is that of two sizes in the same turn. */
function measureGrowth(data: Data, corpus: readonly RuleFile[], sizes: readonly number[]): ReadonlyMap<number, number> {
  const sets = sizes.map((size) => {
    const { detections } = loadSigma(ruleFiles(corpus, size), { regexProblem });
    const matches = decodedMatches(data.bytes, new RuleMatcher(detections));
    const matching = new Matching(detections);
    warm(`${size} rules`, data, matching, matches);
    return { size, matches, matching, times: [] as number[] };
  });
  for (let turn = 0; turn < TURNS; turn++)
    for (const { matching, times } of sets)
      times.push(
        processorMs(() => {
          matching.run(data);
        }),
      );
  for (const { size, matches, times } of sets) {
    const text = `${rate(data.events, middleOf(times), data.bytes.length)} (${rangeOf(data, times)}), ${matches} matches`;
    print(`${data.name}, ${size} rules`, text);
  }
  const [small, large] = [sets.at(-2)?.times ?? [], sets.at(-1)?.times ?? []];
  const shares = small.map((ms, turn) => Math.round((100 * ms) / (large[turn] ?? 1)));
  const range = `${Math.min(...shares)} to ${Math.max(...shares)} %, load ${loadavg()[0]?.toFixed(1)}`;
  print('speed at 20,000 rules of that at 3,780', `${middleOf(shares)} % (${range})`);
  return new Map(sets.map(({ size, times }) => [size, middleOf(times)]));
}

function measure(label: string, data: Data, matching: Matching, expected: number): number {
  warm(label, data, matching, expected);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const repeats = Math.ceil(data.times / RUNS);
    times.push(
      processorMs(() => {
        for (let i = 0; i < repeats; i++) matching.run(data);
      }) / repeats,
    );
  }
  const middle = middleOf(times);
  print(label, `${rate(data.events, middle, data.bytes.length)} (${rangeOf(data, times)}), ${expected} matches`);
  return middle;
}

/** Processor time of a program, in ms, and how many lines it wrote. */
function timed(command: readonly string[]): { readonly ms: number; readonly lines: number } {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const script = `TIMEFORMAT='%U %S'; time { ${quoted} 2>/dev/null | wc -l; }`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8', maxBuffer: 1 << 20 });
  const [user = Number.NaN, system = Number.NaN] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  if (status !== 0 || Number.isNaN(user + system)) throw new Error(`${command[0]} failed: ${stderr}`);
  return { ms: (user + system) * 1000, lines: Number(stdout.trim()) };
}

/** A program over the repeated file, less its time for one event; milliseconds for the file once. */
function compareProgram(label: string, data: Data, command: (file: string) => string[]): number {
  const one = join(folder, 'one.ndjson');
  const all = join(folder, 'repeated.ndjson');
  writeFileSync(one, data.bytes.subarray(0, data.bytes.indexOf(0x0a) + 1));
  writeFileSync(all, '');
  for (let i = 0; i < data.times; i++) appendFileSync(all, data.bytes);
  const start = timed(command(one));
  const { ms, lines } = timed(command(all));
  rmSync(all);
  const perPass = (ms - start.ms) / data.times;
  const matches = `${Math.round(lines / data.times)} matches`;
  print(label, `${rate(data.events, perPass, data.bytes.length)}, ${matches}, start ${Math.round(start.ms)} ms`);
  return perPass;
}

function writeRules(files: readonly RuleFile[]): string {
  const target = mkdtempSync(join(folder, 'rules-'));
  for (const { path, text } of files) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text);
  }
  return target;
}

/** Milliseconds for the file once; undefined when there is no program. Every event counts as one of Windows. */
function compareRsigma(label: string, data: Data, ruleFolder: string): number | undefined {
  const { rsigma } = options;
  if (rsigma === undefined) return undefined;
  return compareProgram(`rsigma, ${label}`, data, (file) => [
    ...[rsigma, 'engine', 'eval', '-q', '--rules', ruleFolder, '--logsource-routing'],
    ...['--event-logsource', 'product=windows', '--output-format', 'ndjson', '-e', `@${file}`],
  ]);
}

/** The library has no program of its own: a small one around it is built here. */
function compareSigmaRust(data: Data, ruleFolder: string): void {
  const label = 'sigma-rust 0.7, attack-mix';
  const target = join(root, 'build', 'sigma-rust');
  const cargo = spawnSync('cargo', ['build', '--release', '--locked', '--quiet', '--target-dir', target], {
    cwd: join(root, 'bench', 'sigma-rust'),
    encoding: 'utf8',
  });
  if (cargo.status !== 0) {
    const reason = cargo.error?.message ?? cargo.stderr.trim().split('\n')[0] ?? 'no reason given';
    print(label, `not measured, cargo cannot build it here: ${reason}`);
    return;
  }
  const bytes = Buffer.from(`${data.bytes.toString('latin1').split('\n', SIGMA_RUST_EVENTS).join('\n')}\n`, 'latin1');
  const some = { ...dataOf('some', bytes), times: 1 };
  const program = join(target, 'release', 'sigma-rust-peer');
  compareProgram(`${label}, ${some.events} events`, some, (file) => [program, ruleFolder, 'windows', file]);
}

const folder = mkdtempSync(join(tmpdir(), 'flint-sigma-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
/** The same events in each shape, and other products' records: the sieve beside decoding everything. */
function measureShapes(flat: Buffer, rules: readonly DetectionRule[]): void {
  const lines = flat
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  const windows = Object.entries(WINDOWS_SHAPES).map(
    ([shape, write]) => [shape, () => lines.map((line) => write(JSON.parse(line) as EventObject))] as const,
  );
  const services = [...serviceRecords(SERVICE_RECORDS)].map(([product, records]) => [product, () => records] as const);
  for (const [shape, eventsOf] of [...windows, ...services]) {
    const records = eventsOf().map((event) => `${JSON.stringify(event)}\n`);
    const data = dataOf('shape', Buffer.from(records.join('')));
    const matcher = new RuleMatcher(rules);
    const expected = decodedMatches(data.bytes, matcher);
    const matching = new Matching(rules);
    const sieved = measure(`${shape}, sieved`, data, matching, expected);
    const { ways } = matching.sieve;
    const decoded = Math.min(...[1, 2, 3].map(() => processorMs(() => decodedMatches(data.bytes, matcher))));
    const times = `${(decoded / sieved).toFixed(1)} times as long`;
    print(`${shape}, decoded`, `${rate(data.events, decoded, data.bytes.length)}, ${times}`);
    const share = (100 * ways.sieved) / (ways.sieved + ways.unknown + ways.irregular);
    print(`${shape}, records sieved`, `${share.toFixed(1)} %`);
  }
}

const [cpu] = cpus();
print(
  'processor, runtime, load',
  `${cpu?.model ?? 'unknown'}, Node.js ${process.version}, ${loadavg()[0]?.toFixed(1)}`,
);
const corpus = activeRuleFiles();
const contents = FILES.map(({ name }) => gunzipSync(readFileSync(sharedData('events', `${name}.ndjson.gz`))));
if (options.shapes) {
  measureShapes(contents[0] as Buffer, loadSigma(corpus, { regexProblem }).detections);
  process.exit(0);
}
if (options.growth) {
  measureGrowth(dataOf('attack-mix', contents[0] as Buffer), corpus, SIZES);
  process.exit(0);
}
const files = [
  ...FILES.map(({ name, matches }, i) => ({ ...dataOf(name, contents[i] as Buffer), matches })),
  { ...dataOf('all', Buffer.concat(contents)), matches: FILES.reduce((sum, { matches }) => sum + matches, 0) },
];
for (const { name, bytes, events, times } of files)
  print(name, `${events} events of ${Math.round(bytes.length / events)} bytes, ${times} times`);
const residentBefore = process.memoryUsage().rss;
let rules: readonly DetectionRule[] = [];
let matching = new Matching([]);
const started = performance.now();
const loadMs = processorMs(() => {
  rules = loadSigma(corpus, { regexProblem }).detections;
  matching = new Matching(rules);
});
print('load 3,780 rule files', `${loadMs.toFixed(0)} ms, ${(performance.now() - started).toFixed(0)} ms by the clock`);
const attack = files[0] as Data;
const firstMs = processorMs(() => {
  matching.run(attack);
});
print(
  'first pass over attack-mix, groups compiled',
  `${firstMs.toFixed(0)} ms, ${matching.sieve.counts.groups} groups`,
);
const passes = new Map(files.map((data) => [data.name, measure(data.name, data, matching, data.matches)]));
print('resident memory beyond the start', `${((process.memoryUsage().rss - residentBefore) / 1e6).toFixed(0)} MB`);
const lines = attack.bytes.toString('utf8').split('\n').slice(0, -1);
const parseMs = Math.min(
  ...Array.from({ length: RUNS }, () =>
    processorMs(() => {
      for (const line of lines) JSON.parse(line);
    }),
  ),
);
print('JSON.parse alone, attack-mix', rate(attack.events, parseMs, attack.bytes.length));
print(
  `reference interpreter, ${INTERPRETED} events`,
  rate(
    INTERPRETED,
    processorMs(() => interpret(attack.bytes, rules)),
    (attack.bytes.length / attack.events) * INTERPRETED,
  ),
);

const ruleFolder = writeRules(corpus);
const program = join(root, 'dist', 'cli', 'main.js');
for (const data of files.filter(({ name }) => name !== 'zeek-apt29-day1')) {
  const ours = passes.get(data.name) ?? 0;
  if (existsSync(program))
    compareProgram(`flint scan, ${data.name}`, data, (file) => [
      ...['env', 'FLINT_PROCESS_MEMORY__MODE=off', process.execPath, program, 'scan', file, '--rules', ruleFolder],
      ...['--json', '--workers', '1'],
    ]);
  const theirs = compareRsigma(data.name, data, ruleFolder);
  if (theirs !== undefined) print(`times rsigma, ${data.name}`, (theirs / ours).toFixed(1));
}
if (options.rsigma === undefined) print('rsigma', 'not measured, its program is not given (--rsigma PATH)');
compareSigmaRust(attack, ruleFolder);

const growth = measureGrowth(attack, corpus, SIZES);
for (const [size, ours] of growth) {
  const some = { ...attack, times: Math.ceil(attack.times / 4) };
  const theirs = compareRsigma(`attack-mix, ${size} rules`, some, writeRules(ruleFiles(corpus, size)));
  if (theirs !== undefined) print(`times rsigma, ${size} rules`, (theirs / ours).toFixed(1));
}
