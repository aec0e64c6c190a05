import { expect, it } from 'vitest';
import { formatCount } from './count-text.ts';

it('groups the digits of whole numbers as the English locale does', () => {
  for (const count of [0, 7, 10, 999, 1000, 12_345, 999_999, 1_000_000, 987_654_321, 2 ** 53 - 1, -1, -1000, -123_456])
    expect(formatCount(count)).toBe(count.toLocaleString('en'));
});
