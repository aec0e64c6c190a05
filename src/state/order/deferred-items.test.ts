/** An order that applies items later than it could tells each key the same things as one that does not, in the same order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testRounds, testSeed } from '../../testing/test-runs.ts';
import { ItemRecords } from './item-records.ts';
import { KeyedOrder } from './keyed-order.ts';
import type { OrderTarget } from './order-target.ts';
import { SourceClocks } from './source-clock.ts';

const KEYS = 7;

type Step =
  | {
      readonly kind: 'item';
      readonly gapMs: number;
      readonly delay: number;
      readonly key: number;
      readonly source: number;
    }
  | { readonly kind: 'jump'; readonly byMs: number }
  | { readonly kind: 'stray'; readonly byMs: number; readonly key: number }
  | { readonly kind: 'idle' | 'evict' | 'hold' | 'go-on' | 'restart' | 'settle' };

interface Stream {
  readonly steps: readonly Step[];
  readonly latenessMs: number;
  /** Times are multiples of this: many are equal. */
  readonly grainMs: number;
  readonly maxPending: number;
  readonly takesLate: boolean;
  /**
   * The order is held for a while and has room for all; or is short of room, goes on from snapshots and hears of the clock. Not both: what a
   * hold has kept back and is due is applied by whatever comes next. For the same reason late items are compared by themselves then, and where keys are mixed.
   */
  readonly isHeld: boolean;
  /** Items of a key come from three sources, whose epochs differ. */
  readonly isMixed: boolean;
  /** Some keys are saved whenever they are about to change, as by a picture that is being drawn. */
  readonly isWatched: boolean;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 400,
    arbitrary: fc.record({
      kind: fc.constant('item' as const),
      gapMs: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }) },
        { weight: 2, arbitrary: fc.double({ min: 0, max: 3_000, noNaN: true }) },
      ),
      // In parts of the lateness; above 1 it is late where its key has gone on.
      delay: fc.oneof(
        { weight: 5, arbitrary: fc.constant(0) },
        { weight: 5, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
        { weight: 1, arbitrary: fc.double({ min: 1, max: 2, noNaN: true }) },
      ),
      key: fc.oneof(
        { weight: 2, arbitrary: fc.constant(0) },
        { weight: 3, arbitrary: fc.integer({ min: 1, max: KEYS - 1 }) },
      ),
      source: fc.oneof(
        { weight: 40, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('jump' as const),
      byMs: fc.constantFrom(2 ** 33, -7_200_000, 600_000, -30 * 365 * 86_400_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('stray' as const),
      byMs: fc.constantFrom(10 * 365 * 86_400_000, 1e15),
      key: fc.integer({ min: 0, max: KEYS - 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('idle', 'evict', 'hold', 'go-on', 'go-on', 'restart', 'settle') }),
  },
);

const streams: fc.Arbitrary<Stream> = fc.record({
  steps: fc.array(step, { minLength: 500, maxLength: 4_000, size: 'max' }),
  latenessMs: fc.constantFrom(60_000, 5, 1_000, 3_000_000),
  grainMs: fc.constantFrom(0, 0, 1_000, 1e9),
  maxPending: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1e6) },
    { weight: 1, arbitrary: fc.integer({ min: 20, max: 400 }) },
  ),
  takesLate: fc.boolean(),
  isHeld: fc.boolean(),
  isMixed: fc.boolean(),
  isWatched: fc.boolean(),
});

/** What the keys are told, one list for each. */
function told(stream: Stream, deferred: boolean): unknown {
  const { latenessMs, grainMs, takesLate } = stream;
  const clocks = new SourceClocks();
  for (const name of ['a', 'b']) clocks.register(name, 'file');
  clocks.register('c', 'stream');
  const items = new ItemRecords(0);
  const lates: number[] = [];
  const saves: number[] = [];
  const heard: string[][] = Array.from({ length: KEYS }, () => []);
  const hear = (item: number, what: string): void => {
    heard[items.ownerOf(item)]?.push(`${what} ${items.positionOf(item)} at ${items.timeOf(item)}`);
  };
  const target: OrderTarget = {
    items,
    touching: (key) => {
      if (!stream.isWatched || stream.isHeld || heard[key]?.length === saves[key]) return;
      saves[key] = heard[key]?.length ?? 0;
      for (const item of (saves[key] as number) % 5 === 0 ? (order.saveQueue(key)?.items ?? []) : [])
        if (items.sourceOf(item) < 0 || items.ownerOf(item) !== key) hear(item, 'saved, but gone:');
    },
    apply: (item) => {
      hear(item, 'applied');
      items.release(item);
    },
    undo: () => {},
    settle: () => {},
    late: (item) => {
      if (stream.isMixed || stream.isHeld) lates.push(items.positionOf(item));
      else hear(item, 'late');
    },
    ...(takesLate && {
      takeLate: (item: number, timeMs: number, epoch: number): boolean => {
        items.setTime(item, timeMs);
        items.setEpoch(item, epoch);
        return true;
      },
    }),
    advanced: (key, settledMs) => {
      if (settledMs === undefined) heard[key]?.push('all over');
    },
    closed: (key) => heard[key]?.push('closed'),
    retentionMs: () => 1_000,
    evicted: (key) => heard[key]?.push('evicted'),
  };
  const maxPending = stream.isHeld ? 1e6 : stream.maxPending;
  const options = { mode: 'ordered' as const, latenessMs, maxPending, deferred };
  const open = (): KeyedOrder => new KeyedOrder(target, clocks, options);
  let order = open();
  let late = 0;
  let early = 0;
  let nowMs = 1.7e12;
  stream.steps.forEach((one, position) => {
    const push = (timeMs: number, key: number, source: number): void => {
      const item = items.allocate();
      items.setTime(item, timeMs);
      items.setPosition(item, position);
      items.setSource(item, source);
      items.setPart(item, 0);
      items.setOwner(item, key);
      items.setEpoch(item, clocks.observe(source, timeMs, position));
      order.push(key, item, position);
    };
    if (one.kind === 'item') {
      nowMs += (one.gapMs * latenessMs) / 60_000;
      const timeMs = nowMs - one.delay * latenessMs;
      push(grainMs === 0 ? timeMs : grainMs * Math.floor(timeMs / grainMs), one.key, stream.isMixed ? one.source : 0);
    } else if (one.kind === 'jump') nowMs += one.byMs;
    else if (one.kind === 'stray') push(nowMs + one.byMs, one.key, stream.isMixed ? 2 : 0);
    else if (stream.isHeld !== (one.kind === 'hold' || one.kind === 'go-on')) return;
    else if (one.kind === 'idle') order.closeIdle(position + latenessMs + 1_000 - 20);
    else if (one.kind === 'evict') order.evictStalest(0.3);
    else if (one.kind === 'settle') order.settleAll(nowMs - latenessMs);
    else if (one.kind === 'restart') {
      const queues = heard.flatMap((_, key) => order.saveQueue(key) ?? []);
      late += order.counts.late;
      early += order.counts.early;
      order = open();
      for (const queue of queues) order.restoreQueue(queue, position);
    } else order.hold = one.kind === 'hold';
  });
  order.closeAll();
  return { heard, lates, late: late + order.counts.late, early: early + order.counts.early, pending: order.pending };
}

describe('an order that defers', () => {
  it('tells each key the same as one that does not', () => {
    fc.assert(
      fc.property(streams, (stream) => {
        expect(told(stream, true)).toEqual(told(stream, false));
      }),
      { numRuns: testRounds(25, 2_000), seed: testSeed(), endOnFailure: true },
    );
  });
});
