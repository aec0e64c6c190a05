/**
 * Conditions of correlations: a map of thresholds with what is counted, or for the temporal types a boolean expression over the
 * names of rules.
 */
import { suggestion } from '../../errors/nearest.ts';
import type { CorrelationBound, CorrelationType } from '../../ir/correlation.ts';
import { alternativesOf, MAX_ALTERNATIVES } from '../../ir/rule-alternatives.ts';
import { namesIn } from './aggregation.ts';
import type { Expression } from './boolean-expression.ts';
import { parseExpression } from './boolean-expression.ts';
import { isMapping } from './definition.ts';
import type { Reporter } from './reporter.ts';
import { ruleExpression } from './rule-expression.ts';
import type { YamlMap } from './rule-meta.ts';
import type { YamlPath } from './source-locator.ts';

/** What a correlation's condition says; references are still names. */
export interface SigmaCorrelationCondition {
  /** Ids or names as written. */
  readonly rules: readonly string[];
  readonly bounds: readonly CorrelationBound[];
  readonly fields: readonly string[];
  readonly percentile?: number;
  readonly expression?: Expression;
}

const OPERATORS: Readonly<Record<string, CorrelationBound['operator']>> = {
  gt: 'gt',
  gte: 'gte',
  lt: 'lt',
  lte: 'lte',
  eq: 'equals',
  neq: 'not-equals',
};

/** Undefined after reporting an error. `path`: that of the map that holds the correlation's keys. */
export function parseCorrelationCondition(
  type: CorrelationType,
  section: YamlMap,
  rules: readonly string[],
  path: YamlPath,
  reporter: Reporter,
): SigmaCorrelationCondition | undefined {
  const written = section['condition'];
  const place = [...path, 'condition'];
  const temporal = type === 'temporal' || type === 'temporal_ordered';
  if (typeof written === 'string')
    return temporal ? textCondition(type, written, rules, place, reporter) : refuseText(type, place, reporter);
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
): SigmaCorrelationCondition | undefined {
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
  type: CorrelationType,
  text: string,
  rules: readonly string[],
  place: YamlPath,
  reporter: Reporter,
): SigmaCorrelationCondition | undefined {
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
  const watched = rules.length > 0 ? rules : named;
  if (type === 'temporal_ordered') {
    const alternatives = alternativesOf(
      ruleExpression(parsed.root, (name) => name),
      watched,
    );
    if (alternatives.length > MAX_ALTERNATIVES) {
      const message = `condition has more than ${MAX_ALTERNATIVES} alternatives, each with an order of its own`;
      reporter.error('SIGMA_BAD_CORRELATION', message, place, 'split it into several correlations, or use temporal');
      return undefined;
    }
  }
  return { rules: watched, bounds: [], fields: [], expression: parsed.root };
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

/** One text or a list of texts, doubles dropped. */
export function names(value: unknown, path: YamlPath, reporter: Reporter): string[] {
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
  const texts = list.map(String);
  for (const [index, text] of texts.entries())
    if (texts.indexOf(text) < index)
      reporter.warn('SIGMA_QUESTIONABLE', `"${text}" stands twice in ${path.at(-1)} and counts once`, [...path, index]);
  return [...new Set(texts)];
}
