import { describe, expect, it } from 'vitest';
import { formatStixTimestamp, isStixTimestamp, parseStixTimestamp } from './stix-timestamp.ts';

describe('STIX timestamps', () => {
  it('keep nanoseconds', () => {
    expect(parseStixTimestamp('1970-01-01T00:00:01.000000001Z')).toBe(1_000_000_001n);
    expect(parseStixTimestamp('1969-12-31T23:59:59.5Z')).toBe(-500_000_000n);
    expect(parseStixTimestamp('0001-01-01T00:00:00Z')).toBe(-62_135_596_800_000_000_000n);
  });

  it('refuse other forms and days that do not exist', () => {
    for (const text of ['2010-05-21T13:21:43', '2010-05-21t13:21:43Z', '2010-05-21T13:21:43z', '2010-05-21T13:21Z'])
      expect(isStixTimestamp(text)).toBe(false);
    expect(isStixTimestamp('2024-02-30T00:00:00Z')).toBe(true);
    expect(parseStixTimestamp('2024-02-30T00:00:00Z')).toBeUndefined();
    expect(parseStixTimestamp('2024-02-29T00:00:00Z')).toBeDefined();
  });

  it('take second 60 as the next minute', () => {
    expect(parseStixTimestamp('2016-12-31T23:59:60Z')).toBe(parseStixTimestamp('2017-01-01T00:00:00Z'));
  });

  it('print what they read', () => {
    for (const text of ['2024-02-29T12:34:56.000000789Z', '1969-12-31T23:59:59.5Z', '2024-01-01T00:00:00Z'])
      expect(formatStixTimestamp(parseStixTimestamp(text) ?? 0n)).toBe(text);
  });
});
