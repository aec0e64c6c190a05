/** Random rules on random events: the compiled matcher equals the interpreter, in what holds and in what shows it. The seed is printed with a failure. */
import { expect, it } from 'vitest';
import { plainEvent } from '../core/rule-event.ts';
import { eventSource } from '../core/event-source.ts';
import type { DetectionRule } from '../ir/detection-rule.ts';
import type { Predicate } from '../ir/predicate.ts';
import { pick, randomEvent, randomPredicate, seededRandom } from '../testing/random-rules.ts';
import { evaluate } from './interpreter.ts';
import { evidenceOf } from './rule-evidence.ts';
import { RuleMatcher } from './rule-matcher.ts';
import { eventSubject } from './subject.ts';
import { testSeed } from '../testing/test-runs.ts';

/** Lists of texts that are looked for anywhere in a value long enough to be searched for all at once. */
it('shows the same members of long lists', () => {
  const next = seededRandom(testSeed(20261121));
  const source = eventSource('p', ['c'], []);
  const letters = ['ab', 'Ba', 'c:\\', '.exe', 'é', 'k', ' -enc ', 'K'];
  const textOf = (length: number): string => Array.from({ length }, () => pick(next, letters)).join('');
  const contains = (name: string): Predicate => ({
    kind: 'compare',
    path: { kind: 'field', name },
    test: {
      kind: 'glob',
      parts: [{ wildcard: 'any' }, { text: textOf(1 + next(4)) }, { wildcard: 'any' }],
      collation: next(6) === 0 ? 'exact' : 'folded',
      typing: 'bridged',
      normalize: 'none',
    },
    negate: next(12) === 0,
    absent: next(12) === 0,
    label: `item ${next(40)}`,
  });
  let shown = 0;
  for (let round = 0; round < 40; round++) {
    const items = Array.from({ length: 12 + next(30) }, () =>
      next(8) === 0 ? randomPredicate(next, 2) : contains(next(5) === 0 ? 'list' : 'CommandLine'),
    );
    const predicate: Predicate = { kind: 'or', items };
    const rule: DetectionRule = {
      kind: 'detection',
      details: { id: 'r', name: 'r' },
      origin: { file: 'r', line: 1 },
      logsource: { category: 'c' },
      predicate,
      fields: [],
      alerts: true,
    };
    const matcher = new RuleMatcher([rule]);
    const event = { CommandLine: textOf(next(2) === 0 ? 400 : 20), list: [textOf(200), textOf(3)] };
    if (matcher.match(plainEvent(event), source).length === 0) continue;
    const expected = evidenceOf(predicate, event);
    expect(matcher.evidence(0)).toEqual(expected);
    shown += expected.length;
  }
  expect(shown).toBeGreaterThan(200);
});

it('equals the interpreter on random rules and events', () => {
  const seed = testSeed(20261121);
  const next = seededRandom(seed);
  const source = eventSource('p', ['c'], []);
  let matches = 0;
  let evaluated = 0;
  let admitted = 0;
  for (let round = 0; round < 60; round++) {
    const rules = Array.from(
      { length: 40 },
      (_, index): DetectionRule => ({
        kind: 'detection',
        details: { id: String(index), name: 'r' },
        origin: { file: 'r', line: 1 },
        logsource: index % 7 === 0 ? { category: 'other' } : { category: 'c' },
        predicate: randomPredicate(next, 3),
        fields: [],
        alerts: true,
      }),
    );
    const matcher = new RuleMatcher(rules);
    for (let i = 0; i < 60; i++) {
      const event = randomEvent(next);
      const subject = eventSubject(event);
      const expected = rules.flatMap(({ predicate, logsource }, index) =>
        logsource.category === 'c' && evaluate(predicate, subject) ? [index] : [],
      );
      const found = matcher.match(plainEvent(event), source);
      const what = (): string =>
        `seed ${seed}, round ${round}, event ${JSON.stringify(event)}, rules ${[...expected, ...found]
          .filter((rule) => expected.includes(rule) !== found.includes(rule))
          .map((rule) => JSON.stringify(rules[rule]?.predicate))
          .join('\n')}`;
      if (JSON.stringify(found) !== JSON.stringify(expected)) expect(found, what()).toEqual(expected);
      expect(matcher.matchCandidates(plainEvent(event), source, rules.keys())).toEqual(expected);
      for (const rule of found)
        expect(matcher.evidence(rule), what()).toEqual(evidenceOf((rules[rule] as DetectionRule).predicate, event));
      matches += expected.length;
    }
    evaluated += matcher.counters.evaluated;
    admitted += matcher.counters.admitted;
  }
  // The test had something to tell apart, and the index left rules out.
  expect(matches).toBeGreaterThan(1000);
  expect(evaluated).toBeLessThan(admitted * 2);
}, 60_000);
