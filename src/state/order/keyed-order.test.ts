/** The order against sorting: hot keys and quiet ones, several sources, equal times, fractions, times before 1970 and far jumps. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ItemRecords } from './item-records.ts';
import { KeyedOrder } from './keyed-order.ts';
import type { OrderTarget } from './order-target.ts';
import { SourceClocks } from './source-clock.ts';
import { thresholdOf } from './threshold.ts';

const LATENESS_MS = 60_000;

interface Drawn {
  readonly gapMs: number;
  readonly delayMs: number;
  readonly key: number;
  readonly source: number;
}

/** Most items go to key 0. */
const drawn = fc.array(
  fc.record({
    gapMs: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 3 }) },
      { weight: 2, arbitrary: fc.double({ min: 0, max: 2_000, noNaN: true }) },
      { weight: 1, arbitrary: fc.constant(2 ** 33) },
    ),
    delayMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: LATENESS_MS })),
    key: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) }),
    source: fc.integer({ min: 0, max: 2 }),
  }),
  { minLength: 200, maxLength: 1500 },
);

/** Items that come no later than the lateness, in the order of arrival. */
function arrivals(list: readonly Drawn[], startMs: number): (Drawn & { readonly timeMs: number })[] {
  let timeMs = startMs;
  const timed = list.map((item) => {
    timeMs += item.gapMs;
    return { ...item, timeMs };
  });
  return timed.sort((a, b) => a.timeMs + a.delayMs - (b.timeMs + b.delayMs));
}

/** Items numbered as they arrive. */
class Items extends ItemRecords {
  readonly #compared: (a: number) => void;

  constructor(list: readonly (Drawn & { readonly timeMs: number })[], compared: (a: number) => void = () => {}) {
    super(0);
    this.#compared = compared;
    list.forEach(({ timeMs, source, key }, position) => {
      const item = this.allocate();
      this.setTime(item, timeMs);
      this.setPosition(item, position);
      this.setSource(item, source);
      this.setPart(item, 0);
      this.setEpoch(item, 0);
      this.setOwner(item, key);
    });
  }

  override compare(a: number, b: number): number {
    this.#compared(a);
    return super.compare(a, b);
  }
}

const quiet = {
  touching: () => {},
  undo: () => {},
  settle: () => {},
  advanced: () => {},
  closed: () => {},
  retentionMs: () => 0,
  evicted: () => {},
};

describe('a keyed order', () => {
  it.each([1.7e12, -5_000, 0])('applies the items of each key once and sorted, from %d on', (startMs) => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 50, max: 2_000 }), (list, savedAt) => {
        const incoming = arrivals(list, startMs);
        const items = new Items(incoming);
        const applied = new Map<number, number[]>();
        let late = 0;
        const target: OrderTarget = {
          ...quiet,
          items,
          apply: (item) => {
            const { key } = incoming[item] as Drawn;
            applied.set(key, [...(applied.get(key) ?? []), item]);
          },
          late: () => {
            late++;
          },
        };
        const options = { mode: 'ordered' as const, latenessMs: LATENESS_MS, maxPending: 1e6 };
        let order = new KeyedOrder(target, new SourceClocks(), options);
        incoming.forEach(({ key }, item) => {
          order.push(key, item, 0);
          if (item !== savedAt) return;
          // A snapshot, and another order that goes on from it.
          const queues = [0, 1, 2, 3, 4, 5].flatMap((one) => order.saveQueue(one) ?? []);
          order = new KeyedOrder(target, new SourceClocks(), options);
          for (const queue of queues) order.restoreQueue(queue, 0);
        });
        order.closeAll();
        expect(late).toBe(0);
        for (const key of new Set(incoming.map((one) => one.key))) {
          const expected = [...incoming.keys()]
            .filter((item) => incoming[item]?.key === key)
            .sort((a, b) => items.compare(a, b));
          expect(applied.get(key)).toEqual(expected);
        }
        expect(order.pending).toBe(0);
        expect(order.keys).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('looks at a bounded number of items for each one that comes to a hot key out of order', () => {
    const count = 40_000;
    // Every second item is half a minute late: a list would be searched over thousands of items for each of them.
    const list = Array.from({ length: count }, (_, i) => ({
      ...{ gapMs: 0, delayMs: 0, key: 0, source: 0, timeMs: 1.7e12 + 2 * i - (i % 2) * 30_000 },
    }));
    let compared = 0;
    let applied = 0;
    const target: OrderTarget = {
      ...quiet,
      items: new Items(list, () => {
        compared++;
      }),
      apply: () => {
        applied++;
      },
      late: () => {},
    };
    const order = new KeyedOrder(target, new SourceClocks(), {
      ...{ mode: 'ordered', latenessMs: LATENESS_MS, maxPending: 1e6 },
    });
    for (let item = 0; item < count; item++) order.push(0, item, 0);
    expect(applied).toBeGreaterThan(0);
    expect(compared / count).toBeLessThan(12);
  });
});

describe('an order that is short of room', () => {
  it('makes some although a younger item of a former epoch comes first', () => {
    const HOUR_MS = 3_600_000;
    const clocks = new SourceClocks();
    for (const name of ['a', 'b']) clocks.register(name, 'file');
    const items = new ItemRecords(0);
    const gone: number[] = [];
    const target: OrderTarget = {
      ...quiet,
      items,
      apply: (item) => {
        gone.push(items.positionOf(item));
      },
      late: () => {},
    };
    const order = new KeyedOrder(target, clocks, { mode: 'ordered', latenessMs: LATENESS_MS, maxPending: 10 });
    const push = (timeMs: number, source: number): void => {
      const item = items.allocate();
      items.setTime(item, timeMs);
      items.setPosition(item, item);
      items.setSource(item, source);
      items.setPart(item, 0);
      items.setOwner(item, 0);
      items.setEpoch(item, clocks.observe(source, timeMs, 0));
      order.push(0, item, 0);
    };
    push(10 * HOUR_MS, 0);
    // A new epoch of the first source, while the second one is far ahead in its first.
    push(1 * HOUR_MS, 0);
    push(10 * HOUR_MS, 1);
    for (let i = 0; i < 100; i++) {
      push(1 * HOUR_MS + i, 0);
      expect(order.pending).toBeLessThanOrEqual(10);
    }
    expect(gone.length).toBeGreaterThan(80);
    expect(new Set(gone).size).toBe(gone.length);
    expect(order.counts.early).toBeGreaterThan(0);
  });
});

describe('keys beside one another', () => {
  const options = { mode: 'ordered', latenessMs: LATENESS_MS, maxPending: 1e7 } as const;

  /** Items of 200 quiet keys, many of equal times, and `hot` ones of key 0 for each of them; returns what was compared for the quiet ones. */
  function workOfQuietKeys(hot: number): { readonly compared: number; readonly applied: number } {
    const list: (Drawn & { readonly timeMs: number })[] = [];
    for (let i = 0; i < 3_000; i++) {
      const quiet = { gapMs: 0, delayMs: 0, source: 0, key: 1 + (i % 200), timeMs: 1.7e12 + 20 * i - (i % 7) * 8_000 };
      list.push(quiet);
      for (let j = 0; j < hot; j++) list.push({ ...quiet, key: 0, timeMs: 1.7e12 + 20 * i + j - (j % 3) * 20_000 });
    }
    let compared = 0;
    let applied = 0;
    const keyOf = (item: number): number => list[item]?.key ?? 0;
    const items = new Items(list, (item) => {
      if (keyOf(item) !== 0) compared++;
    });
    const apply = (item: number): void => {
      if (keyOf(item) !== 0) applied++;
    };
    const order = new KeyedOrder({ ...quiet, items, apply, late: () => {} }, new SourceClocks(), options);
    for (let item = 0; item < list.length; item++) order.push(keyOf(item), item, 0);
    return { compared, applied };
  }

  it('cost the same beside a key with nine tenths of all items', () => {
    const alone = workOfQuietKeys(0);
    expect(alone.compared).toBeGreaterThan(100);
    expect(workOfQuietKeys(9)).toEqual(alone);
  });

  it('cost little when a million of them are idle: 80 bytes each, and no work but a look when their turn comes', () => {
    const count = 1_000_000;
    const items = new Items([{ gapMs: 0, delayMs: 0, key: 0, source: 0, timeMs: 1.7e12 }]);
    let touched = 0;
    const touching = (): void => {
      touched++;
    };
    const order = new KeyedOrder(
      { ...quiet, touching, items, apply: () => {}, undo: () => {}, late: () => {} },
      new SourceClocks(),
      {
        ...{ mode: 'ordered', latenessMs: 0, maxPending: 10 },
      },
    );
    for (let key = 0; key < count; key++) order.push(key, 0, 0);
    expect(order.keys).toBe(count);
    expect(order.byteLength / count).toBeLessThan(80);
    touched = 0;
    // A key that goes on touches nothing else.
    for (let i = 0; i < 1_000; i++) order.push(7, 0, 0);
    expect(touched).toBe(1_000);
    touched = 0;
    // They are closed by the clock, a bounded number in each call.
    const calls: number[] = [];
    while (order.keys > 0) {
      const before = order.keys;
      order.closeIdle(1);
      calls.push(before - order.keys);
    }
    expect(Math.max(...calls)).toBeLessThanOrEqual(20_000);
    expect([calls.length, touched]).toEqual([50, count]);
  });
});

describe('a threshold', () => {
  it('is the value that so many are not above', () => {
    const values = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 50 }), fc.double({ noNaN: true, min: -1e9, max: 1e15 })),
      {
        minLength: 1,
        maxLength: 5_000,
        size: 'max',
      },
    );
    fc.assert(
      fc.property(values, fc.nat(5_000), (list, at) => {
        const rank = at % list.length;
        const sorted = Float64Array.from(list).sort();
        expect(thresholdOf(Float64Array.from(list), rank + 1)).toBe(sorted[rank]);
      }),
      { numRuns: 50 },
    );
    expect(thresholdOf(Float64Array.of(1, 2), 3)).toBe(Number.POSITIVE_INFINITY);
    expect(thresholdOf(Float64Array.of(1, 2), 0)).toBe(Number.NEGATIVE_INFINITY);
  });
});
