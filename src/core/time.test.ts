import { describe, expect, it } from 'vitest';
import { isZone, parseTime } from './time.ts';

const formatTime = (ms: number): string => new Date(ms).toISOString();

const REFERENCE = Date.UTC(2024, 5, 12, 12);

describe('time stamps', () => {
  it.each([
    ['2024-06-12 15:00:00', 'Z', '2024-06-12T15:00:00.000Z'],
    ['2024-06-12T15:00:00', 'Asia/Shanghai', '2024-06-12T07:00:00.000Z'],
    ['2024-06-12T15:00:00.5Z', 'Asia/Shanghai', '2024-06-12T15:00:00.500Z'],
    ['2024-06-12 15:00:00.5215212 +0000 UTC', 'Asia/Shanghai', '2024-06-12T15:00:00.521Z'],
    ['2024-06-12 15:00:00 +0200 CEST', 'Z', '2024-06-12T13:00:00.000Z'],
    ['2024/06/12 15:00:00,250', '+02:00', '2024-06-12T13:00:00.250Z'],
    ['2024-06-12T15:00:00+0530', 'Z', '2024-06-12T09:30:00.000Z'],
    ['12/Jun/2024:15:00:00 +0900', 'Z', '2024-06-12T06:00:00.000Z'],
    ['Wed, 12 Jun 2024 15:00:00 GMT', 'Z', '2024-06-12T15:00:00.000Z'],
    ['Jun 12 15:00:00', 'Z', '2024-06-12T15:00:00.000Z'],
    ['Wed Jun 12 15:00:00.902022 2024', 'Z', '2024-06-12T15:00:00.902Z'],
    ['Dec 31 23:59:59', 'Z', '2023-12-31T23:59:59.000Z'],
    ['1718204400', 'Z', '2024-06-12T15:00:00.000Z'],
    ['1718204400.123', 'Z', '2024-06-12T15:00:00.123Z'],
    ['1718204400123', 'Z', '2024-06-12T15:00:00.123Z'],
    ['2024-06-12T15:00:00.123456789Z', 'Z', '2024-06-12T15:00:00.123Z'],
  ])('%s in %s is %s', (text, zone, expected) => {
    expect(
      formatTime(parseTime(text, zone, text.startsWith('Dec') ? Date.UTC(2024, 0, 2) : REFERENCE) ?? Number.NaN),
    ).toBe(expected);
  });

  it.each(['', 'yesterday', '2024-13-01 00:00:00', '2024-06-12T25:00:00Z', '12', 'Foo 12 15:00:00'])(
    '"%s" is no time',
    (text) => {
      expect(parseTime(text, 'Z', REFERENCE)).toBeUndefined();
    },
  );

  it('reads numbers by their size', () => {
    for (const value of [1718204400, 1718204400000, 1718204400000000])
      expect(parseTime(value, 'Z', 0)).toBe(1718204400000);
    expect(parseTime(42, 'Z', 0)).toBeUndefined();
  });

  it('follows daylight saving of the event, not of today', () => {
    expect(formatTime(parseTime('2024-01-15 12:00:00', 'Europe/Berlin', 0) ?? 0)).toBe('2024-01-15T11:00:00.000Z');
    expect(formatTime(parseTime('2024-07-15 12:00:00', 'Europe/Berlin', 0) ?? 0)).toBe('2024-07-15T10:00:00.000Z');
  });

  it('knows zones', () => {
    expect(isZone('Europe/Berlin') && isZone('Z') && isZone('+01:00')).toBe(true);
    expect(isZone('Mars/Olympus')).toBe(false);
  });
});
