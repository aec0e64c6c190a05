/**
 * Time spans as rules write them: an integer and a unit (sigma.md section 8). Letter case matters: `m` is minutes, `M` is months.
 * A month is 30.44 days and a year 365.2425 days, as in the Sigma library.
 */

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
  ['M', 2_629_746_000],
  ['y', 31_556_952_000],
]);

/** Milliseconds of `5m`, `90s`, `1M`; undefined when the text is no such span, or none at all (`0s`). */
export function parseTimespanMs(text: string): number | undefined {
  const match = /^(\d{1,9})([a-zA-Z])$/.exec(text);
  const unitMs = UNIT_MS.get(match?.[2] ?? '');
  const amount = Number(match?.[1] ?? 0);
  return unitMs === undefined || amount === 0 ? undefined : amount * unitMs;
}
