import { describe, expect, it } from 'vitest';
import { translatePcre } from './pcre.ts';

function source(pattern: string): string {
  const result = translatePcre(pattern);
  if (!result.ok) throw new Error(`${pattern}: ${result.feature}`);
  return result.source;
}

function refusal(pattern: string): string | undefined {
  const result = translatePcre(pattern);
  return result.ok ? undefined : result.feature;
}

describe('PCRE translation', () => {
  it('leaves what both dialects read alike', () => {
    for (const same of ['^a.*b?c+?[x-z]{2,3}', '(?i)ab|c', '[[:alpha:]_]', '\\d\\w\\W\\b\\.\\\\', '\\p{Lu}', '[^\\]a]'])
      expect(source(same)).toBe(same);
  });

  it('spells out what RE2 lacks', () => {
    expect(source('a$')).toBe('a(?:\\n?\\z)');
    expect(source('(?m)a$')).toBe('(?m)a$');
    expect(source('a\\Z')).toBe('a(?:\\n?\\z)');
    expect(source('[$\\h]')).toBe('[$\\t\\x20\\xa0]');
    expect(source('\\x41\\x{1F600}\\012\\0\\cA\\e')).toBe('\\x{41}\\x{1f600}\\x{a}\\x{0}\\x{1}\\x1b');
    expect(source('(?<name>a)(?P<x>b)(?#note)c')).toBe('(a)(b)c');
    expect(source('[]a[]')).toBe('[\\]a\\[]');
    expect(source('[^]a]')).toBe('[^\\]a]');
    expect(source('a{,3}b{')).toBe('a\\{,3}b\\{');
    expect(source('\\Qa.b\\E+')).toBe('a\\.b+');
    expect(source('\\@\\é')).toBe('\\@é');
  });

  it('names what it refuses', () => {
    const cases: readonly [string, string][] = [
      ['a(?=b)', 'look-ahead'],
      ['a(?!b)', 'look-ahead'],
      ['(?<!a)b', 'look-behind'],
      ['(?>a)b', 'an atomic group'],
      ['a++', 'a possessive quantifier'],
      ['a{2}+', 'a possessive quantifier'],
      ['(a)\\1', 'a back-reference'],
      ['(?<n>a)\\k<n>', 'a back-reference'],
      ['(a(?R)?b)', 'recursion'],
      ['(?x) a', 'the extended flag x'],
      ['\\Ga', 'the start-of-match anchor \\G'],
      ['a\\', 'a backslash at the end'],
      ['\\y', 'the escape \\y'],
    ];
    for (const [pattern, feature] of cases) expect(refusal(pattern), pattern).toBe(feature);
    expect(refusal('a\\++')).toBeUndefined();
  });
});
