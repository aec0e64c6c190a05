import { expect, it } from 'vitest';
import { KEEP_MS, KindsKeeper, LOOK_MS } from './kinds-keeper.ts';

it('keeps what was learnt soon after the first of it, and seldom from then on', () => {
  const [old, news] = [{ hasNewKinds: false }, { hasNewKinds: true }];
  const keeper = new KindsKeeper(1000);
  expect(keeper.isDue(news, 1000 + LOOK_MS - 1)).toBe(false);
  expect(keeper.isDue(old, 1000 + LOOK_MS)).toBe(false);
  const keptMs = 1000 + 2 * LOOK_MS;
  expect(keeper.isDue(news, keptMs)).toBe(true);
  expect(keeper.isDue(news, keptMs + KEEP_MS - 1)).toBe(false);
  expect(keeper.isDue(news, keptMs + KEEP_MS)).toBe(true);
});
