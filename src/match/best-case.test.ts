import { describe, expect, it } from 'vitest';
import type { Compare, Predicate } from '../ir/predicate.ts';
import { randomPredicate, seededRandom, word } from '../testing/random-rules.ts';
import { bestCase } from './best-case.ts';
import { evaluate } from './interpreter.ts';
import { eventSubject } from './subject.ts';

const NAMES = ['Image', 'CommandLine', 'n', 'other'];
const KNOWN = ['Image', 'n'];

function isKnown({ path, test }: Compare): boolean {
  return path.kind === 'field' && KNOWN.includes(path.name) && test.kind !== 'field-reference';
}

function compare(name: string): Compare {
  const value = { type: 'string', value: 'x' } as const;
  const test = { kind: 'equals', value, collation: 'folded', typing: 'bridged' } as const;
  return { kind: 'compare', path: { kind: 'field', name }, test, negate: false, absent: false };
}

describe('the best case', () => {
  it('leaves what is known, takes the rest as holding and filters as not', () => {
    const rule: Predicate = {
      kind: 'and',
      items: [compare('Image'), compare('other'), { kind: 'not', item: compare('CommandLine') }],
    };
    expect(bestCase(rule, isKnown)).toEqual(compare('Image'));
    const either: Predicate = { kind: 'or', items: [compare('Image'), compare('other')] };
    expect(bestCase(either, isKnown)).toEqual({ kind: 'constant', value: true });
    expect(bestCase({ kind: 'not', item: either }, isKnown)).toEqual({ kind: 'not', item: compare('Image') });
  });

  it('holds for every event that the rule holds for', () => {
    const next = seededRandom(20261122);
    let [refused, held] = [0, 0];
    for (let round = 0; round < 4000; round++) {
      const rule = randomPredicate(next, 1 + next(3), NAMES);
      const fields = Object.fromEntries(NAMES.flatMap((name) => (next(3) === 0 ? [] : [[name, word(next)]])));
      const known = Object.fromEntries(Object.entries(fields).filter(([name]) => KNOWN.includes(name)));
      const mayHold = evaluate(bestCase(rule, isKnown), eventSubject(known));
      const holds = evaluate(rule, eventSubject(fields));
      const what = `round ${round}: ${JSON.stringify(rule)} on ${JSON.stringify(fields)}`;
      if (holds) expect(mayHold, what).toBe(true);
      held += Number(holds);
      refused += Number(!mayHold);
    }
    expect(held).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(200);
  });
});
