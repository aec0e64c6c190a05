import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TRUE } from '../../ir/build.ts';
import type { ObservationPlan } from '../../ir/observation.ts';
import { type SearchObservation, searchBinding } from './binding-search.ts';
import { intervalsWithin, reaches } from './intervals.ts';
import { judgePlan } from './plan-judgement.ts';

const BRACKETS = 3;
const seen = (bracket: number): ObservationPlan => ({ kind: 'observed', predicate: TRUE, bracket });
const at = (first: number, last = first, count = 1): SearchObservation => ({
  first: BigInt(first),
  last: BigInt(last),
  count,
});

/** The definition word by word: all bindings of instances, joined and filtered bottom up. */
function bindings(plan: ObservationPlan, instances: readonly Instance[]): readonly (readonly Instance[])[] {
  switch (plan.kind) {
    case 'observed':
      return instances.filter(({ holds }) => holds.has(plan.bracket)).map((instance) => [instance]);
    case 'any':
      return plan.items.flatMap((item) => bindings(item, instances));
    case 'all':
    case 'followed-by':
      return plan.items
        .map((item) => bindings(item, instances))
        .reduce((left, right) =>
          left.flatMap((a) => {
            const ordered = (b: readonly Instance[]): boolean => a.every((x) => b.every((y) => x.first <= y.last));
            return right.filter((b) => disjoint(a, b) && (plan.kind === 'all' || ordered(b))).map((b) => [...a, ...b]);
          }),
        );
    case 'repeats': {
      const single = bindings(plan.item, instances);
      let combined: readonly (readonly Instance[])[] = [[]];
      for (let i = 0; i < plan.times; i++)
        combined = combined.flatMap((a) => single.filter((b) => disjoint(a, b)).map((b) => [...a, ...b]));
      return combined;
    }
    case 'within':
      return bindings(plan.item, instances).filter((binding) => intervalsWithin(binding, BigInt(plan.durationNs)));
    case 'start-stop':
      return bindings(plan.item, instances).filter((binding) =>
        binding.every((instance) => reaches(instance, BigInt(plan.startNs), BigInt(plan.stopNs))),
      );
  }
}

interface Instance extends SearchObservation {
  readonly observation: number;
  readonly holds: ReadonlySet<number>;
}

function disjoint(a: readonly Instance[], b: readonly Instance[]): boolean {
  return a.every((x) => !b.includes(x));
}

const { plan } = fc.letrec<{ plan: ObservationPlan }>((tie) => ({
  plan: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.nat({ max: BRACKETS - 1 }).map(seen),
    fc.record({
      kind: fc.constantFrom('all' as const, 'any' as const, 'followed-by' as const),
      items: fc.array(tie('plan'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant('within' as const),
      item: tie('plan'),
      durationNs: fc.nat({ max: 6 }).map((x) => `${x + 1}`),
    }),
    fc.record({ kind: fc.constant('repeats' as const), item: tie('plan'), times: fc.integer({ min: 1, max: 3 }) }),
    fc.tuple(tie('plan'), fc.nat({ max: 8 }), fc.nat({ max: 8 })).map(
      ([item, start, length]): ObservationPlan => ({
        kind: 'start-stop',
        item,
        startNs: `${start}`,
        stopNs: `${start + length}`,
      }),
    ),
  ),
}));
const observation = fc
  .tuple(fc.nat({ max: 8 }), fc.constantFrom(0, 0, 1, 4), fc.constantFrom(1, 1, 2), fc.subarray([0, 1, 2]))
  .map(([first, length, count, holds]) => ({ ...at(first, first + length, count), holds: new Set(holds) }));

function repetitions(node: ObservationPlan): number {
  if (node.kind === 'observed') return 1;
  if (node.kind === 'any') return Math.max(...node.items.map(repetitions));
  if ('items' in node) return node.items.reduce((sum, item) => sum + repetitions(item), 0);
  return repetitions(node.item) * (node.kind === 'repeats' ? node.times : 1);
}

describe('binding search', () => {
  it('finds a binding exactly when the definition has one', () => {
    const answers = { yes: 0, no: 0 };
    fc.assert(
      fc.property(
        plan.filter((node) => repetitions(node) <= 5),
        fc.array(observation, { maxLength: 4 }),
        (node, observations) => {
          const instances = observations.flatMap((item, index) =>
            Array.from({ length: item.count }, (): Instance => ({ ...item, observation: index })),
          );
          const expected = bindings(node, instances).length > 0;
          const holds = (bracket: number, index: number): boolean => observations[index]?.holds.has(bracket) === true;
          const result = searchBinding({ plan: node, observations, holds });
          answers[expected ? 'yes' : 'no']++;
          expect(result.kind).toBe(expected ? 'found' : 'none');
          if (result.kind !== 'found') return;
          const used = new Map(result.binding.map(({ index }) => [index, 0]));
          for (const { index, count } of result.binding) used.set(index, (used.get(index) ?? 0) + count);
          for (const [index, count] of used) expect(count).toBeLessThanOrEqual(observations[index]?.count ?? 0);
          const bound = [...used.keys()].map((index) => observations[index] as (typeof observations)[number]);
          expect(
            bindings(
              node,
              instances.filter(({ observation }) => used.has(observation)),
            ).length,
            `${bound}`,
          ).toBeGreaterThan(0);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(answers.yes).toBeGreaterThan(300);
    expect(answers.no).toBeGreaterThan(300);
  });

  it('finds a binding with a required observation exactly when the definition has one', () => {
    const answers = { yes: 0, no: 0 };
    fc.assert(
      fc.property(
        plan.filter((node) => repetitions(node) <= 5),
        fc.array(observation, { minLength: 1, maxLength: 4 }),
        (node, observations) => {
          const instances = observations.flatMap((item, index) =>
            Array.from({ length: item.count }, (): Instance => ({ ...item, observation: index })),
          );
          const mustContain = observations.length - 1;
          const expected = bindings(node, instances).some((binding) =>
            binding.some(({ observation }) => observation === mustContain),
          );
          const holds = (bracket: number, index: number): boolean => observations[index]?.holds.has(bracket) === true;
          answers[expected ? 'yes' : 'no']++;
          expect(searchBinding({ plan: node, observations, holds, mustContain }).kind).toBe(
            expected ? 'found' : 'none',
          );
        },
      ),
      { numRuns: 3_000 },
    );
    expect(answers.yes).toBeGreaterThan(300);
    expect(answers.no).toBeGreaterThan(300);
  });

  it('is judged as the definition has it, where it can be judged without a search', () => {
    const answers = { found: 0, none: 0, open: 0 };
    fc.assert(
      fc.property(
        plan.filter((node) => repetitions(node) <= 5),
        fc.array(observation, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (node, observations, isRequired) => {
          const instances = observations.flatMap((item, index) =>
            Array.from({ length: item.count }, (): Instance => ({ ...item, observation: index })),
          );
          const all = bindings(node, instances);
          const expected = isRequired ? all.filter((one) => one.some((instance) => instance.observation === 0)) : all;
          const candidatesOf = (bracket: number): readonly number[] =>
            observations.flatMap(({ holds }, index) => (holds.has(bracket) ? [index] : []));
          const judged = judgePlan({ plan: node, observations, candidatesOf, ...(isRequired && { mustContain: 0 }) });
          answers[judged === undefined ? 'open' : judged === 'none' ? 'none' : 'found']++;
          if (judged === undefined) return;
          expect(judged !== 'none').toBe(expected.length > 0);
          if (judged === 'none') return;
          const used = (one: readonly { readonly index: number; readonly count: number }[]): string =>
            observations
              .map((_, i) => one.reduce((sum, { index, count }) => sum + (index === i ? count : 0), 0))
              .join();
          const counted = expected.map((one) =>
            used(one.map((instance) => ({ index: instance.observation, count: 1 }))),
          );
          expect(counted).toContain(used(judged));
        },
      ),
      { numRuns: 1_000 },
    );
    for (const count of Object.values(answers)) expect(count).toBeGreaterThan(60);
  });

  it('counts only bindings with a required observation, when asked', () => {
    const observations = [at(1), at(2), at(9)];
    const within: ObservationPlan = {
      kind: 'within',
      item: { kind: 'repeats', item: seen(0), times: 2 },
      durationNs: '3',
    };
    const search = (mustContain: number): string =>
      searchBinding({ plan: within, observations, holds: () => true, mustContain }).kind;
    expect([search(0), search(1), search(2)]).toEqual(['found', 'found', 'none']);
  });

  it('takes a hundred thousand repetitions of one observation at once', () => {
    const repeats: ObservationPlan = { kind: 'repeats', item: seen(0), times: 100_000 };
    const result = searchBinding({ plan: repeats, observations: [at(1, 5, 100_000)], holds: () => true });
    expect(result).toEqual({ kind: 'found', binding: [{ index: 0, count: 100_000 }], steps: 0 });
    expect(searchBinding({ plan: repeats, observations: [at(1, 5, 99_999)], holds: () => true }).kind).toBe('none');
  });

  it('gives up visibly when the work goes beyond its limit', () => {
    // Twelve of one kind beside eleven of the other, and the other way round later: one pair is missing.
    const kinds = [...Array.from({ length: 23 }, (_, i) => i % 2), 0, 1, 1];
    const observations = kinds.map((_, i) => at(i < 23 ? 0 : 100));
    const pair: ObservationPlan = { kind: 'all', items: [seen(0), seen(1)] };
    const close: ObservationPlan = { kind: 'within', item: pair, durationNs: '1' };
    const search = (times: number): string =>
      searchBinding({
        plan: { kind: 'repeats', item: close, times },
        observations,
        holds: (bracket, index) => kinds[index] === bracket,
        maxSteps: 10_000,
      }).kind;
    expect([search(12), search(13)]).toEqual(['found', 'undecided']);
  });

  it('tells without search what counting decides, however many there are', () => {
    const all = (count: number): ObservationPlan => ({
      kind: 'all',
      items: Array.from({ length: count }, () => seen(0)),
    });
    const twice = (times: number): ObservationPlan => ({ kind: 'repeats', item: all(2), times });
    const kind = (plan: ObservationPlan, count: number): string =>
      searchBinding({ plan, observations: Array.from({ length: count }, (_, i) => at(i)), holds: () => true }).kind;
    expect([kind(all(21), 20), kind(all(20), 20), kind(all(1_000), 1_000)]).toEqual(['none', 'found', 'found']);
    expect([kind(twice(11), 21), kind(twice(1_000), 2_000)]).toEqual(['none', 'found']);
  });

  it('tells without search that pairs in order are missing, also in each window', () => {
    const sequence: ObservationPlan = { kind: 'followed-by', items: [seen(0), seen(1)] };
    const ten = (item: ObservationPlan): ObservationPlan => ({ kind: 'repeats', item, times: 10 });
    const kind = (plan: ObservationPlan, kinds: readonly number[]): string =>
      searchBinding({
        plan,
        observations: kinds.map((_, i) => at(i)),
        holds: (bracket, index) => kinds[index] === bracket,
        maxSteps: 3_000,
      }).kind;
    const [a, b] = [new Array<number>(9).fill(0), new Array<number>(9).fill(1)];
    expect(kind(ten(sequence), [1, ...a, 0, ...b])).toBe('none');
    expect(kind(ten(sequence), [0, ...a, ...b, 1])).toBe('found');
    const close: ObservationPlan = { kind: 'within', item: ten(sequence), durationNs: '18' };
    expect(kind(close, [0, ...a, ...b, 1])).toBe('none');
    const chain: ObservationPlan = {
      kind: 'followed-by',
      items: [...new Array<ObservationPlan>(9).fill(seen(0)), seen(1)],
    };
    expect(kind(chain, [1, ...a, ...a])).toBe('none');
  });
});
