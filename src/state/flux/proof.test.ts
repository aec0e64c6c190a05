/**
 * Alerts of Bloom memory against those of exact memory, which are the truth: filters so small that about every second answer of a full one
 * is wrong, random events, rules of every kind.
 */
import { describe, expect, it } from 'vitest';
import type { FluxRule, TagCondition } from '../../ir/flux.ts';
import { Random } from '../../testing/random.ts';
import { SourceClocks } from '../order/source-clock.ts';
import { readSnapshot } from '../snapshot/chunk.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine, type FluxMemoryOptions } from './engine.ts';
import { planFlux } from './plan.ts';
import type { FluxRow } from './row.ts';
import { type ItemCodec, restoreFlux, rowPicture, snapshotFlux } from './snapshot.ts';

const any = (tag: number): TagCondition => ({ kind: 'tag', tag, from: 'any' });
const inherited = (tag: number): TagCondition => ({ kind: 'tag', tag, from: 'inherited' });
const all: TagCondition = { kind: 'and', items: [any(0), any(1), any(2)] };
const denied: TagCondition = { kind: 'and', items: [any(0), { kind: 'not', item: inherited(1) }] };
const tags = ['a', 'b', 'c'];
const lineage = { parent: 'parent', child: 'child', tags };
const temporal = { action: 'temporal' as const, ordered: false, strict: false, reset: false, tags, groupBy: ['user'] };

const LINEAGE: readonly FluxRule[] = [
  { ...lineage, name: 'parent', action: 'parent', condition: inherited(0) },
  { ...lineage, name: 'ancestor', action: 'ancestor', condition: all },
  { ...lineage, name: 'ancestor with start', action: 'ancestor', start: 'start', condition: inherited(1) },
];
const TEMPORAL: readonly FluxRule[] = [
  { ...temporal, name: 'unordered', condition: all },
  { ...temporal, name: 'ordered', ordered: true, condition: all },
  { ...temporal, name: 'strict', ordered: true, strict: true, condition: all },
];
const DENYING: readonly FluxRule[] = [
  { ...lineage, name: 'parent denied', action: 'parent', condition: denied },
  { ...lineage, name: 'ancestor denied', action: 'ancestor', condition: denied },
  { ...temporal, name: 'earlier denied', condition: denied },
];

const GROUPS = 5;
/** Few keys for each filter: never full up to the tenth, so nothing is forgotten that exact memory remembers. */
const BLOOM: FluxMemoryOptions = { kind: 'bloom', capacity: 4000, falsePositiveRate: 0.5, budgetBytes: 2 ** 30 };
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

function rowsOf(rules: readonly FluxRule[], seed: number, count: number): FluxRow<number>[] {
  const random = new Random(seed);
  const plan = planFlux({ rules });
  const column: Readonly<Record<string, () => string>> = {
    child: () => `${random.int(151)}`,
    parent: () => `${random.int(181)}`,
    start: () => `${random.int(3)}`,
    user: () => `u${random.int(81)}`,
  };
  return Array.from({ length: count }, (_, position) => {
    const own = Array.from({ length: plan.words }, () => (random.int(4) === 0 ? random.int(8) : 0));
    const columns = plan.columns.map((name) => column[name]?.() ?? '');
    const group = `h${random.int(GROUPS)}`;
    return { timeMs: position, source: 0, position, part: 0, group, columns, own, item: position };
  });
}

interface Fired {
  readonly alerts: ReadonlySet<string>;
  readonly unconfirmed: ReadonlySet<string>;
  readonly proofs: { readonly refuted: number; readonly unconfirmed: number; readonly restored: number };
}

const CODEC: ItemCodec<number> = { save: (item) => item, load: (saved) => saved as number };

/** `restartAt`: after so many rows a snapshot is taken, and another engine goes on from it. */
function run(
  rules: readonly FluxRule[],
  rows: readonly FluxRow<number>[],
  memory: FluxMemoryOptions,
  evidenceRows: number,
  restartAt = rows.length,
): Fired {
  const alerts = new Set<string>();
  const unconfirmed = new Set<string>();
  const proofs = { refuted: 0, unconfirmed: 0, restored: 0 };
  const open = () => {
    const clocks = new SourceClocks();
    clocks.register('rows', 'file');
    const options = { ...DEFAULT_FLUX_OPTIONS, seed: { lo: 3, hi: 5 }, memory, latenessMs: 0, evidenceRows };
    const engine = new FluxEngine<number>(planFlux({ rules }), clocks, options, (row, result) => {
      for (const rule of result.fired) {
        alerts.add(`${rule} ${row.item}`);
        if (result.unconfirmed.includes(rule)) unconfirmed.add(`${rule} ${row.item}`);
      }
    });
    return { engine, clocks, picture: rowPicture(engine, CODEC) };
  };
  const add = ({ engine }: ReturnType<typeof open>): void => {
    for (const what of ['refuted', 'unconfirmed', 'restored'] as const) proofs[what] += engine.proofs[what];
  };
  let running = open();
  for (const [at, row] of rows.entries()) {
    if (at === restartAt) {
      const chunks = [...snapshotFlux(running.engine, running.clocks, running.picture, true)].map(({ bytes }) => bytes);
      const read = readSnapshot(chunks);
      if ('severity' in read) throw new Error(read.message);
      add(running);
      running = open();
      restoreFlux(running.engine, running.clocks, CODEC, read);
    }
    running.engine.push(row, 0);
  }
  running.engine.end();
  add(running);
  return { alerts, unconfirmed, proofs };
}

const missing = (from: ReadonlySet<string>, of: ReadonlySet<string>): string[] => [...of].filter((x) => !from.has(x));

describe('alerts of Bloom memory that is wrong about every second time', () => {
  const rules = [...LINEAGE, ...TEMPORAL, ...DENYING];

  it.each(SEEDS)('are those of exact memory, no more and no less, while earlier rows are at hand (seed %i)', (seed) => {
    const rows = rowsOf(rules, seed, 1500);
    const truth = run(rules, rows, DEFAULT_FLUX_OPTIONS.memory, 100_000);
    const believed = run(rules, rows, BLOOM, 0);
    const proven = run(rules, rows, BLOOM, 100_000);
    expect(truth.proofs).toEqual({ refuted: 0, unconfirmed: 0, restored: 0 });
    expect(missing(truth.alerts, believed.alerts).length).toBeGreaterThan(50);
    expect(missing(proven.alerts, truth.alerts)).toEqual([]);
    expect(missing(truth.alerts, proven.alerts)).toEqual([]);
    expect(proven.proofs.refuted).toBeGreaterThan(50);
    expect(proven.proofs.restored).toBeGreaterThan(0);
    expect(proven.proofs.unconfirmed).toBe(0);
  });

  it.each(SEEDS)('are kept and marked when the rows are gone: only marked ones are false (seed %i)', (seed) => {
    const given = [...LINEAGE, ...TEMPORAL];
    const rows = rowsOf(given, seed, 1500);
    const truth = run(given, rows, DEFAULT_FLUX_OPTIONS.memory, 0);
    const proven = run(given, rows, BLOOM, 800);
    const extra = missing(truth.alerts, proven.alerts);
    expect(extra.length).toBeGreaterThan(0);
    expect(proven.proofs.unconfirmed).toBe(proven.unconfirmed.size);
    expect(proven.proofs.refuted).toBeGreaterThan(0);
    const isLineage = (alert: string): boolean => Number(alert.split(' ')[0]) < LINEAGE.length;
    const user = planFlux({ rules: given }).columns.indexOf('user');
    const ofContext = (alert: string): string => {
      const [rule, item] = alert.split(' ');
      const row = rows[Number(item)];
      return `${rule} ${row?.group} ${row?.columns[user]}`;
    };
    const suspected = new Set(Array.from(proven.unconfirmed, ofContext));
    const lost = missing(proven.alerts, truth.alerts);
    expect(lost.filter((alert) => isLineage(alert) || !suspected.has(ofContext(alert)))).toEqual([]);
    // Of a temporal rule the alert may have come without proof: then it comes again, later, when it is proven.
    const held = new Set(Array.from(truth.alerts, ofContext));
    const unmarked = extra.filter((alert) => !proven.unconfirmed.has(alert));
    expect(unmarked.filter((alert) => isLineage(alert) || !suspected.has(ofContext(alert)))).toEqual([]);
    expect(unmarked.filter((alert) => !held.has(ofContext(alert)))).toEqual([]);
  });

  it.each(SEEDS)('are the same after a restart from a snapshot, rows gone or not (seed %i)', (seed) => {
    const rows = rowsOf(rules, seed, 800);
    for (const evidenceRows of [800, 100_000]) {
      const through = run(rules, rows, BLOOM, evidenceRows);
      const restarted = run(rules, rows, BLOOM, evidenceRows, 400);
      expect([...restarted.alerts]).toEqual([...through.alerts]);
      expect([...restarted.unconfirmed]).toEqual([...through.unconfirmed]);
      expect(restarted.proofs).toEqual(through.proofs);
    }
  });
});
