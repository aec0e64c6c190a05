/**
 * loadSigma: texts of rule and pipeline files to a rule set. Pure: reading files is the caller's. Every finding is a Diagnostic; a
 * rule with an error is left out and the others stay.
 */
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Regex } from '../../ir/predicate.ts';
import type { SigmaDetection } from './ast.ts';
import type { ParsedDocument, ParsedFile, SigmaFile } from './collection.ts';
import { parseSigmaFile } from './collection.ts';
import { applyPipelines, applyPipelinesToCorrelation } from './pipeline/apply-pipeline.ts';
import type { ReadFile } from './pipeline/parse-pipeline.ts';
import { parsePipelineFile } from './pipeline/parse-pipeline.ts';
import type { Refusal } from './pipeline/pipeline.ts';
import type { PlaceholderValues } from './placeholders.ts';
import { placeholderResolver } from './placeholders.ts';
import { Reporter } from './reporter.ts';
import type { ResolvedRules } from './resolve.ts';
import { resolveRules } from './resolve.ts';
import { SourceLocator } from './source-locator.ts';

export interface SigmaOptions {
  /** `regexProblem` of `match/regex.ts`: why an expression cannot be used. */
  regexProblem(regex: Regex): string | undefined;
  readonly placeholders?: PlaceholderValues;
  /** Pipeline files; run in the order of their priorities. */
  readonly pipelines?: readonly SigmaFile[];
  /** Names of rules (id, name, title or file) whose search identifiers are wanted as rules of their own: for flux tags. */
  readonly identifiersOf?: ReadonlySet<string>;
  /** Content of a file that a pipeline's `file_placeholders` names; undefined: not there. */
  readonly readFile?: ReadFile;
  readonly known?: KnownFiles;
}

/** Files that were parsed before, each with this path and text; asked for each file, in order. */
export interface KnownFiles {
  /** Calls `parse` for what is not known. */
  of(file: SigmaFile, parse: (file: SigmaFile) => ParsedFile): ParsedFile;
  /** What became of rules that nothing beside their file has changed. */
  readonly compiled: WeakMap<SigmaDetection, DetectionRule>;
}

export interface SigmaRules extends ResolvedRules {
  readonly diagnostics: readonly Diagnostic[];
}

export function loadSigma(files: readonly SigmaFile[], options: SigmaOptions): SigmaRules {
  const diagnostics: Diagnostic[] = [];
  const regexProblem = (regex: Regex): string | undefined => options.regexProblem(regex);
  const pipelines = (options.pipelines ?? []).flatMap((file) =>
    parsePipelineFile(file, diagnostics, regexProblem, options.readFile),
  );
  const parse = (file: SigmaFile): ParsedFile => parseSigmaFile(file, regexProblem);
  const documents = files.flatMap((file) =>
    reported(file, options.known === undefined ? parse(file) : options.known.of(file, parse), diagnostics),
  );
  const byName = new Map<string, SigmaDetection>();
  for (const document of documents) {
    if (document.kind !== 'detection') continue;
    const { rule } = document.parsed;
    byName.set(rule.meta.details.id, rule);
    if (rule.meta.name !== undefined) byName.set(rule.meta.name, rule);
  }
  const resolved = resolveRules(
    documents,
    (rule, reporter) => {
      if (pipelines.length === 0) return rule;
      const rewritten = applyPipelines(pipelines, rule);
      return 'refused' in rewritten ? refuse(rule.meta.details.name, rewritten, reporter) : rewritten;
    },
    placeholderResolver(options.placeholders ?? new Map()),
    (rule, reporter) => {
      const watched = rule.rules.flatMap((name) => byName.get(name) ?? []);
      const rewritten = applyPipelinesToCorrelation(pipelines, rule, watched);
      return 'refused' in rewritten ? refuse(rule.meta.details.name, rewritten, reporter) : rewritten;
    },
    options.identifiersOf,
    options.known?.compiled,
  );
  return { ...resolved, diagnostics };
}

/** The documents, each with what takes the findings of this load about it. */
function reported(file: SigmaFile, { documents, diagnostics }: ParsedFile, all: Diagnostic[]): ParsedDocument[] {
  for (const found of diagnostics) all.push(found);
  if (documents.length === 0) return [];
  const locator = new SourceLocator(file);
  return documents.map(({ index, line, content }) => ({
    ...content,
    reporter: new Reporter(all, locator, index, line),
  }));
}

function refuse(name: string, { refused }: Refusal, reporter: Reporter): undefined {
  reporter.error('SIGMA_REFUSED_BY_PIPELINE', `rule "${name}" is refused: ${refused}`, []);
  return undefined;
}
