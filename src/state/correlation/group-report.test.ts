/** Why a window did not fire, in words, for each kind of condition. */
import { describe, expect, it } from 'vitest';
import type { CorrelationBound, CorrelationRule } from '../../ir/correlation.ts';
import { SourceClocks } from '../order/source-clock.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from './engine.ts';
import { reportGroups } from './group-report.ts';
import { planCorrelations } from './plan.ts';

type Condition = CorrelationRule['condition'];

/** Facts of one group, "MEMBER" or "MEMBER=VALUE", a second apart; what their window says. */
function said(type: CorrelationRule['type'], condition: Condition, facts: readonly string[]): string {
  const rule: CorrelationRule = {
    ...{ kind: 'correlation', details: { id: 'r', name: 'r' }, origin: { file: 'x', line: 1 }, type, condition },
    ...{ rules: ['A', 'B'], groupBy: [{ name: 'u', fieldOf: {} }], timespanMs: 60_000, generate: false, alerts: true },
  };
  const clocks = new SourceClocks();
  clocks.register('s', 'stream');
  const settings = { ...DEFAULT_CORRELATION_OPTIONS, mode: 'ordered' as const, latenessMs: 0, seed: { lo: 1, hi: 2 } };
  const engine = new CorrelationEngine(planCorrelations([rule], 0), clocks, settings, () => {});
  facts.forEach((fact, position) => {
    const [member = '', value] = fact.split('=');
    const place = { timeMs: 1e12 + 1000 * position, source: 0, position, part: 0 };
    const what = { correlation: 0, member: rule.rules.indexOf(member), group: ['u'] };
    engine.push(
      { ...what, ...place, ...(value !== undefined && { value: type === 'value_count' ? value : Number(value) }) },
      0,
    );
  });
  const [report] = reportGroups(engine.runners[0] as (typeof engine.runners)[number], clocks, { limit: 1 });
  return `${report?.state}: ${report?.missing.filter((text) => !text.startsWith('judged')).join('; ')}`;
}

function bound(operator: CorrelationBound['operator'], value: number, field?: string): Condition {
  return {
    kind: 'threshold',
    bounds: [{ operator, value }],
    fields: field === undefined ? [] : [{ name: field, fieldOf: {} }],
  };
}

const BOTH: Condition = {
  kind: 'expression',
  root: {
    kind: 'and',
    items: [
      { kind: 'rule', id: 'A' },
      { kind: 'rule', id: 'B' },
    ],
  },
};

describe('why a window did not fire', () => {
  it.each<[CorrelationRule['type'], Condition, string[], string]>([
    ['event_count', bound('gte', 3), ['A', 'B'], 'event_count 2, needs >= 3: 1 more'],
    ['event_count', bound('gt', 2.5), ['A', 'B'], 'event_count 2, needs > 2.5: 1 more'],
    ['event_count', bound('gt', 3), ['A', 'B'], 'event_count 2, needs > 3: 2 more'],
    ['event_count', bound('lt', 2), ['A', 'B'], 'event_count 2, needs < 2: too great'],
    ['event_count', bound('equals', 3), ['A', 'B'], 'event_count 2, needs = 3: too small'],
    ['event_count', bound('not-equals', 2), ['A', 'B'], 'event_count 2, needs != 2: must be another'],
    ['value_count', bound('gte', 3, 'v'), ['A=1', 'A=1'], 'value_count 1, needs >= 3: 2 more'],
    ['value_sum', bound('gt', 100, 'v'), ['A=100'], 'value_sum 100, needs > 100: too small'],
    ['value_avg', bound('lte', 1.5, 'v'), ['A=1', 'A=3'], 'value_avg 2, needs <= 1.5: too great'],
    ['temporal', bound('gte', 2), ['A', 'A'], 'temporal 1, needs >= 2: no match of "B" in the window'],
    ['temporal', bound('lte', 1), ['A', 'B'], 'temporal 2, needs <= 1: too great'],
    [
      ...(['temporal_ordered', bound('gte', 2), ['B', 'A']] as const),
      'temporal_ordered 1, needs >= 2: all rules matched, but not in their order',
    ],
    [
      ...(['temporal_ordered', BOTH, ['B', 'A']] as const),
      'temporal_ordered: condition does not hold: all rules matched, but not in their order',
    ],
    ['temporal_ordered', BOTH, ['B'], 'temporal_ordered: condition does not hold: no match of "A" in the window'],
  ] as [CorrelationRule['type'], Condition, string[], string][])('%s %j of %j', (type, condition, facts, expected) => {
    expect(said(type, condition, facts)).toBe(expected);
  });
});
