/**
 * Literals that every match of a regular expression contains: a necessary condition that is a hundred times cheaper to look for
 * than running the expression. Only what is certain: runs of plain characters outside classes, alternatives and optional
 * parts; plain groups are looked into.
 */
import type { Regex } from '../ir/predicate.ts';

export interface RegexLiterals {
  /** All of them stand in every match; not case-folded. */
  readonly pieces: readonly string[];
  /**
   * The expression ignores case (somewhere): RE2 then folds k to the Kelvin sign and s to the long s, so a text that holds one of
   * these may match without the pieces. Pieces hold ASCII only in that case.
   */
  readonly folds: boolean;
  /** Every match is at least this many characters long. */
  readonly leastLength: number;
}

/** Characters that RE2 takes for k and s when case is ignored. */
export const FOLDING_STRANGERS = /[\u017f\u212a]/;

export function regexLiterals(regex: Regex): RegexLiterals {
  const { source } = regex;
  const folds = regex.flags.ignoreCase || /\(\?[a-z-]*i/.test(source);
  // Verbose mode changes what blanks and # mean; quoting changes what everything means.
  if (/\(\?[a-z]*x/.test(source) || source.includes('\\Q')) return { pieces: [], folds, leastLength: 0 };
  const { pieces, leastLength } = sequence(source, 0, folds);
  return { pieces: [...new Set(pieces ?? [])], folds, leastLength };
}

interface Sequence {
  /** Undefined: alternatives, nothing is certain. */
  readonly pieces: string[] | undefined;
  readonly leastLength: number;
  /** Position after the sequence. */
  readonly end: number;
}

function sequence(source: string, start: number, folds: boolean): Sequence {
  const pieces: string[] = [];
  let run = '';
  let leastLength = 0;
  let alternatives = false;
  const flush = (): void => {
    if (run !== '') pieces.push(run);
    run = '';
  };
  let i = start;
  while (i < source.length && source[i] !== ')') {
    let char = source[i] as string;
    let after = i + 1;
    let literal = true;
    let width = 1;
    if (char === '|') {
      width = 0;
      alternatives = true;
      literal = false;
    } else if (char === '(') {
      const inner = group(source, i, folds);
      flush();
      if (inner.pieces !== undefined && !isOptional(source, inner.end)) pieces.push(...inner.pieces);
      leastLength += inner.leastLength * leastCount(source, inner.end);
      i = skipQuantifier(source, inner.end);
      continue;
    } else if (char === '[') {
      after = classEnd(source, i) + 1;
      literal = false;
    } else if ('.^$*+?{}'.includes(char)) {
      if (char === '{') after = Math.max(after, source.indexOf('}', i) + 1);
      if (char !== '.') width = 0;
      literal = false;
    } else if (char === '\\') {
      const next = source[i + 1] ?? '';
      after = i + 2;
      if (/[A-Za-z0-9]/.test(next)) {
        literal = false;
        if (/[bBAzZG]/.test(next)) width = 0;
        const tail = /^(?:x\{[^}]*\}|x[0-9a-fA-F]{0,2}|u[0-9a-fA-F]{0,4}|[pP]\{[^}]*\}|[pP].|c.|[0-7]{1,3})/.exec(
          source.slice(i + 1),
        );
        if (tail !== null) after = i + 1 + tail[0].length;
      } else char = next;
    }
    if (!literal || isOptional(source, after) || (folds && char > '\u007f')) flush();
    else {
      run += char;
      if (source[after] === '+') flush();
    }
    leastLength += width * leastCount(source, after);
    i = skipQuantifier(source, after);
  }
  flush();
  if (alternatives) leastLength = 0;
  return { pieces: alternatives ? undefined : pieces, leastLength, end: Math.min(source.length, i + 1) };
}

/** The inside of a group that begins at `start`; its end is after the bracket. */
function group(source: string, start: number, folds: boolean): Sequence {
  const opening = /^\((?:\?(?:[a-zA-Z-]*:|P?<[A-Za-z_]\w*>))?/.exec(source.slice(start))?.[0] ?? '(';
  if (source.startsWith('(?', start) && opening === '(') {
    // Flags alone, comments, and whatever else: nothing is read from them.
    const close = source.indexOf(')', start);
    return { pieces: [], leastLength: 0, end: close < 0 ? source.length : close + 1 };
  }
  return sequence(source, start + opening.length, folds);
}

function isOptional(source: string, at: number): boolean {
  const char = source[at];
  return char === '*' || char === '?' || char === '{';
}

/** How often the element before `at` occurs at least. */
function leastCount(source: string, at: number): number {
  const char = source[at];
  if (char === '*' || char === '?') return 0;
  const counted = char === '{' ? /^\{(\d+)(?:,\d*)?\}/.exec(source.slice(at, at + 16)) : null;
  if (char === '{') return counted === null ? 0 : Number(counted[1]);
  return 1;
}

function skipQuantifier(source: string, at: number): number {
  let end = at;
  if (source[end] === '*' || source[end] === '+' || source[end] === '?') end++;
  else if (source[end] === '{') {
    const close = source.indexOf('}', end);
    if (close < 0) return at;
    end = close + 1;
  } else return at;
  return source[end] === '?' ? end + 1 : end;
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
