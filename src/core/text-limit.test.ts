import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutUtf8, wellFormed } from './text-limit.ts';

describe('cutUtf8', () => {
  it('cuts between characters', () => {
    expect(cutUtf8('aäb', 2)).toBe('a');
    expect(cutUtf8('aäb', 3)).toBe('aä');
    expect(cutUtf8('𝒳𝒳', 7)).toBe('𝒳');
    expect(cutUtf8('abc', 3)).toBe('abc');
    expect(cutUtf8('abc', 0)).toBe('');
  });

  it('gives the longest beginning that fits, for any text and limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, limit) => {
        const kept = cutUtf8(text, limit);
        expect(text.startsWith(kept)).toBe(true);
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(limit);
        const next = [...text.slice(kept.length)][0];
        if (next !== undefined) expect(Buffer.byteLength(kept + next)).toBeGreaterThan(limit);
      }),
    );
  });
});

describe('wellFormed', () => {
  it('replaces lone surrogates and keeps pairs', () => {
    expect(wellFormed('a\ud800b')).toBe('a\ufffdb');
    expect(wellFormed('\udc00\ud83d\ude00')).toBe('\ufffd😀');
  });
});
