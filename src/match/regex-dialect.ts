/**
 * From the PCRE that rules and patterns are written in to RE2. What RE2 spells differently is translated; what has no linear-time
 * evaluation (look-around, back-references, possessive and atomic groups, recursion) is refused under its own name.
 */

/** Escapes outside and inside classes that RE2 does not know, with what they stand for there. */
const OUTSIDE: Readonly<Record<string, string>> = {
  h: '[ \\t]',
  H: '[^ \\t]',
  R: '(?:\\r\\n|\\n|\\r|\\f|\\v)',
  N: '[^\\n]',
  Z: '(?:\\n?\\z)',
  e: '\\x1b',
};
const INSIDE: Readonly<Record<string, string>> = { h: ' \\t', e: '\\x1b' };

const REFUSED_GROUPS: readonly (readonly [RegExp, string])[] = [
  [/^\(\?[=!]/, 'look-ahead is not supported'],
  [/^\(\?<[=!]/, 'look-behind is not supported'],
  [/^\(\?>/, 'atomic group is not supported'],
  [/^\(\?(?:R|[+-]?\d|&|P>)/, 'recursion is not supported'],
  [/^\(\?\(/, 'conditional group is not supported'],
  [/^\(\?P=/, 'back-reference is not supported'],
  [/^\(\?\|/, 'branch reset is not supported'],
  [/^\(\*/, 'control verb is not supported'],
];

export type Translation = { readonly source: string } | { readonly problem: string };

export function translateRegex(source: string): Translation {
  let out = '';
  let inClass = false;
  let atQuantifier = false;
  for (let i = 0; i < source.length; ) {
    const char = source[i] as string;
    if (char === '\\') {
      const piece = escapeAt(source, i, inClass);
      if ('problem' in piece) return piece;
      out += piece.source;
      i += piece.length;
      atQuantifier = false;
      continue;
    }
    if (inClass) {
      inClass = char !== ']' || isFirstInClass(source, i);
      const posix = char === '[' ? /^\[:\^?[a-z]+:\]/.exec(source.slice(i, i + 16)) : null;
      // A bare bracket inside a class is literal in PCRE; RE2 takes only POSIX names there.
      out += posix?.[0] ?? (char === '[' ? '\\[' : char);
      i += posix?.[0].length ?? 1;
      continue;
    }
    if (char === '(') {
      const group = source.slice(i, i + 8);
      const refused = REFUSED_GROUPS.find(([pattern]) => pattern.test(group));
      if (refused !== undefined) return { problem: refused[1] };
      if (group.startsWith('(?#')) {
        const end = source.indexOf(')', i);
        if (end < 0) return { problem: 'comment is never closed' };
        i = end + 1;
        continue;
      }
    }
    const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(source.slice(i, i + 24))?.[0];
    if (quantifier !== undefined && atQuantifier && quantifier === '+')
      return { problem: 'possessive quantifier is not supported' };
    atQuantifier = quantifier !== undefined && !atQuantifier;
    inClass = char === '[';
    out += quantifier ?? char;
    i += quantifier?.length ?? 1;
  }
  return { source: out };
}

function isFirstInClass(source: string, at: number): boolean {
  return source[at - 1] === '[' || (source[at - 1] === '^' && source[at - 2] === '[');
}

function escapeAt(
  source: string,
  at: number,
  inClass: boolean,
): { readonly source: string; readonly length: number } | { readonly problem: string } {
  const next = source[at + 1];
  if (next === undefined) return { problem: 'expression ends in a backslash' };
  if (!inClass && /[1-9]/.test(next)) return { problem: 'back-reference is not supported' };
  if (!inClass && (next === 'k' || next === 'g')) return { problem: 'back-reference is not supported' };
  if (next === 'K' || next === 'G' || next === 'X') return { problem: `"\\${next}" is not supported` };
  const unicode = next === 'u' ? /^\\u([0-9a-fA-F]{4})/.exec(source.slice(at, at + 6)) : null;
  if (unicode !== null) return { source: `\\x{${unicode[1]}}`, length: 6 };
  const table = inClass ? INSIDE : OUTSIDE;
  if (Object.hasOwn(table, next)) return { source: table[next] as string, length: 2 };
  // A needless escape of a character beyond ASCII is the character itself; RE2 refuses it.
  if (next > '\u007f') return { source: next, length: 2 };
  return { source: `\\${next}`, length: 2 };
}
