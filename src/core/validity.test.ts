import { expect, it } from 'vitest';
import { validityAt } from './validity.ts';

it('begins with its first moment and is over at its last', () => {
  const details = { validFromMs: 10, validUntilMs: 20 };
  expect([9, 10, 19, 20].map((ms) => validityAt(details, ms))).toEqual(['before', 'within', 'within', 'after']);
});

it('has no end on the side where none is stated', () => {
  expect([-1, 1e15].map((ms) => validityAt({}, ms))).toEqual(['within', 'within']);
  expect(validityAt({ validUntilMs: 20 }, -1)).toBe('within');
  expect(validityAt({ validFromMs: 10 }, 1e15)).toBe('within');
});

it('may be empty: what ends where it begins never holds', () => {
  expect([9, 10, 11].map((ms) => validityAt({ validFromMs: 10, validUntilMs: 10 }, ms))).toEqual([
    'before',
    'after',
    'after',
  ]);
});
