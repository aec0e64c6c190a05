import { expect, it } from 'vitest';
import { Failures } from './failures.ts';

it('all are called, whatever fails; it is thrown once', () => {
  const failures = new Failures();
  const called: number[] = [];
  const call = (n: number): void => {
    called.push(n);
    if (n % 2 === 1) throw new Error(`${n}`);
  };
  expect(() => failures.each([1, 2], call).raise()).toThrow(new Error('1'));
  expect(() => failures.raise()).not.toThrow();
  expect(() => failures.each([3, 4, 5], call).raise()).toThrow(AggregateError);
  expect(called).toEqual([1, 2, 3, 4, 5]);
});

it('of very many the first ones are kept', () => {
  const failures = new Failures();
  for (let n = 0; n < 1_000; n++) failures.add(n);
  let thrown: unknown;
  try {
    failures.raise();
  } catch (failure) {
    thrown = failure;
  }
  expect(thrown instanceof AggregateError && thrown.errors).toEqual(Array.from({ length: 64 }, (_, n) => n));
});
