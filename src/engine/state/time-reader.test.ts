import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTime } from '../../core/time.ts';
import { TimeReader } from './time-reader.ts';

const reader = new TimeReader();

function read(text: string, timezone: string): number | undefined {
  const bytes = Buffer.from(`"${text}"`);
  return reader.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 1, bytes.length - 1, timezone);
}

const two = (max: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, '0'));
const spelled = fc
  .tuple(
    fc.constantFrom('2024', '1999', '0001', '9999', '20x4'),
    ...[two(13), two(32), fc.constantFrom('T', ' ', 't', '_'), two(25), two(61), two(61)],
    fc.oneof(
      fc.constantFrom('', '.', ',5', '.5270000', '.123456'),
      fc.integer({ min: 0, max: 999 }).map((n) => `.${String(n).padStart(3, '0')}`),
    ),
    fc.constantFrom('Z', '', '+02:00', 'z'),
  )
  .map(
    ([year, month, day, between, hour, minute, second, fraction, zone]) =>
      `${year}-${month}-${day}${between}${hour}:${minute}:${second}${fraction}${zone}`,
  );

describe('TimeReader', () => {
  it('agrees with parseTime wherever it says anything', () => {
    let said = 0;
    fc.assert(
      fc.property(spelled, fc.constantFrom('Z', '+02:00'), (text, timezone) => {
        const ms = read(text, timezone);
        if (ms === undefined) return;
        expect(ms).toBe(parseTime(text, timezone, 0));
        said++;
      }),
      { numRuns: 5000 },
    );
    expect(said).toBeGreaterThan(200);
  });

  it.each([
    '2022-08-04T08:20:10.527Z',
    '2022-08-04T08:20:10Z',
    '2022-08-04 08:20:10.527',
    '2022-08-04T08:20:10.5270000Z',
  ])('takes %s itself', (text) => {
    expect(read(text, 'Z')).toBe(parseTime(text, 'Z', 0));
    expect(read(text, 'Z')).toBeDefined();
  });
});
