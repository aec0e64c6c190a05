import { expect, it } from 'vitest';
import { workerCount } from './worker-count.ts';

it.each([
  ['auto', 8],
  [3, 3],
  [1, 1],
] as const)('%s workers on eight processors: %s', (asked, count) => {
  expect(workerCount(asked, 8)).toBe(count);
});
