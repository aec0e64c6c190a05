/** Rows that are held back and made ready together have the outcomes of rows that are pushed one by one, in the same order. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FluxSpec, TagCondition } from '../../ir/flux.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';
import { SourceClocks } from '../order/source-clock.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine, type FluxEngineOptions } from './engine.ts';
import { planFlux } from './plan.ts';
import type { FluxRow } from './row.ts';

const LATENESS_MS = 4_000;
const condition: TagCondition = { kind: 'tag', tag: 0, from: 'any' };
const lineage = { tags: ['a', 'b'], condition } as const;
const SPEC: FluxSpec = {
  rules: [
    { ...lineage, name: 'parent', action: 'parent', parent: 'up', child: 'id' },
    { ...lineage, name: 'ancestor', action: 'ancestor', parent: 'up', child: 'id' },
    { ...lineage, name: 'other way', action: 'ancestor', parent: 'id', child: 'up' },
    { ...lineage, name: 'any', action: 'temporal', groupBy: [], ordered: false, strict: false, reset: false },
  ],
};
const PLAN = planFlux(SPEC);

const id = fc.constantFrom(undefined, '', '1', '2', '3', '4', '5', '6');
const step = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({
      kind: fc.constant('row' as const),
      gapMs: fc.integer({ min: -3_000, max: 3_000 }),
      group: fc.constantFrom('g', 'h', 'i', undefined),
      source: fc.nat(1),
      columns: fc.tuple(id, id),
      own: fc.constantFrom([0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 2, 0], [3, 3, 3, 3], [0, 1, 0, 1]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'advance' as const, 'push' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('back' as const, 'hold' as const, 'release' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const modes: readonly Partial<FluxEngineOptions>[] = [
  { mode: 'eager' },
  { mode: 'ordered' },
  { mode: 'ordered', latenessMs: 0 },
  { mode: 'ordered', latenessMs: 60_000, pendingBytes: 2_000 },
  { mode: 'eager', memory: { kind: 'bloom', capacity: 1_000, falsePositiveRate: 1e-4, budgetBytes: 1 << 24 } },
];

/** What handlers are told, one text for each call. `fails`: positions of rows whose handler throws. */
function outcomes(
  steps: readonly Step[],
  options: Partial<FluxEngineOptions>,
  holdsBack: boolean,
  fails: (position: number) => boolean = () => false,
): string[] {
  const told: string[] = [];
  const clocks = new SourceClocks();
  clocks.register('a', 'file');
  clocks.register('b', 'stream');
  const settings = { ...DEFAULT_FLUX_OPTIONS, latenessMs: LATENESS_MS, seed: { lo: 1, hi: 2 }, ...options };
  const engine = new FluxEngine<number>(
    PLAN,
    clocks,
    settings,
    (row, { tags, inherited, fired, revised }) => {
      told.push(`${row.item} ${[...tags]} ${[...inherited]} ${[...fired]} ${revised}`);
      if (fails(row.position)) throw new Error('handler');
    },
    undefined,
    { bytesOf: (item) => 50 + (item % 7) },
  );
  const tries = (call: () => void): void => {
    try {
      call();
    } catch (failure) {
      for (const error of failure instanceof AggregateError ? failure.errors : [failure])
        expect(error).toEqual(new Error('handler'));
    }
  };
  let timeMs = 1e12;
  let isPushed = false;
  steps.forEach((each, position) => {
    if (each.kind === 'flush') tries(() => engine.flush());
    else if (each.kind === 'advance') engine.advance(position * 1_000);
    else if (each.kind === 'push') isPushed = !isPushed;
    else if (each.kind === 'back') timeMs -= 4 * 3_600_000;
    else if (each.kind !== 'row') engine.hold(each.kind === 'hold');
    else {
      timeMs += each.gapMs;
      const { group, source, columns, own } = each;
      const row: FluxRow<number> = { timeMs, source, position, part: 0, group, columns, own, item: position };
      tries(() => (holdsBack && !isPushed ? engine.enqueue(row, position) : engine.push(row, position)));
    }
  });
  tries(() => engine.flush());
  engine.hold(false);
  engine.end();
  told.push(JSON.stringify({ ...engine.counts, bytes: 0, orderBytes: 0 }));
  return told;
}

it('rows held back have the outcomes of rows pushed one by one', () => {
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 400 }), fc.constantFrom(...modes), (steps, options) => {
      expect(outcomes(steps, options, true)).toEqual(outcomes(steps, options, false));
    }),
    { numRuns: testRounds(30, 3_000), seed: testSeed() },
  );
});

it('a row whose handler fails takes none of those behind it along', () => {
  const steps = fc.sample(step, { numRuns: 500, seed: 7 }).flatMap((each): Step[] => {
    if (each.kind !== 'row') return each.kind === 'flush' ? [each] : [];
    return [{ ...each, gapMs: Math.abs(each.gapMs), source: 0 }];
  });
  const fails = (position: number): boolean => position % 9 === 0;
  const held = outcomes(steps, { mode: 'eager' }, true, fails);
  expect(held).toEqual(outcomes(steps, { mode: 'eager' }, false, fails));
  expect(held.length).toBeGreaterThan(400);
});

it('what fails when rows that waited are handed on takes none of them along, at the end of the input as before', () => {
  const clocks = new SourceClocks();
  clocks.register('a', 'file');
  const told: number[] = [];
  const sizes = { bytesOf: () => 100 };
  const options = { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 1, hi: 2 }, latenessMs: 1_000 };
  const engine = new FluxEngine<number>(
    PLAN,
    clocks,
    options,
    ({ position }) => {
      told.push(position);
      if (position % 2 === 0) throw new Error(`${position}`);
    },
    undefined,
    sizes,
  );
  const row = { source: 0, part: 0, columns: ['1', '2'], own: [0, 0, 0, 0] };
  const positions = Array.from({ length: 200 }, (_, position) => position);
  for (const position of positions)
    engine.enqueue({ ...row, position, timeMs: 1e12 + 50 * position, group: `${position % 3}`, item: position }, 0);
  expect(() => engine.flush()).toThrow();
  expect(() => engine.end()).toThrow(AggregateError);
  expect(told.toSorted((a, b) => a - b)).toEqual(positions);
  expect(engine.counts).toMatchObject({ pending: 0, itemBytes: 0 });
});

it('a handler that fails when a row comes behind newer ones leaves the order of the others as it is', () => {
  const run = (fails: boolean): string[] => {
    const clocks = new SourceClocks();
    clocks.register('a', 'file');
    const told: string[] = [];
    const options = { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 1, hi: 2 }, mode: 'eager' as const };
    const engine = new FluxEngine<number>(PLAN, clocks, options, ({ position }, { revised, tags }) => {
      told.push(`${position} ${revised} ${[...tags]}`);
      if (fails && position === 2) throw new Error('handler');
    });
    const row = { source: 0, part: 0, group: 'g', columns: ['1', '2'], item: 0 };
    [10, 20, 5, 15, 1, 30].forEach((atMs, position) => {
      engine.enqueue({ ...row, position, timeMs: 1e12 + atMs, own: [position & 1, 0, 0, position >> 1] }, 0);
    });
    if (fails) expect(() => engine.flush()).toThrow(AggregateError);
    engine.flush();
    engine.end();
    return told;
  };
  expect(run(true)).toEqual(run(false));
});

it('what fails of a row that was held back is not thrown at the one that comes then', () => {
  const clocks = new SourceClocks();
  clocks.register('a', 'file');
  const options = { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 1, hi: 2 }, mode: 'eager' as const };
  const engine = new FluxEngine<number>(PLAN, clocks, options, ({ position }) => {
    if (position === 0) throw new Error('handler');
  });
  const row = { source: 0, part: 0, group: 'g', columns: ['1', '2'], own: [0, 0, 0, 0], item: 0 };
  for (let position = 0; position < 70; position++) engine.enqueue({ ...row, position, timeMs: 1e12 + position }, 0);
  expect(() => engine.flush()).toThrow('handler');
  expect(() => engine.flush()).not.toThrow();
});
