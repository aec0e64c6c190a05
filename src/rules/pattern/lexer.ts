/**
 * Tokens of the STIX patterning language (stix-patterns.md section 1), longest match, made one at a time so that the first
 * problem in reading order is the one reported. White space is every Unicode White_Space character; comments are skipped.
 */
import { isStixTimestamp } from '../../core/stix-timestamp.ts';
import type { Tolerance } from './ast.ts';

export type TokenKind =
  | 'keyword'
  | 'identifier'
  /** With at least one hyphen: an object type, and nothing else in strict mode. */
  | 'hyphenated'
  | 'integer'
  | 'float'
  | 'string'
  | 'timestamp'
  | 'hex'
  | 'binary'
  | 'boolean'
  | 'operator'
  | 'punctuation'
  | 'end'
  | 'invalid';

export interface Token {
  readonly kind: TokenKind;
  /** As written. */
  readonly text: string;
  /** Offset of the first UTF-16 unit. */
  readonly at: number;
  /** Unescaped text of a string, hex digits of hex and binary, the instant's text of a timestamp; else as `text`. */
  readonly value: string;
  /** What is wrong with an invalid token. */
  readonly problem?: string;
  /** The token was read in a way that the grammar does not allow. */
  readonly tolerance?: Tolerance;
}

export const KEYWORDS: ReadonlySet<string> = new Set([
  ...['AND', 'OR', 'NOT', 'FOLLOWEDBY', 'LIKE', 'MATCHES', 'ISSUPERSET', 'ISSUBSET', 'EXISTS', 'LAST', 'IN'],
  ...['START', 'STOP', 'SECONDS', 'WITHIN', 'REPEATS', 'TIMES'],
]);

const SPACE = /(?:[\p{White_Space}]|\/\*[\s\S]*?\*\/|\/\/[^\r\n]*)+/uy;
const WORD = /[A-Za-z_][A-Za-z0-9_-]*/y;
const NUMBER = /[+-]?(?:(?:\d*\.\d+)|\d+)/y;
const OPERATOR = /==|!=|<>|<=|>=|=|<|>/y;
const TYPED = /([thb])'((?:[^'\\]|\\['\\])*)'/y;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;

/** Reads the token at or after `from`, white space skipped. */
export function readToken(text: string, from: number, tolerant: boolean): Token {
  const at = from + matchLength(SPACE, text, from);
  const char = text[at];
  if (char === undefined) return { kind: 'end', text: '', at, value: '' };
  if ((char === 't' || char === 'h' || char === 'b') && text[at + 1] === "'") return typedLiteral(text, at);
  if (/[A-Za-z_]/.test(char)) return word(text, at);
  if (char === "'") return stringLiteral(text, at, "'", tolerant);
  const number = matchLength(NUMBER, text, at);
  if (number > 0) return numberLiteral(text.slice(at, at + number), at);
  const operator = matchLength(OPERATOR, text, at);
  if (operator > 0) return token('operator', text.slice(at, at + operator), at);
  if (':.,()[]*'.includes(char)) return token('punctuation', char, at);
  if (char === '"') return doubleQuoted(text, at, tolerant);
  return invalid(text, at, 1, 'a character that no pattern holds outside quotes');
}

function word(text: string, at: number): Token {
  const name = text.slice(at, at + matchLength(WORD, text, at));
  if (name === 'true' || name === 'false') return token('boolean', name, at);
  if (KEYWORDS.has(name)) return token('keyword', name, at);
  return token(name.includes('-') ? 'hyphenated' : 'identifier', name, at);
}

function numberLiteral(digits: string, at: number): Token {
  const unsigned = digits.replace(/^[+-]/, '');
  if (digits.includes('.')) return token('float', digits, at);
  if (unsigned.length === 1 || !unsigned.startsWith('0')) return token('integer', digits, at);
  return { ...token('invalid', digits, at), problem: 'an integer with a leading zero' };
}

function stringLiteral(text: string, at: number, quote: string, tolerant: boolean): Token {
  let value = '';
  let stray = false;
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i] as string;
    if (char === quote) {
      const whole = { ...token('string', text.slice(at, i + 1), at), value };
      return stray ? { ...whole, tolerance: 'stray-backslash' } : whole;
    }
    if (char !== '\\') value += char;
    else if (text[i + 1] === quote || text[i + 1] === '\\') value += text[++i];
    else if (tolerant) {
      value += char;
      stray = true;
    } else return invalid(text, i, 2, 'a backslash that escapes neither a quote nor a backslash');
  }
  return invalid(text, at, 1, 'text whose closing quote is missing');
}

function doubleQuoted(text: string, at: number, tolerant: boolean): Token {
  if (!tolerant) return invalid(text, at, 1, 'a double quote; text stands between single quotes');
  const read = stringLiteral(text, at, '"', tolerant);
  return read.kind === 'string' ? { ...read, tolerance: 'double-quotes' } : read;
}

function typedLiteral(text: string, at: number): Token {
  TYPED.lastIndex = at;
  const parts = TYPED.exec(text);
  if (parts === null) return invalid(text, at, 2, 'a literal whose closing quote is missing');
  const [whole, prefix, body = ''] = parts;
  if (prefix === 't') {
    if (isStixTimestamp(body)) return { ...token('timestamp', whole, at), value: body };
    return invalid(text, at, whole.length, "a timestamp not of the form t'2024-01-31T23:59:59.999Z'");
  }
  if (prefix === 'h') {
    if (/^(?:[0-9a-fA-F]{2})*$/.test(body)) return { ...token('hex', whole, at), value: body.toLowerCase() };
    return invalid(text, at, whole.length, 'a hex literal that is not made of pairs of hex digits');
  }
  const packed = body.replace(/[\r\n]/g, '');
  if (BASE64.test(packed))
    return { ...token('binary', whole, at), value: Buffer.from(packed, 'base64').toString('hex') };
  return invalid(text, at, whole.length, 'a binary literal that is not base64 with its padding');
}

function token(kind: TokenKind, text: string, at: number): Token {
  return { kind, text, at, value: text };
}

function invalid(text: string, at: number, length: number, problem: string): Token {
  return { ...token('invalid', text.slice(at, at + length), at), problem };
}

function matchLength(form: RegExp, text: string, at: number): number {
  form.lastIndex = at;
  return form.exec(text)?.[0].length ?? 0;
}
