/**
 * Vectors of our own beside those of OASIS, in the format of `flint pattern test`: what random patterns and data, held against the matcher and the
 * validator of OASIS, and the text of the standard had to say. Where the matcher leaves the text (docs/patterns.md), the text counts.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EventValue } from '../../src/core/event.ts';
import { testPatterns } from '../../src/engine/rules/pattern-test.ts';

interface Vector {
  readonly pattern: string;
  readonly expect?: boolean | null;
  readonly error?: string | null;
  readonly valid?: boolean;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
}

describe('our own vectors', () => {
  it('of matching are answered as expected', () => {
    const document = read('pattern-vectors.json') as { readonly vectors: readonly Vector[] };
    const outcomes = [...(testPatterns(document as unknown as EventValue) ?? [])];
    const answers = outcomes.map((one) => ('id' in one ? { expect: one.result, error: one.error } : {}));
    expect(document.vectors.map(({ pattern }, i) => ({ pattern, ...answers[i] }))).toEqual(
      document.vectors.map(({ pattern, expect: result, error }) => ({ pattern, expect: result, error })),
    );
    expect(outcomes.length).toBeGreaterThan(80);
  });

  it('of syntax are answered as expected', () => {
    const vectors = read('syntax-vectors.json') as readonly Vector[];
    const outcomes = [...(testPatterns(vectors as unknown as EventValue) ?? [])];
    const valid = outcomes.map((one) => 'valid' in one && one.valid);
    expect(vectors.map(({ pattern }, i) => ({ pattern, valid: valid[i] }))).toEqual(
      vectors.map(({ pattern, valid: expected }) => ({ pattern, valid: expected })),
    );
    expect(outcomes.length).toBeGreaterThan(25);
  });
});
