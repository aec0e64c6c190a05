/**
 * Scanner benchmark: `npm run bench:scan` (add `-- --large` for ten million indicators, `-- --literals` for literal search alone, `-- --record` to write
 * bench/record/<date>-scan.md). One core, warm; every row is measured in turn, round after round, in CPU time of the process;
 * minimum, median and maximum of the rounds. Hits are compared outside the timed parts.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { IndicatorKind } from '../src/core/indicator.ts';
import type { IndicatorTable } from '../src/core/indicator-table.ts';
import { observe } from '../src/fields/observables.ts';
import { IndicatorMatcher } from '../src/match/indicator-matcher.ts';
import { IndicatorOracle } from '../src/match/indicator-oracle.ts';
import { builtInFrequency } from '../src/scan/gram-frequency.ts';
import { allocateScanner, IndicatorScanner } from '../src/scan/indicator-scanner.ts';
import { compileLiterals } from '../src/scan/literal-plan.ts';
import { LiteralScanner } from '../src/scan/literal-scanner.ts';
import { LiteralWork } from '../src/scan/literal-work.ts';
import { ScanMemory } from '../src/scan/scan-memory.ts';
import { WitnessTables } from '../src/scan/witness-tables.ts';
import { hasSharedData, sharedData } from '../src/testing/shared-data.ts';
import { decodedEvents } from '../src/testing/decoded-events.ts';
import { Random } from '../src/testing/random.ts';
import { httpRecords, type PlantedValue } from './http-records.ts';
import { realIndicators, seededIndicators, wordIndicators } from './indicator-sets.ts';
import { sigmaLiterals } from './sigma-literals.ts';

const CHUNK = 1 << 20;
const ROUNDS = 15;
const out: string[] = [];

function say(line: string): void {
  out.push(line);
  process.stdout.write(`${line}\n`);
}

interface Row {
  readonly name: string;
  readonly bytes: number;
  /** One pass; returns something to keep the work alive. */
  readonly run: () => number;
}

/** Rows in turn, so that a busy neighbour slows all of them. */
function measure(rows: readonly Row[], rounds = ROUNDS): Map<string, number> {
  const speeds = new Map<string, number[]>(rows.map(({ name }) => [name, []]));
  for (const { run } of rows) run();
  for (let round = 0; round < rounds; round++) {
    for (const { name, bytes, run } of rows) {
      const before = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(before);
      speeds.get(name)?.push(bytes / (user + system));
    }
  }
  const best = new Map<string, number>();
  say('| row | MB/s min | median | max |');
  say('| --- | ---: | ---: | ---: |');
  for (const [name, list] of speeds) {
    list.sort((a, b) => a - b);
    say(`| ${name} | ${list[0]?.toFixed(0)} | ${list[list.length >> 1]?.toFixed(0)} | ${list.at(-1)?.toFixed(0)} |`);
    best.set(name, list[list.length >> 1] ?? 0);
  }
  return best;
}

function scannerOf(table: IndicatorTable): { scanner: IndicatorScanner; tables: WitnessTables } {
  const memory = new ScanMemory();
  const tables = WitnessTables.build(memory, table);
  return { scanner: new IndicatorScanner(allocateScanner(memory, tables.address, CHUNK + (1 << 16))), tables };
}

/** Scans `bytes` chunk by chunk as a file is: each chunk is copied to the input area, what is unfinished is taken again. */
function scanAll(
  scanner: IndicatorScanner,
  bytes: Buffer,
  visit?: (line: number, text: Buffer) => void,
): { candidates: number; encodingOnly: number; records: number } {
  let candidates = 0;
  let encodingOnly = 0;
  let records = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(CHUNK, bytes.length - at);
    scanner.input.set(bytes.subarray(at, at + length));
    const result = scanner.scanLines(length, at + length === bytes.length);
    for (let i = 0; visit !== undefined && i < result.candidateCount; i++) {
      const start = at + (result.ranges[2 * i] ?? 0);
      visit(records + (result.ordinals[i] ?? 0), bytes.subarray(start, at + (result.ranges[2 * i + 1] ?? 0)));
    }
    candidates += result.candidateCount;
    encodingOnly += result.encodingOnly;
    records += result.records;
    // A record longer than a chunk does not occur in this data.
    at += Math.max(1, result.consumedBytes);
  }
  return { candidates, encodingOnly, records };
}

/** `line value` of everything the exact path finds in the lines. */
function exactHits(matcher: IndicatorMatcher, line: number, bytes: Buffer, hits: Set<string>): void {
  for (const event of decodedEvents(bytes))
    for (const { row } of matcher.match(observe(event))) hits.add(`${line} ${matcher.table.valueAt(row)}`);
}

function same(name: string, a: ReadonlySet<string>, b: ReadonlySet<string>): void {
  const missing = [...a].filter((item) => !b.has(item));
  if (missing.length > 0 || a.size !== b.size)
    throw new Error(`${name}: ${a.size} and ${b.size} hits, e.g. "${missing[0]}"`);
  say(`${name}: ${a.size} (line, value) pairs, equal.`);
  say('');
}

function valuesOf(table: IndicatorTable, random: Random, each: number): PlantedValue[] {
  const kinds: readonly IndicatorKind[] = ['domain', 'url', 'ipv4', 'ipv6', 'hash', 'email'];
  const values: PlantedValue[] = [];
  for (const kind of kinds) {
    for (let found = 0, tries = 0; found < each && tries < 2_000_000; tries++) {
      const row = random.int(table.size);
      if (table.kindAt(row) !== kind) continue;
      values.push({ kind, value: table.valueAt(row) });
      found++;
    }
  }
  return values;
}

function topDomains(random: Random): string[] {
  if (!hasSharedData('benign', 'top-domains.tsv.gz')) {
    return Array.from({ length: 50_000 }, () => `${random.text('abcdefghijklmnopqrstuvwxyz', 4, 14)}.com`);
  }
  const text = gunzipSync(readFileSync(sharedData('benign', 'top-domains.tsv.gz'))).toString();
  return text
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '')
    .filter((host) => host !== '');
}

function httpBenchmark(table: IndicatorTable, kindRows: boolean): void {
  const random = new Random(7);
  const { bytes, texts, planted } = httpRecords(
    random,
    24_000_000,
    topDomains(random),
    valuesOf(table, random, 20),
    0.001,
  );
  say(
    `HTTP records: ${texts.length}, ${(bytes.length / texts.length).toFixed(0)} bytes each, ${planted.length} planted values.`,
  );
  const started = process.cpuUsage();
  const { scanner, tables } = scannerOf(table);
  const built = process.cpuUsage(started).user / 1e6;
  say(
    `Tables of ${table.size} indicators: ${(tables.bytes / 2 ** 20).toFixed(1)} MiB (${(tables.bytes / table.size).toFixed(1)} bytes each), built in ${built.toFixed(2)} s CPU.`,
  );
  const inPlace = new IndicatorScanner(allocateScanner(tables.memory, tables.address, bytes.length));
  inPlace.input.set(bytes);
  const matcher = new IndicatorMatcher(table);
  const { candidates, encodingOnly, records } = scanAll(scanner, bytes);
  say(`Candidates: ${candidates} of ${records} records, ${encodingOnly} for their encoding alone.`);
  say('');
  const all = new Set<string>();
  for (const [line, text] of texts.entries()) exactHits(matcher, line, Buffer.from(text), all);
  const scanned = new Set<string>();
  scanAll(scanner, bytes, (line, text) => exactHits(matcher, line, text, scanned));
  same('exact path on every record, and behind the scanner', all, scanned);
  const lost = planted.filter(([line, { value }]) => !scanned.has(`${line} ${value}`));
  if (lost.length > 0) throw new Error(`${lost.length} planted values were not found, e.g. ${JSON.stringify(lost[0])}`);
  const values = new Map<string, number>();
  for (let row = 0; row < table.size; row++) values.set(table.valueAt(row), row);
  const few = texts.slice(0, 4000);
  const fewBytes = few.reduce((sum, text) => sum + text.length + 1, 0);
  const small: IndicatorTable = seededIndicators(3, 1000);
  const oracle = new IndicatorOracle([...small]);
  const rows: Row[] = [
    {
      name: '(a) JSON.parse',
      bytes: fewBytes,
      run: () => few.reduce((sum, text) => sum + Object.keys(JSON.parse(text) as object).length, 0),
    },
    {
      name: '(b) JSON.parse and Map look-up of four fields',
      bytes: fewBytes,
      run: () => few.reduce((sum, text) => sum + lookUpFields(text, values), 0),
    },
    {
      name: '(c) reference matcher, 1,000 indicators, 400 records',
      bytes: fewBytes / 10,
      run: () =>
        few
          .slice(0, 400)
          .reduce(
            (sum, text) =>
              sum +
              decodedEvents(Buffer.from(text)).reduce((all, event) => all + oracle.match(observe(event)).length, 0),
            0,
          ),
    },
    { name: '(d) scanner', bytes: bytes.length, run: () => inPlace.scanLines(bytes.length, true).candidateCount },
    {
      name: '(d) scanner, input copied in chunks of 1 MiB',
      bytes: bytes.length,
      run: () => scanAll(scanner, bytes).candidates,
    },
    {
      name: '(e) scanner, decoding and exact tables',
      bytes: bytes.length,
      run: () => {
        const hits = new Set<string>();
        scanAll(scanner, bytes, (line, text) => exactHits(matcher, line, text, hits));
        return hits.size;
      },
    },
  ];
  const speeds = measure(rows);
  const ratio = (speeds.get('(d) scanner') ?? 0) / (speeds.get('(a) JSON.parse') ?? 1);
  say('');
  say(`Scanner against JSON.parse: ${ratio.toFixed(1)} times (medians).`);
  say('');
  if (kindRows) perKind(bytes);
}

function lookUpFields(text: string, values: ReadonlyMap<string, number>): number {
  const record = JSON.parse(text) as {
    url: { full: string; domain: string };
    source: { ip: string };
    destination: { ip: string };
  };
  let found = 0;
  for (const value of [record.url.full, record.url.domain, record.source.ip, record.destination.ip])
    if (values.has(value)) found++;
  return found;
}

function perKind(bytes: Buffer): void {
  say('One kind at a time (HTTP records):');
  say('');
  const path = sharedData('iocs', 'iocs-1m.tsv.gz');
  const tables: (readonly [string, IndicatorTable])[] = [];
  if (hasSharedData('iocs', 'iocs-1m.tsv.gz'))
    for (const kind of ['domain', 'url', 'ipv4', 'ipv6', 'network', 'hash', 'email'] as const)
      tables.push([kind, realIndicators(path, kind)]);
  for (const kind of ['file-name', 'registry-key', 'mutex', 'user-agent'] as const)
    tables.push([kind, wordIndicators(5, 20_000, kind)]);
  measure(
    tables.map(([kind, table]) => {
      const { tables } = scannerOf(table);
      const scanner = new IndicatorScanner(allocateScanner(tables.memory, tables.address, bytes.length));
      scanner.input.set(bytes);
      return {
        name: `${kind}, ${table.size}`,
        bytes: bytes.length,
        run: () => scanner.scanLines(bytes.length, true).candidateCount,
      };
    }),
    7,
  );
  say('');
}

function logFiles(): string[] {
  const files: string[] = [];
  const visit = (path: string): void => {
    for (const name of readdirSync(path).sort()) {
      const full = join(path, name);
      if (statSync(full).isDirectory()) {
        if (name !== 'netflow' && name !== 'pcap') visit(full);
      } else if (!/README|reference-matches|scenarios|utmp|\.md$/.test(name)) files.push(full);
    }
  };
  for (const folder of ['events', 'logs']) if (hasSharedData(folder)) visit(sharedData(folder));
  return files;
}

/** Share of records that go to the exact path for their encoding alone; the program fails at 2 %, which the design does not allow. */
function encodingShares(table: IndicatorTable): void {
  const { scanner } = scannerOf(table);
  say('Records that go to the exact path for their encoding alone:');
  say('');
  say('| file | records | candidates | encoding only | share |');
  say('| --- | ---: | ---: | ---: | ---: |');
  for (const path of logFiles()) {
    const raw = readFileSync(path);
    const bytes = path.endsWith('.gz') ? gunzipSync(raw) : raw;
    if (bytes.length > 0) {
      const { records, candidates, encodingOnly } = scanAll(scanner, bytes);
      const share = (100 * encodingOnly) / Math.max(1, records);
      if (share >= 2) process.exitCode = 1;
      say(
        `| ${path.slice(sharedData().length + 1)} | ${records} | ${candidates} | ${encodingOnly} | ${share.toFixed(2)} %${share >= 2 ? ' **over 2 %**' : ''} |`,
      );
    }
  }
  say('');
}

function windowsBenchmark(table: IndicatorTable): void {
  if (!hasSharedData('events', 'attack-mix.ndjson.gz') || !hasSharedData('sigma', 'sigma-rules.tar.gz')) return;
  const bytes = gunzipSync(readFileSync(sharedData('events', 'attack-mix.ndjson.gz')));
  const texts = bytes.toString().trimEnd().split('\n').slice(0, 3000);
  const parsed = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
  const frequency = builtInFrequency();
  const { rules, witnesses } = sigmaLiterals(sharedData('sigma', 'sigma-rules.tar.gz'), frequency);
  const memory = new ScanMemory();
  const plan = compileLiterals(memory, witnesses, frequency);
  const literals = new LiteralScanner(new LiteralWork(memory), plan);
  const address = memory.allocate(CHUNK);
  const input = new Uint8Array(memory.memory.buffer, address, CHUNK);
  const search = (visit?: (record: number, owner: number) => void): number => {
    let hits = 0;
    for (let at = 0; at < bytes.length; ) {
      let end = Math.min(bytes.length, at + CHUNK);
      if (end < bytes.length) end = bytes.lastIndexOf(10, end - 1) + 1;
      input.set(bytes.subarray(at, end));
      const result = literals.scanLines(input, end - at);
      if (visit !== undefined) literals.forEachCandidate(result, visit);
      hits += result.hitCount;
      at = end;
    }
    return hits;
  };
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; at = ends.at(-1) as number)
    ends.push(at + CHUNK >= bytes.length ? bytes.length : bytes.lastIndexOf(10, at + CHUNK - 1) + 1);
  const whole = memory.allocate(bytes.length);
  const there = new Uint8Array(memory.memory.buffer, whole, bytes.length);
  there.set(bytes);
  const searchInPlace = (): number =>
    ends.reduce((hits, end, i) => {
      const chunk = there.subarray(ends[i - 1] ?? 0, end);
      return hits + literals.scanLines(chunk, chunk.length).hitCount;
    }, 0);
  const hits = search();
  if (searchInPlace() !== hits) throw new Error('literals in place and in copies differ');
  const records = bytes.toString('latin1').split('\n').length - 1;
  say(
    `Windows events: ${records} records, ${(bytes.length / records).toFixed(0)} bytes each. ${rules} rules, ${witnesses.length} witnesses, ${plan.literalCount} literals looked for, ${plan.alwaysOwners.length} rules always candidates, ${(hits / records).toFixed(1)} literals found per record.`,
  );
  say('');
  const { scanner } = scannerOf(table);
  measure([
    {
      name: 'JSON.parse',
      bytes: parsed,
      run: () => texts.reduce((sum, text) => sum + Object.keys(JSON.parse(text) as object).length, 0),
    },
    { name: 'literal search', bytes: bytes.length, run: searchInPlace },
    { name: 'literal search, input copied in chunks of 1 MiB', bytes: bytes.length, run: () => search() },
    {
      name: 'literal search, candidate rules listed',
      bytes: bytes.length,
      run: () => {
        let count = 0;
        search(() => count++);
        return count;
      },
    },
    { name: `indicators, ${table.size}`, bytes: bytes.length, run: () => scanAll(scanner, bytes).candidates },
  ]);
  say('');
}

const isLarge = process.argv.includes('--large');
const [processor] = cpus();
say(`# Scanner, ${new Date().toISOString().slice(0, 10)}`);
say('');
say(
  `${processor?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores; Node.js ${process.version}; one thread; CPU time.`,
);
say('');
if (process.argv.includes('--literals')) {
  windowsBenchmark(seededIndicators(1, 1000));
  process.exit(0);
}
const path = sharedData('iocs', 'iocs-1m.tsv.gz');
const million = hasSharedData('iocs', 'iocs-1m.tsv.gz') ? realIndicators(path) : seededIndicators(1, 1_000_000);
say('## HTTP records, one million indicators');
say('');
httpBenchmark(million, true);
if (isLarge) {
  say('## HTTP records, ten million indicators');
  say('');
  httpBenchmark(seededIndicators(2, 10_000_000), false);
}
say('## Windows events');
say('');
windowsBenchmark(million);
say('## Encoding');
say('');
encodingShares(million);
if (process.argv.includes('--record'))
  writeFileSync(`bench/record/${new Date().toISOString().slice(0, 10)}-scan.md`, `${out.join('\n')}\n`);
