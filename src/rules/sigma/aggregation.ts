/**
 * The aggregation syntax that Sigma 2 dropped, `search | count(field) by group > 5` and `search | near a and not b`, translated
 * to what replaced it: the search becomes a rule that only feeds a correlation (sigma.md section 7).
 */
import { parseTimespanMs } from '../../core/timespan.ts';
import type { CorrelationBound, CorrelationType } from '../../ir/correlation.ts';
import type { Expression } from './boolean-expression.ts';
import { parseExpression } from './boolean-expression.ts';
import type { Reporter } from './reporter.ts';
import type { YamlPath } from './source-locator.ts';

export const TIMESPAN_HINT = 'write an integer and a unit: s, m (minutes), h, d, w, M (months) or y';

export interface Aggregation {
  readonly type: CorrelationType;
  readonly timespanMs: number;
  readonly groupBy: readonly string[];
  readonly bounds: readonly CorrelationBound[];
  readonly fields: readonly string[];
  /** `near`: an expression over search identifiers, each of which becomes a rule. */
  readonly near?: Expression;
  /** Search identifiers that `near` names. */
  readonly identifiers: readonly string[];
}

const FUNCTIONS: Readonly<Record<string, CorrelationType>> = { sum: 'value_sum', avg: 'value_avg' };

const OPERATORS: Readonly<Record<string, CorrelationBound['operator']>> = {
  '>': 'gt',
  '>=': 'gte',
  '<': 'lt',
  '<=': 'lte',
  '=': 'equals',
  '==': 'equals',
};

export function parseAggregation(
  condition: string,
  timeframe: unknown,
  names: readonly string[],
  path: YamlPath,
  reporter: Reporter,
): Aggregation | undefined {
  const bar = condition.indexOf('|');
  const text = condition.slice(bar + 1).trim();
  const place = { path, at: bar, length: condition.length - bar };
  const timespanMs = parseTimespanMs(String(timeframe));
  if (timespanMs === undefined) {
    const message =
      timeframe === undefined ? 'aggregation without timeframe' : `timeframe "${String(timeframe)}" is no time span`;
    const hint = `the old "|" syntax is read as a correlation rule and needs detection.timeframe; ${TIMESPAN_HINT}`;
    reporter.error('SIGMA_BAD_CONDITION', message, timeframe === undefined ? place : ['detection', 'timeframe'], hint);
    return undefined;
  }
  const warn = (): void =>
    reporter.note(
      'SIGMA_LEGACY',
      'the old aggregation syntax is read as a correlation rule',
      place,
      'write a correlation rule instead',
    );
  const near = /^near\s+(.+)$/s.exec(text);
  if (near !== null) {
    const parsed = parseExpression(near[1] as string, false);
    if (parsed.root === undefined) {
      reporter.error(
        'SIGMA_BAD_CONDITION',
        parsed.problem?.message ?? 'near is not understood',
        place,
        parsed.problem?.hint,
      );
      return undefined;
    }
    const identifiers = [...new Set(namesIn(parsed.root))];
    const unknown = identifiers.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      reporter.error('SIGMA_UNKNOWN_IDENTIFIER', `search identifier "${unknown}" is not defined`, place);
      return undefined;
    }
    warn();
    return { type: 'temporal', timespanMs, groupBy: [], bounds: [], fields: [], near: parsed.root, identifiers };
  }
  const match = /^(\w+)\s*\(\s*([^()]*?)\s*\)(?:\s+by\s+(.+?))?\s*(>=|<=|==|=|>|<)\s*(-?\d+(?:\.\d+)?)$/s.exec(text);
  if (match === null) {
    reporter.error(
      'SIGMA_BAD_CONDITION',
      `aggregation "${text}" is not understood`,
      place,
      'write "count(field) by group > 5", or a correlation rule',
    );
    return undefined;
  }
  const [, name = '', field = '', by, operator = '', number = ''] = match;
  const type =
    name === 'count'
      ? field === ''
        ? 'event_count'
        : 'value_count'
      : Object.hasOwn(FUNCTIONS, name)
        ? FUNCTIONS[name]
        : undefined;
  if (type === undefined) {
    reporter.error(
      'SIGMA_BAD_CONDITION',
      `aggregation "${name}" has no counterpart in correlation rules`,
      place,
      'count, sum, avg and near have one',
    );
    return undefined;
  }
  if (type !== 'event_count' && field === '') {
    reporter.error('SIGMA_BAD_CONDITION', `aggregation "${name}" needs a field`, place);
    return undefined;
  }
  warn();
  return {
    type,
    timespanMs,
    groupBy: by === undefined ? [] : by.split(/\s*,\s*/).filter((group) => group !== ''),
    bounds: [{ operator: OPERATORS[operator] as CorrelationBound['operator'], value: Number(number) }],
    fields: field === '' ? [] : [field],
    identifiers: [],
  };
}

export function namesIn(node: Expression): string[] {
  if (node.kind === 'name') return [node.name];
  if (node.kind === 'not') return namesIn(node.item);
  return node.kind === 'of' ? [] : node.items.flatMap(namesIn);
}
