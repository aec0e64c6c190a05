/** Filters of segments against sets: nothing that was added is denied, whatever is begun, dropped and moved around it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SegmentFilters } from './segment-filters.ts';

const step = fc.record({
  segment: fc.oneof(fc.constantFrom(0, 16, 32, 255), fc.nat(255)),
  words: fc.constantFrom(2, 4, 64, 512),
  drops: fc.boolean(),
  added: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 40 }),
});

it('deny nothing that is there, and most of what is not', () => {
  let asked = 0;
  let denied = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const filters = new SegmentFilters();
      const there = new Map<number, Set<number>>();
      let wrong = 0;
      for (const { segment, words, drops, added } of steps) {
        if (drops) {
          filters.drop(segment);
          there.delete(segment);
        } else {
          filters.begin(segment, words);
          there.set(segment, new Set());
        }
        for (const hi of added) {
          filters.add(segment, hi);
          there.get(segment)?.add(hi);
        }
        for (const [other, his] of there) {
          for (const hi of his) if (!filters.mayHold(other, hi)) wrong++;
          for (let hi = 1; hi < 20; hi++) {
            if (his.has(hi)) continue;
            asked++;
            if (!filters.mayHold(other, hi)) denied++;
          }
        }
        for (let other = 0; other < 256; other++) if (filters.has(other) !== there.has(other)) wrong++;
      }
      expect(wrong).toBe(0);
    }),
    { numRuns: 30 },
  );
  expect(denied).toBeGreaterThan(asked / 2);
});
