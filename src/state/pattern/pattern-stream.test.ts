import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TRUE } from '../../ir/build.ts';
import type { ObservationPlan } from '../../ir/observation.ts';
import { searchBinding } from './binding-search.ts';
import { readSnapshot } from '../snapshot/chunk.ts';
import type { EventCodec, PatternStreamOptions } from './pattern-fact.ts';
import { PatternStream } from './pattern-stream.ts';
import { planSpanMs } from './plan-span.ts';

const seen = (bracket: number): ObservationPlan => ({ kind: 'observed', predicate: TRUE, bracket });
const within = (item: ObservationPlan, seconds: number): ObservationPlan => ({
  kind: 'within',
  item,
  durationNs: String(seconds * 1e9),
});
const FAILURES_THEN_LOGIN = within(
  { kind: 'followed-by', items: [{ kind: 'repeats', item: seen(0), times: 3 }, seen(1)] },
  60,
);

const CODEC: EventCodec<number> = { save: (event) => event, load: Number, size: () => 100 };

function open(plans: readonly ObservationPlan[], options?: PatternStreamOptions): PatternStream<number> {
  return new PatternStream<number>(
    plans,
    plans.map((_, number) => `plan ${number}`),
    CODEC,
    options,
  );
}

/** Events named by their second; returns the events of each match. */
function run(
  plan: ObservationPlan,
  events: readonly (readonly [number, number, string?])[],
  options?: PatternStreamOptions,
): { matches: (readonly number[])[]; stream: PatternStream<number> } {
  const stream = open([plan], options);
  const matches = events.flatMap(([second, bracket, key = 'host']) => {
    const fact = { pattern: 0, key, timeMs: second * 1_000, brackets: [bracket], event: second };
    const match = stream.push(fact);
    return match === undefined ? [] : [match.events];
  });
  return { matches, stream };
}

describe('pattern stream', () => {
  it('matches when an event completes a binding, with the events of the binding in order', () => {
    expect(
      run(FAILURES_THEN_LOGIN, [
        [1, 0],
        [2, 0],
        [3, 1],
        [4, 0],
        [5, 1],
      ]).matches,
    ).toEqual([[1, 2, 4, 5]]);
  });

  it('keeps keys apart', () => {
    expect(
      run(FAILURES_THEN_LOGIN, [
        [1, 0, 'a'],
        [2, 0, 'a'],
        [3, 0, 'b'],
        [4, 1, 'a'],
        [5, 0, 'a'],
        [6, 1, 'a'],
      ]).matches,
    ).toEqual([[1, 2, 5, 6]]);
  });

  it('counts both ends of the window', () => {
    expect(
      run(FAILURES_THEN_LOGIN, [
        [0, 0],
        [1, 0],
        [2, 0],
        [60, 1],
      ]).matches,
    ).toHaveLength(1);
    expect(
      run(FAILURES_THEN_LOGIN, [
        [0, 0],
        [1, 0],
        [2, 0],
        [61, 1],
      ]).matches,
    ).toHaveLength(0);
  });

  it('matches an event that arrives after later ones, unless it is later than allowed', () => {
    const pair: ObservationPlan = within({ kind: 'followed-by', items: [seen(0), seen(1)] }, 600);
    expect(
      run(pair, [
        [100, 1],
        [90, 0],
      ]).matches,
    ).toEqual([[90, 100]]);
    const { matches, stream } = run(pair, [
      [100, 1],
      [30, 0],
    ]);
    expect(matches).toEqual([]);
    expect([stream.counts.late, stream.lateOf(0), stream.lateOf(1)]).toEqual([1, 1, 0]);
  });

  it('counts by pattern the searches that it gives up, also over a reload', () => {
    // Twelve of one kind beside eleven of the other, and the other way round later: one pair is missing.
    const pair = within({ kind: 'all', items: [seen(0), seen(1)] }, 1);
    const pairs: ObservationPlan = { kind: 'repeats', item: pair, times: 13 };
    const options = { maxSteps: 5_000 };
    const before = open([seen(0), pairs], options);
    const push = (timeMs: number, bracket: number) =>
      before.push({ pattern: 1, key: '', timeMs, brackets: [bracket], event: timeMs });
    for (let i = 0; i < 23; i++) push(i, i % 2);
    for (const bracket of [0, 1, 1]) push(9_000 + bracket, bracket);
    const given = before.undecidedOf(1);
    expect(given).toBeGreaterThan(0);
    expect([before.counts.undecided, before.undecidedOf(0)]).toEqual([given, 0]);
    const after = open([seen(0), pairs], options);
    after.takeOver(before);
    expect(after.undecidedOf(1)).toBe(given);
  });

  it('begins anew where a replayed source jumps back by more than an hour', () => {
    const pair: ObservationPlan = within({ kind: 'followed-by', items: [seen(0), seen(1)] }, 600);
    const stream = open([pair]);
    const push = (second: number, bracket: number, isReplay: boolean) =>
      stream.push({ pattern: 0, key: '', timeMs: second * 1_000, brackets: [bracket], event: second, isReplay })
        ?.events;
    push(10_000, 0, true);
    expect(push(100, 0, true)).toBeUndefined();
    expect(push(200, 1, true)).toEqual([100, 200]);
    expect(push(10_100, 1, true)).toBeUndefined();
    expect(push(100, 0, false)).toBeUndefined();
    expect(stream.counts).toMatchObject({ epochs: 1, late: 1, matches: 1 });
  });

  it('forgets what no binding can need any more', () => {
    const events = Array.from({ length: 1_000 }, (_, i) => [i * 10, 0] as const);
    expect(run(FAILURES_THEN_LOGIN, events).stream.size).toBeLessThanOrEqual(13);
    expect(planSpanMs(FAILURES_THEN_LOGIN)).toBe(60_000);
    expect(planSpanMs({ kind: 'all', items: [seen(0), seen(1)] })).toBe(Number.POSITIVE_INFINITY);
  });

  it('drops the oldest of a crowded key and the quietest of too many keys, and counts both', () => {
    const all: ObservationPlan = { kind: 'all', items: [seen(0), seen(1)] };
    const crowded = run(
      all,
      Array.from({ length: 30 }, (_, i) => [i, 0] as const),
      { maxPerKey: 10 },
    );
    expect([crowded.stream.size, crowded.stream.counts.evictedEvents]).toEqual([10, 20]);
    const many = run(
      all,
      Array.from({ length: 30 }, (_, i) => [i, 0, `key ${i}`] as const),
      { maxTotal: 10 },
    );
    expect([many.stream.size, many.stream.counts.evictedKeys]).toEqual([10, 20]);
  });

  it('goes on from a snapshot as if nothing had happened', () => {
    const { stream } = run(FAILURES_THEN_LOGIN, [
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
    const steps = stream.snapshot(true);
    const stored = [steps.next().value];
    // The picture is that of its beginning: this one comes too late for it.
    stream.push({ pattern: 0, key: 'host', timeMs: 3_500, brackets: [1], event: 3.5 });
    stored.push(...steps);
    const chunks = readSnapshot(stored.map((chunk) => chunk?.bytes ?? new Uint8Array(0)));
    if ('severity' in chunks) throw new Error(chunks.message);
    const restored = open([FAILURES_THEN_LOGIN, within(seen(0), 1)]);
    expect(restored.restore(chunks)).toEqual(['plan 1']);
    const login = { pattern: 0, key: 'host', timeMs: 4_000, brackets: [1], event: 4 };
    expect(restored.push(login)?.events).toEqual([1, 2, 3, 4]);
  });

  it('matches by the end of the stream exactly when the whole of it has a binding', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 100 }), fc.nat({ max: 1 })), { maxLength: 12 }),
        fc.constantFrom<ObservationPlan>(
          FAILURES_THEN_LOGIN,
          within({ kind: 'all', items: [seen(0), seen(1), seen(0)] }, 5),
          within({ kind: 'repeats', item: { kind: 'any', items: [seen(0), seen(1)] }, times: 3 }, 10),
        ),
        (events, plan) => {
          const sorted = [...events].sort((a, b) => a[0] - b[0]);
          const observations = sorted.map(([second]) => ({
            first: BigInt(second) * 10n ** 9n,
            last: BigInt(second) * 10n ** 9n,
            count: 1,
          }));
          const whole = searchBinding({
            plan,
            observations,
            holds: (bracket, index) => sorted[index]?.[1] === bracket,
          });
          expect(run(plan, sorted).matches.length > 0).toBe(whole.kind === 'found');
        },
      ),
      { numRuns: 500 },
    );
  });
});
