import { expect, it } from 'vitest';
import { regexLiterals } from './regex-literal.ts';

const pieces = (source: string, ignoreCase = false): readonly string[] =>
  regexLiterals({
    kind: 'regex',
    source,
    flags: { ignoreCase, multiline: false, dotAll: false },
    typing: 'bridged',
    normalize: 'none',
  }).pieces;

it.each([
  ['abc', ['abc']],
  ['ab+cd', ['ab', 'cd']],
  ['ab?cd', ['a', 'cd']],
  ['abx{0,3}cd', ['ab', 'cd']],
  ['abc|abd', []],
  ['(set).*&&\\s?set.*(environment|invoke)', ['set', '&&']],
  ['x(?:abc)?yz', ['x', 'yz']],
  ['x(?P<n>abc)yz', ['x', 'abc', 'yz']],
  ['(?i)abc', ['abc']],
  ['[a-z]bcd', ['bcd']],
  ['a\\.b\\x41cd', ['a.b', 'cd']],
  ['\\d+ab', ['ab']],
  ['((ab)cd(ef|gh))', ['ab', 'cd']],
  ['(?x)a b c', []],
  ['a{2}bc', ['bc']],
  ['[]a]bc', ['bc']],
  ['(a', ['a']],
])('%s needs %j', (source, expected) => expect(pieces(source)).toEqual(expected));

it('holds ASCII only where case is ignored', () => expect(pieces('abäcd', true)).toEqual(['ab', 'cd']));

it.each([
  ['abc', 3],
  ['.{1000,}', 1000],
  ['a(bc){2,4}d?', 5],
  ['\\s[a-f]{64}\\b$', 65],
  ['(a|bcd)e+', 1],
  ['a|bc', 0],
])('matches of %s have at least %i characters', (source, expected) =>
  expect(
    regexLiterals({
      kind: 'regex',
      source,
      flags: { ignoreCase: false, multiline: false, dotAll: false },
      typing: 'bridged',
      normalize: 'none',
    }).leastLength,
  ).toBe(expected),
);
