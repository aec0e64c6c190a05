/**
 * A literal that every match of a regular expression contains, or undefined. Only what is certain: the longest run of plain
 * characters at the top level of the expression, outside groups, classes, alternatives and optional parts.
 */
import type { Regex } from '../ir/predicate.ts';

/** Shorter literals are found in nearly every text. */
const SHORTEST = 3;

export function regexLiteral(regex: Regex): string | undefined {
  const { source } = regex;
  // Inline flags other than leading ones, and verbose mode, change what characters mean.
  if (/\(\?[a-z]*x/.test(source)) return undefined;
  // RE2 folds k to the Kelvin sign, s to the long s, and beyond ASCII more than `foldCase` does: no literal may hold those.
  const folds = regex.flags.ignoreCase || /\(\?[a-z-]*i/.test(source);
  let depth = 0;
  let run = '';
  let best = '';
  const end = (): void => {
    if (run.length > best.length) best = run;
    run = '';
  };
  for (let i = 0; i < source.length; i++) {
    let char = source[i] as string;
    if (char === '\\') {
      const next = source[++i];
      if (next === undefined || /[A-Za-z0-9]/.test(next)) {
        if (next === 'Q') return undefined;
        end();
        // \xHH, \u0000, \p{…}: skip what belongs to the escape, so that it is not taken for text.
        const tail = /^(?:x\{[^}]*\}|x[0-9a-fA-F]{0,2}|u[0-9a-fA-F]{0,4}|[pP]\{[^}]*\}|[pP].|c.|[0-7]{1,3})/.exec(
          source.slice(i),
        );
        if (tail !== null) i += tail[0].length - 1;
        continue;
      }
      char = next;
    } else if (char === '(') {
      depth++;
      end();
      continue;
    } else if (char === ')') {
      depth--;
      end();
      continue;
    } else if (char === '[') {
      end();
      i = classEnd(source, i);
      continue;
    } else if (char === '|') {
      if (depth === 0) return undefined;
      continue;
    } else if ('.^$'.includes(char)) {
      end();
      continue;
    } else if (char === '{' || '*+?'.includes(char)) {
      end();
      if (char === '{') while (i < source.length && source[i] !== '}') i++;
      continue;
    }
    if (depth > 0) continue;
    const following = source[i + 1];
    if (folds && (/[ks]/i.test(char) || char > '\u007f')) end();
    else if (following === '*' || following === '?' || following === '{') end();
    else {
      run += char;
      if (following === '+') end();
    }
  }
  end();
  return best.length >= SHORTEST ? best : undefined;
}

function classEnd(source: string, start: number): number {
  let i = start + 1;
  if (source[i] === '^') i++;
  if (source[i] === ']') i++;
  while (i < source.length && source[i] !== ']') {
    if (source[i] === '\\') i++;
    else if (source[i] === '[' && source[i + 1] === ':') {
      const close = source.indexOf(':]', i);
      if (close >= 0) i = close + 1;
    }
    i++;
  }
  return i;
}
