import { expect, it } from 'vitest';
import { Random } from '../testing/random.ts';
import { rfc3339 } from './rfc3339.ts';

it('writes what Date writes, fractions of a millisecond and years before 1970 included', () => {
  const random = new Random(Math.floor(Math.random() * 2 ** 31));
  const times = [
    0, -1, -0.5, 0.9, 86_399_999, 86_400_000, -86_400_001, 951_782_400_000, 253_402_300_799_999, -62_135_596_800_000,
  ];
  for (let i = 0; i < 2000; i++) times.push((random.next() - 0.2) * 4e14 * random.next());
  for (const time of times)
    if (time >= -62_135_596_800_000 && time <= 253_402_300_799_999)
      expect(rfc3339(time), `${time}, seed ${random.seed}`).toBe(new Date(time).toISOString());
});

it('holds what no date can say at the ends of the years', () => {
  expect(rfc3339(Number.NaN)).toBe('1970-01-01T00:00:00.000Z');
  expect(rfc3339(1e17)).toBe('9999-12-31T23:59:59.999Z');
  expect(rfc3339(-1e17)).toBe('0001-01-01T00:00:00.000Z');
});
