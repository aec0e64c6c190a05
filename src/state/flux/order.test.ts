/** Whatever order rows arrive in, and whether they wait or are evaluated at once, each ends with the tags it has in event-time order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FluxSpec, TagCondition } from '../../ir/flux.ts';
import { GroupTable } from '../memory/group-table.ts';
import { SourceClocks } from '../order/source-clock.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine, type FluxEngineOptions } from './engine.ts';
import { FluxEvaluator } from './evaluate.ts';
import { ExactMemory } from './memory.ts';
import { planFlux } from './plan.ts';
import { RowTable } from './row-table.ts';
import type { FluxRow } from './row.ts';

const LATENESS_MS = 5_000;
const TAGS = ['a', 'b', 'c'];
const ALL: TagCondition = { kind: 'and', items: TAGS.map((_, tag) => ({ kind: 'tag', tag, from: 'any' })) };
const temporal = { action: 'temporal', tags: TAGS, groupBy: [], strict: false, reset: false, condition: ALL } as const;
const lineage = { parent: 'parent', child: 'id', tags: TAGS, condition: ALL } as const;
const SPEC: FluxSpec = {
  rules: [
    { ...temporal, name: 'unordered', ordered: false },
    { ...temporal, name: 'ordered', ordered: true },
    { ...temporal, name: 'strict', ordered: true, strict: true, reset: true },
    { ...temporal, name: 'timed', ordered: false, timespanMs: 4_000, groupBy: ['parent'] },
    { ...temporal, name: 'timed ordered', ordered: true, timespanMs: 6_000, reset: true },
    { ...lineage, name: 'parent', action: 'parent' },
    { ...lineage, name: 'ancestor', action: 'ancestor' },
    { ...lineage, name: 'process', action: 'ancestor', start: 'start' },
  ],
};
const PLAN = planFlux(SPEC);

const random = fc.array(
  fc.record({
    gapMs: fc.integer({ min: 0, max: 1_500 }),
    delayMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: LATENESS_MS - 1 })),
    group: fc.constantFrom('g', 'h'),
    own: fc.array(fc.nat(7), { minLength: SPEC.rules.length, maxLength: SPEC.rules.length }),
    id: fc.constantFrom('', '1', '2', '3', '4', undefined),
    parent: fc.constantFrom('', '1', '2', '3', '4', undefined),
    start: fc.constantFrom('s', 't'),
  }),
  { maxLength: 50, size: 'large' },
);

describe('FluxEngine', () => {
  it('gives each row the tags it has in event-time order', () => {
    let reordered = 0;
    fc.assert(
      fc.property(random, (drawn) => {
        let timeMs = 1_000_000;
        const rows = drawn.map(({ gapMs, delayMs, group, own, ...columns }, position) => {
          timeMs += gapMs;
          const values = PLAN.columns.map((name) => columns[name as keyof typeof columns]);
          const row: FluxRow<number> = {
            ...{
              timeMs,
              source: 0,
              position,
              part: 0,
              group,
              columns: values,
              own,
              item: position,
            },
          };
          return { row, arrivesMs: timeMs + delayMs };
        });
        const sorted = rows.map(({ row }) => row);
        const shuffled = rows.toSorted((a, b) => a.arrivesMs - b.arrivesMs).map(({ row }) => row);
        const expected = run(sorted, { latenessMs: 0 });
        expect(run(shuffled, { mode: 'ordered' })).toEqual(expected);
        const eager = run(shuffled, { mode: 'eager' });
        expect(eager.rows).toEqual(expected.rows);
        // An alert is never lost; one may have been given for a row that an older one overtook.
        for (const fired of expected.fired) expect(eager.fired).toContain(fired);
        expect(new Set(eager.fired).size).toBe(eager.fired.length);
        reordered += eager.reordered;
        if (eager.reordered === 0) expect(eager.fired).toEqual(expected.fired);
      }),
      { numRuns: 300 },
    );
    expect(reordered).toBeGreaterThan(500);
  });
});

describe('a row without tags, of whose ids nothing is remembered', () => {
  // With `start` every row leaves a mark, so that each is evaluated in full: what the other rules say must be the same.
  const inFull = planFlux(SPEC);
  const negated: TagCondition = { kind: 'not', item: { kind: 'tag', tag: 0, from: 'any' } };
  const without = planFlux({
    rules: SPEC.rules.map((rule) => (rule.name === 'process' ? { ...lineage, name: 'none', action: 'parent' } : rule)),
  });

  it('has the outcome that every rule gives it, conditions that deny tags included', () => {
    let plain = 0;
    let all = 0;
    fc.assert(
      fc.property(random, fc.boolean(), (drawn, denies) => {
        const outcomes = [inFull, without].map((base) => {
          const rules = base.spec.rules.map((rule) => (denies ? { ...rule, condition: negated } : rule));
          const plan = planFlux({ rules });
          const flags = new ExactMemory({ budgetBytes: 1 << 20, maxPerGroup: 1_000, timed: true });
          const evaluator = new FluxEvaluator(plan, flags, flags, { lo: 3, hi: 4 });
          const rows = new RowTable<number>(plan);
          const groups = new GroupTable();
          const seen = drawn.map(({ gapMs, group, own, id, parent, start }, position) => {
            const { lo, hi } = evaluator.groupOf(group);
            const known = groups.find(lo, hi);
            const key = known < 0 ? groups.add(lo, hi) : known;
            const columns = { id, parent, start };
            const texts = plan.columns.map((name) => columns[name as keyof typeof columns]);
            // Most rows of a log have no tags.
            const tags = gapMs % 4 === 0 ? own : own.map(() => 0);
            const row = { timeMs: position, source: 0, position, part: 0, group, columns: texts, own: tags, item: 0 };
            const slot = rows.add(row, key, lo, hi);
            evaluator.evaluate(rows, slot, groups, undefined);
            rows.free(slot);
            const last = plan.rules.length - 1;
            return [
              [...evaluator.tags.subarray(0, last), ...evaluator.inherited.subarray(0, last)],
              evaluator.evaluated.slice(0, last),
              evaluator.verdicts.fired.filter((rule) => rule !== last),
            ];
          });
          return { seen, plainRows: evaluator.plainRows };
        });
        expect(outcomes[1]?.seen).toEqual(outcomes[0]?.seen);
        expect(outcomes[0]?.plainRows).toBe(0);
        plain += outcomes[1]?.plainRows ?? 0;
        all += drawn.length;
      }),
      { numRuns: 100 },
    );
    expect(plain).toBeGreaterThan(all / 10);
  });
});

function run(rows: readonly FluxRow<number>[], options: Partial<FluxEngineOptions>) {
  const clocks = new SourceClocks();
  clocks.register('s', 'file');
  const results: string[] = [];
  const fired: string[] = [];
  const given = { ...DEFAULT_FLUX_OPTIONS, latenessMs: LATENESS_MS, seed: { lo: 3, hi: 4 }, ...options };
  const engine = new FluxEngine<number>(PLAN, clocks, given, (row, result) => {
    results[row.item] = `${[...result.tags]} ${[...result.inherited]} ${result.evaluated}`;
    for (const rule of result.fired) fired.push(`${row.item} ${rule}`);
  });
  for (const row of rows) engine.push(row, 0);
  engine.end();
  return {
    rows: results,
    fired: fired.sort(),
    reordered: engine.counts.reordered * (options.mode === 'eager' ? 1 : 0),
  };
}
