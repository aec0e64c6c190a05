import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiteralIndex } from './literal-index.ts';

function found(literals: readonly string[], text: string): string[] {
  const hits = new Set<string>();
  new LiteralIndex(literals).search(text, (literal) => hits.add(literals[literal] as string));
  return [...hits].sort();
}

describe('literal index', () => {
  it('finds literals in either case, overlapping and at both ends', () => {
    expect(found(['abc', 'bcd', 'xyz'], 'ABCD')).toEqual(['abc', 'bcd']);
    expect(found(['abc'], 'ab')).toEqual([]);
    expect(found([], 'abc')).toEqual([]);
  });

  it('finds what a plain search finds', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', 'é'), maxLength: 30 });
    const literal = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.'), minLength: 3, maxLength: 6 });
    fc.assert(
      fc.property(fc.uniqueArray(literal, { maxLength: 20 }), letters, (literals, text) => {
        expect(found(literals, text)).toEqual(literals.filter((one) => text.includes(one)).sort());
      }),
    );
  });
});
