import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalDomain, isCanonicalName, parentDomains } from './domain-name.ts';

describe('domain names', () => {
  it.each([
    ['Evil.Example.COM.', 'evil.example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['_dmarc.example.com', '_dmarc.example.com'],
    ['a.xn--p1ai', 'a.xn--p1ai'],
  ])('%s has the canonical form %s', (text, canonical) => {
    expect(canonicalDomain(text)).toBe(canonical);
  });

  it.each([
    'localhost',
    '1.2.3.4',
    '1.2.3',
    'a..b',
    '.a.b',
    '-a.example',
    'a b.example',
    'a.b-',
    `${'a'.repeat(64)}.com`,
    '',
  ])('"%s" is no domain name', (text) => {
    expect(canonicalDomain(text)).toBeUndefined();
  });

  it('in their canonical form are those of one regular expression', () => {
    const name =
      /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
    const label = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'z', '0', '9', '_', '-'), maxLength: 5 }),
      fc.constantFrom('a', 'b1', 'c-d', '_e'),
      fc.constantFrom('a'.repeat(63), 'a'.repeat(64), `${'a'.repeat(62)}-`, 'A', 'é', ' '),
    );
    const seen = { yes: 0, no: 0 };
    fc.assert(
      fc.property(fc.array(label, { maxLength: 5 }), fc.nat(3), (labels, before) => {
        const text = labels.join('.');
        const is = text.length <= 253 && name.test(text);
        seen[is ? 'yes' : 'no']++;
        expect(isCanonicalName(text)).toBe(is);
        expect(isCanonicalName(`${'-'.repeat(before)}${text}/`, before, before + text.length)).toBe(is);
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(100);
  });

  it('folds ASCII letters only: the Kelvin sign never becomes k by case folding', () => {
    expect(canonicalDomain('kelvin.example')).toBe('kelvin.example');
    // IDNA itself maps U+212A; that is the standard's mapping of a whole name, not ours of a letter.
    expect(canonicalDomain('\u212Aelvin.example')).toBe('kelvin.example');
  });

  it('lists the names above', () => {
    expect(parentDomains('a.b.example.com')).toEqual(['b.example.com', 'example.com', 'com']);
  });
});
