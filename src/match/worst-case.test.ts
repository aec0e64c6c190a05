import { describe, expect, it } from 'vitest';
import type { Compare, Predicate } from '../ir/predicate.ts';
import { type Next, randomPredicate, seededRandom, word } from '../testing/random-rules.ts';
import { evaluate } from './interpreter.ts';
import { eventSubject } from './subject.ts';
import { worstCase } from './worst-case.ts';

const NAMES = ['Image', 'CommandLine', 'n', 'other'];
const OPEN = new Set(['Image', 'n']);

function compare(name: string, absent = false): Compare {
  const value = { type: 'string', value: 'x' } as const;
  const test = { kind: 'equals', value, collation: 'folded', typing: 'bridged' } as const;
  return { kind: 'compare', path: { kind: 'field', name }, test, negate: false, absent };
}

describe('the worst case', () => {
  const isOpen = (name: string): boolean => OPEN.has(name);

  it('is the rule itself where what is open only speaks for it', () => {
    for (const rule of [compare('Image'), { kind: 'and', items: [compare('Image'), compare('other')] } as Predicate])
      expect(worstCase(rule, isOpen)).toBeUndefined();
  });

  it('takes a filter as holding, and a test for absence as failing', () => {
    const filter: Predicate = { kind: 'not', item: { kind: 'and', items: [compare('Image'), compare('other')] } };
    expect(worstCase(filter, isOpen)).toEqual({
      kind: 'not',
      item: { kind: 'and', items: [{ kind: 'constant', value: true }, compare('other')] },
    });
    expect(worstCase(compare('n', true), isOpen)).toEqual({ kind: 'constant', value: false });
  });

  it('never holds where some answer would take the rule back', () => {
    const next = seededRandom(20261121);
    const value = (random: Next): Record<string, string> => (random(3) === 0 ? {} : { v: word(random) });
    let firm = 0;
    for (let round = 0; round < 4000; round++) {
      const rule = randomPredicate(next, 1 + next(3), NAMES);
      if (JSON.stringify(rule).includes('"keyword"')) continue;
      const own = Object.fromEntries(
        ['CommandLine', 'other'].flatMap((name) => (next(3) === 0 ? [] : [[name, word(next)]])),
      );
      const worst = worstCase(rule, isOpen) ?? rule;
      // What is open is absent now.
      if (!evaluate(rule, eventSubject(own)) || !evaluate(worst, eventSubject(own))) continue;
      firm++;
      for (let tries = 0; tries < 4; tries++) {
        const answers = Object.fromEntries(
          [...OPEN].flatMap((name) => Object.values(value(next)).map((one) => [name, one])),
        );
        const holds = evaluate(rule, eventSubject({ ...own, ...answers }));
        expect(holds, `round ${round}: ${JSON.stringify(rule)} on ${JSON.stringify({ ...own, ...answers })}`).toBe(
          true,
        );
      }
    }
    expect(firm).toBeGreaterThan(200);
  });
});
