/** The instances of an id, against a sorted list: whatever order they start and go in, the youngest comes first and the oldest goes first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcessIndex } from './process-index.ts';
import { FLAG_MASK, FLAGS, HOST, NO_ROW, OLDER, PID, ProcessRows, START, USED } from './process-rows.ts';

const LIMIT = 4;

describe('the index of processes', () => {
  it('knows the youngest and the oldest instance of an id that is used again and again', () => {
    const step = fc.record({ pid: fc.integer({ min: 1, max: 3 }), startMs: fc.nat(20), goes: fc.option(fc.nat(15)) });
    let dropped = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 60, maxLength: 120, size: 'max' }), (steps) => {
        const rows = new ProcessRows();
        const index = new ProcessIndex(rows, { lo: 1, hi: 2 });
        const expected = new Map<number, number[]>();
        const startOf = (row: number): number => rows.number(row, START);
        for (const { pid, startMs, goes } of steps) {
          const list = expected.get(pid) ?? [];
          expected.set(pid, list);
          const gone = goes === null ? undefined : list[goes];
          if (gone !== undefined) {
            list.splice(list.indexOf(gone), 1);
            index.unlink(gone);
            rows.remove(gone);
          }
          const row = rows.add();
          rows.set(row, HOST, 7);
          rows.set(row, PID, pid);
          rows.setNumber(row, START, startMs);
          const place = list.findIndex((other) => startOf(other) <= startMs);
          list.splice(place < 0 ? list.length : place, 0, row);
          expect(index.link(row)).toBe(list.length === 1);
          const oldest = index.oldestBeyond(LIMIT, 7, pid);
          expect(oldest).toBe(list.length > LIMIT ? list.at(-1) : NO_ROW);
          if (oldest !== NO_ROW) {
            list.pop();
            index.unlink(oldest);
            rows.remove(oldest);
            dropped++;
          }
          for (const [id, instances] of expected) {
            const found: number[] = [];
            for (let at = index.first(7, id); at !== NO_ROW; at = rows.get(at, OLDER)) found.push(at);
            expect(found).toEqual(instances);
            for (const one of found) expect(rows.get(one, FLAGS) & FLAG_MASK).toBe(USED);
          }
        }
      }),
      { numRuns: 60 },
    );
    expect(dropped).toBeGreaterThan(50);
  });
});
