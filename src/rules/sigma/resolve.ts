/**
 * From parsed documents to a rule set: doubles are refused, filters are worked into the rules they cover, pipelines rewrite,
 * placeholders are filled, detections are compiled, and correlations get their references, aliases and alert flags. Files may
 * arrive in any order, so nothing is resolved before everything is parsed.
 */
import { covers } from '../../core/logsource.ts';
import type { RuleDetails } from '../../core/match.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Predicate } from '../../ir/predicate.ts';
import type { Aggregation } from './aggregation.ts';
import type { Condition, Definition, RuleMeta, SigmaDetection, SigmaFilter } from './ast.ts';
import type { Expression } from './boolean-expression.ts';
import type { ParsedDocument } from './collection.ts';
import { compileConditions } from './compile.ts';
import type { SigmaCorrelation } from './correlation-rule.ts';
import type { ParsedDetection } from './detection-rule.ts';
import { resolveCorrelations } from './resolve-correlations.ts';
import type { PlaceholderResolver } from './placeholders.ts';
import { resolvePlaceholders, unresolvedPlaceholders } from './placeholders.ts';
import type { Reporter } from './reporter.ts';

export interface ResolvedRules {
  readonly detections: readonly DetectionRule[];
  readonly correlations: readonly CorrelationRule[];
  readonly filters: readonly { readonly details: RuleDetails; readonly rules: number }[];
  /** Search identifiers of the rules asked for, each as a rule of its own that never alerts. */
  readonly identifiers: readonly IdentifierRule[];
}

export interface IdentifierRule {
  /** What the rule it belongs to is called: id, name, title and the name of its file without ending. */
  readonly of: readonly string[];
  readonly identifier: string;
  /** Its `details.id` is made of the rule's id and the identifier. */
  readonly rule: DetectionRule;
}

/** Rewrites rules before they are compiled; undefined: the rule is refused (already reported). */
export type RuleRewriter = (rule: SigmaDetection, reporter: Reporter) => SigmaDetection | undefined;

export interface Reported<T> {
  readonly item: T;
  readonly reporter: Reporter;
}

/** `asked` and `packed` as of a parsed rule. */
type ReportedDetection = Reported<SigmaDetection> & Pick<ParsedDetection, 'asked' | 'packed'>;

export function resolveRules(
  documents: readonly ParsedDocument[],
  rewrite: RuleRewriter,
  placeholders: PlaceholderResolver,
  rewriteCorrelation: (rule: SigmaCorrelation, reporter: Reporter) => SigmaCorrelation | undefined,
  identifiersOf: ReadonlySet<string> = new Set(),
  known = new WeakMap<SigmaDetection, DetectionRule>(),
): ResolvedRules {
  const unique = withoutDoubles(documents);
  const filters: { item: SigmaFilter; reporter: Reporter; uses: number }[] = [];
  const detections: ReportedDetection[] = [];
  const correlations: Reported<SigmaCorrelation>[] = [];
  for (const document of unique) {
    const { reporter } = document;
    if (document.kind === 'filter') filters.push({ item: document.parsed, reporter, uses: 0 });
    else if (document.kind === 'correlation') {
      const item = rewriteCorrelation(document.parsed, reporter);
      if (item !== undefined) correlations.push({ item, reporter });
    } else {
      const { rule, aggregation, asked, packed } = document.parsed;
      if (aggregation === undefined)
        detections.push({
          item: rule,
          reporter,
          ...(asked !== undefined && { asked }),
          ...(packed !== undefined && { packed }),
        });
      else expandAggregation(rule, aggregation, reporter, detections, correlations);
    }
  }
  const compiled: { rule: DetectionRule; name?: string }[] = [];
  const identifiers: IdentifierRule[] = [];
  for (const { item, reporter, asked, packed } of detections) {
    const filtered = applyFilters(item, filters);
    const rewritten = rewrite(filtered, reporter);
    const { taxonomy } = item.meta;
    if (rewritten === filtered && taxonomy.toLowerCase() !== 'sigma') {
      const hint =
        'load a pipeline that turns its names into those of Sigma, or leave the key out where events have these names';
      reporter.error('SIGMA_BAD_RULE', `no pipeline translates the taxonomy "${taxonomy}"`, ['taxonomy'], hint);
      continue;
    }
    // What filters and pipelines have changed asks for other fields.
    const isAsParsed = rewritten === item;
    const rule =
      (isAsParsed ? known.get(item) : undefined) ??
      (isAsParsed && asked !== undefined
        ? compiledLater(item, asked, packed)
        : rewritten && compileDetection(rewritten, placeholders, reporter));
    if (isAsParsed && rule !== undefined && asked !== undefined) known.set(item, rule);
    if (rule === undefined || rewritten === undefined) continue;
    compiled.push({ rule, ...(item.meta.name === undefined ? {} : { name: item.meta.name }) });
    if (identifiersOf.size === 0) continue;
    const names = namesOf(item.meta);
    if (!names.some((name) => identifiersOf.has(name))) continue;
    for (const identifier of item.definitions.keys()) {
      const meta = partMeta(item.meta, `${item.meta.details.id}#${identifier}`);
      const conditions: readonly Condition[] = [{ kind: 'identifier', name: identifier }];
      const part = compileDetection({ ...rewritten, meta, conditions, internal: true }, placeholders, reporter);
      if (part !== undefined) identifiers.push({ of: names, identifier, rule: part });
    }
  }
  for (const { item, reporter, uses } of filters)
    if (uses === 0)
      reporter.warn('SIGMA_UNKNOWN_RULE', `filter "${item.meta.details.name}" applies to no loaded rule`, [
        'filter',
        'rules',
      ]);
  const resolved = resolveCorrelations(compiled, correlations);
  return {
    ...resolved,
    identifiers,
    filters: filters.map(({ item, uses }) => ({ details: item.meta.details, rules: uses })),
  };
}

function withoutDoubles(documents: readonly ParsedDocument[]): readonly ParsedDocument[] {
  const seen = new Map<string, ParsedDocument>();
  return documents.filter((document) => {
    const meta = metaOf(document);
    const keys = [meta.details.id, ...(meta.name === undefined || meta.name === meta.details.id ? [] : [meta.name])];
    for (const key of keys) {
      const first = seen.get(key);
      if (first === undefined) continue;
      const what = key === meta.details.id && meta.name !== key ? 'id' : 'name';
      document.reporter.error('SIGMA_DUPLICATE_RULE', `${what} "${key}" is taken by a rule of ${first.reporter.file}`, [
        what,
      ]);
      return false;
    }
    for (const key of keys) seen.set(key, document);
    return true;
  });
}

function metaOf(document: ParsedDocument): RuleMeta {
  return document.kind === 'detection' ? document.parsed.rule.meta : document.parsed.meta;
}

/** `(rule) and (filter)` for each filter that covers the rule; the filter's identifiers get a name space of their own. */
function applyFilters(rule: SigmaDetection, filters: { item: SigmaFilter; uses: number }[]): SigmaDetection {
  let filtered = rule;
  for (const [index, filter] of filters.entries()) {
    const { item } = filter;
    if (!covers(item.logsource, rule.logsource)) continue;
    if (item.rules.length > 0 && !item.rules.some((name) => name === rule.meta.details.id || name === rule.meta.name))
      continue;
    filter.uses++;
    const prefix = `filter ${index} `;
    const definitions = new Map(filtered.definitions);
    for (const [name, definition] of item.definitions) definitions.set(prefix + name, definition);
    const conditions = filtered.conditions.flatMap((own) =>
      item.conditions.map((added): Condition => ({ kind: 'and', items: [own, renamed(added, prefix)] })),
    );
    filtered = { ...filtered, definitions, conditions };
  }
  return filtered;
}

function renamed(node: Condition, prefix: string): Condition {
  if (node.kind === 'identifier') return { kind: 'identifier', name: prefix + node.name };
  if (node.kind === 'of') return { ...node, names: node.names.map((name) => prefix + name) };
  if (node.kind === 'not') return { kind: 'not', item: renamed(node.item, prefix) };
  return { kind: node.kind, items: node.items.map((item) => renamed(item, prefix)) };
}

function compileDetection(
  rule: SigmaDetection,
  placeholders: PlaceholderResolver,
  reporter: Reporter,
): DetectionRule | undefined {
  const definitions = new Map<string, Definition>();
  const missing = new Set<string>();
  for (const [name, definition] of rule.definitions) {
    const filled = resolvePlaceholders(definition, placeholders);
    for (const placeholder of unresolvedPlaceholders(filled)) missing.add(placeholder);
    definitions.set(name, filled);
  }
  if (missing.size > 0) {
    const names = [...missing].map((name) => `"%${name}%"`).join(', ');
    reporter.error(
      'SIGMA_UNRESOLVED_PLACEHOLDER',
      `placeholder ${names} has no values`,
      ['detection'],
      'give the values under "placeholders" of the configuration',
    );
    return undefined;
  }
  return { ...described(rule), predicate: compileConditions(rule.conditions, definitions) };
}

/** A rule without placeholders whose detection is looked at, and compiled, when its predicate is asked for. */
function compiledLater(rule: SigmaDetection, asked: readonly string[], packed: Uint8Array | undefined): DetectionRule {
  let predicate: Predicate | undefined;
  return {
    ...described(rule),
    asked,
    ...(packed !== undefined && { packed }),
    get predicate() {
      predicate ??= compileConditions(rule.conditions, rule.definitions);
      return predicate;
    },
  };
}

function described({ meta, logsource, internal }: SigmaDetection): Omit<DetectionRule, 'predicate'> {
  const { details, origin, status, fields } = meta;
  const { category, product, service } = logsource;
  return {
    kind: 'detection',
    ...{ details, origin },
    ...(status === undefined ? {} : { status }),
    logsource: {
      ...(category === undefined ? {} : { category }),
      ...(product === undefined ? {} : { product }),
      ...(service === undefined ? {} : { service }),
    },
    fields,
    alerts: !internal,
  };
}

/** The search becomes `<id>`'s feeding rule; `near` makes one more of each identifier it names. */
function expandAggregation(
  rule: SigmaDetection,
  aggregation: Aggregation,
  reporter: Reporter,
  detections: Reported<SigmaDetection>[],
  correlations: Reported<SigmaCorrelation>[],
): void {
  const { details } = rule.meta;
  const part = (suffix: string, conditions: readonly Condition[]): string => {
    const id = `${details.id}#${suffix}`;
    const meta = partMeta(rule.meta, id);
    detections.push({ item: { ...rule, meta, conditions, internal: true }, reporter });
    return id;
  };
  const search = part('search', rule.conditions);
  const rules = [search];
  let expression: Expression | undefined;
  if (aggregation.near !== undefined) {
    for (const name of aggregation.identifiers) rules.push(part(name, [{ kind: 'identifier', name }]));
    const named = (node: Expression): Expression => {
      if (node.kind === 'name') return { ...node, name: `${details.id}#${node.name}` };
      if (node.kind === 'not') return { kind: 'not', item: named(node.item) };
      return 'items' in node ? { kind: node.kind, items: node.items.map(named) } : node;
    };
    expression = { kind: 'and', items: [{ kind: 'name', name: search, at: 0 }, named(aggregation.near)] };
  }
  correlations.push({
    reporter,
    item: {
      kind: 'correlation',
      meta: rule.meta,
      type: aggregation.type,
      rules,
      groupBy: aggregation.groupBy,
      timespanMs: aggregation.timespanMs,
      bounds: aggregation.bounds,
      fields: aggregation.fields,
      ...(expression === undefined ? {} : { expression }),
      aliases: new Map(),
      generate: false,
      path: ['detection'],
    },
  });
}

/** Names by which others may mean the rule. */
function namesOf({ details, name, origin }: RuleMeta): readonly string[] {
  const file = origin.file.replace(/^.*[\\/]/, '').replace(/\.ya?ml$/i, '');
  return [...new Set([details.id, ...(name === undefined ? [] : [name]), details.name, file])];
}

function partMeta(meta: RuleMeta, id: string): RuleMeta {
  const { name: _name, ...rest } = meta;
  return { ...rest, details: { ...meta.details, id } };
}
