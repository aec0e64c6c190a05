/**
 * Parser of STIX patterns 2.0 and 2.1 (stix-patterns.md section 2): precedence climbing with one token of look-ahead, lists
 * read in loops, parentheses bounded in depth. Strict mode accepts exactly the grammar; the default, made for feeds, also
 * accepts spellings that can mean only one thing and notes each of them. Linear in the length of the text.
 */
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type {
  Comparison,
  ComparisonOperator,
  ComparisonTest,
  Observation,
  ParsedPattern,
  PathStep,
  PatternLiteral,
  PatternPath,
  Qualifier,
  Tolerance,
} from './ast.ts';
import { readToken, type Token } from './lexer.ts';
import { PatternSyntaxError, toDiagnostic, unexpected } from './syntax-error.ts';

const MAX_CHARACTERS = 1_000_000;
const MAX_DEPTH = 250;

export interface ParseOptions {
  /** Only what the grammar allows. */
  readonly strict?: boolean;
  /** Where the pattern came from, for the span of a diagnostic. */
  readonly file?: string;
}

export type ParseResult =
  | { readonly ok: true; readonly pattern: ParsedPattern }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

export function parsePattern(text: string, options: ParseOptions = {}): ParseResult {
  const strict = options.strict === true;
  const first = attempt(text, strict, parseWhole);
  if (!(first instanceof PatternSyntaxError)) return { ok: true, pattern: first };
  if (!strict && first.code === 'PATTERN_MISSING_BRACKETS') {
    const bare = attempt(text, strict, parseBare);
    if (!(bare instanceof PatternSyntaxError)) return { ok: true, pattern: bare };
  }
  return { ok: false, diagnostic: toDiagnostic(first, text, options.file ?? 'pattern') };
}

interface Cursor {
  readonly text: string;
  readonly strict: boolean;
  readonly notes: Set<Tolerance>;
  /** The token to be taken next. */
  token: Token;
  depth: number;
}

function attempt(
  text: string,
  strict: boolean,
  parse: (cursor: Cursor) => Observation,
): ParsedPattern | PatternSyntaxError {
  try {
    if (text.length > MAX_CHARACTERS)
      throw new PatternSyntaxError(
        'PATTERN_LIMIT',
        0,
        1,
        `pattern of ${text.length} characters, at most ${MAX_CHARACTERS}`,
      );
    const cursor: Cursor = { text, strict, notes: new Set(), token: readToken(text, 0, !strict), depth: 0 };
    note(cursor, cursor.token);
    const root = parse(cursor);
    if (cursor.token.kind !== 'end') throw unexpected('AND, OR, FOLLOWEDBY, a qualifier or the end', cursor.token);
    return Object.freeze({ text, root, notes: Object.freeze([...cursor.notes]) });
  } catch (error) {
    if (error instanceof PatternSyntaxError) return error;
    throw error;
  }
}

function parseWhole(cursor: Cursor): Observation {
  return parseFollowedBy(cursor);
}

/** A comparison without its brackets, or with one of them. */
function parseBare(cursor: Cursor): Observation {
  cursor.notes.add('missing-brackets');
  const test = parseComparison(cursor);
  if (isPunctuation(cursor, ']')) take(cursor);
  return parseQualifiers(cursor, { kind: 'bracket', test }, false);
}

// Between observations: FOLLOWEDBY is the loosest, then OR, then AND.

function parseFollowedBy(cursor: Cursor): Observation {
  return parseJoin(cursor, 'FOLLOWEDBY', 'followedby', (inner) =>
    parseJoin(inner, 'OR', 'observation-or', (tighter) =>
      parseJoin(tighter, 'AND', 'observation-and', parseObservation),
    ),
  );
}

/** Operands with the keyword between them; one alone is itself. */
function parseJoin<T, Kind extends string>(
  cursor: Cursor,
  keyword: string,
  kind: Kind,
  operand: (cursor: Cursor) => T,
): T | { readonly kind: Kind; readonly items: readonly T[] } {
  const first = operand(cursor);
  if (!atKeyword(cursor, keyword)) return first;
  const items = [first];
  while (atKeyword(cursor, keyword)) {
    take(cursor);
    items.push(operand(cursor));
  }
  return { kind, items };
}

function parseObservation(cursor: Cursor): Observation {
  if (isPunctuation(cursor, '(')) {
    const item = inside(cursor, ')', parseFollowedBy);
    return parseQualifiers(cursor, item, true);
  }
  if (isPunctuation(cursor, '[')) {
    const test = inside(cursor, ']', parseComparison);
    return parseQualifiers(cursor, { kind: 'bracket', test }, false);
  }
  const { token } = cursor;
  if (token.kind === 'identifier' || token.kind === 'hyphenated' || isKeyword(cursor, 'EXISTS')) {
    const message = `expected "[" before "${token.text}": a comparison stands between square brackets`;
    throw new PatternSyntaxError(
      'PATTERN_MISSING_BRACKETS',
      token.at,
      token.text.length,
      message,
      'write [ … ] around it',
    );
  }
  throw unexpected('"[" or "("', token);
}

function parseQualifiers(cursor: Cursor, item: Observation, isGroup: boolean): Observation {
  let result = item;
  while (true) {
    const qualifier = parseQualifier(cursor);
    if (qualifier === undefined) return result;
    const grouped = isGroup && result === item;
    result = { kind: 'qualified', item: result, ...(grouped && { grouped }), qualifier };
  }
}

function parseQualifier(cursor: Cursor): Qualifier | undefined {
  const { at } = cursor.token;
  if (atKeyword(cursor, 'WITHIN')) {
    take(cursor);
    const seconds = takePositiveNumber(cursor, 'a number of seconds', ['integer', 'float']);
    takeKeyword(cursor, 'SECONDS');
    return { kind: 'within', seconds, at };
  }
  if (atKeyword(cursor, 'REPEATS')) {
    take(cursor);
    const times = takePositiveNumber(cursor, 'a whole number of times', ['integer']);
    takeKeyword(cursor, 'TIMES');
    return { kind: 'repeats', times, at };
  }
  if (atKeyword(cursor, 'START')) {
    take(cursor);
    const start = takeTimestamp(cursor);
    takeKeyword(cursor, 'STOP');
    return { kind: 'start-stop', start, stop: takeTimestamp(cursor), at };
  }
  return undefined;
}

/** Zero passes the grammar and is refused by the compiler; a minus sign does not pass. */
function takePositiveNumber(cursor: Cursor, what: string, kinds: readonly Token['kind'][]): number {
  const { token } = cursor;
  if (!kinds.includes(token.kind) || token.text.startsWith('-')) throw unexpected(what, token);
  take(cursor);
  return Number(token.text);
}

function takeTimestamp(cursor: Cursor): string {
  const { token } = cursor;
  if (token.kind !== 'timestamp' && token.kind !== 'string') throw unexpected("a timestamp t'…'", token);
  return take(cursor).value;
}

// Inside brackets: OR, then AND, then single tests.

function parseComparison(cursor: Cursor): Comparison {
  return parseJoin<Comparison, 'or'>(cursor, 'OR', 'or', (inner) =>
    parseJoin<Comparison, 'and'>(inner, 'AND', 'and', parseTest),
  );
}

function parseTest(cursor: Cursor): Comparison {
  if (isPunctuation(cursor, '(')) return inside(cursor, ')', parseComparison);
  const { at } = cursor.token;
  if (isKeyword(cursor, 'NOT') || isKeyword(cursor, 'EXISTS')) {
    const negated = isKeyword(cursor, 'NOT');
    if (negated) take(cursor);
    if (!isKeyword(cursor, 'EXISTS'))
      throw unexpected('EXISTS', cursor.token, "NOT stands between path and operator: file:name NOT = 'a'");
    take(cursor);
    return { kind: 'test', path: parsePath(cursor), operator: 'EXISTS', negated, operands: [], at };
  }
  const path = parsePath(cursor);
  const negated = atKeyword(cursor, 'NOT');
  if (negated) take(cursor);
  const operator = takeOperator(cursor);
  return {
    kind: 'test',
    path,
    operator,
    negated,
    operands: parseOperands(cursor, operator),
    at,
  } satisfies ComparisonTest;
}

const OPERATORS: ReadonlyMap<string, ComparisonOperator> = new Map([
  ...(['=', '!=', '<', '<=', '>', '>=', 'IN', 'LIKE', 'MATCHES', 'ISSUBSET', 'ISSUPERSET'] as const).map(
    (operator) => [operator, operator] as const,
  ),
  ['==', '='],
  ['<>', '!='],
]);

function takeOperator(cursor: Cursor): ComparisonOperator {
  const { token } = cursor;
  for (const [spelling, operator] of OPERATORS) {
    if (token.kind === 'operator' ? token.text !== spelling : !atKeyword(cursor, spelling)) continue;
    take(cursor);
    return operator;
  }
  throw unexpected('a comparison operator', token);
}

function parseOperands(cursor: Cursor, operator: ComparisonOperator): readonly PatternLiteral[] {
  if (operator === 'IN') return parseSet(cursor);
  const { token } = cursor;
  const literal = takeLiteral(cursor, operator);
  const isText = operator === 'LIKE' || operator === 'MATCHES' || operator === 'ISSUBSET' || operator === 'ISSUPERSET';
  if (isText && literal.type !== 'string') throw unexpected(`text in quotes after ${operator}`, token);
  if (literal.type === 'boolean' && operator !== '=' && operator !== '!=')
    throw unexpected(`a constant that has an order after ${operator}`, token);
  return [literal];
}

function parseSet(cursor: Cursor): readonly PatternLiteral[] {
  takePunctuation(cursor, '(', 'IN');
  const literals: PatternLiteral[] = [];
  if (!isPunctuation(cursor, ')')) {
    literals.push(takeLiteral(cursor, 'IN'));
    while (isPunctuation(cursor, ',')) {
      take(cursor);
      literals.push(takeLiteral(cursor, 'IN'));
    }
  }
  takePunctuation(cursor, ')', 'the set');
  return literals;
}

function takeLiteral(cursor: Cursor, after: string): PatternLiteral {
  const literal = literalOf(cursor.token);
  if (literal === undefined) throw unexpected(`a constant after ${after}`, cursor.token);
  take(cursor);
  return literal;
}

function literalOf({ kind, value }: Token): PatternLiteral | undefined {
  if (kind === 'string') return { type: 'string', value };
  if (kind === 'integer' || kind === 'float') return { type: kind, value: Number(value) };
  if (kind === 'boolean') return { type: 'boolean', value: value === 'true' };
  if (kind === 'hex' || kind === 'binary') return { type: kind, hex: value };
  return kind === 'timestamp' ? { type: 'timestamp', text: value } : undefined;
}

// Object paths.

function parsePath(cursor: Cursor): PatternPath {
  const { token } = cursor;
  if (token.kind !== 'identifier' && token.kind !== 'hyphenated')
    throw unexpected('an object path (type:property)', token);
  const type = take(cursor).text;
  takePunctuation(cursor, ':', `the object type "${type}"`);
  const steps: PathStep[] = [takeKey(cursor)];
  while (true) {
    if (isPunctuation(cursor, '.')) {
      take(cursor);
      steps.push(takeKey(cursor));
    } else if (isPunctuation(cursor, '[')) {
      take(cursor);
      steps.push(takeIndex(cursor));
      takePunctuation(cursor, ']', 'the index');
    } else return { type, steps };
  }
}

function takeKey(cursor: Cursor): PathStep {
  const { token } = cursor;
  if (token.kind === 'hyphenated' && !cursor.strict) cursor.notes.add('unquoted-key');
  else if (token.kind !== 'identifier' && token.kind !== 'string') throw unexpected('a property name', token);
  return { kind: 'key', name: take(cursor).value };
}

function takeIndex(cursor: Cursor): PathStep {
  const { token } = cursor;
  if (token.kind === 'integer') return { kind: 'index', index: Number(take(cursor).text) };
  if (!isPunctuation(cursor, '*')) throw unexpected('a list index or *', token);
  take(cursor);
  return { kind: 'any' };
}

// Tokens.

function inside<T>(cursor: Cursor, close: string, parse: (cursor: Cursor) => T): T {
  const open = take(cursor);
  if (++cursor.depth > MAX_DEPTH)
    throw new PatternSyntaxError('PATTERN_LIMIT', open.at, 1, `nested more than ${MAX_DEPTH} deep`);
  const result = parse(cursor);
  takePunctuation(cursor, close, `what "${open.text}" at ${open.at + 1} opens`);
  cursor.depth--;
  return result;
}

function take(cursor: Cursor): Token {
  const { token } = cursor;
  cursor.token = readToken(cursor.text, token.at + token.text.length, !cursor.strict);
  note(cursor, cursor.token);
  return token;
}

function note(cursor: Cursor, token: Token): void {
  if (token.tolerance !== undefined) cursor.notes.add(token.tolerance);
}

function isKeyword(cursor: Cursor, name: string): boolean {
  return cursor.token.kind === 'keyword' && cursor.token.text === name;
}

/** For places where no identifier may stand, so that `and` can only mean AND; a property may well be named `start`. */
function atKeyword(cursor: Cursor, name: string): boolean {
  if (isKeyword(cursor, name)) return true;
  const { kind, text } = cursor.token;
  if (cursor.strict || kind !== 'identifier' || text.toUpperCase() !== name) return false;
  cursor.notes.add('lower-case-keyword');
  return true;
}

function isPunctuation(cursor: Cursor, char: string): boolean {
  return cursor.token.kind === 'punctuation' && cursor.token.text === char;
}

function takeKeyword(cursor: Cursor, name: string): void {
  if (!atKeyword(cursor, name)) throw unexpected(name, cursor.token);
  take(cursor);
}

function takePunctuation(cursor: Cursor, char: string, after: string): void {
  if (!isPunctuation(cursor, char)) throw unexpected(`"${char}" after ${after}`, cursor.token);
  take(cursor);
}
