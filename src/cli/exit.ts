/** Exit codes (design section 6.1) and the one place that turns a failure into text and a code. */
import { type Diagnostic, FlintError } from '../errors/diagnostic.ts';
import { renderDiagnostic } from '../errors/render.ts';
import { ERROR_TABLE } from '../errors/table.ts';
import { withFirstFixes } from '../errors/with-fix.ts';
import type { Terminal } from './terminal.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, unavailable: 3, interrupted: 130 } as const;

/** Prints what happened and returns the code: user errors 2, surroundings 3, everything else 1. */
export function reportFailure(error: unknown, terminal: Terminal): number {
  if (!(error instanceof FlintError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    terminal.err.write(`unexpected failure: ${text}\n`);
    return EXIT.failed;
  }
  printDiagnostics(error.diagnostics, terminal);
  return exitCodeOf(error.diagnostics);
}

/** All of them; with --quiet only errors. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], terminal: Terminal): void {
  const shown = terminal.quiet ? diagnostics.filter(({ severity }) => severity === 'error') : diagnostics;
  for (const item of withFirstFixes(shown))
    terminal.err.write(`${renderDiagnostic(item, { color: terminal.colorErr })}\n`);
}

export function exitCodeOf(diagnostics: readonly Diagnostic[]): number {
  const errors = diagnostics.filter((item) => item.severity === 'error');
  if (errors.length === 0) return EXIT.done;
  const isUsage = (item: Diagnostic): boolean =>
    ERROR_TABLE[item.code].family === 'user' || item.code === 'ENV_FILE_UNREADABLE';
  return errors.every((item) => ERROR_TABLE[item.code].family === 'environment' && !isUsage(item))
    ? EXIT.unavailable
    : EXIT.usage;
}
