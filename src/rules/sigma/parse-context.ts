/** What the parser of one document is given: where to report, and what the matcher's side says about regular expressions. */
import type { Regex } from '../../ir/predicate.ts';
import type { DefinitionContext } from './detection-item.ts';
import type { Reporter } from './reporter.ts';
import type { YamlMap } from './rule-meta.ts';

export interface ParseContext {
  readonly reporter: Reporter;
  regexProblem(regex: Regex): string | undefined;
}

export function definitionContext(document: YamlMap, context: ParseContext): DefinitionContext {
  return {
    reporter: context.reporter,
    arraySelectors: Number(document['sigma-version'] ?? 2) >= 3,
    regexProblem: (regex) => context.regexProblem(regex),
  };
}
