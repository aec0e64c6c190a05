/** Runs vectors.yaml: facts waiting for lateness, judged at once, arriving backwards, and with a snapshot in the middle. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { EventObject } from '../../src/core/event.ts';
import { parseTimespanMs } from '../../src/core/timespan.ts';
import type {
  CorrelationBound,
  CorrelationCondition,
  CorrelationRule,
  RuleExpression,
} from '../../src/ir/correlation.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from '../../src/state/correlation/engine.ts';
import { collectFacts, fieldReader } from '../../src/state/correlation/fact.ts';
import type { CorrelationFiring } from '../../src/state/correlation/firing.ts';
import { planCorrelations } from '../../src/state/correlation/plan.ts';
import { SourceClocks } from '../../src/state/order/source-clock.ts';

interface RuleSpec {
  readonly type: CorrelationRule['type'];
  readonly rules: readonly string[];
  readonly groupBy: readonly (string | Record<string, Record<string, string>>)[];
  readonly timespan: string;
  readonly condition: string | Record<string, unknown>;
  readonly alerts?: boolean;
}

interface Vector {
  readonly id: string;
  readonly rules: Record<string, RuleSpec>;
  readonly events: readonly string[];
  readonly arrival?: readonly number[];
  readonly alert?: 'each';
  readonly fires: readonly string[];
  readonly value?: number;
  readonly listed?: number;
  readonly late?: number;
  readonly lost?: Record<string, number>;
  /** The result depends on the order of arrival. */
  readonly asArrived?: boolean;
}

const { vectors } = parse(readFileSync(new URL('vectors.yaml', import.meta.url), 'utf8'), { merge: true }) as {
  vectors: Vector[];
};

describe('correlation vectors', () => {
  it('have different names', () => expect(new Set(vectors.map(({ id }) => id)).size).toBe(vectors.length));

  describe.each(vectors)('$id', (vector) => {
    const inOrder = vector.arrival ?? vector.events.map((_, index) => index);
    it('holds when facts wait for their lateness', () => check(vector, 'ordered', inOrder));
    it('holds when facts are judged at once', () => check(vector, 'eager', inOrder));
    if (vector.asArrived !== true)
      it('holds when facts arrive backwards', () => check(vector, 'ordered', inOrder.toReversed(), 600_000));
  });
});

function check(vector: Vector, mode: 'ordered' | 'eager', arrival: readonly number[], latenessMs = 60_000): void {
  const rules = Object.entries(vector.rules).map(([id, spec]) => correlationRule(id, spec));
  const options = {
    ...DEFAULT_CORRELATION_OPTIONS,
    mode,
    latenessMs,
    alert: vector.alert ?? 'crossing',
    seed: { lo: 1, hi: 2 },
  } as const;
  const plan = planCorrelations(rules, options.latenessMs);
  const firings: CorrelationFiring[] = [];
  const clocks = new SourceClocks();
  const source = clocks.register('file', 'file');
  const engine = new CorrelationEngine(plan, clocks, options, (firing) => {
    if (firing.rule.alerts) firings.push(firing);
  });
  const lost: Record<string, number> = {};
  for (const index of arrival) {
    const { names, timeMs, fields } = parseEvent(vector.events[index] ?? '');
    const place = { timeMs, source, position: index, part: 0 };
    for (const name of names) {
      const count = (reason: string): void => {
        lost[reason] = (lost[reason] ?? 0) + 1;
      };
      for (const fact of collectFacts(plan, name, fieldReader(fields), place, count)) engine.push(fact, 0);
    }
  }
  engine.end();
  const shown = firings.map(({ rule, timeMs }) => `${rule.details.id}@${timeMs / 1000}`).sort();
  expect(shown).toEqual([...vector.fires].sort());
  expect(lost).toEqual(vector.lost ?? {});
  if (vector.value !== undefined) expect(firings[0]?.value).toBeCloseTo(vector.value, 9);
  if (vector.listed !== undefined) expect(firings.at(-1)?.events.length).toBe(vector.listed);
  const counts = engine.counts().map((each) => each.counts);
  expect(counts.reduce((sum, each) => sum + each.late, 0)).toBe(vector.late ?? 0);
  expect(counts.map(({ groups, facts, pending }) => [groups, facts, pending])).toEqual(counts.map(() => [0, 0, 0]));
}

function correlationRule(id: string, spec: RuleSpec): CorrelationRule {
  return {
    kind: 'correlation',
    details: { id, name: id },
    origin: { file: 'vectors.yaml', line: 1 },
    type: spec.type,
    rules: spec.rules,
    groupBy: spec.groupBy.map((field) => {
      if (typeof field === 'string') return { name: field, fieldOf: {} };
      const [name = '', fieldOf = {}] = Object.entries(field)[0] ?? [];
      return { name, fieldOf };
    }),
    timespanMs: parseTimespanMs(spec.timespan) ?? 0,
    condition: conditionOf(spec.condition),
    generate: false,
    alerts: spec.alerts ?? true,
  };
}

function conditionOf(condition: RuleSpec['condition']): CorrelationCondition {
  if (typeof condition === 'string') return { kind: 'expression', root: expressionOf(condition) };
  const { field, percentile, ...bounds } = condition as { field?: string | string[]; percentile?: number };
  return {
    kind: 'threshold',
    fields: [field ?? []].flat().map((name) => ({ name, fieldOf: {} })),
    bounds: Object.entries(bounds).map(([operator, value]) => ({ operator, value }) as CorrelationBound),
    ...(percentile === undefined ? {} : { percentile }),
  };
}

/** Expressions of the vectors: `and` of rules, `not rule` and `(x or y)`. */
function expressionOf(text: string): RuleExpression {
  const items = text.split(' and ').map((part): RuleExpression => {
    if (part.startsWith('not ')) return { kind: 'not', item: { kind: 'rule', id: part.slice(4) } };
    if (part.startsWith('('))
      return {
        kind: 'or',
        items: part
          .slice(1, -1)
          .split(' or ')
          .map((id) => ({ kind: 'rule', id })),
      };
    return { kind: 'rule', id: part };
  });
  return { kind: 'and', items };
}

function parseEvent(text: string): { names: string[]; timeMs: number; fields: EventObject } {
  const [head = '', ...pairs] = text.split(' ');
  const [names = '', seconds = ''] = head.split('@');
  const fields = pairs.map((pair) => {
    const [name = '', value = ''] = pair.split('=');
    const number = /^[\d.]+$/.test(value) && !Number.isNaN(Number(value));
    return [name, number ? Number(value) : value.replaceAll("'", '')] as const;
  });
  return { names: names.split('+'), timeMs: Math.round(Number(seconds) * 1000), fields: Object.fromEntries(fields) };
}
