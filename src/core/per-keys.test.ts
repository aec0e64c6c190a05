import { describe, expect, it } from 'vitest';
import { Random } from '../testing/random.ts';
import { PerKeys } from './per-keys.ts';

const NAMES = ['a', 'b', 'c', 'aa', 'bb', 'x\ny', 'x', 'y', '', '__proto__', '10', 'k'.repeat(5000)];

function keysOf(random: Random): readonly string[] {
  const fields: Record<string, number> = Object.create(null) as Record<string, number>;
  for (let i = random.int(6); i > 0; i--) fields[random.pick(NAMES)] = i;
  if (random.chance(0.01)) for (let i = 0; i < 300; i++) fields[`many${i}`] = i;
  return Object.keys(fields);
}

describe('what follows from the names of a record', () => {
  it('is what is made of these names, in their order', () => {
    const random = new Random(1);
    let made = 0;
    const known = new PerKeys((keys) => {
      made++;
      return [...keys];
    }, 50);
    const rounds = 2000;
    for (let round = 0; round < rounds; round++) {
      const keys = keysOf(random);
      expect(known.of(keys), `round ${round}`).toEqual(keys);
    }
    expect(made).toBeLessThan(rounds);
  });

  it('is made once, until there are too many lists', () => {
    let made = 0;
    const known = new PerKeys(() => ++made, 2);
    const list = (name: string): number => known.of(Object.keys({ [name]: 1 }));
    expect([list('a'), list('bb'), list('a'), list('bb')]).toEqual([1, 2, 1, 2]);
    expect([list('ccc'), list('a')]).toEqual([3, 4]);
  });
});
