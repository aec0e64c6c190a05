/** Random correlations over random streams in random order of arrival: the engine must fire exactly as the naive executor. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CorrelationBound, CorrelationCondition, CorrelationRule, RuleExpression } from '../../ir/correlation.ts';
import { SourceClocks } from '../order/source-clock.ts';
import { CorrelationEngine, type CorrelationOptions, DEFAULT_CORRELATION_OPTIONS } from './engine.ts';
import type { CorrelationFact } from './fact.ts';
import type { CorrelationFiring } from './firing.ts';
import { naiveFirings } from './naive-executor.ts';
import { planCorrelations } from './plan.ts';

const LATENESS_MS = 20_000;
const RULES = ['A', 'B', 'C'];

const type = fc.constantFrom<CorrelationRule['type']>(
  ...(['event_count', 'value_count', 'temporal', 'temporal_ordered'] as const),
  ...(['value_sum', 'value_avg', 'value_percentile', 'value_median'] as const),
);
const bound: fc.Arbitrary<CorrelationBound> = fc.record({
  operator: fc.constantFrom('gt', 'gte', 'gte', 'gte', 'lt', 'lte', 'equals', 'not-equals'),
  value: fc.integer({ min: 1, max: 6 }),
});
const expression = fc.letrec<{ node: RuleExpression }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('rule' as const), id: fc.constantFrom(...RULES) }),
    fc.record({ kind: fc.constant('not' as const), item: tie('node') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      items: fc.array(tie('node'), { minLength: 2, maxLength: 3 }),
    }),
  ),
})).node;

const rule: fc.Arbitrary<CorrelationRule> = type.chain((chosen) => {
  const threshold = fc.record({
    kind: fc.constant('threshold' as const),
    bounds: fc.array(bound, { minLength: 1, maxLength: 2 }),
    fields: fc.constant(chosen.startsWith('value_') ? [{ name: 'v', fieldOf: {} }] : []),
    percentile: fc.integer({ min: 0, max: 100 }),
  });
  const condition: fc.Arbitrary<CorrelationCondition> = chosen.startsWith('temporal')
    ? fc.oneof(threshold, fc.record({ kind: fc.constant('expression' as const), root: expression }))
    : threshold;
  return fc.record({ condition, timespanMs: fc.integer({ min: 1, max: 15_000 }) }).map((more) => ({
    kind: 'correlation',
    details: { id: 'X', name: 'X' },
    origin: { file: 'random', line: 1 },
    type: chosen,
    rules: RULES,
    groupBy: [{ name: 'u', fieldOf: {} }],
    generate: false,
    alerts: true,
    ...more,
  }));
});

interface RandomFact {
  readonly fact: CorrelationFact;
  readonly delayMs: number;
}

const stream: fc.Arbitrary<readonly RandomFact[]> = fc
  .array(
    fc.record({
      gapMs: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 4_000 })),
      member: fc.nat(2),
      group: fc.constantFrom('g', 'h'),
      value: fc.oneof(fc.integer({ min: -2, max: 6 }), fc.double({ min: -2, max: 6, noNaN: true })),
      delayMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: LATENESS_MS - 1 })),
    }),
    { maxLength: 60, size: 'large' },
  )
  .map((steps) => {
    let timeMs = 1_000_000;
    return steps.map(({ gapMs, member, group, value, delayMs }, position) => {
      timeMs += gapMs;
      return { fact: { correlation: 0, member, group: [group], value, timeMs, source: 0, position, part: 0 }, delayMs };
    });
  });

describe('CorrelationEngine', () => {
  const options: CorrelationOptions = {
    ...DEFAULT_CORRELATION_OPTIONS,
    latenessMs: LATENESS_MS,
    seed: { lo: 5, hi: 6 },
  };

  it('fires as the naive executor, whatever order the facts arrive in', () => {
    let fired = 0;
    fc.assert(
      fc.property(rule, stream, (randomRule, facts) => {
        const { expected, actual } = both(randomRule, facts, options);
        expect(actual.map(shown).sort()).toEqual(expected);
        fired += actual.length;
      }),
      { numRuns: 800 },
    );
    expect(fired).toBeGreaterThan(500);
  });

  it('fires the same at once when facts arrive in order', () => {
    fc.assert(
      fc.property(rule, stream, (randomRule, facts) => {
        const inOrder = facts.map(({ fact }) => ({ fact, delayMs: 0 }));
        const { expected, actual } = both(randomRule, inOrder, { ...options, mode: 'eager' });
        expect(actual.map(shown).sort()).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  it('judged at once and out of order, fires once for each crossing but for those it would have to take back', () => {
    let reordered = 0;
    fc.assert(
      fc.property(rule, stream, (randomRule, facts) => {
        const { expected, actual, counts } = both(randomRule, facts, { ...options, mode: 'eager' });
        expect(actual.length - counts.retracted).toBe(expected.length);
        expect([counts.groups, counts.facts, counts.pending, counts.late]).toEqual([0, 0, 0, 0]);
        reordered += counts.reordered;
      }),
      { numRuns: 800 },
    );
    expect(reordered).toBeGreaterThan(500);
  });

  it('fires the same whichever of two sources is read first, when held', () => {
    fc.assert(
      fc.property(rule, stream, fc.infiniteStream(fc.nat(1)), (randomRule, facts, sources) => {
        const twoSources = facts.map(({ fact, delayMs }) => ({
          fact: { ...fact, source: sources.next().value ?? 0 },
          delayMs,
        }));
        const { expected, actual } = both(randomRule, twoSources, options, true);
        const secondFirst = twoSources.toSorted((a, b) => b.fact.source - a.fact.source);
        const reversed = both(randomRule, secondFirst, options, true).actual;
        expect(actual.map(shown).sort()).toEqual(expected);
        expect(reversed.map(shown).sort()).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

function both(randomRule: CorrelationRule, facts: readonly RandomFact[], options: CorrelationOptions, held = false) {
  const plan = planCorrelations([randomRule], options.latenessMs);
  const planned = plan.correlations[0];
  if (planned === undefined) throw new Error('no plan');
  // What the extraction does with values depends on the type of the correlation.
  const prepared = facts.map(({ fact, delayMs }) => {
    const value = planned.value === 'text' ? String(Math.round(Number(fact.value))) : (fact.value ?? 0);
    return { fact: { ...fact, value }, delayMs };
  });
  const expected = naiveFirings(
    planned,
    prepared.map(({ fact }) => fact),
  ).map(({ timeMs, group, value, window }) => `${timeMs} ${group} ${value} ${window.map(({ position }) => position)}`);
  const clocks = new SourceClocks();
  clocks.register('first', 'file');
  clocks.register('second', 'file');
  const actual: CorrelationFiring[] = [];
  const engine = new CorrelationEngine(plan, clocks, options, (firing) => actual.push(firing));
  engine.hold(held);
  const arrivals = held
    ? prepared
    : prepared.toSorted((a, b) => a.fact.timeMs + a.delayMs - (b.fact.timeMs + b.delayMs));
  for (const { fact } of arrivals) engine.push(fact, 0);
  engine.end();
  const counts = engine.counts()[0]?.counts;
  if (counts === undefined) throw new Error('no counts');
  return { expected: expected.sort(), actual, counts };
}

function shown({ timeMs, group, value, events }: CorrelationFiring): string {
  return `${timeMs} ${JSON.stringify(Object.values(group))} ${value} ${events.map(({ position }) => position)}`;
}
