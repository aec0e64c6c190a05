/**
 * Changed records against fresh loads: random edits of lists, MISP folders and stored TAXII collections, taken in by what changed in
 * them; after each, the store says of every value what a load of all sources says, and the feeds count what it counts. A failure names
 * the seed, which FLINT_SEED repeats.
 */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayeredTable } from '../../core/layered-table.ts';
import { Random } from '../../testing/random.ts';
import type { FeedState } from '../intel-set.ts';
import { type IntelSource, readIntelSource } from '../intel-source.ts';
import { loadIntel } from '../load-intel.ts';
import { sourceKey, taxiiFolder } from '../stored-feeds.ts';
import { mergeLayers } from '../store/merge-layers.ts';
import { refreshSource, type SourceRefresh } from '../store/refresh-source.ts';
import { decodeEntry, encodeEntry } from '../store/store-entry.ts';
import { StoreState } from '../store/store-state.ts';
import { writeTaxiiIndex } from '../taxii/taxii-index.ts';
import { TaxiiStore } from '../taxii/taxii-store.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';

const SEED = testSeed();
const ROUNDS = testRounds(3, 100);
const STEPS = 26;
const DAY_MS = 86_400_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-seen-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let nowMs = 0;
const now = (): number => nowMs;

function source(entry: string | Record<string, unknown>): IntelSource {
  const read = readIntelSource(entry);
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join());
  return read.source;
}

/** Lines in many spellings, so that different lines give the same value, and lines that give none, many or are wrong. */
function line(random: Random): string {
  const n = random.int(30);
  return random.pick([
    () => `n${n}.example`,
    () => `N${n}.Example`,
    () => `n${n}[.]example`,
    () => `198.51.100.${n}`,
    () => `||n${n}.example^`,
    () => `0.0.0.0 n${n}.example m${n}.example`,
    () => `# comment ${n}`,
    () => '',
    () => `n${n}.example # because`,
    () => `not an indicator ${n}`,
    () => `http://n${n}.example/${n}`,
  ])();
}

/** Rows of a table, some of several values, wrong, or with quotes; few go on in the next line. */
function row(random: Random): string {
  const n = random.int(30);
  return random.pick([
    () => `n${n}.example,domain,${random.int(3) * 10},why ${n % 3}`,
    () => `198.51.100.${n},ipv4,,`,
    () => `"n${n}.example",domain,50,"a, ""quoted"" word"`,
    () => `n${n}.example|203.0.113.${n},domain|ip,,`,
    () => `nothing ${n},domain,,`,
    () => `,,,`,
    () => `# comment ${n}`,
    () => '',
    () => `http://n${n}.example/${n},url,70,x`,
    ...(random.chance(0.1) ? [() => `n${n}.example,domain,50,"two\nlines"`] : []),
    ...(random.chance(0.1) ? [() => `n${n}.example,domain,50,"never closed`] : []),
  ])();
}

function listText(random: Random, lines: readonly string[]): string {
  const end = random.chance(0.2) ? '\r\n' : '\n';
  return lines.join(end) + (random.chance(0.5) ? end : '');
}

function edited(random: Random, lines: string[], line: (random: Random) => string): void {
  for (let i = 1 + random.int(5); i > 0; i--) {
    const at = random.int(lines.length + 1);
    random.pick([
      () => lines.splice(at, 0, line(random)),
      () => lines.splice(at, 1),
      () => lines.splice(at, 1, line(random)),
      () => lines.push(line(random)),
      () => lines.splice(0, 0, ...lines.splice(at)),
      () => lines.push(...lines.slice(at, at + 2)),
    ])();
  }
}

function event(random: Random, number: number): string {
  const attributes = Array.from({ length: 1 + random.int(5) }, () => ({
    type: random.pick(['domain', 'ip-dst', 'domain|ip', 'comment']),
    value: `n${random.int(30)}.example${random.chance(0.2) ? '|203.0.113.9' : ''}`,
    to_ids: random.chance(0.9),
    timestamp: String(1000 + random.int(50)),
    ...(random.chance(0.3) && { comment: `c${random.int(3)}` }),
  }));
  const text = JSON.stringify({
    Event: { uuid: '00000000-0000-4000-8000-000000000000', info: `event ${number % 3}`, Attribute: attributes },
  });
  return random.chance(0.05) ? text.slice(0, -3) : text;
}

function stixObject(random: Random, ids: number): Record<string, unknown> {
  const names = Array.from({ length: 1 + random.int(2) }, () => `'n${random.int(30)}.example'`);
  const pattern = random.pick([
    ...Array(12).fill(`[${names.map((name) => `domain-name:value = ${name}`).join(' OR ')}]`),
    '[domain-name:value = ',
    "[domain-name:value MATCHES 'x']",
  ]) as string;
  return {
    type: 'indicator',
    ...(random.chance(0.95) && { id: `indicator--00000000-0000-4000-8000-${String(ids).padStart(12, '0')}` }),
    ...(random.chance(0.95) && { modified: new Date(random.int(8) * 1000).toISOString() }),
    name: `name ${random.int(6)}`,
    pattern,
    ...(random.chance(0.1) && { pattern_type: 'yara' }),
    ...(random.chance(0.1) && { valid_until: new Date((10 + random.int(20)) * DAY_MS).toISOString() }),
    ...(random.chance(0.04) && { revoked: true }),
    ...(random.chance(0.1) && { indicator_types: ['benign'] }),
  };
}

class Corpus {
  readonly sources: readonly IntelSource[];
  readonly feeds: string;
  readonly #random: Random;
  readonly #root: string;
  readonly #lists = new Map<string, string[]>();
  readonly #events = new Map<string, string>();
  #clock = 10_000;

  constructor(random: Random, root: string) {
    this.#random = random;
    this.#root = root;
    this.feeds = join(root, 'feeds');
    mkdirSync(join(root, 'misp'), { recursive: true });
    const manifest = { '00000000-0000-4000-8000-000000000000': { info: 'x', timestamp: '1' } };
    writeFileSync(join(root, 'misp', 'manifest.json'), JSON.stringify(manifest));
    for (const name of ['a.txt', 'ends.txt', 'benign.txt'])
      this.#lists.set(
        name,
        Array.from({ length: 10 + random.int(40) }, () => line(random)),
      );
    for (const name of ['head.csv', 'bare.csv'])
      this.#lists.set(
        name,
        Array.from({ length: 15 + random.int(random.pick([20, 300])) }, () => row(random)),
      );
    this.sources = [
      source({ source: join(root, 'a.txt'), format: 'plain' }),
      source({ source: join(root, 'ends.txt'), format: 'plain', expires_after: '9d' }),
      source({ source: join(root, 'benign.txt'), format: 'plain', role: 'benign' }),
      source({ source: join(root, 'head.csv'), expires_after: '9d' }),
      source({
        source: join(root, 'bare.csv'),
        columns: { value: 1, type: 2, confidence: 3, description: 4 },
        header: false,
      }),
      source(join(root, 'misp')),
      source({ source: 'https://taxii.example/', type: 'taxii', expires_after: '30d' }),
    ];
  }

  async begin(): Promise<void> {
    for (const name of this.#lists.keys()) this.#writeList(name);
    for (let i = 0; i < 4; i++) this.#editEvents();
    const [taxii] = this.sources.slice(-1) as [IntelSource];
    const collections = await Promise.all(
      ['one', 'two'].map(async (title) => {
        const url = `https://taxii.example/${title}/`;
        const store = await TaxiiStore.open(taxiiFolder(this.feeds), url);
        await store.close();
        await this.#append(title, 8);
        return { url, title, folder: store.folder.slice(taxiiFolder(this.feeds).length + 1) };
      }),
    );
    await writeTaxiiIndex(taxiiFolder(this.feeds), sourceKey(taxii), { version: 1, fetchedAtMs: 0, collections });
  }

  /** Of the source that was changed last. */
  changedFeeds = 1;

  /** Changes one source; returns its position. */
  async edit(): Promise<number> {
    this.changedFeeds = 1;
    const random = this.#random;
    const number = random.int(this.sources.length);
    if (number < 5) {
      const name = [...this.#lists.keys()][number] as string;
      const lines = this.#lists.get(name) as string[];
      // A list with an end may only have been found to stand there still.
      if (number !== 1 || random.chance(0.6)) edited(random, lines, number < 3 ? line : row);
      this.#writeList(name);
    } else if (number === 5) this.#editEvents();
    else {
      const titles = random.pick([['one'], ['two'], ['one', 'two']]);
      this.changedFeeds = titles.length;
      for (const title of titles) await this.#append(title, 1 + random.int(4));
    }
    return number;
  }

  #writeList(name: string): void {
    const path = join(this.#root, name);
    // Now and then another header, so that it is another table.
    const head =
      name === 'head.csv'
        ? [this.#random.chance(0.05) ? 'other,type,confidence,note' : 'value,type,confidence,description']
        : [];
    writeFileSync(path, listText(this.#random, [...head, ...(this.#lists.get(name) ?? [])]));
    utimesSync(path, nowMs / 1000, nowMs / 1000 + ++this.#clock / 1000);
  }

  #editEvents(): void {
    const random = this.#random;
    for (let i = 1 + random.int(2); i > 0; i--) {
      const name = `${random.int(8)}.json`;
      const path = join(this.#root, 'misp', name);
      if (this.#events.size > 2 && random.chance(0.3)) {
        this.#events.delete(name);
        rmSync(path, { force: true });
      } else {
        const text = event(random, random.int(20));
        this.#events.set(name, text);
        writeFileSync(path, text);
        utimesSync(path, ++this.#clock, this.#clock);
      }
    }
  }

  async #append(title: string, count: number): Promise<void> {
    const random = this.#random;
    const store = await TaxiiStore.open(taxiiFolder(this.feeds), `https://taxii.example/${title}/`);
    const objects = Array.from({ length: count }, () => {
      const object = random.chance(0.03)
        ? { type: 'marking-definition', id: 'marking-definition--1', definition: { tlp: 'red' } }
        : stixObject(random, (title === 'one' ? 0 : 9) + random.int(12));
      const { id = '', type, modified = '' } = object as Record<string, string>;
      return { id, type: type ?? '', version: `${modified} ${++this.#clock}`, text: JSON.stringify(object) };
    });
    await store.append(objects, {}, nowMs);
    if (random.chance(0.05)) await store.tidy(1);
    await store.close();
  }
}

function statements(table: LayeredTable): string[] {
  const lines: string[] = [];
  for (const row of table.liveRows()) {
    const sayings = table.sayingsAt(row).filter(({ said }) => !((said.validUntilMs ?? Number.NaN) <= nowMs));
    if (sayings.length === 0) continue;
    // The same said twice by one feed is one thing said; a merge leaves it out.
    const said = new Set(sayings.map(({ feed, said: { ordinal: _ordinal, ...rest } }) => JSON.stringify([feed, rest])));
    // Rows of a table that only moved are not read: what it says twice of a value stays in its former order.
    const feeds = [...new Set(sayings.map(({ feed }) => feed))];
    const ordered = feeds.flatMap((feed) => {
      const own = [...said].filter((text) => text.startsWith(`[${JSON.stringify(feed)}`));
      return feed.endsWith('.csv') ? own.sort() : own;
    });
    lines.push(JSON.stringify([table.shapeAt(row), table.valueAt(row), ...ordered]));
  }
  return lines.sort();
}

function rules({ patterns }: StoreState): string[] {
  return [...patterns.live()].map(({ pattern, said }) => `${pattern} ${said.id}`).sort();
}

/** What was counted. `known` of a load of all includes what other sources give; of one source alone it is compared elsewhere. */
function counted({ name, status, statistics, diagnostics, omittedDiagnostics, asOfMs }: FeedState): unknown {
  const { known: _known, ...rest } = statistics;
  return {
    name,
    status,
    ...rest,
    asOfMs,
    problems: diagnostics.map(({ message, span }) => [message, span?.line]),
    omittedDiagnostics,
  };
}

describe('what changed in a feed', () => {
  it(`gives what a load of all sources gives (seed ${SEED})`, { timeout: 600_000 }, async () => {
    const random = new Random(SEED);
    const partial = new Map<string, number>();
    const whole = new Map<string, number>();
    const proof = { rows: 0, renewed: 0, merges: 0, early: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      nowMs = 5 * DAY_MS;
      const root = join(folder, String(round));
      mkdirSync(join(root, 'seen'), { recursive: true });
      const seen = { folder: join(root, 'seen'), minBytes: 0 };
      const corpus = new Corpus(random, root);
      await corpus.begin();
      const { sources, feeds: cacheFolder } = corpus;
      const loadAll = async (before?: StoreState): Promise<StoreState> => {
        const counts: number[] = [];
        const set = await loadIntel(sources, {
          now,
          cacheFolder,
          urls: 'cached',
          sourceDone: (count) => counts.push(count),
          seen,
          ...(before !== undefined && {
            carried: { revoked: before.carried.revoked, markings: before.carried.markings },
            previous: mergeLayers(before, { nowMs: Number.NEGATIVE_INFINITY }),
          }),
        });
        let at = 0;
        return new StoreState(
          set,
          sources.map(({ source: name }, i) => {
            const first = at;
            at += counts[i] ?? 0;
            return { source: name, fingerprint: '', feeds: set.feeds.slice(first, at) };
          }),
        );
      };
      let state = await loadAll();
      for (let at = 0; at < STEPS; at++) {
        if (random.chance(0.3)) nowMs += random.int(3) * DAY_MS;
        const number = await corpus.edit();
        const changed = sources[number] as IntelSource;
        const label = changed.transport === 'taxii' ? 'taxii' : changed.source.slice(root.length + 1);
        const expected = await loadAll(state);
        let result: SourceRefresh;
        do {
          result = await refreshSource(state, changed, {
            now,
            ...{ cacheFolder, seen, sources },
            name: changed.source,
            fingerprint: String(at),
          });
          if (result.kind === 'rebuild') {
            if (result.entry === undefined) break;
            // The values do not wait for the rules.
            state.apply(result.entry);
            proof.early++;
            // Of several feeds the others are still to come.
            if (corpus.changedFeeds > 1) break;
            // What has no time of its own ends later once all of it is in use.
            const untimed = (table: LayeredTable): string[] =>
              statements(table).map((text) => text.replaceAll(/,\\"validUntilMs\\":[\d.]+/g, ''));
            expect(untimed(state.indicators), `seed ${SEED}, early`).toEqual(untimed(expected.indicators));
            break;
          }
          result.saveNotes?.();
          const entry = decodeEntry(encodeEntry(result.entry));
          if (entry === undefined) throw new Error('an entry of this version');
          state.apply(entry);
          const how = result.recordsRead === undefined ? whole : partial;
          how.set(label, (how.get(label) ?? 0) + 1);
          proof.rows += entry.rows.indicators.rows.length + entry.rows.benign.rows.length;
          proof.renewed += entry.rows.renewed?.length ?? 0;
        } while (result.more === true);
        if (result.kind === 'rebuild') state = expected;
        const message = `seed ${SEED}, round ${round}, step ${at}, ${label}, ${result.kind}`;
        expect(statements(state.indicators), message).toEqual(statements(expected.indicators));
        expect(statements(state.benign), message).toEqual(statements(expected.benign));
        expect(rules(state), message).toEqual(rules(expected));
        if (label !== 'taxii' && result.kind !== 'rebuild')
          expect(state.sources[number]?.feeds.map(counted), message).toEqual(
            expected.sources[number]?.feeds.map(counted),
          );
        if (random.chance(0.1)) {
          state = new StoreState(mergeLayers(state, { nowMs }), state.sources);
          proof.merges++;
        }
      }
    }
    console.info(`seed ${SEED}`, proof, 'partial', Object.fromEntries(partial), 'whole', Object.fromEntries(whole));
    for (const label of ['a.txt', 'ends.txt', 'benign.txt', 'misp', 'taxii'])
      expect(partial.get(label) ?? 0, label).toBeGreaterThan(0);
    expect((partial.get('head.csv') ?? 0) + (partial.get('bare.csv') ?? 0), 'tables').toBeGreaterThan(0);
    for (const count of ['rows', 'renewed', 'merges'] as const) expect(proof[count], count).toBeGreaterThan(0);
  });
});
