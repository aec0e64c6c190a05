/** Snapshot and restore at any point give the same alerts as a run without interruption. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { FluxSpec, TagCondition } from '../../ir/flux.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from '../correlation/engine.ts';
import type { CorrelationFact } from '../correlation/fact.ts';
import { planCorrelations } from '../correlation/plan.ts';
import { restoreCorrelations, snapshotCorrelations } from '../correlation/snapshot.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine, type FluxEngineOptions } from '../flux/engine.ts';
import { planFlux } from '../flux/plan.ts';
import type { FluxRow } from '../flux/row.ts';
import { restoreFlux, rowPicture, snapshotFlux } from '../flux/snapshot.ts';
import { SourceClocks } from '../order/source-clock.ts';
import { type DecodedChunk, decodeChunk, encodeChunk, readSnapshot, type SnapshotChunk } from './chunk.ts';

const LATENESS_MS = 5_000;

describe('snapshot chunks', () => {
  it('come back as they were', () => {
    const columns = { a: Float64Array.of(1.5, Number.NaN), b: Uint8Array.of(1, 2, 3), c: new Int32Array(0) };
    expect(decodeChunk(encodeChunk('k', { x: ['ü'] }, columns).bytes)).toEqual({
      key: 'k',
      head: { x: ['ü'] },
      columns,
    });
  });

  it('are refused when a single bit is wrong, when cut off, and when one is missing', () => {
    const { bytes } = encodeChunk('k', {}, { a: Float64Array.of(1, 2) });
    for (let at = 0; at < bytes.length; at++) {
      const wrong = bytes.slice();
      wrong[at] = (wrong[at] as number) ^ 16;
      expect(decodeChunk(wrong)).toMatchObject({ code: 'STATE_BAD_SNAPSHOT' });
      expect(decodeChunk(bytes.subarray(0, at))).toMatchObject({ code: 'STATE_BAD_SNAPSHOT' });
    }
    expect(readSnapshot([bytes])).toMatchObject({ message: 'the snapshot has no closing chunk' });
    expect(readSnapshot([encodeChunk('closing', { keys: ['k', 'l'] }).bytes, bytes])).toMatchObject({
      message: 'the snapshot lacks 1 chunks, "l" first',
    });
  });
});

const step = fc.record({
  gapMs: fc.integer({ min: 0, max: 2_000 }),
  delayMs: fc.integer({ min: 0, max: LATENESS_MS - 1 }),
  group: fc.constantFrom('g', 'h', 'i'),
  member: fc.nat(2),
  value: fc.integer({ min: 0, max: 5 }),
  id: fc.integer({ min: 1, max: 6 }),
  parent: fc.integer({ min: 1, max: 6 }),
  tags: fc.nat(7),
});
const steps = fc.array(step, { maxLength: 60, size: 'large' });
/** After which of the events a snapshot is taken; the first one is full, the others incremental. */
const cuts = fc.array(fc.nat(60), { minLength: 1, maxLength: 4 });
const mode = fc.constantFrom('ordered' as const, 'eager' as const);

function inArrivalOrder(random: readonly { gapMs: number; delayMs: number }[]): { timeMs: number; position: number }[] {
  let timeMs = 1_000_000;
  return random
    .map(({ gapMs, delayMs }, position) => {
      timeMs += gapMs;
      return { timeMs, position, arrivesMs: timeMs + delayMs };
    })
    .sort((a, b) => a.arrivesMs - b.arrivesMs);
}

interface Running<I> {
  readonly out: string[];
  push(item: I): void;
  end(): void;
  snapshot(full: boolean): Iterator<SnapshotChunk, void>;
  restore(chunks: ReadonlyMap<string, DecodedChunk>): void;
}

/**
 * Takes pictures at the cuts, the first one full, and draws a chunk with each item that follows. What has been stored when a picture is
 * drawn is restored, and given the items after the cut: it must say what the first one said since.
 */
function checkPictures<I>(items: readonly I[], cutAt: readonly number[], open: () => Running<I>): void {
  const first = open();
  const stored = new Map<string, Uint8Array>();
  const pictures: { readonly cut: number; readonly said: number; readonly chunks: readonly Uint8Array[] }[] = [];
  let drawing:
    | { readonly cut: number; readonly said: number; readonly steps: Iterator<SnapshotChunk, void> }
    | undefined;
  const draw = (): void => {
    const step = drawing?.steps.next();
    if (drawing === undefined || step === undefined) return;
    if (step.done !== true) {
      stored.set(step.value.key, step.value.bytes);
      return;
    }
    pictures.push({ cut: drawing.cut, said: drawing.said, chunks: [...stored.values()] });
    drawing = undefined;
  };
  items.forEach((item, index) => {
    first.push(item);
    if (cutAt.includes(index) && drawing === undefined)
      drawing = { cut: index, said: first.out.length, steps: first.snapshot(pictures.length === 0) };
    else draw();
  });
  while (drawing !== undefined) draw();
  first.end();
  for (const { cut, said, chunks } of pictures) {
    // Restored tables take the bytes over, and later pictures share chunks with this one.
    const read = readSnapshot(chunks.map((bytes) => bytes.slice()));
    if ('severity' in read) throw new Error(read.message);
    const restored = open();
    restored.restore(read);
    for (const item of items.slice(cut + 1)) restored.push(item);
    restored.end();
    expect(restored.out.toSorted()).toEqual(first.out.slice(said).toSorted());
  }
}

describe('a flux engine', () => {
  const temporal = { action: 'temporal', groupBy: [], reset: false, strict: false } as const;
  const all = (tags: readonly string[]): TagCondition => ({
    kind: 'and',
    items: tags.map((_, tag) => ({ kind: 'tag', tag, from: 'any' })),
  });
  const tags = ['a', 'b', 'c'];
  const spec: FluxSpec = {
    rules: [
      { ...temporal, name: 'u', ordered: false, tags, condition: all(tags) },
      { ...temporal, name: 'o', ordered: true, tags, timespanMs: 8_000, condition: all(tags) },
      { ...temporal, name: 'r', ordered: true, reset: true, tags: ['a', 'b'], condition: all(['a', 'b']) },
      { name: 'p', action: 'parent', parent: 'parent', child: 'id', tags: ['a'], condition: all(['a']) },
      { name: 'n', action: 'ancestor', parent: 'parent', child: 'id', tags: ['b', 'c'], condition: all(['b', 'c']) },
    ],
  };
  const plan = planFlux(spec);
  const codec = { save: (item: number) => item, load: (saved: unknown) => Number(saved) };

  it.each([
    ['exact', { memory: { kind: 'exact', budgetBytes: 1 << 20, maxPerGroup: 1000 } }, spec],
    [
      'Bloom',
      { memory: { kind: 'bloom', capacity: 100, falsePositiveRate: 1e-4, budgetBytes: 2 ** 30 } },
      { rules: spec.rules.filter(({ name }) => name !== 'o' && name !== 'r') },
    ],
  ] as const)('goes on after snapshots as without, with %s memory', (_name, memory, used) => {
    const usedPlan = used === spec ? plan : planFlux(used);
    fc.assert(
      fc.property(steps, cuts, mode, (random, at, randomMode) => {
        const options: FluxEngineOptions = {
          ...DEFAULT_FLUX_OPTIONS,
          ...memory,
          latenessMs: LATENESS_MS,
          mode: randomMode,
          seed: { lo: 3, hi: 4 },
        };
        const rows = inArrivalOrder(random).map(({ timeMs, position }): FluxRow<number> => {
          const { group, id, parent, tags: bits } = random[position] as (typeof random)[number];
          const own = usedPlan.rules.map(({ rule }) => bits & ((1 << rule.tags.length) - 1));
          return {
            timeMs,
            source: 0,
            position,
            part: 0,
            group,
            columns: [String(id), String(parent)],
            own,
            item: position,
          };
        });
        checkPictures(rows, at, () => {
          const clocks = new SourceClocks();
          clocks.register('s', 'file');
          const out: string[] = [];
          const engine = new FluxEngine<number>(usedPlan, clocks, options, (row, result) => {
            out.push(`${row.item} ${[...result.tags]} ${[...result.fired]}`);
          });
          const picture = rowPicture(engine, codec);
          return {
            out,
            push: (row) => engine.push(row, 0),
            end: () => engine.end(),
            snapshot: (full) => snapshotFlux(engine, clocks, picture, full),
            restore: (chunks) => void restoreFlux(engine, clocks, codec, chunks),
          };
        });
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  it('shows the state at the beginning of a snapshot although rows are pushed while it is taken', () => {
    const options = { ...DEFAULT_FLUX_OPTIONS, latenessMs: 0, seed: { lo: 3, hi: 4 } };
    const clocks = new SourceClocks();
    clocks.register('s', 'file');
    const engine = new FluxEngine<number>(plan, clocks, options, () => {});
    const row = (id: number, timeMs: number): FluxRow<number> => ({
      ...{ timeMs, source: 0, position: timeMs, part: 0, group: `g${id % 7}`, columns: [String(id), String(id - 1)] },
      ...{ own: plan.rules.map(() => 1), item: id },
    });
    for (let id = 0; id < 3_000; id++) engine.push(row(id, id), 0);
    const before = engine.memory.facts;
    const stored: Uint8Array[] = [];
    let id = 3_000;
    for (const { bytes } of snapshotFlux(engine, clocks, rowPicture(engine, codec), true)) {
      stored.push(bytes);
      for (let i = 0; i < 20; i++, id++) engine.push(row(id, id), 0);
    }
    expect(engine.memory.facts).toBeGreaterThan(before + 1_000);
    const chunks = readSnapshot(stored);
    if ('severity' in chunks) throw new Error(chunks.message);
    const results: string[] = [];
    const restoredClocks = new SourceClocks();
    const restored = new FluxEngine<number>(plan, restoredClocks, options, (one, { inherited }) => {
      results.push(`${one.item} ${[...inherited]}`);
    });
    restoreFlux(restored, restoredClocks, codec, chunks);
    expect(restored.memory.facts).toBe(before);
    // Children of the last process before the snapshot know their parent, children of the next one do not.
    for (const child of [3_000, 3_001]) {
      const own = plan.rules.map(() => 0);
      restored.push({ ...row(child, 10_000), columns: ['x', String(child - 1)], group: `g${(child - 1) % 7}`, own }, 0);
    }
    restored.end();
    expect(results).toEqual(['3000 0,0,0,1,1', '3001 0,0,0,0,0']);
  });
});

describe('a correlation engine', () => {
  const rule = (id: string, more: Partial<CorrelationRule>): CorrelationRule => ({
    kind: 'correlation',
    details: { id, name: id },
    origin: { file: 'x', line: 1 },
    type: 'event_count',
    rules: ['A', 'B', 'C'],
    groupBy: [{ name: 'u', fieldOf: {} }],
    timespanMs: 6_000,
    condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 3 }], fields: [] },
    generate: false,
    alerts: true,
    ...more,
  });
  const fields = [{ name: 'v', fieldOf: {} }];
  const rules = [
    rule('count', {}),
    rule('distinct', {
      type: 'value_count',
      condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 3 }], fields },
    }),
    rule('ordered', { type: 'temporal_ordered' }),
    rule('sum', {
      type: 'value_sum',
      condition: { kind: 'threshold', bounds: [{ operator: 'gt', value: 8 }], fields },
    }),
    rule('few', { condition: { kind: 'threshold', bounds: [{ operator: 'lt', value: 3 }], fields: [] } }),
    rule('median', {
      type: 'value_median',
      condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 3 }], fields },
    }),
    rule('outer', {
      rules: ['count', 'C'],
      type: 'temporal',
      condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 2 }], fields: [] },
    }),
  ];

  it('goes on after snapshots as without', () => {
    fc.assert(
      fc.property(steps, cuts, mode, (random, at, randomMode) => {
        const options = {
          ...DEFAULT_CORRELATION_OPTIONS,
          mode: randomMode,
          latenessMs: LATENESS_MS,
          seed: { lo: 1, hi: 2 },
        };
        const plan = planCorrelations(rules, LATENESS_MS);
        const facts = inArrivalOrder(random).flatMap(({ timeMs, position }) => {
          const { group, member, value } = random[position] as (typeof random)[number];
          return plan.correlations.flatMap(({ ordinal, rule: { details }, value: kind }): CorrelationFact[] => {
            if (details.id === 'outer' && member !== 2) return [];
            const place = { timeMs, source: 0, position, part: 0 };
            const used = kind === 'text' ? String(value) : value;
            return [
              {
                ...place,
                correlation: ordinal,
                member: details.id === 'outer' ? 1 : member,
                group: [group],
                value: used,
              },
            ];
          });
        });
        checkPictures(facts, at, () => {
          const clocks = new SourceClocks();
          clocks.register('s', 'file');
          const out: string[] = [];
          const engine = new CorrelationEngine(
            plan,
            clocks,
            options,
            ({ rule: fired, timeMs, group, value, events }) => {
              out.push(
                `${fired.details.id} ${timeMs} ${group['u']} ${value} ${events.map(({ position }) => position)}`,
              );
            },
          );
          return {
            out,
            push: (fact) => engine.push(fact, 0),
            end: () => engine.end(),
            snapshot: (full) => snapshotCorrelations(engine, clocks, full),
            restore: (chunks) => expect(restoreCorrelations(engine, clocks, chunks)).toEqual([]),
          };
        });
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });

  it('keeps the state of rules that read the same, and starts changed ones empty', () => {
    const options = { ...DEFAULT_CORRELATION_OPTIONS, seed: { lo: 1, hi: 2 } };
    const clocks = new SourceClocks();
    const engine = new CorrelationEngine(planCorrelations(rules, 0), clocks, options, () => {});
    const chunks = readSnapshot([...snapshotCorrelations(engine, clocks, true)].map(({ bytes }) => bytes));
    if ('severity' in chunks) throw new Error(chunks.message);
    const changed = [rule('count', { timespanMs: 7_000 }), ...rules.slice(1)];
    const reloaded = new CorrelationEngine(planCorrelations(changed, 0), clocks, options, () => {});
    expect(restoreCorrelations(reloaded, clocks, chunks)).toEqual(['count']);
  });
});
