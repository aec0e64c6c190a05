import { expect, it } from 'vitest';
import type { TimePart } from '../ir/predicate.ts';
import { timePartHolds } from './time-part.ts';

const holds = (part: TimePart['part'], value: string | number, expected: number): boolean =>
  timePartHolds({ kind: 'time-part', part, operator: 'equals', value: expected }, value);

it.each([
  ['hour', '2024-05-06T07:08:09+05:00', 7],
  ['minute', '2024-05-06 07:08:09.123', 8],
  ['day', '06/May/2024:07:08:09 +0000', 6],
  ['month', 'May  6 07:08:09', 5],
  ['year', 'Mon May  6 07:08:09 2024', 2024],
  ['week', '2021-01-03', 53],
  ['week', '2024-12-30', 1],
  ['hour', 1_714_979_289, 7],
  ['hour', 1_714_979_289_000, 7],
  ['hour', '1714979289', 7],
] as const)('%s of %s is %i', (part, value, expected) => {
  expect(holds(part, value, expected)).toBe(true);
  expect(holds(part, value, expected + 1)).toBe(false);
});

it.each(['', 'yesterday', '2024-13-01', '42'])('%j has no parts', (text) =>
  expect(timePartHolds({ kind: 'time-part', part: 'day', operator: 'gte', value: 0 }, text)).toBe(false),
);

it('compares', () => {
  expect(timePartHolds({ kind: 'time-part', part: 'hour', operator: 'gte', value: 22 }, '2024-05-06T22:00:00Z')).toBe(
    true,
  );
  expect(timePartHolds({ kind: 'time-part', part: 'hour', operator: 'lt', value: 6 }, '2024-05-06T05:59:00Z')).toBe(
    true,
  );
});
