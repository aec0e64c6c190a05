/** Records of rows against the rows: columns and tags of any number come back as they were, and as a snapshot has them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FluxSpec } from '../../ir/flux.ts';
import { planFlux } from './plan.ts';
import { ABSENT, EMPTY, FILLED, RowTable } from './row-table.ts';
import type { FluxRow } from './row.ts';

/** One rule for each number of tags; so many columns in the last one's context. */
function planOf(tagCounts: readonly number[], columns: number): ReturnType<typeof planFlux> {
  const spec: FluxSpec = {
    rules: tagCounts.map((count, rule) => ({
      ...{ name: `rule ${rule}`, action: 'temporal' as const, ordered: false, strict: false, reset: false },
      tags: Array.from({ length: count }, (_, tag) => `t${tag}`),
      groupBy: rule === tagCounts.length - 1 ? Array.from({ length: columns }, (_, i) => `c${i}`) : [],
      condition: { kind: 'tag' as const, tag: 0, from: 'any' as const },
    })),
  };
  return planFlux(spec);
}

it('gives columns and tags back, from its own records and from saved ones', () => {
  const drawn = fc.record({
    tagCounts: fc.array(fc.oneof(fc.constantFrom(1, 30, 31, 32, 62), fc.integer({ min: 1, max: 70 })), {
      ...{ minLength: 1, maxLength: 6 },
    }),
    columns: fc.oneof(fc.constantFrom(0, 15, 16, 17, 33), fc.nat(20)),
    rows: fc.array(
      fc.record({
        texts: fc.array(fc.constantFrom(undefined, '', 'a', 'b'), { minLength: 33, maxLength: 33 }),
        own: fc.array(fc.oneof(fc.constant(0), fc.nat(0x7fff_ffff)), { minLength: 20, maxLength: 20 }),
      }),
      { minLength: 1, maxLength: 10 },
    ),
  });
  fc.assert(
    fc.property(drawn, ({ tagCounts, columns, rows }) => {
      const plan = planOf(tagCounts, columns);
      const own = plan.rules.flatMap(({ rule, wordCount }) =>
        Array.from({ length: wordCount }, (_, w) => 2 ** Math.min(31, rule.tags.length - 31 * w) - 1),
      );
      const table = new RowTable<number>(plan);
      const other = new RowTable<number>(plan);
      const given = rows.map(
        (row, position): FluxRow<number> => ({
          ...{ timeMs: 1.7e12 + position / 2, source: position % 3, position: 2 ** 40 + position, part: 2 ** 32 - 1 },
          ...{ group: 'g', columns: row.texts.slice(0, plan.columns.length), item: position },
          own: own.map((mask, word) => mask & (row.own[word] as number)),
        }),
      );
      const slots = given.map((row, i) => table.add(row, i, 1, 2));
      for (const [i, slot] of slots.entries()) {
        const copy = other.restore(table.save(slot), i, 0);
        const row = given[i] as FluxRow<number>;
        for (const [records, at] of [[table, slot] as const, [other, copy] as const]) {
          const lo = new Int32Array(plan.columns.length);
          const hi = lo.slice();
          const states = new Uint8Array(plan.columns.length);
          const tags = new Int32Array(plan.words);
          records.read(at, lo, hi, states, tags);
          expect([...tags]).toEqual(row.own);
          expect([...states]).toEqual(
            row.columns.map((text) => (text === undefined ? ABSENT : text === '' ? EMPTY : FILLED)),
          );
          expect(records.hasTags(at)).toBe(row.own.some((word) => word !== 0));
          expect(records.save(at)).toEqual(table.save(slot));
          const { timeMs, source, position, part, item } = records.save(at);
          expect({ timeMs, source, position, part, item }).toEqual({
            ...{ timeMs: row.timeMs, source: row.source, position: row.position, part: row.part, item: row.item },
          });
        }
      }
    }),
    { numRuns: 12 },
  );
});
