/**
 * Texts of Sigma rules, and the one way to the rules in them: parsed, rewritten by pipelines, placeholders filled, and chosen by the
 * configured selection.
 */
import { regexProblem } from '../../match/regex.ts';
import { type KnownFiles, loadSigma, type SigmaRules } from '../../rules/sigma/load.ts';
import { type RuleSelection, selectRules } from '../../rules/sigma/rule-selection.ts';
import type { RuleText } from './rule-files.ts';

export interface SigmaTexts {
  readonly sigma: readonly RuleText[];
  readonly pipelines: readonly RuleText[];
  /** Files that pipelines take values from, by the path that they name. */
  readonly pipelineData: readonly RuleText[];
  readonly selection: RuleSelection;
  /** Values by placeholder name. */
  readonly placeholders: readonly (readonly [string, readonly string[]])[];
}

/** The rules that count; findings are about all that were read. */
export function loadSigmaTexts(
  texts: SigmaTexts,
  { identifiersOf, known }: { readonly identifiersOf?: ReadonlySet<string>; readonly known?: KnownFiles } = {},
): SigmaRules {
  const data = new Map(texts.pipelineData.map(({ path, text }) => [path, text]));
  const loaded = loadSigma(texts.sigma, {
    regexProblem,
    pipelines: texts.pipelines,
    placeholders: new Map(texts.placeholders),
    readFile: (path) => data.get(path),
    ...(identifiersOf !== undefined && { identifiersOf }),
    ...(known !== undefined && { known }),
  });
  return { ...loaded, ...selectRules(loaded, texts.selection) };
}
