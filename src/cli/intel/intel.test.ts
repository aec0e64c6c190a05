/** Rendering of feeds and answers for people and programs. */
import { describe, expect, it } from 'vitest';
import type { FeedState } from '../../intel/intel-set.ts';
import type { SourceHealth } from '../../intel/source-health.ts';
import { compiledLine } from './compile.ts';
import { healthObject, healthRow } from './health-rows.ts';
import { age, counts, feedObject, feedRow } from './feed-rows.ts';
import { answerText } from './lookup.ts';
import { type IntelSource, readIntelSource } from '../../intel/intel-source.ts';
import type { PullOutcome } from '../../intel/pull-source.ts';
import { pulledLine, pulledObject, selected } from './pull.ts';

const FEED: FeedState = {
  name: 'feeds/a.txt',
  provider: 'a',
  format: 'plain',
  role: 'indicators',
  status: 'loaded',
  statistics: {
    entries: 1240,
    kinds: { url: 34, domain: 1200 },
    known: 3,
    deferred: { regex: 2 },
    skipped: { 'public-suffix': 1 },
    notes: {},
    bad: 5,
  },
  bytes: 2048,
  loadedAtMs: 0,
  fetchedAtMs: 0,
  diagnostics: [{ code: 'INTEL_BAD_VALUE', severity: 'warning', message: 'x', span: { file: 'feeds/a.txt', line: 7 } }],
  omittedDiagnostics: 4,
};

function source(entry: string | object): IntelSource {
  const read = readIntelSource(entry as string);
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join());
  return read.source;
}

describe('flint intel', () => {
  it('shows a feed as a row', () => {
    expect(feedRow(FEED, 3_600_000)).toEqual([
      FEED.provider,
      'feeds/a.txt',
      'loaded',
      'plain',
      '1,234',
      '1,200 domain, 34 url, 2 patterns',
      '1 public-suffix',
      '5',
      '2.0 KiB',
      '60 min',
    ]);
  });

  it('tells rules that are looked for from rules of other languages', () => {
    const skipped = { 'pattern-type-sigma': 1, 'pattern-type-yara': 3, 'pattern-type-snort': 2 };
    const statistics = { ...FEED.statistics, kinds: {}, deferred: { regex: 1 }, skipped };
    expect(feedRow({ ...FEED, statistics }, 3_600_000).slice(5, 7)).toEqual([
      '1 pattern, 1 Sigma rule',
      '3 yara, 2 snort',
    ]);
    const replaced = { ...FEED.statistics, notes: { 'replaced-version': 4 } };
    expect(feedRow({ ...FEED, statistics: replaced }, 0)[6]).toBe('4 replaced, 1 public-suffix');
  });

  it('shows a feed to programs with all its counts and its problems', () => {
    expect(feedObject(FEED, 5000)).toMatchObject({
      name: 'feeds/a.txt',
      indicators: 1234,
      kinds: { url: 34, domain: 1200 },
      bad: 5,
      ageSeconds: 5,
      problems: [{ code: 'INTEL_BAD_VALUE', line: 7 }],
      omittedProblems: 4,
    });
  });

  it('says what was compiled and what was left out', () => {
    expect(compiledLine(FEED)).toBe(
      'feeds/a.txt: plain; loaded; 1,200 domain, 34 url; left out: 5 bad, 1 public-suffix; 2 patterns',
    );
  });

  it('says what was pulled, to people and programs', () => {
    const none: PullOutcome = { ok: true, changed: false, added: 0, damaged: 0, objects: 0, diagnostics: [] };
    const line = (entry: string | object, outcome: Partial<PullOutcome>): string =>
      pulledLine(source(entry), { ...none, ...outcome }, { colorErr: false });
    const list = 'https://user:pass@feeds.example/list?key=secret';
    expect(line(list, { changed: true, feed: FEED })).toMatch(
      /^https:\/\/feeds\.example\/list\?[0-9a-f]{8}: pulled, plain, 1,200 domain, 34 url$/,
    );
    const taxii = { source: 'taxii+https://t.example/', name: 'partner' };
    expect(line(taxii, { objects: 1200 })).toBe('partner: nothing new, 1,200 objects');
    expect(line(taxii, { ok: false, changed: true, added: 3, objects: 9, damaged: 1 })).toBe(
      'partner: stopped on the way, 3 new, 9 objects, 1 damaged',
    );
    expect(line('misp+https://m.example/feed/', { changed: true, added: 2, objects: 2 })).toMatch(/2 new, 2 events$/);
    expect(JSON.stringify(pulledObject(source(list), none))).not.toMatch(/secret|pass/);
  });

  it('shows how a fetched source is doing', () => {
    const one = source({ source: 'taxii+https://t.example/', name: 'partner', every: '15m' });
    expect(healthRow({ source: one }, 0).slice(0, 5)).toEqual(['partner', 'taxii', 'not fetched', '', 'never']);
    const health: SourceHealth = {
      version: 1,
      ...{ lastTryMs: 60_000, lastSuccessMs: 30_000, nextPollMs: 180_000, objects: 1234 },
      ...{ failures: 2, fetches: 1, unchanged: 0 },
      lastError: { code: 'INTEL_TAXII_FAILED', message: 'down' },
    };
    expect(healthRow({ source: one, health }, 90_000)).toEqual([
      ...['partner', 'taxii', 'failed 2 times', '1,234', '60 s ago', 'never', 'in 90 s'],
      'INTEL_TAXII_FAILED: down',
    ]);
    expect(healthRow({ source: one, health }, 200_000)[6]).toBe('due');
    expect(healthObject({ source: one, health })).toMatchObject({
      ...{ source: 'partner', everySeconds: 900, lastSuccess: '1970-01-01T00:00:30.000Z', failures: 2 },
      lastError: { code: 'INTEL_TAXII_FAILED' },
    });
  });

  it('takes sources by name or address, and names the nearest', () => {
    const sources = ['/etc/list.txt', { source: 'https://a.example/x?k=1', name: 'first' }, 'https://b.example/y'].map(
      source,
    );
    expect(selected(sources, []).map(({ source: one }) => one)).toEqual([
      'https://a.example/x?k=1',
      'https://b.example/y',
    ]);
    expect(selected(sources, ['first', 'https://b.example/y'])).toHaveLength(2);
    expect(selected(sources, ['https://a.example/x'])).toHaveLength(1);
    expect(() => selected(sources, ['frst'])).toThrow('no source is called "frst"; did you mean "first"?');
    expect(() => selected(sources.slice(0, 1), [])).toThrow('no source is a URL');
  });

  it('counts and ages in words', () => {
    expect(counts({})).toBe('');
    expect([90_000, 600_000, 86_400_000, 864_000_000].map(age)).toEqual(['90 s', '10 min', '24 h', '10 d']);
  });

  it('answers a look-up in lines that no feed can break', () => {
    const text = answerText(
      {
        value: 'a.evil[.]example',
        kind: 'domain',
        canonical: 'a.evil.example',
        notes: ['refanged'],
        indicators: [
          {
            kind: 'domain',
            value: 'evil.example',
            semantics: 'subdomain',
            how: 'subdomain',
            sources: [
              {
                id: 'indicator--1',
                name: 'Evil\nname\u001b[31m',
                provider: 'a',
                confidence: 80,
                feed: 'f',
                validity: 'valid',
              },
            ],
          },
        ],
      },
      false,
    );
    expect(text.split('\n')).toEqual([
      'a.evil[.]example = a.evil.example  (domain)',
      '  domain evil.example  subdomain, reaches subdomain',
      '    a, Evil name\\x1b[31m, confidence 80, valid, indicator--1',
    ]);
    expect(answerText({ value: 'x', notes: [], indicators: [] }, false)).toBe('x  (text)\n  not known');
  });
});
