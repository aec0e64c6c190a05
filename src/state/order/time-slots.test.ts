/** A calendar of items against sorting: equal times, fractions, crowds, times before 1970, and how much is compared. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testRounds, testSeed } from '../../testing/test-runs.ts';
import { ItemRecords } from './item-records.ts';
import { TimeSlots } from './time-slots.ts';

class Items extends ItemRecords {
  compared = 0;

  constructor(times: readonly number[]) {
    super(0);
    times.forEach((timeMs, position) => {
      const item = this.allocate();
      this.setTime(item, timeMs);
      // Later ones may stand before earlier ones.
      this.setPosition(item, (position * 7919) % 1000);
      this.setSource(item, 0);
      this.setPart(item, position);
      this.setEpoch(item, 0);
    });
  }

  override compare(a: number, b: number): number {
    this.compared++;
    return super.compare(a, b);
  }
}

/** All items, as the slots give them out. */
function drained(slots: TimeSlots): number[] {
  const out: number[] = [];
  while (slots.count > 0) {
    const slot = slots.take();
    if (slot === undefined) continue;
    for (let at = 0; at < slot.count; at++) {
      expect(slot.times[at]).toBeLessThanOrEqual(slots.boundMs);
      expect(slot.times[at]).toBeGreaterThan(slots.boundMs - slots.widthMs);
      slots.drop(slot.keys[at] as number);
      out.push(slot.items[at] as number);
    }
    slot.empty();
  }
  return out;
}

function filled(times: readonly number[], keyOf: (item: number) => number, fromMs: number): [Items, TimeSlots] {
  const items = new Items(times);
  const slots = new TimeSlots(items, 60_000, 60_000);
  slots.boundMs = slots.boundBelow(fromMs);
  times.forEach((timeMs, item) => {
    slots.add(item, keyOf(item), timeMs);
  });
  return [items, slots];
}

describe('slots of time', () => {
  it.each([1.7e12, -30_000, -1e15])('give items out by time, key and place, from %d on', (fromMs) => {
    const offset = fc.oneof(
      fc.integer({ min: 1, max: 119_000 }),
      fc.double({ min: 1, max: 119_000, noNaN: true }),
      fc.constantFrom(512, 1024, 1536, 90_000),
      // A crowd in less than a millisecond.
      fc.double({ min: 700, max: 700.001, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(offset, { maxLength: 2_000, size: 'max' }),
        fc.integer({ min: 1, max: 50 }),
        (offsets, keys) => {
          const times = offsets.map((one) => fromMs + one);
          const keyOf = (item: number): number => (item * 31) % keys;
          const [items, slots] = filled(times, keyOf, fromMs);
          const sorted = [...times.keys()].sort(
            (a, b) => (times[a] as number) - (times[b] as number) || keyOf(a) - keyOf(b) || items.compare(a, b),
          );
          expect(drained(slots)).toEqual(sorted);
          for (let key = 0; key < keys; key++) expect(slots.countOf(key)).toBe(0);
        },
      ),
      { numRuns: testRounds(30, 1_000), seed: testSeed() },
    );
  });

  it('compare items of one key and time only, and few of them where they came in order', () => {
    const count = 20_000;
    const second = Array.from({ length: count }, (_, i) => 1.7e12 + 1_000 * (1 + Math.floor(i / 5_000)));
    const [items, slots] = filled(second, (item) => item % 5_000, 1.7e12);
    expect(drained(slots)).toHaveLength(count);
    expect(items.compared).toBe(0);
    const [others, crowd] = filled(new Array<number>(count).fill(1.7e12 + 5), (item) => item % 100, 1.7e12);
    expect(drained(crowd)).toHaveLength(count);
    expect(others.compared / count).toBeLessThan(2 * Math.log2(count));
  });

  it('take all out at once, and begin anew at another time', () => {
    const [items, slots] = filled([5, 1_000, 70_000], () => 3, 0);
    const out: number[] = [];
    slots.takeAll((item) => out.push(item));
    expect(out).toEqual([0, 1, 2]);
    expect([slots.count, slots.countOf(3), slots.boundMs]).toEqual([0, 0, Number.NEGATIVE_INFINITY]);
    slots.boundMs = slots.boundBelow(-1e9);
    slots.add(1, 3, -1e9 + 600);
    expect(drained(slots)).toEqual([1]);
    expect(items.compared).toBe(0);
  });
});
