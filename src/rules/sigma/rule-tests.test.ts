import { expect, it } from 'vitest';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { judgeRuleTest, parseRuleTests } from './rule-tests.ts';

const FILE = `tests:
  - name: hit
    event: {EventID: 1, Image: 'C:\\x.exe'}
    logsource: windows/process_creation
    match: [A]
    no_match: B
  - event: {a: 1}
  - event: nothing
    match: A
  - event: {a: 1}
    matches: A
`;

it('reads cases and reports the rest with its place', () => {
  const diagnostics: Diagnostic[] = [];
  const cases = parseRuleTests({ path: 'a.test.yml', text: FILE }, diagnostics);
  expect(cases).toEqual([
    {
      name: 'hit',
      file: 'a.test.yml',
      event: { EventID: 1, Image: 'C:\\x.exe' },
      logsource: 'windows/process_creation',
      match: ['A'],
      noMatch: ['B'],
    },
  ]);
  expect(diagnostics.map(({ code, message, span }) => [code, message, span?.line])).toEqual([
    ['SIGMA_BAD_TEST', 'test expects nothing', 7],
    ['SIGMA_BAD_TEST', 'test has no map "event"', 8],
    ['SIGMA_BAD_TEST', '"matches" is not known in a test; did you mean "match"?', 11],
  ]);
});

it('judges what matched', () => {
  const [test] = parseRuleTests({ path: 'a.test.yml', text: FILE }, []);
  if (test === undefined) throw new Error('no case');
  const messages = (matched: string[], known: string[]): string[] =>
    judgeRuleTest(test, new Set(matched), new Set(known)).map(({ message }) => message);
  expect(messages(['A'], ['A', 'B'])).toEqual([]);
  expect(messages(['B'], ['A', 'B'])).toEqual(['rule "A" does not match', 'rule "B" matches']);
  expect(messages([], ['B'])).toEqual(['rule "A" is not loaded; did you mean "B"?']);
});
