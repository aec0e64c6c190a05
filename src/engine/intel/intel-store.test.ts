/** The store as a service uses it, with its jobs in the calling thread: changes, merges, crashes, expiry. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IntelSet } from '../../intel/intel-set.ts';
import { type IntelSource, readIntelSource } from '../../intel/intel-source.ts';
import { readFrameLog } from '../../intel/store/frame-log.ts';
import type { PatternChange } from '../../intel/store/layered-patterns.ts';
import { type IntelRows, rowsOf } from '../../intel/store/store-entry.ts';
import { type RunJob, runJob } from './intel-jobs.ts';
import type { RefreshOutcome } from './intel-refresh.ts';
import { IntelStore, type IntelStoreOptions } from './intel-store.ts';
import type { LiveSink } from './live-sink.ts';
import { type AppliedRows, LiveIndicators } from './live-indicators.ts';

/** Jobs in the calling thread. */
const runHere: RunJob = async (kind, request) => {
  const left: (() => Promise<void>)[] = [];
  const result = await runJob(kind, request, (work) => void left.push(work));
  for (const work of left) await work();
  return result as never;
};

let folder: string;
let problems: string[] = [];
beforeEach(() => {
  problems = [];
  folder = mkdtempSync(join(tmpdir(), 'flint-intel-store-'));
  for (const name of ['store', 'feeds']) mkdirSync(join(folder, name));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
});

/** A running generation, as far as the store knows one. */
class Sink implements LiveSink {
  readonly stixMappings = [];
  readonly wantedMerge = undefined;
  readonly patterns: PatternChange[] = [];
  readonly live: LiveIndicators;
  feeds: IntelSet['feeds'];
  swaps = 0;

  constructor(set: IntelSet, entries: readonly Uint8Array[]) {
    this.live = new LiveIndicators({ indicators: set.indicators, benign: set.benign.table });
    this.feeds = set.feeds;
    for (const entry of entries) this.live.apply(rowsOf(entry));
  }

  applyRows(rows: IntelRows): AppliedRows {
    return this.live.apply(rows);
  }

  applyPatterns(change: PatternChange): void {
    this.patterns.push(change);
  }

  mergePatterns(): void {
    throw new Error('nobody wanted that');
  }

  swapIntel(set: IntelSet, _built: unknown, since: readonly Uint8Array[]): void {
    this.swaps++;
    this.live.swap({ indicators: set.indicators, benign: set.benign.table }, since.map(rowsOf));
  }

  showFeeds(feeds: IntelSet['feeds']): void {
    this.feeds = feeds;
  }

  get values(): string[] {
    const { table } = this.live;
    return [...table.liveRows()].map((row) => table.valueAt(row)).sort();
  }
}

interface Opened {
  readonly store: IntelStore;
  readonly sink: Sink;
}

function sources(...names: string[]): IntelSource[] {
  return names.map((name) => {
    const read = readIntelSource(join(folder, name));
    if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join());
    return read.source;
  });
}

interface Settings {
  readonly mergeRows?: number;
  readonly run?: RunJob;
  readonly nowMs?: number;
}

function options({ nowMs, ...settings }: Settings): IntelStoreOptions {
  return {
    folder: join(folder, 'store'),
    feedFolder: join(folder, 'feeds'),
    run: runHere,
    signal: new AbortController().signal,
    now: () => nowMs ?? 1000,
    onProblem: (message, reason) => problems.push(`${message}: ${reason}`),
    ...settings,
  };
}

async function open(names: readonly string[], settings: Settings = {}): Promise<Opened> {
  const store = new IntelStore(options(settings));
  const { set, entries, attach } = await store.open(sources(...names));
  const sink = new Sink(set, entries);
  attach(sink);
  await store.settled();
  return { store, sink };
}

const noRebuild = (): Promise<RefreshOutcome> => Promise.reject(new Error('nothing here needs a rebuild'));

function put(name: string, ...values: string[]): void {
  writeFileSync(join(folder, name), `${values.map((value) => `${value}.example`).join('\n')}\n`);
}

function inStore(pattern: RegExp): string {
  const name = readdirSync(join(folder, 'store')).find((each) => pattern.test(each));
  if (name === undefined) throw new Error(`no ${pattern}`);
  return join(folder, 'store', name);
}

const names = (...values: string[]): string[] => values.map((value) => `${value}.example`);

describe('the store of a service', () => {
  it('makes what is new live before everything is built anew for the same sources', async () => {
    put('a.txt', 'a', 'b');
    const { store, sink } = await open(['a.txt']);
    put('a.txt', 'a', 'c');
    const again = await store.open(sources('a.txt'));
    expect(sink.values).toEqual(['a.example', 'c.example']);
    expect(store.metrics['refreshes_delta']).toBe(1);
    expect(again.set.indicators.size).toBe(2);
    // With other sources nothing may change before the rest of the configuration is known to be good.
    put('a.txt', 'd');
    put('b.txt', 'b');
    await store.open(sources('a.txt', 'b.txt'));
    expect(sink.values).toEqual(['a.example', 'c.example']);
    await store.close();
  });

  it('takes changes in, says what they were, and knows them after a restart without reading the sources', async () => {
    put('a.txt', 'one', 'two');
    const { store, sink } = await open(['a.txt']);
    expect(sink.values).toEqual(names('one', 'two'));
    put('a.txt', 'two', 'three', 'four');
    expect(await store.refresh(undefined, noRebuild)).toMatchObject({ way: 'delta', added: 2, removed: 1, changed: 0 });
    expect(sink.values).toEqual(names('four', 'three', 'two'));
    expect(await store.refresh(undefined, noRebuild)).toMatchObject({ way: 'unchanged' });
    expect(await store.refresh([join(folder, 'a.txt')], noRebuild)).toMatchObject({ way: 'unchanged', added: 0 });
    await store.close();
    let jobs = 0;
    const run: RunJob = (kind, request) => {
      jobs++;
      return runHere(kind, request);
    };
    const again = await open(['a.txt'], { run });
    expect(again.sink.values).toEqual(names('four', 'three', 'two'));
    expect(again.sink.live.table.delta.size).toBe(3);
    expect(await again.store.refresh(undefined, noRebuild)).toMatchObject({ way: 'unchanged' });
    expect(jobs).toBe(0);
    expect(again.sink.feeds.map(({ status, statistics }) => [status, statistics.entries])).toEqual([['loaded', 3]]);
    await again.store.close();
  });

  describe('notes of a list that was read at the start', () => {
    const many = Array.from({ length: 5000 }, (_, i) => `some-name-${i}`);

    /** Opens the store; before the notes are taken `during` is called, and after it they are only where it says `true`. */
    async function openNoted(during: (opened: Opened) => Promise<boolean>): Promise<Opened> {
      put('a.txt', ...many);
      let opened: Opened | undefined;
      const run: RunJob = async (kind, request) => {
        if (kind !== 'note') return runHere(kind, request);
        return opened !== undefined && (await during(opened)) ? runHere(kind, request) : Promise.reject(new Error('x'));
      };
      const store = new IntelStore(options({ run }));
      const { set, entries, attach } = await store.open(sources('a.txt'));
      const sink = new Sink(set, entries);
      attach(sink);
      opened = { store, sink };
      await store.settled();
      return opened;
    }

    it('are taken when the start is over, and of use for the first change', async () => {
      const { store, sink } = await openNoted(async () => true);
      put('a.txt', ...many.slice(1), 'new');
      expect(await store.refresh(undefined, noRebuild)).toMatchObject({ way: 'delta', added: 1, removed: 1 });
      expect(store.counts.refreshesPartial).toBe(1);
      expect(sink.values).toEqual(names(...many.slice(1), 'new').sort());
      await store.close();
    });

    it('are not needed: before they are there, and after a kill, the list is read as a whole', async () => {
      const { store, sink } = await openNoted(async ({ store }) => {
        put('a.txt', ...many, 'early');
        expect(await store.refresh(undefined, noRebuild)).toMatchObject({ way: 'delta', added: 1, removed: 0 });
        expect(store.counts.refreshesPartial).toBe(0);
        return false;
      });
      expect(problems.splice(0)).toHaveLength(1);
      expect(sink.values).toEqual(names(...many, 'early').sort());
      await store.close();
      // Killed before: the state names notes that nobody has written.
      for (const name of readdirSync(join(folder, 'store'))) rmSync(join(folder, 'store', name));
      const { store: killed } = await openNoted(async () => false);
      expect(problems.splice(0)).toHaveLength(1);
      expect(readdirSync(join(folder, 'store')).filter((name) => name.startsWith('seen'))).toEqual([]);
      await killed.close();
      const again = await open(['a.txt']);
      put('a.txt', ...many.slice(2));
      expect(await again.store.refresh(undefined, noRebuild)).toMatchObject({ way: 'delta', added: 0, removed: 2 });
      expect(again.store.counts.refreshesPartial).toBe(0);
      expect(again.sink.values).toEqual(names(...many.slice(2)).sort());
      await again.store.close();
    });

    it('are not those of another content, whatever it counts', async () => {
      const { store, sink } = await openNoted(async () => {
        // As many bytes and lines as before.
        put('a.txt', ...many.slice(1), 'another-name');
        put('a.txt', ...many.slice(0, -1), 'some-name-xxxx');
        return true;
      });
      expect(readdirSync(join(folder, 'store')).filter((name) => name.startsWith('seen'))).toEqual([]);
      expect(await store.refresh(undefined, noRebuild)).toMatchObject({ way: 'delta', added: 1, removed: 1 });
      expect(store.counts.refreshesPartial).toBe(0);
      expect(sink.values).toEqual(names(...many.slice(0, -1), 'some-name-xxxx').sort());
      await store.close();
    });
  });

  it('merges into a new base while changes come in, and goes back to a state that was whole after a crash', async () => {
    put('a.txt', 'one');
    put('b.txt', 'b');
    let during: (() => Promise<void>) | undefined;
    const run: RunJob = async (kind, request) => {
      const result = await runHere(kind, request);
      if (kind === 'merge' || kind === 'save') await during?.();
      return result;
    };
    const { store, sink } = await open(['a.txt', 'b.txt'], { mergeRows: 2, run });
    let extra = 0;
    during = async () => {
      during = undefined;
      // A crash now: what is on disk is the old base and its log.
      const crashed = join(folder, 'crashed');
      rmSync(crashed, { recursive: true, force: true });
      mkdirSync(crashed);
      for (const name of readdirSync(join(folder, 'store')))
        copyFileSync(join(folder, 'store', name), join(crashed, name));
      put('b.txt', 'b', `during${extra++}`);
      await store.refresh([join(folder, 'b.txt')], noRebuild);
    };
    put('a.txt', 'one', 'two', 'three', 'four');
    await store.refresh(undefined, noRebuild);
    await store.settled();
    expect([sink.swaps, store.counts.merges]).toEqual([1, 1]);
    const expected = names('b', 'during0', 'four', 'one', 'three', 'two');
    expect(sink.values).toEqual(expected);
    expect([sink.live.table.base.size, sink.live.table.delta.size]).toEqual([5, 1]);
    expect(readdirSync(join(folder, 'store')).sort()).toEqual(['base.2.flint', 'delta.2.log', 'store.json']);
    await store.close();
    const again = await open(['a.txt', 'b.txt']);
    expect(again.sink.values).toEqual(expected);
    await again.store.close();
    rmSync(join(folder, 'store'), { recursive: true });
    mkdirSync(join(folder, 'store'));
    for (const name of readdirSync(join(folder, 'crashed')))
      copyFileSync(join(folder, 'crashed', name), join(folder, 'store', name));
    const back = await open(['a.txt', 'b.txt']);
    expect(back.sink.values).toEqual(names('b', 'four', 'one', 'three', 'two'));
    // The source tells what came after it.
    expect(await back.store.refresh(undefined, noRebuild)).toMatchObject({ way: 'delta', added: 1 });
    expect(back.sink.values).toEqual(expected);
    await back.store.close();
  });

  it('comes back with the changes that were whole, wherever the log is cut off', async () => {
    put('a.txt', 'v0');
    const { store } = await open(['a.txt']);
    for (let i = 1; i <= 3; i++) {
      put('a.txt', `v${i}`);
      await store.refresh(undefined, noRebuild);
    }
    await store.close();
    const log = inStore(/\.log$/);
    const whole = readFileSync(log);
    for (let length = 16; length <= whole.length; length += 11) {
      writeFileSync(log, whole);
      truncateSync(log, length);
      const kept = readFrameLog(log).entries.length;
      const back = await open(['a.txt']);
      expect(back.sink.values, `cut to ${length}`).toEqual(names(`v${kept}`));
      const { way } = await back.store.refresh(undefined, noRebuild);
      expect(way).toBe(kept === 3 ? 'unchanged' : 'delta');
      expect(back.sink.values).toEqual(names('v3'));
      await back.store.close();
    }
  });

  it('begins anew when other sources are configured, or the log is none', async () => {
    put('a.txt', 'a');
    put('b.txt', 'b');
    await (await open(['a.txt'])).store.close();
    const both = await open(['a.txt', 'b.txt']);
    expect(both.sink.values).toEqual(names('a', 'b'));
    await both.store.close();
    writeFileSync(inStore(/\.log$/), 'no log at all, but long enough for a header');
    const again = await open(['a.txt', 'b.txt']);
    expect(again.sink.values).toEqual(names('a', 'b'));
    put('b.txt', 'c');
    await again.store.refresh(undefined, noRebuild);
    await again.store.close();
    const last = await open(['a.txt', 'b.txt']);
    expect(last.sink.values).toEqual(names('a', 'c'));
    await last.store.close();
  });

  it('removes what has expired, and it stays away after a restart', async () => {
    const object = (name: string, until?: string): object => ({
      type: 'indicator',
      id: `indicator--00000000-0000-4000-8000-00000000000${name.length}`,
      pattern: `[domain-name:value = '${name}.example']`,
      ...(until !== undefined && { valid_until: until }),
    });
    const text = JSON.stringify({
      type: 'bundle',
      objects: [object('short', '1970-01-02T00:00:00Z'), object('longer')],
    });
    writeFileSync(join(folder, 'a.json'), text);
    await (await open(['a.json'])).store.close();
    const { store, sink } = await open(['a.json'], { nowMs: 2 * 86_400_000 });
    await store.sweep();
    expect(sink.values).toEqual(names('longer'));
    expect(store.counts.expired).toBe(1);
    await store.sweep();
    expect(store.counts.expired).toBe(1);
    await store.close();
    const again = await open(['a.json'], { nowMs: 2 * 86_400_000 });
    expect(again.sink.values).toEqual(names('longer'));
    await again.store.close();
  });

  it('asks for all to be built anew when Sigma rules change, and builds the indicators anew alone when markings do', async () => {
    const marking = {
      type: 'marking-definition',
      id: 'marking-definition--00000000-0000-4000-8000-00000000000a',
      definition_type: 'tlp',
      definition: { tlp: 'red' },
    };
    const bundle = (
      name: string,
      pattern: string,
      modified: string,
      pattern_type = 'stix',
      more: object[] = [],
    ): void =>
      writeFileSync(
        join(folder, name),
        JSON.stringify({
          type: 'bundle',
          objects: [
            {
              type: 'indicator',
              id: 'indicator--00000000-0000-4000-8000-000000000001',
              modified,
              pattern,
              pattern_type,
            },
            ...more,
          ],
        }),
      );
    bundle('a.json', `[domain-name:value = 'a.example']`, '2024-01-01T00:00:00Z');
    bundle('b.json', `[domain-name:value = 'b.example']`, '2024-01-02T00:00:00Z');
    const { store, sink } = await open(['a.json', 'b.json']);
    expect(sink.values).toEqual(names('b'));
    bundle('a.json', `[domain-name:value = 'newer.example']`, '2024-01-03T00:00:00Z');
    expect(await store.refresh(undefined, noRebuild)).toMatchObject({ way: 'delta', ok: true });
    expect([sink.values, sink.swaps]).toEqual([names('newer'), 0]);
    const text = `[domain-name:value MATCHES 'pattern']`;
    bundle('a.json', text, '2024-01-03T12:00:00Z', 'stix', [marking]);
    expect(await store.refresh(undefined, noRebuild)).toMatchObject({ way: 'rebuild', ok: true });
    expect([sink.values, sink.swaps]).toEqual([[], 1]);
    expect(sink.patterns).toMatchObject([{ removed: [], added: [{ pattern: text }] }]);
    bundle('a.json', 'title: a rule', '2024-01-04T00:00:00Z', 'sigma');
    let asked = 0;
    const rebuild = async (): Promise<RefreshOutcome> => {
      asked++;
      return { atMs: 0, ok: true, way: 'rebuild', added: 0, removed: 0, changed: 0, message: '' };
    };
    expect(await store.refresh(undefined, rebuild)).toMatchObject({ way: 'rebuild' });
    expect(asked).toBe(1);
    await store.settled();
    await store.close();
  });
});
