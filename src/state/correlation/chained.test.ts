/** Chained correlations over files: settled an hour of event time behind, with the firings of a run that waits for the end. */
import { describe, expect, it } from 'vitest';
import type { CorrelationRule } from '../../ir/correlation.ts';
import { Random } from '../../testing/random.ts';
import { SourceClocks, type SourceKind } from '../order/source-clock.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from './engine.ts';
import { planCorrelations } from './plan.ts';

function rule(id: string, more: Partial<CorrelationRule>): CorrelationRule {
  return {
    ...{ kind: 'correlation', details: { id, name: id }, origin: { file: 'x', line: 1 }, type: 'event_count' },
    ...{ rules: ['A'], groupBy: [{ name: 'u', fieldOf: {} }], timespanMs: 30_000, generate: false, alerts: true },
    condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 3 }], fields: [] },
    ...more,
  };
}

const atLeast = (value: number): CorrelationRule['condition'] => ({
  ...{ kind: 'threshold', bounds: [{ operator: 'gte', value }], fields: [] },
});
const RULES = [
  rule('many', {}),
  rule('few', { condition: { kind: 'threshold', bounds: [{ operator: 'lt', value: 3 }], fields: [] } }),
  rule('then', { type: 'temporal_ordered', rules: ['many', 'B'], timespanMs: 600_000, condition: atLeast(2) }),
  rule('both', { type: 'temporal', rules: ['few', 'many'], timespanMs: 300_000, condition: atLeast(2) }),
  rule('above', { type: 'temporal', rules: ['then', 'both'], timespanMs: 900_000, condition: atLeast(2) }),
];

describe('chained correlations over a file', () => {
  it('fire before the end of the input, and as if they had waited for it', () => {
    const seed = 20_260_301;
    const random = new Random(seed);
    let timeMs = 1e12;
    const facts = Array.from({ length: 30_000 }, (_, position) => {
      timeMs += random.int(8_000);
      // Few groups, most of them silent for hours now and then; some matches are late within the lateness.
      const active = Math.floor(timeMs / 7_200_000) % 4;
      return {
        timeMs: timeMs - random.int(20_000),
        position,
        group: `u${4 * random.int(3) + active}`,
        name: random.pick(['A', 'A', 'B']),
      };
    });
    const run = (kind: SourceKind): { before: number; all: string[]; waiting: number } => {
      const clocks = new SourceClocks();
      clocks.register('log', kind);
      const plan = planCorrelations(RULES, DEFAULT_CORRELATION_OPTIONS.latenessMs);
      const all: string[] = [];
      const options = { ...DEFAULT_CORRELATION_OPTIONS, mode: 'ordered' as const, seed: { lo: 1, hi: 2 } };
      const engine = new CorrelationEngine(plan, clocks, options, ({ rule: fired, timeMs: atMs, group, events }) => {
        all.push(`${fired.details.id} ${atMs} ${group['u']} ${events.map(({ position }) => position)}`);
      });
      for (const { timeMs: atMs, position, group, name } of facts) {
        for (const watcher of plan.watchers.get(name) ?? []) {
          const { correlation, member } = watcher;
          engine.push({ correlation, member, group: [group], timeMs: atMs, source: 0, position, part: 0 }, 0);
        }
      }
      const before = all.filter((firing) => firing.startsWith('above') || firing.startsWith('then')).length;
      const waiting = engine.counts().reduce((sum, { counts }) => sum + counts.pending, 0);
      engine.end();
      return { before, all: all.sort(), waiting };
    };
    const file = run('file');
    const stream = run('stream');
    expect(file.all.filter((firing) => firing.startsWith('above')).length, `seed ${seed}`).toBeGreaterThan(40);
    expect(file.all, `seed ${seed}`).toEqual(stream.all);
    expect(stream.before).toBe(0);
    expect(file.before).toBeGreaterThan(0.9 * file.all.filter((firing) => /^(?:above|then)/.test(firing)).length);
    expect(file.waiting).toBeLessThan(stream.waiting / 10);
  });
});
