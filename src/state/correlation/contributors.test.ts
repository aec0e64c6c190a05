/** Events behind a firing: each once, also where it matched several rules of the correlation. */
import { expect, it } from 'vitest';
import type { CorrelationRule } from '../../ir/correlation.ts';
import { SourceClocks } from '../order/source-clock.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from './engine.ts';
import { collectFacts } from './fact.ts';
import type { CorrelationFiring } from './firing.ts';
import { planCorrelations } from './plan.ts';

const RULE: CorrelationRule = {
  kind: 'correlation',
  details: { id: 'both', name: 'both' },
  origin: { file: 'test', line: 1 },
  type: 'event_count',
  rules: ['a', 'b'],
  groupBy: [],
  timespanMs: 10_000,
  condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 5 }], fields: [] },
  generate: false,
  alerts: true,
};

it.each(['ordered', 'eager'] as const)(
  'an event that matched two rules counts twice and is listed once, %s',
  (mode) => {
    const clocks = new SourceClocks();
    const source = clocks.register('test', 'file');
    const plan = planCorrelations([RULE], 1_000);
    const firings: CorrelationFiring[] = [];
    const options = { ...DEFAULT_CORRELATION_OPTIONS, mode, seed: { lo: 1, hi: 2 } };
    const engine = new CorrelationEngine(plan, clocks, options, (firing) => firings.push(firing));
    const tell = (position: number, ...rules: readonly string[]): void => {
      // Two events of one time as well.
      const place = { timeMs: 1_000 * Math.floor(position / 2), source, position, part: 0 };
      for (const rule of rules)
        for (const fact of collectFacts(
          plan,
          rule,
          () => undefined,
          place,
          () => undefined,
        ))
          engine.push(fact, 0);
    };
    tell(0, 'a', 'b');
    tell(2, 'a');
    tell(3, 'a', 'b');
    engine.end();
    expect(firings.map(({ value, events }) => [value, events.map(({ position }) => position)])).toEqual([
      [5, [0, 2, 3]],
    ]);
  },
);
