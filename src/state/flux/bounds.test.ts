/** What flux memory does at its bounds, with a hot group, and with very many quiet ones. */
import { describe, expect, it } from 'vitest';
import type { FluxSpec } from '../../ir/flux.ts';
import { SourceClocks } from '../order/source-clock.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine, type FluxMemoryOptions } from './engine.ts';
import { planFlux } from './plan.ts';
import { withSigma } from './row.ts';

const SPEC: FluxSpec = {
  rules: [
    {
      ...{ name: 'r', action: 'parent' as const, parent: 'p', child: 'c', tags: ['t'] },
      condition: { kind: 'tag', tag: 0, from: 'inherited' },
    },
  ],
};

interface Bench {
  readonly engine: FluxEngine<undefined>;
  /** Whether the row inherited the tag. */
  row(group: string, child: string, parent: string, tagged: boolean): boolean;
}

function open(memory: FluxMemoryOptions, latenessMs = 0): Bench {
  const clocks = new SourceClocks();
  const source = clocks.register('rows', 'file');
  let fired = false;
  let position = 0;
  const options = { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 3, hi: 5 }, memory, latenessMs, evidenceRows: 0 };
  const engine = new FluxEngine<undefined>(planFlux(SPEC), clocks, options, (_row, result) => {
    fired = result.fired.length > 0;
  });
  return {
    engine,
    row: (group, child, parent, tagged) => {
      fired = false;
      position++;
      const own = [tagged ? 1 : 0];
      engine.push(
        { timeMs: position, source, position, part: 0, group, columns: [child, parent], own, item: undefined },
        0,
      );
      return fired;
    },
  };
}

describe('flux memory at its bounds', () => {
  it.each<{ memory: FluxMemoryOptions }>([
    { memory: { kind: 'exact', budgetBytes: 1 << 24, maxPerGroup: 1000 } },
    { memory: { kind: 'bloom', capacity: 1000, falsePositiveRate: 1e-4, budgetBytes: 1 << 24 } },
  ])('counts the groups that it remembers something of, waiting or not: $memory.kind', ({ memory }) => {
    const { engine, row } = open(memory);
    for (const group of ['a', 'b', 'c', 'a']) row(group, 'q', '', true);
    row('d', 'q', '', false);
    engine.end();
    expect(engine.memory.groupCount).toBe(3);
  });

  it('a group over its bound forgets its own oldest facts, counted; the others lose nothing', () => {
    const { engine, row } = open({ kind: 'exact', budgetBytes: 1 << 24, maxPerGroup: 1000 });
    row('quiet', 'q', '', true);
    for (let i = 0; i < 20_000; i++) row('hot', `h${i}`, '', true);
    expect(row('quiet', 'x', 'q', false)).toBe(true);
    expect(row('hot', 'x', 'h19999', false)).toBe(true);
    expect(row('hot', 'x', 'h0', false)).toBe(false);
    expect(engine.counts.forgotten).toBeGreaterThan(0);
    // Forgotten slots are taken again: the hot group does not grow the table beyond its bound and the share not swept yet.
    expect(engine.counts.bytes).toBeLessThan(2_000_000);
  });

  it('the whole stays inside its budget: the oldest facts go first, counted', () => {
    const budgetBytes = 1 << 20;
    const { engine, row } = open({ kind: 'exact', budgetBytes, maxPerGroup: 1e9 });
    const COUNT = 200_000;
    for (let i = 0; i < COUNT; i++) row(`host-${i % 100}`, `p${i}`, '', true);
    expect(engine.counts.bytes).toBeLessThan(budgetBytes * 1.4);
    expect(engine.counts.forgotten).toBeGreaterThan(0);
    expect(row(`host-${(COUNT - 1) % 100}`, 'x', `p${COUNT - 1}`, false)).toBe(true);
    expect(row('host-0', 'x', 'p0', false)).toBe(false);
  });

  it('three hundred thousand quiet groups take less than a hundred bytes each, and groups that remember nothing none', () => {
    const { engine, row } = open({ kind: 'exact', budgetBytes: 1 << 30, maxPerGroup: 1e6 });
    const COUNT = 300_000;
    for (let i = 0; i < COUNT; i++) row(`host-${i}`, 'p', '', true);
    const tagged = engine.counts.bytes;
    expect(tagged / COUNT).toBeLessThan(100);
    expect(engine.counts.facts).toBe(COUNT);
    for (let i = 0; i < COUNT; i++) row(`other-${i}`, 'p', '', false);
    expect(engine.counts.bytes).toBe(tagged);
    expect(row('host-7', 'x', 'p', false)).toBe(true);
  });

  it('Bloom memory pays for its filters only from the first tag of a group on', () => {
    const { engine, row } = open({ kind: 'bloom', capacity: 10_000, falsePositiveRate: 1e-4, budgetBytes: 1 << 24 });
    for (let i = 0; i < 1000; i++) row(`host-${i}`, 'p', 'q', false);
    expect(engine.memory.byteLength).toBe(0);
    row('host-1', 'p', 'q', true);
    // 1,000 keys at 1e-4 (flux-capacitor.md 6.2): 2,400 bytes of bits.
    expect(engine.memory.byteLength).toBe(2400);
    expect(row('host-1', 'x', 'p', false)).toBe(true);
  });
});

describe('Bloom memory at its bound', () => {
  const BUDGET = 40 * 2400;

  it('gives up the filters of the groups without a put for longest, counted; a busy one stays', () => {
    const { engine, row } = open({ kind: 'bloom', capacity: 10_000, falsePositiveRate: 1e-4, budgetBytes: BUDGET });
    for (let i = 0; i < 1000; i++) {
      row('busy', `b${i}`, '', true);
      row(`host-${i}`, 'p', '', true);
    }
    expect(engine.memory.byteLength).toBeLessThanOrEqual(BUDGET);
    expect(engine.memory.byteLength).toBeGreaterThan(BUDGET / 2);
    expect(engine.counts.forgotten).toBe(1001 - engine.memory.groupCount);
    expect(row('host-999', 'x', 'p', false)).toBe(true);
    expect(row('busy', 'x', 'b0', false)).toBe(true);
    expect(row('host-0', 'x', 'p', false)).toBe(false);
  });

  it('keeps the filters of one group however large they are', () => {
    const { engine, row } = open({ kind: 'bloom', capacity: 10_000, falsePositiveRate: 1e-4, budgetBytes: 100 });
    for (let i = 0; i < 10; i++) row(`host-${i}`, 'p', '', true);
    expect([engine.memory.groupCount, engine.counts.forgotten]).toEqual([1, 9]);
    expect(row('host-9', 'x', 'p', false)).toBe(true);
  });
});

describe.each(['ordered', 'eager'] as const)('rows that wait or may be undone, %s', (mode) => {
  const ROWS = 20_000;
  const ITEM = 1_000;

  /** Each row of a group of its own, which nothing comes for again: its watermark never moves. */
  function run(options: Partial<typeof DEFAULT_FLUX_OPTIONS>) {
    const clocks = new SourceClocks();
    const source = clocks.register('rows', 'file');
    const times: number[] = [];
    const all = { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 3, hi: 5 }, mode, evidenceRows: 0, ...options };
    const onRow = ({ timeMs }: { readonly timeMs: number }): void => void times.push(timeMs);
    const engine = new FluxEngine<object>(planFlux(SPEC), clocks, all, onRow, undefined, { bytesOf: () => ITEM });
    let most = 0;
    let mostGroups = 0;
    for (let i = 0; i < ROWS; i++) {
      const place = { timeMs: i, source, position: i, part: 0 };
      engine.push({ ...place, group: `g${i}`, columns: ['c', 'p'], own: [0], item: {} }, 0);
      most = Math.max(most, engine.counts.itemBytes);
      mostGroups = Math.max(mostGroups, engine.order.keys);
    }
    engine.end();
    return { engine, times, most, mostGroups };
  }

  it('take no more bytes than they may: the oldest are settled early, counted, and none is lost', () => {
    const { engine, times, most } = run({ pendingBytes: 1_000 * ITEM });
    expect(most).toBeLessThanOrEqual(1_000 * ITEM);
    expect(engine.counts.early).toBeGreaterThanOrEqual(ROWS - 1_000);
    expect(engine.counts.itemBytes).toBe(0);
    expect(times.sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, i) => i));
  });

  it('belong to no more groups than are allowed', () => {
    const { engine, times, mostGroups } = run({ maxGroups: 1_000 });
    expect(mostGroups).toBeLessThanOrEqual(1_000);
    expect(engine.counts.early).toBeGreaterThanOrEqual(ROWS - 1_000);
    expect(times.sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, i) => i));
  });
});

it('a rule of twenty thousand tags takes time in proportion to them', () => {
  const tags = Array.from({ length: 20_000 }, (_, i) => `t${i}`);
  const condition = { kind: 'tag' as const, tag: 0, from: 'any' as const };
  const flags = { ordered: false, strict: false, reset: false, groupBy: [] };
  const plan = planFlux({ rules: [{ name: 'r', action: 'temporal', tags, condition, ...flags }] });
  const fields = { sigma: { r: Object.fromEntries(tags.map((name, i) => [name, i % 2 === 0])) } };
  const none = new Int32Array(plan.words);
  // Each tag compared with all others would be forty billion comparisons.
  for (let i = 0; i < 5; i++) {
    const { sigma } = withSigma(plan, fields, none, [true]) as typeof fields;
    expect(Object.keys(sigma.r).length).toBe(tags.length);
  }
});

describe('groups that come and go', () => {
  it('keep their rows apart when one comes again just before the numbers of closed ones are given out again', () => {
    const clocks = new SourceClocks();
    const source = clocks.register('rows', 'stream');
    let fired = 0;
    const options = { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 3, hi: 5 }, latenessMs: 10, evidenceRows: 0 };
    const engine = new FluxEngine<undefined>(planFlux(SPEC), clocks, options, (_row, result) => {
      fired += result.fired.length;
    });
    let timeMs = 0;
    const row = (group: string, columns: string[], tagged: boolean, arrivalMs: number): void => {
      const own = [tagged ? 1 : 0];
      timeMs++;
      engine.push({ timeMs, source, position: timeMs, part: 0, group, columns, own, item: undefined }, arrivalMs);
    };
    row('again', ['first', ''], false, 0);
    engine.advance(1_000);
    row('again', ['parent', ''], true, 5_000);
    for (let i = 0; i < 1_100; i++) row(`old-${i}`, ['p', ''], false, 1_000);
    engine.advance(5_000);
    for (let i = 0; i < 1_200; i++) row(`new-${i}`, ['p', ''], false, 5_000);
    row('again', ['child', 'parent'], false, 5_000);
    engine.end();
    expect(fired).toBe(1);
  });
});

describe('the line of ancestors', () => {
  const ANCESTOR: FluxSpec = {
    rules: [
      {
        ...{ name: 'r', action: 'ancestor' as const, parent: 'p', child: 'c', tags: ['t'] },
        condition: { kind: 'tag', tag: 0, from: 'inherited' },
      },
    ],
  };

  /** Rows `[child, parent]` of one group, the first with the tag: how many fired, and what the last alert lists. */
  function run(rows: readonly (readonly [string, string])[]): { fired: number; listed: number; complete: boolean } {
    const clocks = new SourceClocks();
    const source = clocks.register('rows', 'file');
    const told = { fired: 0, listed: 0, complete: false };
    const options = { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 3, hi: 5 }, latenessMs: 0 };
    const plan = planFlux(ANCESTOR);
    const engine = new FluxEngine<undefined>(plan, clocks, options, (_row, result) => {
      if (result.fired.length === 0) return;
      told.fired++;
      const { contributors, complete } = result.evidence(plan.rules[0] as (typeof plan.rules)[number]);
      Object.assign(told, { listed: contributors.length, complete });
    });
    rows.forEach(([child, parent], i) => {
      const own = [i === 0 ? 1 : 0];
      const place = { timeMs: i, source, position: i, part: 0 };
      engine.push({ ...place, group: 'g', columns: [child, parent], own, item: undefined }, 0);
    });
    engine.end();
    return told;
  }

  it('passes tags on however long it is: nothing is walked; an alert lists the nearest 64 and says that more are missing', () => {
    const chain = Array.from({ length: 3000 }, (_, i): [string, string] => [`p${i}`, `p${i - 1}`]);
    expect(run(chain)).toEqual({ fired: 2999, listed: 65, complete: false });
    expect(run(chain.slice(0, 65))).toEqual({ fired: 64, listed: 65, complete: false });
  });

  it('ends at a cycle of ids', () => {
    const cycle = Array.from({ length: 300 }, (_, i): [string, string] => [`p${i % 3}`, `p${(i + 2) % 3}`]);
    expect(run(cycle)).toEqual({ fired: 299, listed: 3, complete: true });
  });
});
