import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiteralIndex } from './literal-index.ts';
import type { AtomRelation } from './rule-atoms.ts';

const RELATIONS: Readonly<Record<AtomRelation, (text: string, literal: string) => boolean>> = {
  equals: (text, literal) => text === literal,
  starts: (text, literal) => text.startsWith(literal),
  ends: (text, literal) => text.endsWith(literal),
  contains: (text, literal) => text.includes(literal),
};

describe('literal index', () => {
  it('finds what a plain search finds', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', 'é'), maxLength: 30 });
    const literal = fc.tuple(
      fc.constantFrom(...(Object.keys(RELATIONS) as AtomRelation[])),
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.'), minLength: 1, maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(literal, { maxLength: 20 }), letters, (literals, text) => {
        const index = new LiteralIndex();
        for (const [owner, [relation, value]] of literals.entries()) index.add(relation, value, owner);
        index.finish();
        const found = new Set<number>();
        index.find(text, (owner) => found.add(owner));
        const expected = literals.flatMap(([relation, value], owner) =>
          RELATIONS[relation](text, value) ? [owner] : [],
        );
        expect([...found].sort((a, b) => a - b)).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });
});
