import { expect, it } from 'vitest';
import { Random } from '../testing/random.ts';
import { testRounds, testSeed } from '../testing/test-runs.ts';
import type { EventObject, EventValue } from './event.ts';
import { hasField, mayHaveField, someValue, textOf } from './field-path.ts';

const PARTS = ['a', 'b'];

function objectOf(random: Random, depth: number): EventObject {
  const fields: Record<string, EventValue> = {};
  for (let i = random.int(3); i >= 0; i--) fields[nameOf(random)] = valueIn(random, depth);
  return fields;
}

function valueIn(random: Random, depth: number): EventValue {
  if (depth > 0 && random.chance(0.6)) return objectOf(random, depth - 1);
  if (random.chance(0.2)) return [null, 'x', random.chance(0.5) ? objectOf(random, 0) : 7];
  return random.pick<EventValue>(['text', 1, true, null, '']);
}

function nameOf(random: Random): string {
  return Array.from({ length: 1 + random.int(3) }, () => random.pick(PARTS)).join('.');
}

it('a name is among those that a record may have by its keys where it leads to something, and its text is its first scalar', () => {
  const seed = testSeed();
  const random = new Random(seed);
  let [found, ruledOut] = [0, 0];
  for (let round = 0; round < testRounds(3000, 200_000); round++) {
    const fields = objectOf(random, 2);
    const name = random.chance(0.3) ? `${nameOf(random)}.${nameOf(random)}` : nameOf(random);
    const told = `${name} of ${JSON.stringify(fields)}, seed ${seed}`;
    const mayHave = mayHaveField(new Set(Object.keys(fields)), name);
    if (!mayHave) ruledOut++;
    if (hasField(fields, name)) expect(mayHave, told).toBe(true);
    const texts: string[] = [];
    someValue(fields, name, (value) => {
      if (value !== null && typeof value !== 'object') texts.push(String(value));
      return false;
    });
    if (texts.length > 0) found++;
    expect(textOf(fields, name), told).toBe(texts[0]);
  }
  expect(Math.min(found, ruledOut)).toBeGreaterThan(50);
});
