/** The schedule of fetched sources, with a clock, a pull and a "take in" of the test's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnostic } from '../../errors/diagnostic.ts';
import { type IntelSource, readIntelSource } from '../../intel/intel-source.ts';
import type { PullOutcome } from '../../intel/pull-source.ts';
import { readHealth, writeHealth } from '../../intel/source-health.ts';
import { pollDelayMs, SourcePoller } from './source-poller.ts';

const MINUTE = 60_000;
let folder: string;
let nowMs: number;
let asked: string[];
let answers: Map<string, () => Promise<Partial<PullOutcome>>>;
let taken: (readonly string[])[];
let isLive: boolean;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-poller-'));
  nowMs = 1_000_000;
  asked = [];
  answers = new Map();
  taken = [];
  isLive = true;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const OK: PullOutcome = { ok: true, changed: false, added: 0, damaged: 0, objects: 1, diagnostics: [] };
const DOWN: Partial<PullOutcome> = { ok: false, diagnostics: [diagnostic('INTEL_FETCH_FAILED', 'error', 'down')] };

function source(host: string, more: object = {}): IntelSource {
  const read = readIntelSource({ source: `https://${host}.example/list`, name: host, every: '10m', ...more });
  if (!read.ok) throw new Error('refused');
  return read.source;
}

function poller(): SourcePoller {
  const silent = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
  return new SourcePoller({
    folder,
    logger: silent,
    now: () => nowMs,
    random: () => 0.5,
    pull: async (one, _signal, progress) => {
      asked.push(one.name ?? '');
      if (one.name === 'long') progress();
      const outcome = { ...OK, ...(await answers.get(one.name ?? '')?.()) };
      const before = await readHealth(one, folder);
      const failures = outcome.ok ? 0 : (before?.failures ?? 0) + 1;
      await writeHealth(one, folder, { version: 1, lastTryMs: nowMs, failures, fetches: 0, unchanged: 0 });
      return outcome;
    },
  });
}

async function started(sources: readonly IntelSource[]): Promise<SourcePoller> {
  const one = poller();
  await one.update(sources);
  one.start(async (names) => {
    taken.push(names);
    return isLive;
  });
  return one;
}

async function tick(one: SourcePoller, afterMs = 0): Promise<void> {
  nowMs += afterMs;
  one.tick();
  await one.settled();
}

describe('the schedule of fetched sources', () => {
  it('asks each at its own times, and a restart keeps them', async () => {
    const sources = [source('a'), source('b', { every: '30m' })];
    const first = await started(sources);
    await tick(first);
    expect(asked.sort()).toEqual(['a', 'b']);
    await tick(first, 9 * MINUTE);
    expect(asked).toHaveLength(2);
    await tick(first, MINUTE);
    expect(asked).toEqual(['a', 'b', 'a']);
    await first.stop();
    // Nothing is stored of these, so a restart asks at once; what is stored waits for its time.
    expect((await readHealth(sources[1] as IntelSource, folder))?.nextPollMs).toBe(1_000_000 + 30 * MINUTE);
  });

  it('takes in what is new, and again what could not be taken in', async () => {
    answers.set('a', async () => ({ changed: true, added: 3 }));
    const one = await started([source('a'), source('b')]);
    isLive = false;
    await tick(one);
    expect(taken).toEqual([['https://a.example/list']]);
    isLive = true;
    await tick(one, MINUTE);
    expect(taken).toEqual([['https://a.example/list'], ['https://a.example/list']]);
    await tick(one, MINUTE);
    expect(taken).toHaveLength(2);
    await one.stop();
  });

  it('takes in again what expires, while the server still gives it', async () => {
    const one = await started([source('a', { every: '1h', expires_after: '8h' }), source('b', { every: '1h' })]);
    for (let hour = 0; hour < 6; hour++) await tick(one, hour === 0 ? 0 : 60 * MINUTE);
    expect(asked).toHaveLength(12);
    expect(taken).toEqual([['https://a.example/list'], ['https://a.example/list'], ['https://a.example/list']]);
    await one.stop();
  });

  it('takes in what a long pull has so far', async () => {
    let finish = (): void => undefined;
    const slow = new Promise<Partial<PullOutcome>>((resolve) => {
      finish = () => resolve({ changed: true });
    });
    answers.set('long', () => slow);
    const one = await started([source('long')]);
    one.tick();
    expect(taken).toHaveLength(1);
    finish();
    await one.settled();
    await tick(one);
    expect(taken).toHaveLength(2);
    await one.stop();
  });

  it('comes back sooner after a failure, with growing waits, and shows how it is doing', async () => {
    answers.set('a', async () => DOWN);
    const one = await started([source('a')]);
    const times: number[] = [];
    for (let minute = 0; minute < 40; minute++) {
      const before = asked.length;
      await tick(one, minute === 0 ? 0 : MINUTE);
      if (asked.length > before) times.push(minute);
    }
    expect(times).toEqual([0, 1, 3, 7, 15, 25, 35]);
    expect(one.snapshots()).toMatchObject([
      { component: 'source', name: 'a', gauges: { failures: 7 }, errors: { INTEL_FETCH_FAILED: 7 } },
    ]);
    await one.stop();
  });

  it('asks one server one thing at a time', async () => {
    let finish = (): void => undefined;
    const slow = new Promise<Partial<PullOutcome>>((resolve) => {
      finish = () => resolve({});
    });
    answers.set('a', () => slow);
    const one = await started([source('a'), { ...source('a'), source: 'https://a.example/other' }, source('b')]);
    one.tick();
    one.tick();
    expect(asked).toEqual(['a', 'b']);
    finish();
    await one.settled();
    await tick(one);
    expect(asked).toEqual(['a', 'b', 'a']);
    await one.stop();
  });

  it('waits at a start for what was never fetched, but not for ever', async () => {
    answers.set('slow', () => new Promise(() => undefined));
    const one = poller();
    await one.update([source('a'), source('slow')]);
    await one.pullMissing(500);
    expect(asked).toEqual(['a', 'slow']);
    expect(one.sources.map(({ name, running }) => [name, running])).toEqual([
      ['a', false],
      ['slow', true],
    ]);
  });

  it('forgets sources that are gone and asks at once when one is configured anew', async () => {
    const one = await started([source('a'), source('b')]);
    await tick(one);
    await one.update([source('a', { every: '5m' })]);
    await tick(one);
    expect(asked.sort()).toEqual(['a', 'a', 'b']);
    expect(one.sources.map(({ name }) => name)).toEqual(['a']);
    one.pullAll();
    await one.settled();
    expect(asked).toHaveLength(4);
    await one.stop();
  });

  it('has a jitter, does not hurry with wrong credentials, and does as the server asks', () => {
    const one = source('a');
    const failed = (more: Partial<PullOutcome>): PullOutcome => ({ ...OK, ...DOWN, ...more });
    expect([0, 0.5, 1].map((random) => Math.round(pollDelayMs(one, OK, 0, random) / MINUTE))).toEqual([9, 10, 11]);
    expect(pollDelayMs(one, failed({}), 1, 0.5)).toBe(MINUTE);
    const refused = [diagnostic('INTEL_FETCH_AUTH', 'error', '401')];
    expect(pollDelayMs(one, failed({ diagnostics: refused }), 1, 0.5)).toBe(10 * MINUTE);
    expect(pollDelayMs(one, failed({ retryAfterMs: 3_600_000 }), 1, 0.5)).toBe(3_600_000);
  });
});
