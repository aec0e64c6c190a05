import { describe, expect, it } from 'vitest';
import type { Regex } from '../ir/predicate.ts';
import { compiledRegex, regexProblem } from './regex.ts';

const regex = (source: string): Regex => ({
  kind: 'regex',
  source,
  flags: { ignoreCase: false, multiline: false, dotAll: false },
  typing: 'bridged',
  normalize: 'none',
});

describe('PCRE spelled for RE2', () => {
  it.each([
    ['a\\h+b', 'a \tb', true],
    ['[\\h,]x', '\tx', true],
    ['a\\R', 'a\r\n', true],
    ['x\\Z', 'x\n', true],
    ['\\u0041b', 'Ab', true],
    ['a(?#why)b', 'ab', true],
    ['[]a]+$', ']a', true],
    ['[^]a]', 'a', false],
    ['[a[]x', '[x', true],
    ['[[:digit:]]', '7', true],
    ['(?i)ABC', 'abc', true],
    ['a{2,3}?b', 'aab', true],
    ['x\\–y', 'x–y', true],
    ['\\d{3}\\.tmp$', '123.tmp', true],
  ])('%s on %j is %s', (source, text, expected) => {
    expect(regexProblem(regex(source))).toBeUndefined();
    expect(compiledRegex(regex(source)).matches(text)).toBe(expected);
  });

  it.each([
    ['a(?!b)', 'look-ahead'],
    ['(?<=a)b', 'look-behind'],
    ['\\k<n>', 'back-reference'],
    ['a*+', 'possessive'],
    ['(?R)', 'recursion'],
    ['(a', 'missing'],
    ['a\\', 'backslash'],
  ])('%s is refused: %s', (source, name) => expect(regexProblem(regex(source))).toContain(name));
});
