import { expect, it } from 'vitest';
import { bytes, plural, rate, rowTime, shortCount, span, utcTime } from './format.ts';

it.each([
  [0, '0'],
  [0.04, '<0.1'],
  [2.35, '2.4'],
  [9.96, '10'],
  [1234, '1,234'],
  [12_345, '12.3 k'],
  [1_234_567, '1.2 M'],
])('a rate of %d is %s', (value, text) => {
  expect(rate(value)).toBe(text);
});

it.each([
  [999, '999'],
  [9999, '9,999'],
  [999_940, '999.9 k'],
  [999_960, '1.0 M'],
  [3e9, '3.0 G'],
])('%d is short %s', (value, text) => {
  expect(shortCount(value)).toBe(text);
});

it.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h'],
  [12_000_000, '3 h 20 min'],
  [176_400_000, '2 d 1 h'],
])('%d ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});

it('writes bytes, times and plurals', () => {
  expect([bytes(0), bytes(999), bytes(1000), bytes(668_404_260)]).toEqual(['0 B', '999 B', '1.0 KB', '668 MB']);
  expect(utcTime('2026-03-17T10:05:00+01:00')).toBe('2026-03-17 09:05:00');
  expect(utcTime('<b>')).toBe('<b>');
  expect([plural(1, 'alert'), plural(0, 'alert'), plural(2000, 'alert')]).toEqual([
    '1 alert',
    '0 alerts',
    '2,000 alerts',
  ]);
});

it('shows the time of day for today, day and hour for other days', () => {
  const now = Date.UTC(2026, 2, 17, 23, 59);
  expect(rowTime('2026-03-17T09:05:07.123Z', now)).toBe('09:05:07');
  expect(rowTime('2026-03-16T09:05:07.123Z', now)).toBe('03-16 09:05');
});
