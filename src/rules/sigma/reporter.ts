/** Reporter: collects the findings about one YAML document and turns places into spans. */
import type { Diagnostic, Severity, Span } from '../../errors/diagnostic.ts';
import { diagnostic } from '../../errors/diagnostic.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { Place, SourceLocator, YamlPath } from './source-locator.ts';

export class Reporter {
  readonly diagnostics: Diagnostic[];
  readonly #locator: SourceLocator;
  readonly #document: number;
  #errors = 0;

  /** Line of the document's first key, from 1. */
  readonly line: number;

  constructor(diagnostics: Diagnostic[], locator: SourceLocator, document: number, line: number) {
    this.diagnostics = diagnostics;
    this.line = line;
    this.#locator = locator;
    this.#document = document;
  }

  get file(): string {
    return this.#locator.file;
  }

  /** Errors so far: a rule with one is not loaded. */
  get errors(): number {
    return this.#errors;
  }

  error(code: ErrorCode, message: string, place: Place | YamlPath, hint?: string): void {
    this.#errors++;
    this.#add('error', code, message, place, hint);
  }

  warn(code: ErrorCode, message: string, place: Place | YamlPath, hint?: string): void {
    this.#add('warning', code, message, place, hint);
  }

  note(code: ErrorCode, message: string, place: Place | YamlPath, hint?: string): void {
    this.#add('note', code, message, place, hint);
  }

  span(place: Place | YamlPath): Span {
    return this.#locator.locate(this.#document, 'path' in place ? place : { path: place });
  }

  #add(severity: Severity, code: ErrorCode, message: string, place: Place | YamlPath, hint: string | undefined): void {
    this.diagnostics.push(
      diagnostic(code, severity, message, { span: this.span(place), ...(hint === undefined ? {} : { hint }) }),
    );
  }
}
