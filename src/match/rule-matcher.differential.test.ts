/** Random rules on random events: the compiled matcher equals the interpreter. The seed is printed with a failure. */
import { expect, it } from 'vitest';
import { plainEvent } from '../core/rule-event.ts';
import { eventSource } from '../core/event-source.ts';
import type { DetectionRule } from '../ir/detection-rule.ts';
import { randomEvent, randomPredicate, seededRandom } from '../testing/random-rules.ts';
import { evaluate } from './interpreter.ts';
import { RuleMatcher } from './rule-matcher.ts';
import { eventSubject } from './subject.ts';

it('equals the interpreter on random rules and events', () => {
  const seed = Number(process.env['FLINT_SEED'] ?? 20261121);
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
      matches += expected.length;
    }
    evaluated += matcher.counters.evaluated;
    admitted += matcher.counters.admitted;
  }
  // The test had something to tell apart, and the index left rules out.
  expect(matches).toBeGreaterThan(1000);
  expect(evaluated).toBeLessThan(admitted * 2);
}, 60_000);
