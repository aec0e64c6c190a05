import { describe, expect, it } from 'vitest';
import { canonicalDomain, parentDomains } from './domain-name.ts';

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

  it('folds ASCII letters only: the Kelvin sign never becomes k by case folding', () => {
    expect(canonicalDomain('kelvin.example')).toBe('kelvin.example');
    // IDNA itself maps U+212A; that is the standard's mapping of a whole name, not ours of a letter.
    expect(canonicalDomain('\u212Aelvin.example')).toBe('kelvin.example');
  });

  it('lists the names above', () => {
    expect(parentDomains('a.b.example.com')).toEqual(['b.example.com', 'example.com', 'com']);
  });
});
