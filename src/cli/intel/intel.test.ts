/** Rendering of feeds and answers for people and programs. */
import { describe, expect, it } from 'vitest';
import type { FeedState } from '../../intel/intel-set.ts';
import { compiledLine } from './compile.ts';
import { age, counts, feedObject, feedRow } from './feed-rows.ts';
import { answerText } from './lookup.ts';
import { pulledLine } from './pull.ts';

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

describe('flint intel', () => {
  it('shows a feed as a row', () => {
    expect(feedRow(FEED, 3_600_000)).toEqual([
      'feeds/a.txt',
      'loaded',
      'plain',
      '1,234',
      '1,200 domain, 34 url',
      '2 deferred regex, 1 public-suffix',
      '5',
      '2.0 KiB',
      '60 min',
    ]);
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

  it('says what was compiled, what was left out and what was pulled', () => {
    expect(compiledLine(FEED)).toBe(
      'feeds/a.txt: plain; loaded; 1,200 domain, 34 url; left out: 5 bad, 1 public-suffix; 2 patterns',
    );
    expect(pulledLine(FEED, { colorErr: false })).toBe('feeds/a.txt: loaded, plain, 1,200 domain, 34 url');
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
