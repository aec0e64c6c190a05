/** The automaton never says no to a text that the expression matches; an exact one never yes to another. */
import { describe, expect, it } from 'vitest';
import type { Regex } from '../ir/predicate.ts';
import { seededRandom, pick } from '../testing/random-rules.ts';
import { type RegexAutomaton, regexAutomaton } from './regex-automaton.ts';
import { compiledRegex } from './regex.ts';
import { testSeed } from '../testing/test-runs.ts';

const regex = (source: string, ignoreCase = false): Regex => ({
  kind: 'regex',
  source,
  flags: { ignoreCase, multiline: false, dotAll: false },
  typing: 'bridged',
  normalize: 'none',
});

function accepts({ isExact, classes, classCount, next }: RegexAutomaton, text: string): boolean {
  let state = 0;
  for (const char of isExact ? text : text.toLowerCase()) {
    state = next[state * classCount + (classes[char.charCodeAt(0)] ?? 0)] ?? 0;
    if (state === 1) return true;
  }
  return false;
}

const SOURCES = [
  '\\\\[a-zA-Z0-9]{1,32}\\.[a-zA-Z0-9]{1,6}\\.[ "\']{1}',
  '\\s[a-fA-F0-9]{6}\\s[a-fA-F0-9]{3}',
  '\\w+`(?:\\w+|-|.)`[\\w+|\\s]',
  '"(?:\\{\\d\\})+"\\s*-f',
  '(?i)ab(c|D)*e?f{2,}$',
  '^x.{0,5}(?:/c|/r).+y',
  '[^a-c"]+\\x61b',
  'a-|[-b]c|[c-]d',
  'a{2}b{1,}?c{0,2}[\\]x]',
  '(?P<n>a)\\bz',
  '-k\\s\\w{1,64}(?:\\s?(?:-p|-s))?',
  'x[^\\s-]+(?:B|[C-X])',
  '\\W\\S.a{1,70}',
  '[^\\s]\\s.[^x]\\S',
  '\\v.\\n|B\\W',
  '(?:ab|(?i:c))f',
];
const PARTS = [
  'a',
  'b',
  'C',
  'x',
  'Y',
  '\\',
  '.',
  ' ',
  '"',
  '`',
  '-',
  '{',
  '1',
  '}',
  '/c',
  'f',
  'ef',
  ']',
  'abf',
  'z',
  '\n',
  '\v',
  '\r',
  '\f',
  '\t',
  '\u0000',
  '\u007f',
  '-k',
  'B',
];

describe('automaton of a regular expression', () => {
  it('says yes to every random text that matches, and no to most others', () => {
    const seed = testSeed(7);
    const next = seededRandom(seed);
    let matched = 0;
    let refused = 0;
    let exact = 0;
    for (const source of SOURCES) {
      const automaton = regexAutomaton(regex(source));
      if (automaton === undefined) throw new Error(`no automaton for ${source}`);
      const compiled = compiledRegex(regex(source));
      for (let i = 0; i < 4000; i++) {
        const text = Array.from({ length: next(16) }, () => pick(next, PARTS)).join('');
        const says = accepts(automaton, text);
        if (!says) refused++;
        if (automaton.isExact) {
          exact++;
          expect({ seed, source, text, says }).toEqual({ seed, source, text, says: compiled.matches(text) });
        }
        if (!compiled.matches(text)) continue;
        matched++;
        expect({ seed, source, text, says }).toEqual({ seed, source, text, says: true });
      }
    }
    expect(matched).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(10_000);
    expect(exact).toBeGreaterThan(10_000);
  });

  it('is exact where nothing was taken for more than it says', () => {
    const isExact = (source: string, ignoreCase = false): boolean | undefined =>
      regexAutomaton(regex(source, ignoreCase))?.isExact;
    for (const source of ['-k\\s\\w{1,64}(?:\\s?(?:-p|-s))?', 'a|[^b]c.d', '(?P<n>x+)y'])
      expect({ source, exact: isExact(source) }).toEqual({ source, exact: true });
    for (const source of ['^ab', 'ab$', 'a\\b-', '(?i)ab', 'x(?i:ab)', 'xa{65}', 'xa{1,65}b'])
      expect({ source, exact: isExact(source) }).toEqual({ source, exact: false });
    expect(isExact('ab', true)).toBe(false);
  });

  it('there is none for what it cannot express, or what matches every text', () => {
    for (const source of ['(?=a)b', 'a++', '\\pL', '[[:alpha:]]', '(?x) a', '\\Qa\\E', 'a*', ''])
      expect({ source, automaton: regexAutomaton(regex(source)) }).toEqual({ source, automaton: undefined });
  });
});
