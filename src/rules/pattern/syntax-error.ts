/**
 * Syntax problems of patterns as diagnostics: what was expected, what was found, and the likeliest cause. The exception never
 * leaves `parse.ts`; it only carries the first problem out of the nested parser.
 */
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { nearestName } from '../../errors/nearest.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { KEYWORDS, type Token } from './lexer.ts';

export class PatternSyntaxError extends Error {
  readonly code: ErrorCode;
  readonly at: number;
  readonly length: number;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, at: number, length: number, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.at = at;
    this.length = length;
    this.hint = hint;
  }
}

/** The problem "expected `what`" at a token. */
export function unexpected(what: string, token: Token, hint?: string): PatternSyntaxError {
  const length = Math.max(1, token.text.length);
  if (token.kind === 'invalid')
    return new PatternSyntaxError(
      'PATTERN_SYNTAX',
      token.at,
      length,
      `${quoted(token)}: ${token.problem}`,
      escapeHint(token),
    );
  const message = `expected ${what}, found ${quoted(token)}`;
  return new PatternSyntaxError('PATTERN_SYNTAX', token.at, length, message, hint ?? likelyCause(what, token));
}

/** Where in the text the problem stands, 1-based; `file` names where the pattern came from. */
export function toDiagnostic(error: PatternSyntaxError, text: string, file: string): Diagnostic {
  const lines = text.slice(0, error.at).split('\n');
  const column = (lines.at(-1) ?? '').length + 1;
  const sourceLine = text.split('\n')[lines.length - 1] ?? '';
  const span = { file, line: lines.length, column, sourceLine, length: error.length };
  return diagnostic(
    error.code,
    'error',
    error.message,
    error.hint === undefined ? { span } : { span, hint: error.hint },
  );
}

function likelyCause(what: string, token: Token): string | undefined {
  const upper = token.text.toUpperCase();
  if (KEYWORDS.has(upper) && token.text !== upper) return `keywords are upper case: write ${upper}`;
  if (token.kind === 'keyword' && what.includes('property'))
    return `a property of this name needs quotes: '${token.text}'`;
  if (token.kind === 'hyphenated' && what.includes('property'))
    return `a property name with a hyphen needs quotes: '${token.text}'`;
  if (token.kind === 'identifier' || token.kind === 'hyphenated') {
    if (what.includes('constant')) return `text stands between single quotes: '${token.text}'`;
    const keyword = nearestName(upper, KEYWORDS);
    if (keyword !== undefined) return `did you mean ${keyword}?`;
  }
  if (what.includes('constant') && token.kind === 'keyword') return 'the constant after the operator is missing';
  return undefined;
}

function escapeHint(token: Token): string | undefined {
  return token.text.startsWith('\\') ? "write \\\\ for one backslash and \\' for a quote" : undefined;
}

function quoted(token: Token): string {
  if (token.kind === 'end') return 'the end of the pattern';
  return `"${token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text}"`;
}
