/**
 * Diagnostic: one finding about configuration, rules, intelligence or data, as a record. Loading collects all of them; text
 * is made in one place (`render.ts`). Expected failures are returned as diagnostics, exceptions are for bugs and I/O.
 */
import type { ErrorCode } from './table.ts';

/** A place in a file. Lines and columns count from 1. */
export interface Span {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** The line of text itself, to be shown with a caret. */
  readonly sourceLine?: string;
  /** Characters to underline from `column` on; 1 when absent. */
  readonly length?: number;
}

export type Severity = 'error' | 'warning' | 'note';

export interface Diagnostic {
  readonly code: ErrorCode;
  readonly severity: Severity;
  /** Lower case, no final stop: what, where, the offending value quoted. */
  readonly message: string;
  readonly span?: Span;
  readonly related?: readonly { readonly message: string; readonly span: Span }[];
  /** How to fix it. */
  readonly hint?: string;
}

/** An expected failure that must cross an asynchronous boundary: wrong usage, unreadable file, port in use. */
export class FlintError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[], options?: { cause?: unknown }) {
    super(diagnostics.map((diagnostic) => diagnostic.message).join('; '), options);
    this.name = 'FlintError';
    this.diagnostics = diagnostics;
  }
}

export function diagnostic(
  code: ErrorCode,
  severity: Severity,
  message: string,
  more: Partial<Pick<Diagnostic, 'span' | 'related' | 'hint'>> = {},
): Diagnostic {
  return { code, severity, message, ...more };
}
