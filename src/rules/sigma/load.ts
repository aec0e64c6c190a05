/**
 * loadSigma: texts of rule files to a rule set. Pure: reading files is the caller's. Every finding is a Diagnostic; a rule with
 * an error is left out and the others stay.
 */
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { Regex } from '../../ir/predicate.ts';
import type { SigmaFile } from './collection.ts';
import { parseSigmaFile } from './collection.ts';
import type { PlaceholderValues } from './placeholders.ts';
import { placeholderResolver } from './placeholders.ts';
import type { ResolvedRules } from './resolve.ts';
import { resolveRules } from './resolve.ts';

export interface SigmaOptions {
  /** `regexProblem` of `match/regex.ts`: why an expression cannot be used. */
  regexProblem(regex: Regex): string | undefined;
  readonly placeholders?: PlaceholderValues;
}

export interface SigmaRules extends ResolvedRules {
  readonly diagnostics: readonly Diagnostic[];
}

export function loadSigma(files: readonly SigmaFile[], options: SigmaOptions): SigmaRules {
  const diagnostics: Diagnostic[] = [];
  const documents = files.flatMap((file) => parseSigmaFile(file, (regex) => options.regexProblem(regex), diagnostics));
  const resolved = resolveRules(
    documents,
    (rule) => rule,
    placeholderResolver(options.placeholders ?? new Map()),
    (rule) => rule,
  );
  return { ...resolved, diagnostics };
}
