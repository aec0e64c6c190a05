import { expect, it } from 'vitest';
import { Credits } from './credits.ts';

it('who gives waits while all that may be given is on its way', async () => {
  const credits = new Credits(2);
  await credits.given();
  let went = false;
  const second = credits.given().then(() => {
    went = true;
  });
  await Promise.resolve();
  expect(went).toBe(false);
  credits.taken();
  await second;
  credits.taken();
  await credits.given();
});
