/** Pipeline files: YAML to pipelines, with every unknown type, key and reference reported at its place. */
import type { Diagnostic } from '../../../errors/diagnostic.ts';
import { suggestion } from '../../../errors/nearest.ts';
import type { Regex } from '../../../ir/predicate.ts';
import { namesIn } from '../aggregation.ts';
import { parseExpression } from '../boolean-expression.ts';
import type { SigmaFile } from '../collection.ts';
import { isMapping } from '../definition.ts';
import { Reporter } from '../reporter.ts';
import type { YamlPath } from '../source-locator.ts';
import { SourceLocator } from '../source-locator.ts';
import { readYamlDocuments } from '../yaml-documents.ts';
import { FIELD_CONDITIONS, ITEM_CONDITIONS, RULE_CONDITIONS } from './conditions.ts';
import { FIELD_TRANSFORMATIONS } from './field-transformations.ts';
import { Parameters } from './parameters.ts';
import type { ConditionSet, Pipeline, PipelineItem, Transformation } from './pipeline.ts';
import { RULE_TRANSFORMATIONS } from './rule-transformations.ts';
import type { TransformationContext } from './value-transformations.ts';
import { VALUE_TRANSFORMATIONS } from './value-transformations.ts';

const KEYS = ['name', 'priority', 'allowed_backends', 'vars', 'transformations', 'postprocessing', 'finalizers'];
const REFUSED: Readonly<Record<string, string>> = {
  http_placeholders: 'fetching values while rules load is not supported; give them under "vars"',
  command_placeholders: 'running commands while rules load is not supported; give the values under "vars"',
  query_expression_placeholders: 'query text has no meaning here; give the values under "vars"',
  field_name_transform: 'functions exist in code only; use field_name_mapping',
};
const SETS = ['rule', 'detection_item', 'field_name'] as const;

export type ReadFile = (path: string) => string | undefined;

/** Pipelines of one file, in priority order; undefined when anything in it was wrong. */
export function parsePipelineFile(
  file: SigmaFile,
  diagnostics: Diagnostic[],
  regexProblem: (regex: Regex) => string | undefined,
  readFile?: ReadFile,
): Pipeline[] {
  const locator = new SourceLocator(file);
  const documents = readYamlDocuments(file, locator, diagnostics);
  return documents.flatMap((document, index) => {
    const reporter = new Reporter(diagnostics, locator, index, 1);
    if (!isMapping(document)) {
      reporter.error('SIGMA_BAD_PIPELINE', 'pipeline is no map', []);
      return [];
    }
    for (const key of Object.keys(document))
      if (!KEYS.includes(key))
        reporter.error('SIGMA_BAD_PIPELINE', `"${key}" is not known in a pipeline${suggestion(key, KEYS)}`, {
          path: [key],
          key: true,
        });
    for (const key of ['postprocessing', 'finalizers'])
      if (document[key] !== undefined)
        reporter.note('SIGMA_QUESTIONABLE', `${key} works on query text and has no effect here`, {
          path: [key],
          key: true,
        });
    const vars = new Map<string, readonly string[]>();
    if (isMapping(document['vars']))
      for (const [name, value] of Object.entries(document['vars']))
        vars.set(name, (Array.isArray(value) ? value : [value]).map(String));
    const context: TransformationContext = {
      vars,
      regexProblem,
      ...(readFile === undefined ? {} : { readFile: (path) => readFile(besidePipeline(file.path, path)) }),
    };
    const items = parseItems(document['transformations'], ['transformations'], reporter, context);
    if (reporter.errors > 0) return [];
    return [{ name: String(document['name'] ?? file.path), priority: Number(document['priority'] ?? 0), items }];
  });
}

/** Paths in a pipeline are relative to its folder. */
function besidePipeline(pipeline: string, path: string): string {
  const isAbsolute = /^(?:[\\/]|[A-Za-z]:[\\/])/.test(path);
  return isAbsolute ? path : `${pipeline.slice(0, pipeline.search(/[^\\/]*$/))}${path}`;
}

function parseItems(raw: unknown, path: YamlPath, reporter: Reporter, context: TransformationContext): PipelineItem[] {
  if (raw === undefined || raw === null) return [];
  if (!Array.isArray(raw)) {
    reporter.error('SIGMA_BAD_PIPELINE', 'transformations is no list', path);
    return [];
  }
  return raw.flatMap((entry: unknown, index) => {
    const place = [...path, index];
    if (!isMapping(entry)) {
      reporter.error('SIGMA_BAD_PIPELINE', 'transformation is no map', place);
      return [];
    }
    const parameters = new Parameters(entry, place, reporter);
    const id = parameters.text('id') ?? place.join('.');
    const transformation = parseTransformation(parameters, context);
    const item = {
      id,
      ruleConditions: parseConditions(parameters, 'rule', RULE_CONDITIONS),
      itemConditions: parseConditions(parameters, 'detection_item', ITEM_CONDITIONS),
      fieldConditions: parseConditions(parameters, 'field_name', FIELD_CONDITIONS),
    };
    parameters.reportUnused([
      'id',
      'type',
      ...SETS.flatMap((set) => [`${set}_conditions`, `${set}_cond_op`, `${set}_cond_not`, `${set}_cond_expr`]),
    ]);
    return transformation === undefined ? [] : [{ ...item, transformation }];
  });
}

function parseTransformation(parameters: Parameters, context: TransformationContext): Transformation | undefined {
  const type = parameters.required('type');
  if (type === 'nest')
    return {
      kind: 'nest',
      items: parseItems(parameters.raw('items'), [...parameters.path, 'items'], parameters.reporter, context),
    };
  for (const table of [FIELD_TRANSFORMATIONS, VALUE_TRANSFORMATIONS, RULE_TRANSFORMATIONS])
    if (Object.hasOwn(table, type)) return table[type]?.(parameters, context);
  if (Object.hasOwn(REFUSED, type)) parameters.error(`transformation "${type}": ${REFUSED[type]}`, 'type');
  else if (parameters.map['type'] !== undefined) {
    const known = [FIELD_TRANSFORMATIONS, VALUE_TRANSFORMATIONS, RULE_TRANSFORMATIONS].flatMap(Object.keys);
    parameters.error(`transformation "${type}" is not known${suggestion(type, known)}`, 'type');
  }
  return undefined;
}

function parseConditions<T>(
  parameters: Parameters,
  set: (typeof SETS)[number],
  table: Readonly<Record<string, (parameters: Parameters) => T>>,
): ConditionSet<T> {
  const raw = parameters.raw(`${set}_conditions`);
  const path = [...parameters.path, `${set}_conditions`];
  const conditions = new Map<string, T>();
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(raw)
    ? raw.map((entry: unknown, index) => [index, entry] as const)
    : isMapping(raw)
      ? Object.entries(raw)
      : [];
  for (const [key, entry] of entries) {
    if (!isMapping(entry)) {
      parameters.reporter.error('SIGMA_BAD_PIPELINE', 'condition is no map', [...path, key]);
      continue;
    }
    const own = new Parameters(entry, [...path, key], parameters.reporter);
    const type = own.required('type');
    const build = Object.hasOwn(table, type) ? table[type] : undefined;
    if (build === undefined)
      own.error(`condition "${type}" is not known here${suggestion(type, Object.keys(table))}`, 'type');
    else conditions.set(String(key), build(own));
    if (build !== undefined) own.reportUnused(['type']);
  }
  const link = parameters.choice(`${set}_cond_op`, ['and', 'or'], 'and');
  const negated = parameters.flag(`${set}_cond_not`, false);
  const text = parameters.text(`${set}_cond_expr`);
  if (text === undefined) return { conditions, link, negated };
  if (parameters.map[`${set}_cond_op`] !== undefined)
    parameters.error(
      `${set}_cond_expr says how conditions are linked: ${set}_cond_op has no place beside it`,
      `${set}_cond_op`,
    );
  const parsed = parseExpression(text, false);
  const unknown = parsed.root === undefined ? undefined : namesIn(parsed.root).find((name) => !conditions.has(name));
  if (parsed.root === undefined || unknown !== undefined) {
    parameters.error(parsed.problem?.message ?? `condition "${unknown}" is not defined`, `${set}_cond_expr`);
    return { conditions, link, negated };
  }
  const used = new Set(namesIn(parsed.root));
  const unused = [...conditions.keys()].find((name) => !used.has(name));
  if (unused !== undefined) parameters.error(`condition "${unused}" is not used`, `${set}_cond_expr`);
  return { conditions, link, negated, expression: parsed.root };
}
