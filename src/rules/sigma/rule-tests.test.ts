import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { judgeRuleTest, parseRuleTests, type RuleTestCase } from './rule-tests.ts';

const FILE = `tests:
  - name: hit
    event: {EventID: 1, Image: 'C:\\x.exe'}
    logsource: windows/process_creation
    match: [A]
    no_match: B
  - event: {a: 1}
  - event: 7
    match: A
  - event: {a: 1}
    matches: A
  - match: A
  - event: {a: 1}
    events: [{a: 1}]
    match: A
  - events: [{a: 1}, 7]
    match: A
  - event: {a: 1}
    match: {A: 0}
`;

function cases(text: string): readonly RuleTestCase[] {
  return parseRuleTests({ path: 'a.test.yml', text }, []);
}

function one(text: string): RuleTestCase {
  const [test] = cases(text);
  if (test === undefined) throw new Error('no case');
  return test;
}

const ANY = { least: 1, most: Number.POSITIVE_INFINITY };

describe('test files', () => {
  it('give cases, and the rest is reported with its place', () => {
    const diagnostics: Diagnostic[] = [];
    expect(parseRuleTests({ path: 'a.test.yml', text: FILE }, diagnostics)).toEqual([
      {
        name: 'hit',
        file: 'a.test.yml',
        line: 2,
        events: [{ EventID: 1, Image: 'C:\\x.exe' }],
        logsource: 'windows/process_creation',
        match: [{ rule: 'A', ...ANY }],
        noMatch: ['B'],
        nothingElse: false,
      },
    ]);
    expect(diagnostics.map(({ code, message, span }) => [code, message, span?.line])).toEqual([
      ['SIGMA_BAD_TEST', 'test expects nothing', 7],
      ['SIGMA_BAD_TEST', 'event is neither a map nor a record as text', 8],
      ['SIGMA_BAD_TEST', '"matches" is not known in a test; did you mean "match"?', 11],
      ['SIGMA_BAD_TEST', 'test has no "event"', 12],
      ['SIGMA_BAD_TEST', 'test has both "event" and "events"', 13],
      ['SIGMA_BAD_TEST', 'event is neither a map nor a record as text', 16],
      ['SIGMA_BAD_TEST', 'number of matches "0" is no number from 1', 19],
    ]);
  });

  it('take several events, records as text, files of events, exact numbers and "nothing"', () => {
    expect(one('tests: [{events: [{a: 1}, "type=X"], match: {A: 2}}]')).toMatchObject({
      events: [{ a: 1 }, 'type=X'],
      match: [{ rule: 'A', least: 2, most: 2 }],
    });
    expect(one('tests: [{events_file: e.json, match: A}]')).toMatchObject({ events: [], eventsFile: 'e.json' });
    expect(one('tests: [{event: {a: 1}, match: []}]').nothingElse).toBe(true);
    expect(one('tests: [{event: {a: 1}, match: A, only: true}]').nothingElse).toBe(true);
  });

  it('are also the regression files of SigmaHQ', () => {
    const info = `id: x
rule_metadata: [{ id: R, title: T }]
regression_tests_info:
  - { name: Positive, type: evtx, match_count: 3, path: regression_data/a/b/R.evtx }
  - { name: Positive, type: evtx, path: regression_data/a/b/S.evtx }
`;
    expect(parseRuleTests({ path: 'a/b/info.yml', text: info }, [])).toMatchObject([
      { eventsFile: 'R.json', match: [{ rule: 'R', least: 3 }] },
      { eventsFile: 'S.json', match: [{ rule: 'R', least: 1 }] },
    ]);
  });
});

describe('judgeRuleTest', () => {
  const judge = (text: string, matches: Readonly<Record<string, number>>): readonly string[] =>
    judgeRuleTest(
      one(`tests: [{event: {a: 1}, ${text}}]`),
      Object.entries(matches).map(([name, count]) => ({ id: `id-${name}`, name, matches: count })),
    ).map(({ kind, message }) => `${kind}: ${message}`);

  it('wants what must match and not what must not', () => {
    expect(judge('match: [A], no_match: [B]', { A: 1, B: 0 })).toEqual([]);
    expect(judge('match: [id-A], no_match: [id-B]', { A: 5, B: 0 })).toEqual([]);
    expect(judge('match: [A], no_match: [B]', { A: 0, B: 1 })).toEqual([
      'missed: rule "A" does not match',
      'unexpected: rule "B" matches',
    ]);
  });

  it('names rules that are not loaded, with the nearest one', () => {
    expect(judge('match: [Whoamy]', { Whoami: 1 })).toEqual([
      'unknown: rule "Whoamy" is not loaded; did you mean "Whoami"?',
    ]);
  });

  it('compares exact numbers', () => {
    expect(judge('match: {A: 2}', { A: 2 })).toEqual([]);
    expect(judge('match: {A: 2}', { A: 1 })).toEqual(['count: rule "A" matches once, expected 2']);
    expect(judge('match: {A: 2}', { A: 3 })).toEqual(['count: rule "A" matches 3 times, expected 2']);
  });

  it('minds other rules only where nothing else may match', () => {
    expect(judge('match: [A]', { A: 1, B: 1 })).toEqual([]);
    expect(judge('match: [A], only: true', { A: 1, B: 1 })).toEqual([
      'unexpected: rule "B" matches, which nothing expects',
    ]);
    expect(judge('match: []', { A: 0, B: 0 })).toEqual([]);
  });
});
