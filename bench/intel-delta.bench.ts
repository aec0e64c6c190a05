/**
 * Changes of intelligence while events flow: with a million indicators loaded, how long until 1,000 changed ones are live, and how
 * long matching stands still meanwhile; the same change as a part of the million-line list itself, and as objects added to a TAXII
 * collection of a million; a bundle of its own, and objects of that collection, of which some are complex patterns beside 5,000 others; a merge into
 * a new base; and, for comparison, all built anew on the thread that matches. One process: events are matched in every turn of the event loop, the
 * longest time between two turns is the pause. Each change is checked by events that hit.
 *
 * Run: node scripts/bench.mjs intel-delta [--indicators N] [--changes N] [--patterns N] [--rounds N] [--workers N] [--taxii] [--record FILE]
 *
 * `--patterns`: so many of the changes are complex patterns.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync, readdirSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RecordBatch } from '../src/core/record.ts';
import { buildGeneration, type GenerationOptions } from '../src/engine/build-generation.ts';
import type { Generation } from '../src/engine/generation.ts';
import { inThreads } from '../src/engine/intel/intel-jobs.ts';
import { IntelStore } from '../src/engine/intel/intel-store.ts';
import { loadConfig } from '../src/engine/config/load-config.ts';
import { readIntelSource } from '../src/intel/intel-source.ts';
import { sourceKey, taxiiFolder } from '../src/intel/stored-feeds.ts';
import { writeTaxiiIndex } from '../src/intel/taxii/taxii-index.ts';
import type { PageObject } from '../src/intel/taxii/taxii-page.ts';
import { TaxiiStore } from '../src/intel/taxii/taxii-store.ts';
import { Random } from '../src/testing/random.ts';
import { httpRecords } from './http-records.ts';
import { seededIndicators } from './indicator-sets.ts';
import { complexPatterns } from './pattern-sets.ts';

const { values: flags } = parseArgs({
  options: {
    indicators: { type: 'string', default: '1000000' },
    changes: { type: 'string', default: '1000' },
    patterns: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '1' },
    taxii: { type: 'boolean', default: false },
    record: { type: 'string' },
  },
});
const count = Number(flags.indicators);
const changes = Number(flags.changes);
const patterns = Math.min(changes, Number(flags.patterns));
/** Of the changes of a collection the last that is a new value. */
const lastNew = changes - (changes % 3) - 2;
const folder = mkdtempSync(join(tmpdir(), 'flint-delta-'));
const list = join(folder, 'list.txt');
const feed = join(folder, 'feed.txt');
const bundle = join(folder, 'bundle.json');
const constant = join(folder, 'constant.json');
for (const name of ['data', 'data/store', 'data/feeds']) mkdirSync(join(folder, name));

const TAXII = 'taxii+https://taxii.example.org/taxii2/';
const TAXII_URL = 'https://taxii.example.org/taxii2/';
const STORED_AT_ONCE = 10_000;

/** A collection as a pull has stored it. */
class Collection {
  readonly #store: TaxiiStore;
  readonly #names: readonly string[];

  private constructor(store: TaxiiStore, names: readonly string[]) {
    this.#store = store;
    this.#names = names;
  }

  static async begin(feeds: string, names: readonly string[]): Promise<Collection> {
    const parent = taxiiFolder(feeds);
    const store = await TaxiiStore.open(parent, TAXII_URL);
    for (let at = 0; at < names.length; at += STORED_AT_ONCE)
      await store.append(
        names.slice(at, at + STORED_AT_ONCE).map((name, i) => indicator(at + i, 1, name)),
        {},
        1,
      );
    const read = readIntelSource(TAXII);
    if (!read.ok) throw new Error('a source of type taxii');
    const collections = [{ url: TAXII_URL, title: 'bench', folder: basename(store.folder) }];
    await writeTaxiiIndex(parent, sourceKey(read.source), { version: 1, fetchedAtMs: 1, collections });
    return new Collection(store, names);
  }

  /** A third new, a third new versions, a third revoked. */
  async append(round: number): Promise<void> {
    const objects = Array.from({ length: changes }, (_, i) => {
      const number = round * changes + i;
      if (i < patterns) return indicator(this.#names.length + number, 1, `pattern ${i}`, false, patternOf(round, i));
      if (i % 3 === 1) return indicator(this.#names.length + number, 1, `obj${round}x${i}.example.com`);
      return indicator(number, 2, `ver${round}x${i}.example.com`, i % 3 === 2);
    });
    await this.#store.append(objects, {}, 1);
  }
}

function indicator(
  number: number,
  version: number,
  value: string,
  revoked = false,
  pattern = `[${pathOf(value)} = '${value}']`,
): PageObject {
  const id = `indicator--00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
  const modified = `2024-01-0${version}T00:00:00.000Z`;
  const times = { created: '2024-01-01T00:00:00.000Z', modified, valid_from: modified };
  const names = { name: `Indicator of ${value}`, description: 'seen in the wild', pattern_type: 'stix' };
  const object = { type: 'indicator', spec_version: '2.1', id, ...times, ...names, pattern, confidence: 70, revoked };
  return { id, type: 'indicator', version: modified, text: JSON.stringify(object) };
}

/** Patterns beside which others change. */
const CONSTANT_PATTERNS = 5_000;
/** The first one of each round is found by a record with its number. */
function patternOf(round: number, i: number): string {
  if (i === 0) return `[process:command_line LIKE '%-probe${round}x%' AND process:name = 'probe.exe']`;
  roundPatterns ??= new Map();
  let all = roundPatterns.get(round);
  if (all === undefined) {
    all = complexPatterns(changes, 'all', 1000 + round);
    roundPatterns.set(round, all);
  }
  return all[i] ?? '';
}

let roundPatterns: Map<number, readonly string[]> | undefined;

/** A feed of its own: half of the changes come, half go. */
function putBundle(round: number): void {
  const half = patterns / 2;
  const objects = Array.from({ length: changes / 2 }, (_, i) => {
    const number = 8_000_000 + round * changes + i;
    return i < half
      ? indicator(number, 1, `pattern ${i}`, false, patternOf(round, i))
      : indicator(number, 1, `bun${round}x${i}.example.com`);
  });
  writeObjects(bundle, objects);
}

function writeObjects(path: string, objects: readonly PageObject[]): void {
  writeFileSync(`${path}.new`, `{"type":"bundle","objects":[${objects.map(({ text }) => text).join(',')}]}`);
  renameSync(`${path}.new`, path);
}

/** Patterns that a value does not fit would be complex. */
const PATHS: readonly (readonly [RegExp, string])[] = [
  [/^[\d.]+(\/\d+)?$/, 'ipv4-addr:value'],
  [/^[\da-f:]*:[\da-f:]*(\/\d+)?$/i, 'ipv6-addr:value'],
  [/:\/\//, 'url:value'],
  [/@/, 'email-addr:value'],
  [/^[\da-f]{32}$/i, 'file:hashes.MD5'],
  [/^[\da-f]{40}$/i, "file:hashes.'SHA-1'"],
  [/^[\da-f]{64}$/i, "file:hashes.'SHA-256'"],
];

function pathOf(value: string): string {
  return PATHS.find(([form]) => form.test(value))?.[1] ?? 'domain-name:value';
}

interface Result {
  readonly liveMs: number;
  readonly longestPauseMs: number;
  readonly busyMs: number;
  readonly way: string;
}

/** Batches of records, matched one in every turn of the event loop. */
class Events {
  readonly #batch: RecordBatch;

  constructor() {
    const { texts } = httpRecords(new Random(3), 120_000, ['www.example.net', 'cdn.example.org'], [], 0);
    this.#batch = batchOf(texts);
  }

  /** Longest time between the ends of two turns while `until` is pending. */
  async longestPause(generation: Generation, until: Promise<unknown>): Promise<number> {
    let isDone = false;
    void until.finally(() => {
      isDone = true;
    });
    let longest = 0;
    let last = performance.now();
    while (!isDone) {
      await generation.match(this.#batch);
      await new Promise((done) => setImmediate(done));
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
    return longest;
  }
}

const results: Record<string, Result[]> = {};
try {
  const lines = [...seededIndicators(7, count)].map(({ value }) => value);
  put(list, lines);
  put(feed, fresh(0));
  if (patterns > 0) {
    putBundle(0);
    const others = complexPatterns(CONSTANT_PATTERNS);
    writeObjects(
      constant,
      others.map((pattern, i) => indicator(9_000_000 + i, 1, `constant ${i}`, false, pattern)),
    );
  }
  // With `--taxii` the million are objects of a collection instead of lines.
  const taxii = flags.taxii ? await Collection.begin(join(folder, 'data', 'feeds'), lines) : undefined;
  const intel = [taxii === undefined ? list : TAXII, feed, ...(patterns > 0 ? [bundle, constant] : [])];
  const loaded = loadConfig({ intel, dataDir: join(folder, 'data') }, {});
  const stopping = new AbortController();
  const store = new IntelStore({
    folder: join(folder, 'data', 'store'),
    feedFolder: join(folder, 'data', 'feeds'),
    run: inThreads(stopping.signal),
    signal: stopping.signal,
    now: Date.now,
    onProblem: (message, reason) => process.stderr.write(`${message}: ${reason}\n`),
    mergeRows: 1_000_000_000,
  });
  let attach = (_: Generation): void => undefined;
  const options: GenerationOptions = {
    mode: 'run',
    workers: Number(flags.workers),
    feedFolder: join(folder, 'data', 'feeds'),
    report: () => undefined,
  };
  const generation = await buildGeneration(loaded, {
    ...options,
    openIntel: async (sources) => {
      const opened = await store.open(sources);
      attach = opened.attach;
      return opened;
    },
  });
  attach(generation);
  await store.settled();
  const files = readdirSync(join(folder, 'data', 'store')).map(
    (name) => statSync(join(folder, 'data', 'store', name)).size,
  );
  const diskBytes = files.reduce((sum, size) => sum + size, 0) / count;
  const events = new Events();
  process.stdout.write(`${count} indicators, ${diskBytes.toFixed(0)} bytes each on disk\n`);
  await measure('nothing', generation, events, async () => {
    await new Promise((done) => setTimeout(done, 500));
    return 'nothing';
  });
  for (let round = 1; round <= Number(flags.rounds); round++) {
    put(feed, fresh(round));
    await measure('feed of its own', generation, events, async () => (await store.refresh([feed], fail)).way);
    await expectHit(generation, `new${round}x1.example.com`, true);
    await expectHit(generation, `new${round - 1}x1.example.com`, false);
    if (patterns > 0) {
      putBundle(round);
      const name = `a bundle, ${patterns} patterns`;
      await measure(name, generation, events, async () => (await store.refresh([bundle], fail)).way);
      await expectProbe(generation, round);
      await store.settled();
    }
    if (taxii !== undefined) {
      await taxii.append(round);
      await measure(
        'added to the collection',
        generation,
        events,
        async () => (await store.refresh([TAXII_URL], fail)).way,
      );
      await expectHit(generation, `obj${round}x${lastNew}.example.com`, lastNew >= patterns);
      await store.settled();
    }
    const half = changes / 2;
    for (let i = 0; i < half; i++) lines[round * half + i] = `mid${round}x${i}.example.com`;
    if (taxii === undefined) {
      put(list, lines);
      await measure('part of the large list', generation, events, async () => (await store.refresh([list], fail)).way);
      await expectHit(generation, `mid${round}x1.example.com`, true);
    }
    await measure('merge', generation, events, async () => {
      await store.merge();
      return 'merge';
    });
    if (taxii === undefined) await expectHit(generation, `mid${round}x1.example.com`, true);
    if (patterns > 0) await expectProbe(generation, round);
  }
  for (let round = 1; round <= Math.min(2, Number(flags.rounds)); round++)
    await measure('all anew, on the matching thread', generation, events, async () => {
      await (await buildGeneration(loaded, options)).close();
      return 'reload';
    });
  await store.close();
  await generation.close();
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, load: loadavg() };
  for (const [name, all] of Object.entries(results)) {
    const best = (pick: (one: Result) => number): string => Math.min(...all.map(pick)).toFixed(1);
    const worst = (pick: (one: Result) => number): string => Math.max(...all.map(pick)).toFixed(1);
    process.stdout.write(
      `${name.padEnd(34)} ${all[0]?.way.padEnd(9)} live after ${best((one) => one.liveMs)} to ${worst((one) => one.liveMs)} ms, longest pause ${best((one) => one.longestPauseMs)} to ${worst((one) => one.longestPauseMs)} ms, ${best((one) => one.busyMs)} CPU ms\n`,
    );
  }
  const whole = { date: new Date().toISOString(), machine, count, changes, patterns, diskBytes, results };
  if (flags.record !== undefined) writeFileSync(flags.record, `${JSON.stringify(whole, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function fail(): Promise<never> {
  return Promise.reject(new Error('a plain change must not need a rebuild'));
}

function fresh(round: number): string[] {
  return Array.from({ length: changes / 2 }, (_, i) => `new${round}x${i}.example.com`);
}

function put(path: string, values: readonly string[]): void {
  writeFileSync(`${path}.new`, `${values.join('\n')}\n`);
  renameSync(`${path}.new`, path);
}

async function measure(
  name: string,
  generation: Generation,
  events: Events,
  change: () => Promise<string>,
): Promise<void> {
  await new Promise((done) => setTimeout(done, 100));
  const startCpu = process.cpuUsage();
  const start = performance.now();
  const working = change().then((way) => ({ way, liveMs: performance.now() - start }));
  const longestPauseMs = await events.longestPause(generation, working);
  const { way, liveMs } = await working;
  const { user, system } = process.cpuUsage(startCpu);
  const all = results[name] ?? [];
  results[name] = all;
  all.push({ liveMs, longestPauseMs, busyMs: (user + system) / 1000, way });
}

function batchOf(texts: readonly string[]): RecordBatch {
  const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
  const ranges = new Uint32Array(2 * texts.length);
  let at = 0;
  for (const [i, text] of texts.entries()) {
    ranges[2 * i] = at;
    ranges[2 * i + 1] = at + Buffer.byteLength(text);
    at += Buffer.byteLength(text) + 1;
  }
  const source = { input: 'bench', path: 'bench', id: 'bench', replayable: true, timezone: 'Z' };
  return { source, bytes, ranges, count: texts.length, basePosition: 0, baseRecord: 0, arrivalMs: Date.now() };
}

/** The pattern of the round is found, that of the one before is not. */
async function expectProbe(generation: Generation, round: number): Promise<void> {
  const record = (number: number): string =>
    JSON.stringify({
      ...{ Channel: 'Microsoft-Windows-Sysmon/Operational', EventID: 1, Image: 'C:\\probe.exe' },
      CommandLine: `probe -probe${number}x`,
    });
  const found = await generation.match(batchOf([record(round)]));
  const former = flags.taxii ? [] : await generation.match(batchOf([record(round - 1)]));
  if (found.length === 0 || former.length > 0) throw new Error(`the patterns of round ${round} are not those found`);
}

async function expectHit(generation: Generation, name: string, hit: boolean): Promise<void> {
  const found = await generation.match(batchOf([JSON.stringify({ query: name })]));
  if (found.length > 0 !== hit) throw new Error(`"${name}" ${hit ? 'is not found' : 'is still found'}`);
}
