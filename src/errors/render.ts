/** The one place that turns a Diagnostic into text: message, place, the source line with the span underlined, hint. */
import type { Diagnostic, Span } from './diagnostic.ts';

export interface RenderOptions {
  readonly color: boolean;
}

export function renderDiagnostic(diagnostic: Diagnostic, options: RenderOptions): string {
  const paint = options.color ? colored : plain;
  const lines = [
    `${paint(diagnostic.severity, severityColor(diagnostic))}[${diagnostic.code}]: ${printable(diagnostic.message)}`,
  ];
  if (diagnostic.span !== undefined) lines.push(...renderSpan(diagnostic.span));
  for (const related of diagnostic.related ?? [])
    lines.push(`  note: ${printable(related.message)}`, ...renderSpan(related.span));
  if (diagnostic.hint !== undefined) lines.push(`  hint: ${printable(diagnostic.hint)}`);
  return lines.join('\n');
}

/** Replaces control characters, so that text from feeds and logs cannot steer the terminal. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function renderSpan(span: Span): string[] {
  const place = [span.file, span.line, span.column].filter((part) => part !== undefined).join(':');
  const lines = [`  --> ${printable(place)}`];
  if (span.sourceLine === undefined || span.line === undefined) return lines;
  const gutter = String(span.line);
  lines.push(`  ${gutter} | ${printable(span.sourceLine).slice(0, 200)}`);
  if (span.column !== undefined && span.column <= 200) {
    const caret = '^'.repeat(Math.max(1, Math.min(span.length ?? 1, 200 - span.column)));
    lines.push(`  ${' '.repeat(gutter.length)} | ${' '.repeat(span.column - 1)}${caret}`);
  }
  return lines;
}

function severityColor(diagnostic: Diagnostic): number {
  return diagnostic.severity === 'error' ? 31 : diagnostic.severity === 'warning' ? 33 : 36;
}

function colored(text: string, code: number): string {
  return `\u001b[${code}m${text}\u001b[39m`;
}

function plain(text: string): string {
  return text;
}
