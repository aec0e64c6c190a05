import { describe, expect, it } from 'vitest';
import { workerCount } from './worker-count.ts';

const GIB = 1 << 30;

describe('workerCount', () => {
  it.each([
    ['auto', undefined, 8],
    ['auto', 100 * GIB, 8],
    ['auto', 2 * GIB, 4],
    ['auto', 0.9 * GIB, 1],
    ['auto', 0, 1],
    [3, 0, 3],
  ] as const)('%s workers for %s bytes on eight processors: %s', (asked, bytes, count) => {
    expect(workerCount(asked, bytes, 8)).toBe(count);
  });
});
