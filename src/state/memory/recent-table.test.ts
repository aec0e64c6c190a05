import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentTable } from './recent-table.ts';

describe('RecentTable', () => {
  it('knows at least the newest half of its bound, always with their last values, and never more than the bound', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 300 }),
        (max, keys) => {
          const table = new RecentTable<number>(max);
          const newest: number[] = [];
          const last = new Map<number, number>();
          keys.forEach((key, value) => {
            // Many keys share their low half, and with it their slot.
            table.put(key % 5, key, value);
            last.set(key, value);
            const at = newest.indexOf(key);
            if (at >= 0) newest.splice(at, 1);
            newest.push(key);
            expect(table.size).toBeLessThanOrEqual(max);
            for (const one of newest.slice(-Math.floor(max / 2))) expect(table.get(one % 5, one)).toBe(last.get(one));
          });
          for (let key = 0; key <= 60; key++)
            if (table.get(key % 5, key) !== undefined) expect(table.get(key % 5, key)).toBe(last.get(key));
        },
      ),
    );
  });
});
