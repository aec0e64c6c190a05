/**
 * How long random tests run and where they begin. FLINT_NIGHTLY=1 asks for the long form of all of them, FLINT_ROUNDS for a number of rounds,
 * FLINT_SEED repeats a run whose seed a failure has named.
 */
export const NIGHTLY = process.env['FLINT_NIGHTLY'] === '1';

/** Rounds of a random test: few, because everybody waits for them, and many by night. */
export function testRounds(usual: number, nightly: number): number {
  return Number(process.env['FLINT_ROUNDS'] ?? (NIGHTLY ? nightly : usual));
}

/** The seed of a random test: `fixed` where each run is to be the same, otherwise another one each time. */
export function testSeed(fixed?: number): number {
  return Number(process.env['FLINT_SEED'] ?? fixed ?? Math.floor(Math.random() * 2 ** 31));
}
