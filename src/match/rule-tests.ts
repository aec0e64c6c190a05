/**
 * Specialised tests: for each Test of the IR in Sigma's typing a closure over one value, built once at load. What has no special
 * form here goes through `value-test.ts`, the interpreter's own table, so nothing can mean something else.
 */
import type { EventValue } from '../core/event.ts';
import { foldCase } from '../core/fold.ts';
import { parseIp, parseNetwork } from '../core/ip-address.ts';
import type { Glob, GlobPart, Test } from '../ir/predicate.ts';
import { globMatches } from './glob.ts';
import { compiledRegex } from './regex.ts';
import { FOLDING_STRANGERS, regexLiterals } from './regex-literal.ts';
import { textForm } from './rule-frame.ts';

/** A test of folded text: what most of Sigma is. */
export type TextTest = (folded: string) => boolean;
export type ValueTest = (value: EventValue) => boolean;

/** The test as a function of the folded text of a scalar, when that is all it depends on. */
export function foldedTextTest(test: Test): TextTest | undefined {
  if (
    test.kind === 'equals' &&
    test.typing === 'bridged' &&
    test.value.type === 'string' &&
    test.collation === 'folded'
  ) {
    const literal = foldCase(test.value.value);
    return (text) => text === literal;
  }
  if (test.kind === 'glob' && test.typing === 'bridged' && test.collation === 'folded' && test.normalize === 'none')
    return globTest(test);
  return undefined;
}

/** The folded text that a value must have anywhere in it, when that is all the test asks for. */
export function textAnywhere(test: Test): string | undefined {
  if (test.kind !== 'glob' || foldedTextTest(test) === undefined || test.parts.length !== 3) return undefined;
  const [before, middle, behind] = test.parts;
  return isAnything(before) && isAnything(behind) && middle !== undefined && 'text' in middle
    ? foldCase(middle.text)
    : undefined;
}

function isAnything(part: GlobPart | undefined): boolean {
  return part !== undefined && 'wildcard' in part && part.wildcard === 'any';
}

/** The test as a function of one value, when it needs nothing else of the event. */
export function valueTest(test: Test): ValueTest | undefined {
  if (test.kind === 'equals' && test.typing === 'bridged' && test.value.type === 'number') {
    const literal = test.value.value;
    return (value) =>
      typeof value === 'number' ? value === literal : typeof value === 'string' && isNumber(value, literal);
  }
  if (test.kind === 'null') return (value) => value === null;
  if (test.kind === 'regex' && test.typing === 'bridged' && test.normalize === 'none') {
    const run = /^\.\{(\d{1,6}),?\}$/.exec(test.source);
    if (run !== null) return longLineTest(Number(run[1]), test.flags.dotAll);
    const { pieces, folds, leastLength } = regexLiterals(test);
    const needed = pieces.map(foldCase);
    const mayMatch = (text: string): boolean => {
      if (text.length < leastLength) return false;
      if (needed.length === 0) return true;
      const folded = foldCase(text);
      return needed.every((piece) => folded.includes(piece)) || (folds && FOLDING_STRANGERS.test(text));
    };
    return (value) => {
      const text = textForm(value);
      return text !== undefined && mayMatch(text) && compiledRegex(test).matches(text);
    };
  }
  if (test.kind === 'network' && test.relation === 'subset') return networkTest(test.network);
  return undefined;
}

/** `.{n,}` alone: some line (or with `s` the text) has n characters. RE2 takes a thousandfold of the time for it. */
function longLineTest(least: number, dotAll: boolean): ValueTest {
  return (value) => {
    const text = textForm(value);
    if (text === undefined || text.length < least) return false;
    const lines = dotAll ? [text] : text.split('\n');
    return lines.some((line) => line.length >= least && (line.length >= 2 * least || Array.from(line).length >= least));
  };
}

function isNumber(text: string, literal: number): boolean {
  const first = text.charCodeAt(0);
  // Digits, sign or dot: everything else is no number, and most texts end here.
  if (!((first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46)) return false;
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) && Number(text) === literal;
}

/** IPv4 in dotted form by arithmetic; everything else through the general parser. */
function networkTest(network: string): ValueTest | undefined {
  const outer = parseNetwork(network);
  if (outer === undefined) return () => false;
  const { groups, bits, family } = outer;
  return (value) => {
    if (typeof value !== 'string' || value.length > 64) return false;
    if (family === 4 && value.includes(':') && !value.includes('.')) return false;
    const inner = value.includes('/') ? parseNetwork(value) : parseIp(value);
    if (inner === undefined || inner.family !== family) return false;
    if ('bits' in inner && (inner as { bits: number }).bits < bits) return false;
    return groups.every((group, i) => {
      const keep = Math.min(16, Math.max(0, bits - i * 16));
      return ((inner.groups[i] ?? 0) & ((0xffff << (16 - keep)) & 0xffff)) === group;
    });
  };
}

function globTest(glob: Glob): TextTest {
  const parts = glob.parts.map((part): GlobPart => ('text' in part ? { text: foldCase(part.text) } : part));
  const pieces = parts.filter((part) => 'text' in part).map((part) => (part as { text: string }).text);
  const shape = parts
    .map((part) => ('text' in part ? 't' : 'wildcard' in part && part.wildcard === 'any' ? '*' : '?'))
    .join('');
  const [first = ''] = pieces;
  if (shape === '*t*') return (text) => text.includes(first);
  if (shape === 't*') return (text) => text.startsWith(first);
  if (shape === '*t') return (text) => text.endsWith(first);
  if (shape === '*') return () => true;
  if (/^[t*]+$/.test(shape)) return starTest(pieces, parts);
  const literal = pieces.reduce((longest, piece) => (piece.length > longest.length ? piece : longest), '');
  return (text) => text.includes(literal) && globMatches(glob, text);
}

/** Only `*` between literals: greedy from the left, the last piece at the end. */
function starTest(pieces: readonly string[], parts: readonly GlobPart[]): TextTest {
  const anchoredStart = 'text' in (parts[0] as GlobPart);
  const anchoredEnd = 'text' in (parts.at(-1) as GlobPart);
  return (text) => {
    let at = 0;
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i] as string;
      if (i === 0 && anchoredStart) {
        if (!text.startsWith(piece)) return false;
        at = piece.length;
        if (pieces.length === 1 && anchoredEnd) return text.length === piece.length;
      } else if (i === pieces.length - 1 && anchoredEnd) {
        return text.length - piece.length >= at && text.endsWith(piece);
      } else {
        const found = text.indexOf(piece, at);
        if (found < 0) return false;
        at = found + piece.length;
      }
    }
    return true;
  };
}
