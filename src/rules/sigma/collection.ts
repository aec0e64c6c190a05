/**
 * One rule file: its YAML documents, the collection actions (global, reset, repeat; sigma.md section 1), and each document
 * parsed by its kind. A document that is wrong is reported and left out; the others stay.
 */
import { loadAll, YAMLException } from 'js-yaml';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { diagnostic } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { Regex } from '../../ir/predicate.ts';
import type { SigmaFilter } from './ast.ts';
import type { SigmaCorrelation } from './correlation-rule.ts';
import { parseCorrelationRule } from './correlation-rule.ts';
import { isMapping } from './definition.ts';
import type { ParsedDetection } from './detection-rule.ts';
import { parseDetectionRule } from './detection-rule.ts';
import { parseFilterRule } from './filter-rule.ts';
import { Reporter } from './reporter.ts';
import { readPlainYaml } from './plain-yaml.ts';
import type { YamlMap } from './rule-meta.ts';
import { SourceLocator } from './source-locator.ts';
import { RULE_SCHEMA } from './yaml-schema.ts';

export interface SigmaFile {
  /** Shown in messages; never opened here. */
  readonly path: string;
  readonly text: string;
}

export type ParsedContent =
  | { readonly kind: 'detection'; readonly parsed: ParsedDetection }
  | { readonly kind: 'correlation'; readonly parsed: SigmaCorrelation }
  | { readonly kind: 'filter'; readonly parsed: SigmaFilter };

/** A parsed document with its reporter, for findings that come up when rules are put together. */
export type ParsedDocument = { readonly reporter: Reporter } & ParsedContent;

/** What a file holds, whatever is loaded beside it: the same as long as its path and text are. */
export interface ParsedFile {
  readonly documents: readonly {
    /** Its place among the documents of the file, from 0, and the line it begins on, from 1. */
    readonly index: number;
    readonly line: number;
    readonly content: ParsedContent;
  }[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Longest rule file. */
const MAX_FILE_CHARS = 16 * 1024 * 1024;

const ACTIONS = ['global', 'reset', 'repeat', 'correlation'];

export function parseSigmaFile(file: SigmaFile, regexProblem: (regex: Regex) => string | undefined): ParsedFile {
  const diagnostics: Diagnostic[] = [];
  if (file.text.length > MAX_FILE_CHARS) {
    const message = `rule file is longer than ${MAX_FILE_CHARS} characters`;
    diagnostics.push(diagnostic('SIGMA_BAD_YAML', 'error', message, { span: { file: file.path } }));
    return { documents: [], diagnostics };
  }
  const locator = new SourceLocator(file);
  const documents: ParsedFile['documents'][number][] = [];
  let template: YamlMap | undefined;
  let previous: YamlMap | undefined;
  const lines = documentLines(file.text);
  for (const { value, index } of loadDocuments(file, locator, diagnostics)) {
    const line = lines[index] ?? 1;
    const reporter = new Reporter(diagnostics, locator, index, line);
    if (!isMapping(value)) {
      reporter.error(
        'SIGMA_BAD_RULE',
        'document is no map',
        [],
        'a rule begins with keys such as "title:" and "logsource:"',
      );
      continue;
    }
    const action = value['action'];
    let document = value;
    let inherited = false;
    if (action === 'global' || action === 'repeat') document = withoutAction(value);
    if (action === 'global') {
      template = merge(template ?? {}, document);
      continue;
    }
    if (action === 'reset') {
      template = undefined;
      continue;
    }
    if (action === 'repeat') {
      if (previous === undefined) {
        reporter.error('SIGMA_BAD_RULE', '"action: repeat" without a rule before it', ['action']);
        continue;
      }
      inherited = document['id'] === undefined;
      document = merge(previous, document);
    } else if (action !== undefined && action !== 'correlation') {
      reporter.error(
        'SIGMA_BAD_RULE',
        `action "${String(action)}" is not known${suggestion(String(action), ACTIONS)}`,
        ['action'],
        `one of ${ACTIONS.join(', ')}`,
      );
      continue;
    }
    if (document['correlation'] === undefined && document['filter'] === undefined && action !== 'correlation') {
      if (template !== undefined && action !== 'repeat') {
        inherited = value['id'] === undefined;
        document = merge(document, template);
      }
      previous = document;
    }
    const parsed = parseDocument(document, index, { reporter, regexProblem });
    if (parsed !== undefined) documents.push({ index, line, content: inherited ? withOwnId(parsed, index) : parsed });
  }
  return { documents, diagnostics };
}

function parseDocument(
  document: YamlMap,
  index: number,
  context: { readonly reporter: Reporter; regexProblem(regex: Regex): string | undefined },
): ParsedContent | undefined {
  const { reporter } = context;
  if (document['correlation'] !== undefined || document['action'] === 'correlation') {
    const parsed = parseCorrelationRule(document, index, reporter);
    return parsed === undefined ? undefined : { kind: 'correlation', parsed };
  }
  if (document['filter'] !== undefined && document['detection'] === undefined) {
    const parsed = parseFilterRule(document, index, context);
    return parsed === undefined ? undefined : { kind: 'filter', parsed };
  }
  if (document['detection'] !== undefined) {
    const parsed = parseDetectionRule(document, index, context);
    return parsed === undefined ? undefined : { kind: 'detection', parsed };
  }
  const near = Object.keys(document)
    .map((key) => suggestion(key, ['detection', 'correlation', 'filter']))
    .find((text) => text !== '');
  reporter.error(
    'SIGMA_BAD_RULE',
    `document has neither detection, correlation nor filter${near ?? ''}`,
    [],
    'say what is looked for under "detection:", what is counted under "correlation:", or what is left out under "filter:"',
  );
  return undefined;
}

function loadDocuments(
  file: SigmaFile,
  locator: SourceLocator,
  diagnostics: Diagnostic[],
): { value: unknown; index: number }[] {
  const plain = readPlainYaml(file.text);
  if (plain !== undefined) return [{ value: plain.value, index: 0 }];
  try {
    return loadAll(file.text, { schema: RULE_SCHEMA, filename: file.path })
      .map((value, index) => ({ value, index }))
      .filter(({ value }) => value !== null && value !== undefined);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return loadBrokenFile(error, locator, diagnostics);
  }
}

/** Reports what is wrong, with places, and keeps the documents that are right. */
function loadBrokenFile(
  cause: YAMLException,
  locator: SourceLocator,
  diagnostics: Diagnostic[],
): { value: unknown; index: number }[] {
  const good: { value: unknown; index: number }[] = [];
  let reported = 0;
  for (const [index, document] of locator.documents().entries()) {
    for (const problem of document.errors) {
      const span = locator.spanAt(problem.pos[0], problem.pos[1] - problem.pos[0]);
      const message = `no valid YAML: ${lowerFirst(problem.message)}`;
      diagnostics.push(diagnostic('SIGMA_BAD_YAML', 'error', message, { span }));
      reported++;
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    try {
      good.push({ value: document.toJS({ maxAliasCount: 100 }), index });
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      diagnostics.push(
        diagnostic('SIGMA_BAD_YAML', 'error', `no valid YAML: ${lowerFirst(error.message)}`, {
          span: { file: locator.file },
        }),
      );
      reported++;
    }
  }
  if (reported === 0) {
    const mark = cause.mark;
    const span = mark === undefined || mark === null ? { file: locator.file } : locator.spanAt(mark.position, 1);
    diagnostics.push(diagnostic('SIGMA_BAD_YAML', 'error', `no valid YAML: ${lowerFirst(cause.reason)}`, { span }));
    return [];
  }
  return good;
}

/** `over` wins on conflicts; maps merge key by key. */
function merge(base: YamlMap, over: YamlMap): YamlMap {
  const merged = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(base)) merged[key] = value;
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isMapping(below) && isMapping(value) ? merge(below, value) : value;
  }
  return merged;
}

/** The line on which each document begins, from 1. */
function documentLines(text: string): number[] {
  const lines: number[] = [];
  let pending = true;
  let number = 0;
  for (let start = 0; start <= text.length; number++) {
    const end = text.indexOf('\n', start);
    const line = pending || text.startsWith('---', start) ? text.slice(start, end < 0 ? undefined : end) : '';
    if (/^---(\s|$)/.test(line)) pending = true;
    else if (pending && /^\s*[^\s#%]/.test(line)) {
      lines.push(number + 1);
      pending = false;
    }
    if (end < 0) break;
    start = end + 1;
  }
  return lines;
}

function withoutAction(document: YamlMap): YamlMap {
  return Object.fromEntries(Object.entries(document).filter(([key]) => key !== 'action'));
}

/** Rules made from one template share its id; each but the first of them gets one of its own when the set is put together. */
function withOwnId(document: ParsedContent, index: number): ParsedContent {
  if (document.kind !== 'detection') return document;
  const { rule } = document.parsed;
  const details = { ...rule.meta.details, id: `${rule.meta.details.id}#${index + 1}` };
  return { ...document, parsed: { ...document.parsed, rule: { ...rule, meta: { ...rule.meta, details } } } };
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
