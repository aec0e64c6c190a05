/**
 * The store against fresh loads: random edits of lists and bundles, taken in source by source, with merges and restarts between them;
 * after each, the store says of every value what a load of all sources says. A failure names the seed, which FLINT_SEED repeats.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayeredTable } from '../../core/layered-table.ts';
import { Random } from '../../testing/random.ts';
import { compileIntel, readCompiledIntel } from '../compiled-intel.ts';
import type { IntelSet } from '../intel-set.ts';
import { type IntelSource, readIntelSource } from '../intel-source.ts';
import { loadIntel } from '../load-intel.ts';
import { expiredRows } from './expired-rows.ts';
import { mergeLayers } from './merge-layers.ts';
import { refreshSource } from './refresh-source.ts';
import { decodeEntry, encodeEntry, type SourceFeeds, type StoreEntry } from './store-entry.ts';
import { StoreState } from './store-state.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';

const SEED = testSeed();
const ROUNDS = testRounds(8, 200);
const STEPS = 15;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-store-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function source(entry: string | Record<string, unknown>): IntelSource {
  const read = readIntelSource(entry);
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join());
  return read.source;
}

let nowMs = 0;
const now = (): number => nowMs;
const day = (number: number): string => new Date(number * 86_400_000).toISOString();

interface StixObject {
  readonly id: string;
  readonly [key: string]: unknown;
}

function stixObject(random: Random, number: number): StixObject {
  const names = Array.from({ length: 1 + random.int(2) }, () => `'n${random.int(12)}.example'`);
  const isDeferred = random.chance(0.15);
  const pattern = isDeferred
    ? `[domain-name:value MATCHES 'x${random.int(3)}'] FOLLOWEDBY [domain-name:value = 'n.example']`
    : `[${names.map((name) => `domain-name:value = ${name}`).join(' OR ')}]`;
  return {
    type: 'indicator',
    id: `indicator--00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    modified: day(random.int(5)),
    name: `name ${random.int(6)}`,
    pattern,
    ...(random.chance(0.3) && { confidence: random.int(3) * 30 }),
    // What has expired is forgotten; of an id that others carry too, an older version could then count again.
    ...(number >= 100 && random.chance(0.2) && { valid_until: day(10 + random.int(10)) }),
    ...(random.chance(0.03) && { revoked: true }),
    ...(random.chance(0.1) && { indicator_types: ['benign'] }),
    ...(random.chance(0.05) && { object_marking_refs: ['marking-definition--00000000-0000-4000-8000-00000000000a'] }),
  };
}

const MARKING = {
  type: 'marking-definition',
  id: 'marking-definition--00000000-0000-4000-8000-00000000000a',
  definition_type: 'tlp',
  definition: { tlp: 'red' },
};

/** Files with random content that changes bit by bit. */
class Corpus {
  readonly #random: Random;
  readonly #root: string;
  readonly #lists = new Map<string, Set<string>>();
  readonly #bundles = new Map<string, Map<number, StixObject>>();
  readonly sources: readonly IntelSource[];

  constructor(random: Random, root: string) {
    this.#random = random;
    this.#root = root;
    mkdirSync(join(root, 'bundles'), { recursive: true });
    for (const name of ['a.txt', 'b.txt', 'benign.txt']) this.#lists.set(name, new Set());
    for (const name of ['bundles/c.json', 'bundles/d.json', 'e.json']) this.#bundles.set(name, new Map());
    for (let i = 0; i < 40; i++) this.edit();
    for (const name of [...this.#lists.keys(), ...this.#bundles.keys()]) this.write(name, 0);
    this.sources = [
      source(join(root, 'a.txt')),
      source({ source: join(root, 'b.txt'), confidence: 40 }),
      source(join(root, 'bundles')),
      source(join(root, 'e.json')),
      source({ source: join(root, 'benign.txt'), role: 'benign' }),
    ];
  }

  /** Position of the source whose file was changed. */
  edit(): { readonly source: number; readonly name: string } {
    const random = this.#random;
    const name = random.pick([...this.#lists.keys(), ...this.#bundles.keys()]);
    const list = this.#lists.get(name);
    for (let i = 1 + random.int(4); i > 0; i--) {
      if (list !== undefined) {
        const value = `n${random.int(12)}.example`;
        if (!list.delete(value)) list.add(value);
      } else {
        const bundle = this.#bundles.get(name);
        // Ids of a bundle's own, and few that others carry too.
        const number = random.chance(0.25)
          ? random.int(3)
          : 100 * (1 + [...this.#bundles.keys()].indexOf(name)) + random.int(8);
        if (random.chance(0.4)) bundle?.delete(number);
        else bundle?.set(number, stixObject(random, number));
      }
    }
    const order = ['a.txt', 'b.txt', 'bundles', 'e.json', 'benign.txt'];
    return { source: order.indexOf(name.split('/')[0] as string), name };
  }

  /** `torn`: how likely a bundle is cut off. */
  write(name: string, torn = 0.05): void {
    const path = join(this.#root, name);
    const list = this.#lists.get(name);
    if (list !== undefined) writeFileSync(path, ['pad.example', ...list].join('\n'));
    else {
      const objects = [
        ...(this.#bundles.get(name)?.values() ?? []),
        ...(name === 'e.json' && this.#random.chance(0.3) ? [MARKING] : []),
      ];
      const text = JSON.stringify({
        type: 'bundle',
        objects: [stixObject(new Random(7), 999 + name.length), ...objects],
      });
      writeFileSync(path, this.#random.chance(torn) ? text.slice(0, -2) : text);
    }
  }
}

function sourcesOf(sources: readonly IntelSource[], set: IntelSet): SourceFeeds[] {
  return sources.map(({ source: path }) => ({
    source: path,
    fingerprint: '',
    feeds: set.feeds.filter(({ name }) => name === path || name.startsWith(`${path}/`)),
  }));
}

/**
 * All that is said of each value and still holds. The number of a name depends on when it came; `inOrder`: what one feed says several times
 * of a value stands in the order of its file.
 */
function statements(table: LayeredTable, inOrder = true): string[] {
  const lines: string[] = [];
  for (const row of table.liveRows()) {
    const sayings = table.sayingsAt(row).filter(({ said }) => !((said.validUntilMs ?? Number.NaN) <= nowMs));
    if (sayings.length === 0) continue;
    const said = sayings.map(({ feed, said: { ordinal: _ordinal, ...rest } }) => [feed.slice(folder.length), rest]);
    // The feeds keep their order in any case.
    const place = new Map(sayings.map(({ feed }, i) => [feed.slice(folder.length), i]));
    const byText = (one: unknown): string => JSON.stringify(one);
    if (!inOrder)
      said.sort(
        (a, b) => (place.get(String(a[0])) ?? 0) - (place.get(String(b[0])) ?? 0) || (byText(a) < byText(b) ? -1 : 1),
      );
    lines.push(JSON.stringify([table.shapeAt(row), table.valueAt(row), said]));
  }
  return lines.sort();
}

/** Whether the entry brings back what other feeds say than those of the source. */
function restores(before: StoreState, { rows, sources: [changed] }: StoreEntry): boolean {
  const own = new Set(changed?.feeds.map(({ name }) => name));
  return (['indicators', 'benign'] as const).some((name) =>
    rows[name].rows.some(([shape, value, numbers]) => {
      const row = before[name].findShape(shape, value);
      const known = new Set((row < 0 ? [] : before[name].sayingsAt(row)).map((one) => JSON.stringify(one)));
      return numbers.some((number) => {
        const saying = rows[name].details[number];
        return saying !== undefined && !own.has(saying.feed) && !known.has(JSON.stringify(saying));
      });
    }),
  );
}

function rules({ patterns }: StoreState): string[] {
  return [...patterns.live()]
    .map(({ pattern, feed, said: { ordinal: _ordinal, ...said } }) => JSON.stringify([pattern, feed, said]))
    .sort();
}

async function loadAll(sources: readonly IntelSource[], before?: StoreState): Promise<StoreState> {
  const set = await loadIntel(sources, {
    now,
    ...(before !== undefined && {
      carried: { revoked: before.carried.revoked, markings: before.carried.markings },
      previous: { ...mergeLayers(before, { nowMs: Number.NEGATIVE_INFINITY }) },
    }),
  });
  return new StoreState(set, sourcesOf(sources, set));
}

describe('a source read again', () => {
  it(`gives what a load of all sources gives (seed ${SEED})`, { timeout: 600_000 }, async () => {
    const random = new Random(SEED);
    const proof = {
      entries: 0,
      merges: 0,
      restarts: 0,
      expired: 0,
      changedRows: 0,
      kept: 0,
      beaten: 0,
      patterns: 0,
      restored: 0,
    };
    const rebuilt = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      nowMs = 5 * 86_400_000;
      const root = join(folder, String(round));
      const corpus = new Corpus(random, root);
      let state = await loadAll(corpus.sources);
      let log: StoreEntry[] = [];
      // What came back stands behind what its feed says otherwise of a value, wherever its file has it.
      let inOrder = true;
      for (let at = 0; at < STEPS; at++) {
        const { source: number, name } = corpus.edit();
        corpus.write(name);
        const changed = corpus.sources[number] as IntelSource;
        const expected = await loadAll(corpus.sources, state);
        const result = await refreshSource(state, changed, {
          ...{ now, name: changed.source, fingerprint: String(at), sources: corpus.sources },
        });
        if (result.kind === 'rebuild') {
          rebuilt.set(result.why, (rebuilt.get(result.why) ?? 0) + 1);
          state = expected;
          log = [];
          inOrder = true;
        } else {
          const entry = decodeEntry(encodeEntry(result.entry));
          if (entry === undefined) throw new Error('an entry of this version');
          if (restores(state, entry)) {
            inOrder = false;
            proof.restored++;
          }
          state.apply(entry);
          log.push(entry);
          proof.entries++;
          proof.changedRows += entry.rows.indicators.rows.length + entry.rows.benign.rows.length;
          proof.patterns += (entry.rows.patterns?.added.length ?? 0) + (entry.rows.patterns?.removed.length ?? 0);
          proof.beaten += entry.contested.length / 4;
          proof.kept += entry.sources[0]?.feeds.filter(({ status }) => status === 'kept').length ?? 0;
        }
        const message = `seed ${SEED}, round ${round}, step ${at}, ${name}, ${result.kind}`;
        for (const table of ['indicators', 'benign'] as const)
          expect(statements(state[table], inOrder), message).toEqual(statements(expected[table], inOrder));
        expect(rules(state), message).toEqual(rules(expected));
        expect(
          state.feeds.map(({ name: feed, status }) => [feed, status]),
          message,
        ).toEqual(expected.feeds.map(({ name: feed, status }) => [feed, status]));
        const said = (): unknown => [statements(state.indicators), statements(state.benign), rules(state)];
        const before = said();
        const next = random.int(10);
        if (next < 3) {
          nowMs += random.int(5) * 86_400_000;
          const rows = { indicators: expiredRows(state.indicators, nowMs), benign: expiredRows(state.benign, nowMs) };
          const live = [statements(state.indicators), statements(state.benign)];
          const expired = rows.indicators.rows.length;
          const entry: StoreEntry = {
            version: 1,
            atMs: nowMs,
            rows,
            sources: [],
            revoked: [],
            contested: [],
            ordinals: [],
            markings: [],
            expired,
          };
          state.apply(entry);
          log.push(entry);
          proof.expired += expired;
          expect([statements(state.indicators), statements(state.benign)], message).toEqual(live);
        } else if (next === 3) {
          state = new StoreState(mergeLayers(state, { nowMs }), state.sources);
          log = [];
          proof.merges++;
          expect(said(), message).toEqual(before);
        } else if (next < 6) {
          const path = join(root, 'base.flint');
          compileIntel(state.set, path);
          const read = readCompiledIntel(path);
          if (!read.ok) throw new Error(read.diagnostic.message);
          const { sources } = state;
          state = new StoreState(read.set, sources);
          for (const entry of log) state.apply(entry);
          proof.restarts++;
          expect(said(), message).toEqual(before);
        }
      }
    }
    console.info(`seed ${SEED}`, proof, Object.fromEntries(rebuilt));
    for (const count of ['entries', 'merges', 'restarts', 'changedRows', 'patterns'] as const)
      expect(proof[count], count).toBeGreaterThan(0);
    // Few versions come back.
    if (ROUNDS >= 100) expect(proof.restored).toBeGreaterThan(0);
    // Most changes are taken in without building anew.
    expect(proof.entries).toBeGreaterThan(ROUNDS * STEPS * 0.4);
  });

  it('hands an id on to the feed whose version counts, and back, values and patterns alike', async () => {
    const id = 'indicator--00000000-0000-4000-8000-000000000001';
    const paths = ['one.json', 'two.json'].map((name) => join(folder, name));
    const [one = '', two = ''] = paths;
    const write = (path: string, version?: number, pattern = ''): void => {
      const pad = { type: 'indicator', id: `${id}${path.length}`, pattern: "[domain-name:value = 'pad.example']" };
      const object = { type: 'indicator', id, pattern, modified: day(version ?? 0) };
      writeFileSync(path, JSON.stringify({ type: 'bundle', objects: version === undefined ? [pad] : [pad, object] }));
    };
    const [value, pattern] = ["[domain-name:value = 'v.example']", "[domain-name:value LIKE 'p%']"];
    write(one, 1, value);
    write(two);
    const sources = paths.map((path) => source(path));
    const state = await loadAll(sources);
    const refresh = async (path: string): Promise<readonly string[]> => {
      const changed = sources.find((each) => each.source === path) as IntelSource;
      const result = await refreshSource(state, changed, { now, name: path, fingerprint: '', sources });
      if (result.kind !== 'entry') throw new Error(result.why);
      state.apply(result.entry);
      const values = [...state.indicators.liveRows()].map((row) => state.indicators.valueAt(row));
      return [...values, ...[...state.patterns.live()].map((one) => one.pattern)].filter(
        (text) => text !== 'pad.example',
      );
    };
    write(two, 2, pattern);
    expect(await refresh(two)).toEqual([pattern]);
    write(one, 3, value);
    expect(await refresh(one)).toEqual(['v.example']);
    write(one);
    expect(await refresh(one)).toEqual([pattern]);
    write(one, 4, pattern);
    expect(await refresh(one)).toEqual([pattern]);
    write(one, 1, value);
    expect(await refresh(one)).toEqual([pattern]);
    write(two);
    expect(await refresh(two)).toEqual(['v.example']);
  });

  it('takes a change of many rows for a reason to build anew', async () => {
    const path = join(folder, 'many.txt');
    writeFileSync(path, 'first.example\n');
    const sources = [source(path)];
    const state = await loadAll(sources);
    writeFileSync(path, Array.from({ length: 50 }, (_, i) => `n${i}.example`).join('\n'));
    const options = { now, name: path, fingerprint: '' };
    const [one] = sources as [IntelSource];
    expect(await refreshSource(state, one, { ...options, maxRows: 50 })).toEqual({ kind: 'rebuild', why: 'size' });
    expect(await refreshSource(state, one, { ...options, maxRows: 51 })).toMatchObject({ kind: 'entry' });
  });
});
