/**
 * Correlation rules: a YAML document with `correlation` (and the older form, `action: correlation` with the keys at top level)
 * to a checked tree whose references are still names. `resolve.ts` turns names into rules.
 */
import { parseTimespanMs } from '../../core/timespan.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { CorrelationBound, CorrelationType } from '../../ir/correlation.ts';
import type { RuleMeta } from './ast.ts';
import type { Expression } from './boolean-expression.ts';
import { parseExpression } from './boolean-expression.ts';
import { namesIn, TIMESPAN_HINT } from './aggregation.ts';
import { isMapping } from './definition.ts';
import type { Reporter } from './reporter.ts';
import type { YamlMap } from './rule-meta.ts';
import { parseMeta } from './rule-meta.ts';
import type { YamlPath } from './source-locator.ts';

export interface SigmaCorrelation {
  readonly kind: 'correlation';
  readonly meta: RuleMeta;
  readonly type: CorrelationType;
  /** Ids or names as written. */
  readonly rules: readonly string[];
  readonly groupBy: readonly string[];
  readonly timespanMs: number;
  readonly bounds: readonly CorrelationBound[];
  readonly fields: readonly string[];
  readonly percentile?: number;
  readonly expression?: Expression;
  /** Alias to (rule id or name to field). */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly generate: boolean;
  /** Path of the map that holds the keys, for messages: `['correlation']`, or `[]` in the older form. */
  readonly path: YamlPath;
}

export const CORRELATION_TYPES: readonly CorrelationType[] = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
];

const OPERATORS: Readonly<Record<string, CorrelationBound['operator']>> = {
  gt: 'gt',
  gte: 'gte',
  lt: 'lt',
  lte: 'lte',
  eq: 'equals',
  neq: 'not-equals',
};

const KEYS = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate'];

export function parseCorrelationRule(
  document: YamlMap,
  ordinal: number,
  reporter: Reporter,
): SigmaCorrelation | undefined {
  const meta = parseMeta(document, ordinal, reporter);
  const older = document['action'] === 'correlation';
  const path: YamlPath = older ? [] : ['correlation'];
  const section = older ? document : document['correlation'];
  if (!isMapping(section)) {
    reporter.error('SIGMA_BAD_CORRELATION', 'correlation is no map', ['correlation']);
    return undefined;
  }
  if (older)
    reporter.note(
      'SIGMA_LEGACY',
      'the older form "action: correlation" is read as a correlation rule',
      ['action'],
      'put the keys below "correlation:"',
    );
  else reportUnknownKeys(section, reporter);
  const type = correlationType(section, path, older, reporter);
  const groupBy = names(section['group-by'], [...path, 'group-by'], reporter);
  const timespanMs = parseTimespanMs(String(section['timespan']));
  if (timespanMs === undefined) {
    const written = section['timespan'];
    const message = written === undefined ? 'timespan is missing' : `timespan "${String(written)}" is no time span`;
    reporter.error(
      'SIGMA_BAD_CORRELATION',
      message,
      [...path, ...(written === undefined ? [] : ['timespan'])],
      TIMESPAN_HINT,
    );
  }
  const aliases = parseAliases(section['aliases'], [...path, 'aliases'], reporter);
  const generate = generateFlag(section, document, path, reporter);
  const rules = names(section['rules'], [...path, 'rules'], reporter);
  const condition = type === undefined ? undefined : parseCorrelationCondition(type, section, rules, path, reporter);
  if (type === undefined || condition === undefined || timespanMs === undefined || reporter.errors > 0)
    return undefined;
  return { kind: 'correlation', meta, type, groupBy, timespanMs, aliases, generate, path, ...condition };
}

function correlationType(
  section: YamlMap,
  path: YamlPath,
  older: boolean,
  reporter: Reporter,
): CorrelationType | undefined {
  const written = section['type'];
  const found = CORRELATION_TYPES.find((type) => type === written);
  if (found === undefined) {
    const message =
      written === undefined
        ? 'type is missing'
        : `type "${String(written)}" is not known${suggestion(String(written), CORRELATION_TYPES)}`;
    reporter.error(
      'SIGMA_BAD_CORRELATION',
      message,
      [...path, ...(written === undefined ? [] : ['type'])],
      `one of ${CORRELATION_TYPES.join(', ')}`,
    );
    return undefined;
  }
  return older && found === 'temporal' && section['ordered'] === true ? 'temporal_ordered' : found;
}

type ConditionPart = Pick<SigmaCorrelation, 'rules' | 'bounds' | 'fields'> & {
  percentile?: number;
  expression?: Expression;
};

function parseCorrelationCondition(
  type: CorrelationType,
  section: YamlMap,
  rules: readonly string[],
  path: YamlPath,
  reporter: Reporter,
): ConditionPart | undefined {
  const written = section['condition'];
  const place = [...path, 'condition'];
  const temporal = type === 'temporal' || type === 'temporal_ordered';
  if (typeof written === 'string')
    return temporal ? textCondition(written, rules, place, reporter) : refuseText(type, place, reporter);
  if (rules.length === 0) {
    reporter.error('SIGMA_BAD_CORRELATION', 'correlation names no rules', path, 'list rule ids or names under "rules"');
    return undefined;
  }
  if (written === undefined || written === null) {
    // All rules: counted when references are resolved, where two names may turn out to be one rule.
    if (temporal) return { rules, bounds: [], fields: [] };
    reporter.error('SIGMA_BAD_CORRELATION', `${type} needs a condition`, path, 'for example "condition: {gte: 10}"');
    return undefined;
  }
  if (!isMapping(written)) {
    reporter.error('SIGMA_BAD_CORRELATION', 'condition is no map', place);
    return undefined;
  }
  return mapCondition(type, written, rules, place, reporter);
}

function mapCondition(
  type: CorrelationType,
  written: YamlMap,
  rules: readonly string[],
  place: YamlPath,
  reporter: Reporter,
): ConditionPart | undefined {
  const before = reporter.errors;
  const bounds: CorrelationBound[] = [];
  let fields: string[] = [];
  let percentile: number | undefined;
  for (const [key, value] of Object.entries(written)) {
    const operator = Object.hasOwn(OPERATORS, key) ? OPERATORS[key] : undefined;
    if (operator !== undefined) {
      if (typeof value === 'number' && Number.isFinite(value)) bounds.push({ operator, value });
      else reporter.error('SIGMA_BAD_CORRELATION', `threshold "${String(value)}" is no number`, [...place, key]);
    } else if (key === 'field') fields = names(value, [...place, key], reporter);
    else if (key === 'percentile') {
      if (typeof value === 'number' && value >= 0 && value <= 100) percentile = value;
      else
        reporter.error('SIGMA_BAD_CORRELATION', `percentile "${String(value)}" is no number from 0 to 100`, [
          ...place,
          key,
        ]);
    } else {
      const near = suggestion(key, [...Object.keys(OPERATORS), 'field', 'percentile']);
      reporter.error('SIGMA_BAD_CORRELATION', `"${key}" is not known in a condition${near}`, {
        path: [...place, key],
        key: true,
      });
    }
  }
  if (bounds.length === 0 && reporter.errors === before)
    reporter.error(
      'SIGMA_BAD_CORRELATION',
      'condition has no threshold',
      place,
      'give one of gt, gte, lt, lte, eq, neq',
    );
  if (type.startsWith('value_')) {
    if (fields.length === 0) reporter.error('SIGMA_BAD_CORRELATION', `${type} needs a field in its condition`, place);
    else if (fields.length > 1 && type !== 'value_count')
      reporter.error('SIGMA_BAD_CORRELATION', `${type} takes one field`, [...place, 'field']);
  } else if (fields.length > 0)
    reporter.warn('SIGMA_QUESTIONABLE', `field has no effect in ${type}`, [...place, 'field']);
  if (type === 'value_percentile' && percentile === undefined && reporter.errors === before)
    reporter.error(
      'SIGMA_BAD_CORRELATION',
      'value_percentile needs "percentile" in its condition',
      place,
      'a number from 0 to 100',
    );
  if (reporter.errors > before) return undefined;
  return {
    rules,
    bounds,
    fields: type.startsWith('value_') ? fields : [],
    ...(percentile === undefined ? {} : { percentile }),
  };
}

function textCondition(
  text: string,
  rules: readonly string[],
  place: YamlPath,
  reporter: Reporter,
): ConditionPart | undefined {
  const parsed = parseExpression(text, false);
  if (parsed.root === undefined) {
    const { message = 'condition is not understood', at = 0, length = 1, hint } = parsed.problem ?? {};
    reporter.error('SIGMA_BAD_CORRELATION', message, { path: place, at, length }, hint);
    return undefined;
  }
  const named = [...new Set(namesIn(parsed.root))];
  const missing = rules.find((rule) => !named.includes(rule));
  const extra = rules.length === 0 ? undefined : named.find((rule) => !rules.includes(rule));
  if (missing !== undefined || extra !== undefined) {
    const message =
      missing === undefined
        ? `condition names "${extra}", rules do not`
        : `rules name "${missing}", the condition does not`;
    reporter.error('SIGMA_BAD_CORRELATION', message, place, 'rules and condition must name the same rules');
    return undefined;
  }
  return { rules: rules.length > 0 ? rules : named, bounds: [], fields: [], expression: parsed.root };
}

function refuseText(type: CorrelationType, place: YamlPath, reporter: Reporter): undefined {
  reporter.error(
    'SIGMA_BAD_CORRELATION',
    `${type} takes no text condition`,
    place,
    'only temporal and temporal_ordered do',
  );
  return undefined;
}

function reportUnknownKeys(section: YamlMap, reporter: Reporter): void {
  for (const key of Object.keys(section))
    if (!KEYS.includes(key))
      reporter.error('SIGMA_BAD_CORRELATION', `"${key}" is not known in a correlation${suggestion(key, KEYS)}`, {
        path: ['correlation', key],
        key: true,
      });
}

/** The schema puts it at the top level, the reference library inside `correlation`: both are read. */
function generateFlag(section: YamlMap, document: YamlMap, path: YamlPath, reporter: Reporter): boolean {
  const value = section['generate'] ?? document['generate'] ?? false;
  if (typeof value === 'boolean') return value;
  reporter.error('SIGMA_BAD_CORRELATION', `generate "${String(value)}" is no boolean`, [...path, 'generate']);
  return false;
}

/** One text or a list of texts, doubles dropped. */
function names(value: unknown, path: YamlPath, reporter: Reporter): string[] {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  const bad = list.findIndex((member) => typeof member !== 'string' && typeof member !== 'number');
  if (bad >= 0) {
    reporter.error(
      'SIGMA_BAD_CORRELATION',
      `${path.at(-1)} has a member that is no text`,
      Array.isArray(value) ? [...path, bad] : path,
    );
    return [];
  }
  return [...new Set(list.map(String))];
}

function parseAliases(value: unknown, path: YamlPath, reporter: Reporter): Map<string, Map<string, string>> {
  const aliases = new Map<string, Map<string, string>>();
  if (value === undefined || value === null) return aliases;
  if (!isMapping(value)) {
    reporter.error('SIGMA_BAD_CORRELATION', 'aliases is no map', path);
    return aliases;
  }
  for (const [alias, fields] of Object.entries(value)) {
    if (!isMapping(fields) || Object.values(fields).some((field) => typeof field !== 'string')) {
      reporter.error('SIGMA_BAD_CORRELATION', `alias "${alias}" is no map from rules to fields`, [...path, alias]);
      continue;
    }
    aliases.set(alias, new Map(Object.entries(fields) as [string, string][]));
  }
  return aliases;
}
