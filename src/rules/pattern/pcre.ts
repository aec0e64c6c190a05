/**
 * PCRE to the linear-time dialect of the matcher (RE2): what differs only in spelling is rewritten, what RE2 cannot express
 * (look-around, back-references, possessive quantifiers, recursion, …) is refused by name. MATCHES is a search with DOTALL
 * (2.1 section 9.6.1); `$` also matches before one final line feed, as in PCRE.
 */

export type Translation =
  | { readonly ok: true; readonly source: string }
  | { readonly ok: false; readonly at: number; readonly feature: string };

/** Escapes outside and inside classes that RE2 lacks or reads differently; [outside, inside] a class. */
const ESCAPES: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['h', ['[\\t\\x20\\xa0]', '\\t\\x20\\xa0']],
  ['H', ['[^\\t\\x20\\xa0]', '']],
  ['v', ['[\\n-\\r\\x85\\x{2028}\\x{2029}]', '\\n-\\r\\x85\\x{2028}\\x{2029}']],
  ['V', ['[^\\n-\\r\\x85\\x{2028}\\x{2029}]', '']],
  ['s', ['[\\s\\x0b]', '\\s\\x0b']],
  ['S', ['[^\\s\\x0b]', '']],
  ['R', ['(?:\\r\\n|[\\n-\\r\\x85\\x{2028}\\x{2029}])', '']],
  ['N', ['[^\\n]', '']],
  ['e', ['\\x1b', '\\x1b']],
  ['a', ['\\x07', '\\x07']],
  ['Z', ['(?:\\n?\\z)', '']],
  ['b', ['\\b', '\\x08']],
]);

/** Escapes that RE2 reads as PCRE does. */
const SHARED = /^[dDwWBAzfnrtC]$/;

const REFUSED: ReadonlyMap<string, string> = new Map([
  ['G', 'the start-of-match anchor \\G'],
  ['K', 'the match reset \\K'],
  ['X', 'grapheme clusters \\X'],
  ['g', 'a back-reference'],
  ['k', 'a back-reference'],
]);

const GROUPS: readonly (readonly [RegExp, string])[] = [
  [/^\(\?[=!]/, 'look-ahead'],
  [/^\(\?<[=!]/, 'look-behind'],
  [/^\(\?>/, 'an atomic group'],
  [/^\(\?\(/, 'a conditional group'],
  [/^\(\?(?:R|[+-]?\d|&|P>)/, 'recursion'],
  [/^\(\?P=/, 'a back-reference'],
  [/^\(\?\|/, 'a branch-reset group'],
  [/^\(\?C/, 'a callout'],
  [/^\(\*/, 'a backtracking verb'],
  [/^\(\?[a-zA-Z-]*x/, 'the extended flag x'],
];

export function translatePcre(pattern: string): Translation {
  let source = '';
  let inClass = false;
  let multiline = false;
  let i = 0;
  while (i < pattern.length) {
    const rest = pattern.slice(i, i + 80);
    let taken = String.fromCodePoint(pattern.codePointAt(i) ?? 0);
    let text = taken;
    if (taken === '\\') {
      const escaped = translateEscape(rest, inClass, pattern, i);
      if ('feature' in escaped) return { ok: false, at: i, feature: escaped.feature };
      ({ taken, text } = escaped);
    } else if (inClass) {
      if (rest.startsWith('[:')) {
        taken = text = /^\[:\^?[a-z]+:\]/.exec(rest)?.[0] ?? '[';
        if (text === '[') text = '\\[';
      } else if (taken === '[') text = '\\[';
      else if (taken === ']') inClass = false;
    } else if (taken === '[') {
      // A bracket that comes first in a class stands for itself.
      taken = /^\[\^?\]?/.exec(rest)?.[0] ?? '[';
      text = taken.replace(']', '\\]');
      inClass = true;
    } else if (taken === '(') {
      const feature = GROUPS.find(([form]) => form.test(rest))?.[1];
      if (feature !== undefined) return { ok: false, at: i, feature };
      const comment = /^\(\?#[^)]*\)/.exec(pattern.slice(i))?.[0];
      const named = /^\(\?(?:P?<[A-Za-z_]\w*>|'[A-Za-z_]\w*')/.exec(rest)?.[0];
      if (comment !== undefined) [taken, text] = [comment, ''];
      else if (named !== undefined) [taken, text] = [named, '('];
      if (/^\(\?[a-zA-Z]*m/.test(rest)) multiline = true;
    } else if (taken === '$' && !multiline) text = '(?:\\n?\\z)';
    else if (taken === '{' && !/^\{\d+(?:,\d*)?\}/.test(rest)) text = '\\{';
    else if (/^(?:[*+?]|\{\d+(?:,\d*)?\})\+/.test(rest) && i > 0)
      return { ok: false, at: i, feature: 'a possessive quantifier' };
    source += text;
    i += taken.length;
  }
  return { ok: true, source };
}

interface Piece {
  readonly taken: string;
  readonly text: string;
}

function translateEscape(
  rest: string,
  inClass: boolean,
  pattern: string,
  at: number,
): Piece | { readonly feature: string } {
  const char = rest[1] ?? '';
  if (char === '') return { feature: 'a backslash at the end' };
  const refused = REFUSED.get(char);
  if (refused !== undefined) return { feature: refused };
  const octal = /^\\(?:0[0-7]{0,2}|[1-7][0-7]{2}|o\{[0-7]+\})/.exec(rest)?.[0];
  const digits = octal?.replace(/^\\o?\{?|\}$/g, '');
  if (octal !== undefined && digits !== undefined) return { taken: octal, text: hexEscape(Number.parseInt(digits, 8)) };
  if (/[1-9]/.test(char)) {
    if (!inClass) return { feature: 'a back-reference' };
    return { feature: `the escape \\${char} in a class` };
  }
  const hex = /^\\x(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{0,2}))/.exec(rest);
  if (hex !== null) return { taken: hex[0], text: hexEscape(Number.parseInt(hex[1] ?? (hex[2] || '0'), 16)) };
  const control = /^\\c([\x20-\x7e])/.exec(rest);
  if (control !== null) {
    const code = (control[1] as string).toUpperCase().charCodeAt(0) ^ 64;
    return { taken: control[0], text: hexEscape(code) };
  }
  if (char === 'Q') {
    const end = pattern.indexOf('\\E', at + 2);
    const body = pattern.slice(at + 2, end < 0 ? undefined : end);
    return { taken: `\\Q${body}${end < 0 ? '' : '\\E'}`, text: body.replace(/[^\p{L}\p{N}\s]/gu, '\\$&') };
  }
  if (char === 'E') return { taken: '\\E', text: '' };
  const spelled = ESCAPES.get(char);
  if (spelled !== undefined) {
    const text = spelled[inClass ? 1 : 0];
    return text === '' ? { feature: `the escape \\${char} in a class` } : { taken: `\\${char}`, text };
  }
  const property = /^\\[pP](?:\{\^?\w+\}|\w)/.exec(rest)?.[0];
  if (property !== undefined) return { taken: property, text: property };
  if (SHARED.test(char)) return { taken: `\\${char}`, text: `\\${char}` };
  const taken = `\\${String.fromCodePoint(rest.codePointAt(1) ?? 0)}`;
  if (/[A-Za-z]/.test(char)) return { feature: `the escape \\${char}` };
  // Before any other character the backslash takes its meaning away; RE2 allows that for ASCII punctuation only.
  return { taken, text: /[!-/:-@[-`{-~]/.test(char) ? taken : taken.slice(1) };
}

function hexEscape(code: number): string {
  return `\\x{${code.toString(16)}}`;
}
