/** The end of input closes every group at once; what comes after it finds an engine as new. */
import { expect, it } from 'vitest';
import type { CorrelationRule } from '../../ir/correlation.ts';
import { Random } from '../../testing/random.ts';
import { SourceClocks } from '../order/source-clock.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from './engine.ts';
import type { CorrelationFiring } from './firing.ts';
import { planCorrelations } from './plan.ts';
import { snapshotCorrelations } from './snapshot.ts';

const RULE: CorrelationRule = {
  ...{ kind: 'correlation', details: { id: 'r', name: 'r' }, origin: { file: 'x', line: 1 }, type: 'event_count' },
  ...{ rules: ['A'], groupBy: [{ name: 'u', fieldOf: {} }], timespanMs: 20_000, generate: false, alerts: true },
  condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 4 }], fields: [] },
};

function engine(fired: CorrelationFiring[]): { readonly engine: CorrelationEngine; readonly clocks: SourceClocks } {
  const clocks = new SourceClocks();
  clocks.register('one', 'file');
  const options = { ...DEFAULT_CORRELATION_OPTIONS, mode: 'ordered' as const, latenessMs: 5_000 };
  const made = new CorrelationEngine(
    planCorrelations([RULE], options.latenessMs),
    clocks,
    { ...options, seed: { lo: 1, hi: 2 } },
    (firing) => void fired.push(firing),
  );
  return { engine: made, clocks };
}

/** Within the lateness out of order; two users, then others. */
function push(to: CorrelationEngine, clocks: SourceClocks, seed: number, users: string): void {
  const random = new Random(seed);
  for (let i = 0; i < 600; i++) {
    const timeMs = 1e12 + 100 * i - random.int(4_000);
    clocks.observe(0, timeMs);
    const group = [`${users}${random.int(12)}`];
    to.push({ timeMs, source: 0, position: i, part: 0, correlation: 0, member: 0, group }, 0);
  }
}

it('holds nothing after the end of input, and goes on as a new one does', () => {
  const [fired, again, fresh]: CorrelationFiring[][] = [[], [], []];
  const { engine: one, clocks } = engine(fired as CorrelationFiring[]);
  push(one, clocks, 5, 'user-');
  const full = [...snapshotCorrelations(one, clocks, true)].length;
  one.end();
  const [counts] = one.counts();
  expect(counts?.counts).toMatchObject({ groups: 0, facts: 0, pending: 0, late: 0 });
  expect([...snapshotCorrelations(one, clocks, false)].length).toBeLessThan(full);
  expect(fired?.length).toBeGreaterThan(10);
  const { engine: two, clocks: others } = engine(fresh as CorrelationFiring[]);
  const before = fired?.length ?? 0;
  push(one, clocks, 6, 'later-');
  one.end();
  push(two, others, 6, 'later-');
  two.end();
  again?.push(...(fired ?? []).slice(before));
  const told = (list: CorrelationFiring[] | undefined): unknown[] =>
    (list ?? []).map(({ timeMs, group, value, events }) => ({ timeMs, group, value, events }));
  expect(told(again)).toEqual(told(fresh));
  expect(fresh?.length).toBeGreaterThan(10);
});
