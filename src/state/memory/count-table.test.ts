import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CountTable } from './count-table.ts';

it('counts as a Map does, whatever keys share their slots', () => {
  const step = fc.record({ add: fc.boolean(), lo: fc.constantFrom(0, 1, 2, 14, 15, 16, 31, -1), hi: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const table = new CountTable();
      const map = new Map<string, number>();
      for (const { add, lo, hi } of steps) {
        const key = `${lo} ${hi}`;
        const before = map.get(key) ?? 0;
        if (add) map.set(key, before + 1);
        else if (before > 1) map.set(key, before - 1);
        else map.delete(key);
        expect(add ? table.add(lo, hi) : table.remove(lo, hi)).toBe(add ? before + 1 : before - 1);
        expect(table.size).toBe(map.size);
      }
    }),
  );
});
