/** Facts that are later than the lateness: left out or taken, counted either way; none is lost and none doubled. */
import { describe, expect, it } from 'vitest';
import type { CorrelationRule } from '../../ir/correlation.ts';
import { Random } from '../../testing/random.ts';
import { SourceClocks } from '../order/source-clock.ts';
import type { LateEvents } from '../order/late-events.ts';
import type { OrderMode } from '../order/order-target.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from './engine.ts';
import { planCorrelations } from './plan.ts';

const LATENESS_MS = 5_000;
const FACTS = 5_000;

function countRule(operator: 'gte' | 'not-equals', value: number): CorrelationRule {
  return {
    ...{ kind: 'correlation', details: { id: 'r', name: 'r' }, origin: { file: 'x', line: 1 }, type: 'event_count' },
    ...{ rules: ['A'], groupBy: [{ name: 'u', fieldOf: {} }], timespanMs: 20_000, generate: false, alerts: true },
    condition: { kind: 'threshold', bounds: [{ operator, value }], fields: [] },
  };
}

interface Outcome {
  readonly late: number;
  readonly firings: number;
  /** Sum of the counts of all firings. */
  readonly counted: number;
}

function run(rule: CorrelationRule, mode: OrderMode, lateEvents: LateEvents, seed: number): Outcome {
  const random = new Random(seed);
  const clocks = new SourceClocks();
  clocks.register('one', 'file');
  clocks.register('two', 'stream');
  const plan = planCorrelations([rule], LATENESS_MS);
  const settings = {
    ...DEFAULT_CORRELATION_OPTIONS,
    mode,
    lateEvents,
    latenessMs: LATENESS_MS,
    seed: { lo: 1, hi: 2 },
  };
  let firings = 0;
  let counted = 0;
  const engine = new CorrelationEngine(plan, clocks, { ...settings, alert: 'each' }, ({ value }) => {
    firings++;
    counted += value;
  });
  let newestMs = 1e12;
  for (let position = 0; position < FACTS; position++) {
    newestMs += random.int(400);
    const fact = { timeMs: newestMs - random.int(12_000), source: random.int(2), position, part: 0 };
    engine.push({ ...fact, correlation: 0, member: 0, group: [`u${random.int(6)}`] }, 0);
  }
  engine.end();
  return { late: engine.counts()[0]?.counts.late ?? 0, firings, counted };
}

describe('facts later than the lateness', () => {
  const seed = 20_260_511;

  it.each(['ordered', 'eager'] as const)('each alert once where they are evaluated, %s', (mode) => {
    const evaluated = run(countRule('gte', 1), mode, 'evaluate', seed);
    expect(evaluated.late, `seed ${seed}`).toBeGreaterThan(100);
    expect(evaluated.firings, `seed ${seed}`).toBe(FACTS);
    const dropped = run(countRule('gte', 1), mode, 'drop', seed);
    expect(dropped.late, `seed ${seed}`).toBeGreaterThan(100);
    expect(dropped.firings, `seed ${seed}`).toBe(FACTS - dropped.late);
  });

  it('stand in exactly one window that is judged when it closes', () => {
    const rule = countRule('not-equals', 0);
    expect(run(rule, 'ordered', 'evaluate', seed).counted, `seed ${seed}`).toBe(FACTS);
    const dropped = run(rule, 'ordered', 'drop', seed);
    expect(dropped.counted, `seed ${seed}`).toBe(FACTS - dropped.late);
  });
});
