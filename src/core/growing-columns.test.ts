import { expect, it } from 'vitest';
import { grown, lengthened, startsOf } from './growing-columns.ts';

it('a full column is copied into one twice as long, or as long as is needed', () => {
  const column = Uint32Array.of(1, 2, 3);
  expect(grown(column, 3)).toBe(column);
  expect(grown(column, 4)).toEqual(Uint32Array.of(1, 2, 3, 0, 0, 0));
  expect(grown(Float64Array.of(0.5), 5)).toEqual(Float64Array.of(0.5, 0, 0, 0, 0));
  expect(lengthened(Uint8Array.of(7), 2)).toEqual(Uint8Array.of(7, 0));
});

it('ends become starts, with the last end behind them', () => {
  expect(startsOf(Uint32Array.of(2, 5, 9, 0), 3)).toEqual(Uint32Array.of(0, 2, 5, 9));
});
