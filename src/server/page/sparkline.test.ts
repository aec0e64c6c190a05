import { expect, it } from 'vitest';
import { linePath } from './sparkline.ts';

it('ends at the right edge and reaches the top at the greatest value', () => {
  expect(linePath([0, 10], 4)).toBe('M200.0 42.0L300.0 4.0');
  expect(linePath([], 4)).toBe('');
  expect(linePath([0, 0], 2)).toBe('M0.0 42.0L300.0 42.0');
});
