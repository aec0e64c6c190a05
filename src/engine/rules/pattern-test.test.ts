import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EventValue } from '../../core/event.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { testPatterns } from './pattern-test.ts';

interface Vector {
  readonly id: string;
  readonly origin: string;
  readonly pattern?: string;
  readonly expect: boolean | string | null;
  readonly error?: string | null;
}

const OBSERVED = {
  type: 'observed-data',
  first_observed: '2024-03-01T10:00:00Z',
  last_observed: '2024-03-01T10:00:00Z',
};
const FIXTURES = {
  old: [
    {
      ...OBSERVED,
      number_observed: 2,
      objects: {
        '0': {
          type: 'file',
          name: 'al\nice',
          size: 5,
          m_hex: 'ffd8',
          when: '2024-03-01T10:00:00.5Z',
          bad: '2024',
          in_ref: '1',
        },
        '1': { type: 'directory', path: 'C:\\Temp', list: [1, null] },
        '2': { type: 'ipv6-addr', value: '2001:DB8::1' },
      },
    },
  ],
  new: [
    {
      type: 'bundle',
      objects: [
        { ...OBSERVED, id: 'observed-data--1', number_observed: 1, object_refs: ['file--1', 'identity--1'] },
        { type: 'file', id: 'file--1', name: 'a', parent_directory_ref: 'directory--1' },
        { type: 'directory', id: 'directory--1', path: '/tmp' },
        { type: 'identity', id: 'identity--1', name: 'x' },
      ],
    },
  ],
  broken: [{ type: 'observed-data', first_observed: 'now', last_observed: 'now', objects: {} }],
};

/** Answers by the text of the pattern. */
function answers(fixture: keyof typeof FIXTURES, patterns: readonly string[]): Record<string, unknown> {
  const vectors = patterns.map((pattern) => ({ id: pattern, pattern, observations: fixture }));
  const outcomes = [...(testPatterns({ fixtures: FIXTURES, vectors }) ?? [])];
  return Object.fromEntries(outcomes.flatMap((one) => ('id' in one ? [[one.id, one.error ?? one.result]] : [])));
}

function expectAnswers(fixture: keyof typeof FIXTURES, expected: Record<string, unknown>): void {
  expect(answers(fixture, Object.keys(expected))).toEqual(expected);
}

describe('pattern test', () => {
  it('answers patterns over 2.0 data', () => {
    expectAnswers('old', {
      "[file:name MATCHES 'al.ice$']": true,
      "[file:name LIKE 'al_ic%']": true,
      '[file:size NOT = 5 OR file:size != 5]': false,
      "[file:size != '5' AND file:size NOT = '5' AND file:size NOT > 'x']": true,
      "[file:absent NOT = 1 OR file:absent != 1 OR file:absent NOT LIKE 'x']": false,
      '[NOT EXISTS file:absent AND EXISTS file:size]': true,
      "[file:m_hex = h'FFD8' AND file:m_hex > h'ff' AND file:m_hex = b'/9g=']": true,
      "[file:when > t'2024-03-01T10:00:00.499999999Z']": true,
      "[file:in_ref.path = 'C:\\\\Temp' AND file:in_ref.type = 'directory']": true,
      "[directory:list[*] != 1 AND directory:list[1] != 'x']": true,
      '[file:size = 5 AND directory:list[0] = 1]': false,
      "[ipv6-addr:value ISSUBSET '2001:db8::/32' AND ipv6-addr:value NOT ISSUBSET '10.0.0.0/8']": true,
      '[file:size = 5] AND [directory:list[0] = 1]': true,
      '[file:size = 5] REPEATS 3 TIMES': false,
      "[file:size = 5] START '2024-03-01T10:00:00Z' STOP '2024-03-01T10:00:01Z' WITHIN 1 SECONDS": true,
      '[file:size IN () OR file:size NOT IN (4, 6.5)]': true,
    });
  });

  it('reads 2.1 bundles and follows references only to what is observed', () => {
    expectAnswers('new', {
      "[file:name = 'a']": true,
      "[file:parent_directory_ref.path = '/tmp'] OR [directory:path = '/tmp']": false,
      "[identity:name = 'x'] OR [observed-data:number_observed = 1]": false,
    });
  });

  it('tells what does not parse from what cannot be evaluated', () => {
    expectAnswers('old', {
      '[file:size = ]': 'parse',
      'file:size = 5': 'parse',
      '[file:size = 5] WITHIN -1 SECONDS': 'parse',
      '[file:size IN (1, true)]': 'evaluation',
      '[file:size = 5] WITHIN 0 SECONDS': 'evaluation',
      '[file:size = 5] REPEATS 0 TIMES': 'evaluation',
      "[file:size = 5] START 'yesterday' STOP '2024-03-01T10:00:01Z'": 'evaluation',
      "[file:when = t'2024-02-30T00:00:00Z']": 'evaluation',
      "[file:size = 5 OR file:bad < t'2024-03-01T10:00:00Z']": 'evaluation',
      "[file:bad < t'2024-03-01T10:00:00Z' AND directory:path = 'x']": 'evaluation',
      "[file:name MATCHES '(?=a)']": 'evaluation',
      "[file:name MATCHES '(a']": 'evaluation',
      "[ipv6-addr:value ISSUBSET 'everything']": 'evaluation',
    });
    expectAnswers('broken', { '[file:size = 5]': 'evaluation' });
  });

  it('answers syntax files by position and refuses documents of other shapes', () => {
    const file = [
      { pattern: '[a:b = 1]', spec: '2.1' },
      { pattern: "[file:hashes.MD5 = 'f00']", spec: '2.0' },
    ];
    expect([...(testPatterns(file) ?? [])]).toMatchObject([
      { index: 0, valid: true },
      { index: 1, valid: false },
    ]);
    expect(testPatterns({ patterns: [] })).toBeUndefined();
    expect(testPatterns('x')).toBeUndefined();
  });
});

describe('docs/patterns.md', () => {
  it('prints what its example gives', () => {
    const page = readFileSync(new URL('../../../docs/patterns.md', import.meta.url), 'utf8');
    const [, document = ''] = /```json\n(\{[\s\S]*?\n\})\n```/.exec(page) ?? [];
    const [, printed = ''] = /prints\n\n```\n([\s\S]*?)\n```/.exec(page) ?? [];
    const outcomes = [...(testPatterns(JSON.parse(document) as EventValue) ?? [])];
    const lines = outcomes.map((outcome) => JSON.stringify({ ...outcome, message: undefined }));
    expect(lines.join('\n')).toBe(printed);
    expect(lines).toHaveLength(4);
  });
});

describe.skipIf(!hasSharedData('stix'))(`shared pattern vectors ${sharedDataMissing('stix')}`, () => {
  it('are all answered as expected', { timeout: 60_000 }, () => {
    const document = JSON.parse(readFileSync(sharedData('stix', 'pattern-vectors.json'), 'utf8')) as EventValue;
    const { vectors } = document as unknown as { vectors: readonly Vector[] };
    const outcomes = [...(testPatterns(document) ?? [])];
    expect(outcomes).toHaveLength(vectors.length);
    const wrong = vectors.flatMap((vector, i) => {
      const outcome = outcomes[i];
      if (outcome === undefined || !('id' in outcome)) return [vector.id];
      const same =
        outcome.id === vector.id && outcome.result === vector.expect && outcome.error === (vector.error ?? null);
      return same
        ? []
        : [
            `${vector.id} ${vector.origin} ${vector.pattern}: ${JSON.stringify(outcome)}, not ${vector.expect} ${vector.error}`,
          ];
    });
    expect(wrong).toEqual([]);
    expect(vectors.length).toBeGreaterThan(2_300);
  });
});
