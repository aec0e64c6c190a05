import { expect, it } from 'vitest';
import { parseTimespanMs } from './timespan.ts';

it.each([
  ['10s', 10_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['1w', 604_800_000],
  ['5M', 13_148_730_000],
  ['1y', 31_556_952_000],
])('reads %s', (text, ms) => expect(parseTimespanMs(text)).toBe(ms));

it.each(['1.5h', '10', '5x', '', 's', '-1s', '0s', '5 m', '5S', '99999999999s'])('refuses "%s"', (text) =>
  expect(parseTimespanMs(text)).toBeUndefined(),
);
