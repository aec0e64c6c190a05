import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const of = (header: string | undefined, nowMs = 0, date?: string): number | undefined =>
  retryAfterMs({ 'retry-after': header, date }, nowMs);

describe('Retry-After', () => {
  it('is a number of seconds, also a broken one, or a date', () => {
    expect(of('120')).toBe(120_000);
    expect(of(' 1.5 ')).toBe(1_500);
    expect(of('Thu, 01 Jan 1970 00:01:00 GMT', 10_000)).toBe(50_000);
    expect(of('Thursday, 01-Jan-70 00:01:00 GMT', 10_000)).toBe(50_000);
  });

  it('is over when its date has passed, and says nothing when it is neither', () => {
    expect(of('Thu, 01 Jan 1970 00:00:00 GMT', 10_000)).toBe(0);
    for (const header of ['soon', '-1', '', '2024-01', '5 s', undefined]) expect(of(header)).toBeUndefined();
  });

  it('is measured by the clock of the server that sent the date, however far that is off', () => {
    const date = 'Thu, 01 Jan 1970 02:00:00 GMT';
    expect(of('Thu, 01 Jan 1970 02:00:03 GMT', 0, date)).toBe(3_000);
    expect(of('Thu, 01 Jan 1970 02:00:03 GMT', 90_000_000, date)).toBe(3_000);
    expect(of('Thu, 01 Jan 1970 00:00:10 GMT', 4_000, 'no date')).toBe(6_000);
  });
});
