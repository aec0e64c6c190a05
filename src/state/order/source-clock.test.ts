/** Sources come with every start of a receiver and every rotated file: those that nothing refers to are forgotten, and counted. */
import { expect, it } from 'vitest';
import type { CorrelationRule } from '../../ir/correlation.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from '../correlation/engine.ts';
import type { CorrelationFact } from '../correlation/fact.ts';
import { planCorrelations } from '../correlation/plan.ts';
import { restoreCorrelations, snapshotCorrelations } from '../correlation/snapshot.ts';
import { readSnapshot } from '../snapshot/chunk.ts';
import { SourceClocks } from './source-clock.ts';

const RULE: CorrelationRule = {
  ...{ kind: 'correlation', details: { id: 'r', name: 'r' }, origin: { file: 'x', line: 1 }, type: 'event_count' },
  ...{ rules: ['A'], groupBy: [{ name: 'u', fieldOf: {} }], timespanMs: 1_000, generate: false, alerts: true },
  condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 2 }], fields: [] },
};

function open(fired: string[]): { readonly engine: CorrelationEngine; readonly clocks: SourceClocks } {
  const clocks = new SourceClocks();
  const options = { ...DEFAULT_CORRELATION_OPTIONS, mode: 'eager', latenessMs: 0, seed: { lo: 1, hi: 2 } } as const;
  const engine = new CorrelationEngine(planCorrelations([RULE], 0), clocks, options, ({ events }) => {
    fired.push(events.map(({ source }) => clocks.idOf(source)).join());
  });
  return { engine, clocks };
}

const fact = (group: string, source: number, timeMs: number): CorrelationFact => ({
  ...{ correlation: 0, member: 0, group: [group], source, timeMs, position: timeMs, part: 0 },
});

it('receivers before a restart hold nothing back, and are forgotten with what they told', () => {
  const fired: string[] = [];
  let { engine, clocks } = open(fired);
  for (let start = 0; start < 50; start++) {
    const nowMs = start * 10_000;
    const source = clocks.register(`receiver ${start}`, 'stream');
    for (const afterMs of [0, 1, 9_000]) {
      engine.push(fact('busy', source, nowMs + afterMs), nowMs + afterMs);
      engine.advance(nowMs + afterMs);
    }
    expect(clocks.counts.sources).toBeLessThanOrEqual(2);
    expect(engine.counts()[0]?.counts.pending).toBeLessThanOrEqual(1);
    const chunks = readSnapshot([...snapshotCorrelations(engine, clocks, true)].map(({ bytes }) => bytes));
    if ('severity' in chunks) throw new Error(chunks.message);
    ({ engine, clocks } = open(fired));
    restoreCorrelations(engine, clocks, chunks, nowMs + 9_000);
  }
  expect(new Set(fired).size).toBe(50);
  expect(clocks.snapshot().length).toBeLessThanOrEqual(3);
});

it('a run with many sources forgets those whose groups are closed, and none that a window names', () => {
  const fired: string[] = [];
  const { engine, clocks } = open(fired);
  for (let i = 0; i < 20_000; i++) {
    const source = clocks.register(`file ${i}`, 'stream');
    engine.push(fact(`u${i >> 1}`, source, i), i);
    if (i % 100 === 99) engine.advance(i);
  }
  expect(clocks.counts.sources).toBeLessThan(5_000);
  expect(clocks.counts.sources + clocks.counts.forgotten).toBe(20_000);
  expect(fired.length).toBe(10_000);
  for (const [group, ids] of fired.entries()) expect(ids).toBe(`file ${2 * group},file ${2 * group + 1}`);
});
