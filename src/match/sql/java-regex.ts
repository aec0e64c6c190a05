/**
 * From RE2's regular expressions to Java's: the same syntax with other meanings. `(?d)` makes a line feed the only line break and `(?u)`
 * folds letters as RE2 does; `$` without `m` is the very end, `\s` lacks the vertical tab, `\v` is one character, and classes must not
 * take `[` and `&&` for operators. What cannot be said the same way is refused.
 */
import { type SqlRegex, SqlRefusal } from './sql-dialect.ts';

const SPACE = '\\t\\n\\f\\r ';
/** The long s and the sign of Kelvin: RE2 takes them for letters of a class that holds s and k, Java does not. */
const FOLDED = '\\u017f\\u212a';
const FOLDING: ReadonlySet<string> = new Set(['alnum', 'alpha', 'ascii', 'graph', 'lower', 'print', 'upper', 'word']);

export function javaRegex({ source, ignoreCase, multiline, dotAll }: SqlRegex): string {
  let out = '';
  let inClass = false;
  let first = false;
  for (let i = 0; i < source.length; ) {
    const char = source[i] as string;
    if (char === '\\') {
      const piece = escapeAt(source, i, inClass, ignoreCase);
      out += piece.text;
      i += piece.length;
      first = false;
      continue;
    }
    if (inClass) {
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(source.slice(i, i + 16));
      if (posix !== null) {
        out += posixClass(posix[2] as string, posix[1] === '^', ignoreCase);
        i += posix[0].length;
      } else {
        out += char === '[' || char === '&' || (char === ']' && first) || char === '~' ? `\\${char}` : char;
        inClass = char !== ']' || first;
        i++;
      }
      first = false;
      continue;
    }
    if (char === '[') {
      inClass = true;
      first = true;
      out += char;
      i++;
      if (source[i] === '^') {
        out += '^';
        i++;
      }
      continue;
    }
    const group = /^\(\?P<([A-Za-z][A-Za-z0-9]*)>/.exec(source.slice(i));
    if (group !== null) {
      out += `(?<${group[1]}>`;
      i += group[0].length;
      continue;
    }
    const flags = /^\(\?([a-zA-Z]*)(-[a-zA-Z]+)?([:)])/.exec(source.slice(i));
    if (flags !== null) {
      if (`${flags[1]}${flags[2] ?? ''}`.includes('U'))
        throw new SqlRefusal('modifier re', 'the flag U (ungreedy) is not known to Java');
      if (`${flags[1]}${flags[2] ?? ''}`.includes('m') && /(?<!\\)\$/.test(source))
        throw new SqlRefusal('modifier re', '"$" under an inline flag m means something else in Java; use re|m');
      out += flags[0];
      i += flags[0].length;
      continue;
    }
    if (char === '{' && !/^\{\d+(,\d*)?\}/.test(source.slice(i))) out += '\\{';
    else if (char === '$' && !multiline) out += '\\z';
    else out += char;
    i++;
  }
  return `(?du${ignoreCase ? 'i' : ''}${multiline ? 'm' : ''}${dotAll ? 's' : ''})${out}`;
}

function escapeAt(
  source: string,
  at: number,
  inClass: boolean,
  ignoreCase: boolean,
): { readonly text: string; readonly length: number } {
  const next = source[at + 1] ?? '';
  if (next === 's') return { text: inClass ? SPACE : `[${SPACE}]`, length: 2 };
  if (next === 'S') {
    if (inClass) throw new SqlRefusal('modifier re', 'a class with \\S means something else in Java');
    return { text: `[^${SPACE}]`, length: 2 };
  }
  if (next === 'v') return { text: '\\x0b', length: 2 };
  if (next === 'C') throw new SqlRefusal('modifier re', 'single bytes (\\C) do not exist in Java');
  if (ignoreCase && (next === 'w' || next === 'W'))
    return { text: `[${next === 'W' ? '^' : ''}\\w${FOLDED}]`, length: 2 };
  if (next === 'b' || next === 'B' || next === 'w' || next === 'W') {
    // ASCII in RE2; Java widens them with (?U) only, which is not used here.
    return { text: `\\${next}`, length: 2 };
  }
  const quoted = next === 'Q' ? source.indexOf('\\E', at) : -1;
  if (next === 'Q') {
    const end = quoted < 0 ? source.length : quoted + 2;
    return { text: source.slice(at, end), length: end - at };
  }
  return { text: `\\${next}`, length: 2 };
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: 'Alnum',
  alpha: 'Alpha',
  ascii: 'ASCII',
  blank: 'Blank',
  cntrl: 'Cntrl',
  digit: 'Digit',
  graph: 'Graph',
  lower: 'Lower',
  print: 'Print',
  punct: 'Punct',
  space: 'Space',
  upper: 'Upper',
  xdigit: 'XDigit',
};

function posixClass(name: string, negated: boolean, ignoreCase: boolean): string {
  if (ignoreCase && FOLDING.has(name)) return `[${negated ? '^' : ''}${posixClass(name, false, false)}${FOLDED}]`;
  if (name === 'word') return negated ? '\\W' : '\\w';
  const known = Object.hasOwn(POSIX, name) ? POSIX[name] : undefined;
  if (known === undefined) throw new SqlRefusal('modifier re', `the class [:${name}:] is not known to Java`);
  return `\\${negated ? 'P' : 'p'}{${known}}`;
}
