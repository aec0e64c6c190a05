/**
 * Rows and facts through one engine, as a running program has it: each way in a process of its own, made in pieces as they arrive. Only
 * taking them is timed, not making them. Several engines or ways in one process are measured wrong: what the first one taught the compiler is thrown
 * away with it, and the next ones run at a third of the speed.
 *
 * Two rates: by processor time over all pieces, and by the clock the best tenth of the pieces, which is what the code does while nobody
 * takes processor or caches away. The first third of each run is left out of both.
 */
import { performance } from 'node:perf_hooks';
import type { CorrelationRule } from '../src/ir/correlation.ts';
import type { FluxSpec } from '../src/ir/flux.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from '../src/state/correlation/engine.ts';
import type { CorrelationFact } from '../src/state/correlation/fact.ts';
import { planCorrelations } from '../src/state/correlation/plan.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine, type FluxEngineOptions } from '../src/state/flux/engine.ts';
import { planFlux } from '../src/state/flux/plan.ts';
import type { FluxRow } from '../src/state/flux/row.ts';
import { SourceClocks } from '../src/state/order/source-clock.ts';

export const SEED = { lo: 0x1234, hi: 0x5678 };
const PIECE = 1000;
const ROWS = 600_000;
const FACTS = 600_000;

export interface StreamResult {
  readonly count: number;
  readonly alerts: number;
  /** Items a second. */
  readonly byProcessor: number;
  readonly bestTenth: number;
}

/** xorshift32: the same data in every run. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 4294967296) * below);
  };
}

/** A text in one piece, as extraction from bytes gives it. */
export function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** Numbers 0 to count - 1 as they arrive: each up to `shuffledMs` late. */
function arrival(count: number, stepMs: number, shuffledMs: number): Uint32Array {
  const order = new Uint32Array(count).map((_, i) => i);
  if (shuffledMs === 0) return order;
  const random = randomNumbers(99);
  const arrives = new Float64Array(count).map((_, i) => i * stepMs + random(shuffledMs + 1));
  return order.sort((a, b) => (arrives[a] as number) - (arrives[b] as number) || a - b);
}

/** `finish`: at the end of each piece, as at the end of a batch. */
export function timed<T>(
  order: Uint32Array,
  make: (i: number) => T,
  take: (item: T) => void,
  finish: () => void = () => {},
): Omit<StreamResult, 'alerts'> {
  const rates: number[] = [];
  let micros = 0;
  let taken = 0;
  for (let at = 0; at < order.length; at += PIECE) {
    const piece = Array.from(order.subarray(at, at + PIECE), make);
    const before = process.cpuUsage();
    const start = performance.now();
    for (const item of piece) take(item);
    finish();
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    if (3 * at < order.length) continue;
    rates.push((1000 * piece.length) / ms);
    micros += user + system;
    taken += piece.length;
  }
  rates.sort((a, b) => b - a);
  return {
    count: order.length,
    byProcessor: taken / (micros / 1e6),
    bestTenth: rates[Math.floor(rates.length / 10)] ?? 0,
  };
}

/** The tags that the three README rules remember of a parent (flux-capacitor.md section 10). */
const README_RULES: FluxSpec = {
  rules: [
    ['rundll32', ['iexplore', 'msiexec_syswow64', 'msiexec_system32', 'splunk_ufw']],
    ['conhost', ['conhost', 'git_show']],
    ['impacket', ['other', 'atexec']],
  ].map(([name, tags]) => ({
    name: name as string,
    action: 'parent' as const,
    parent: 'ProcessId',
    child: 'NewProcessId',
    tags: tags as string[],
    condition: { kind: 'tag' as const, tag: 0, from: 'inherited' as const },
  })),
};

export function fluxStream(options: Partial<FluxEngineOptions>, hotShare: number, shuffledMs: number): StreamResult {
  const random = randomNumbers(42);
  const last = new Map<number, number>();
  const hosts = new Int32Array(ROWS);
  const ids = new Int32Array(ROWS);
  const parents = new Int32Array(ROWS);
  const own = new Uint8Array(3 * ROWS);
  for (let i = 0; i < ROWS; i++) {
    const host = random(1000) < hotShare * 1000 ? 0 : random(5_000);
    const parent = last.get(host) ?? 4;
    const id = (parent + 4 * (1 + random(50))) % 65_536;
    if (random(3) === 0) last.set(host, id);
    hosts[i] = host;
    ids[i] = id;
    parents[i] = parent;
    // One process in twenty is a parent of interest.
    own.set([random(40) === 0 ? 1 : 0, random(60) === 0 ? 1 : 0, random(120) === 0 ? 2 : 0], 3 * i);
  }
  const make = (i: number): FluxRow<undefined> => ({
    timeMs: 1.6e12 + i,
    source: 0,
    position: i * 1500,
    part: 0,
    group: flat(`host-${hosts[i]}.example.org`),
    columns: [flat(`0x${ids[i]?.toString(16)}`), flat(`0x${parents[i]?.toString(16)}`)],
    own: Array.from(own.subarray(3 * i, 3 * i + 3)),
    item: undefined,
  });
  const clocks = new SourceClocks();
  clocks.register('bench', 'file');
  let alerts = 0;
  const engine = new FluxEngine<undefined>(
    planFlux(README_RULES),
    clocks,
    { ...DEFAULT_FLUX_OPTIONS, maxPending: 4e6, evidenceRows: 0, seed: SEED, ...options },
    (_row, result) => {
      alerts += result.fired.length;
    },
  );
  const take = (row: FluxRow<undefined>): void => engine.enqueue(row, 0);
  const result = timed(arrival(ROWS, 1, shuffledMs), make, take, () => engine.flush());
  engine.end();
  if (engine.counts.late !== 0) throw new Error(`${engine.counts.late} late rows`);
  return { ...result, alerts };
}

export function correlationRule(type: CorrelationRule['type'], value: number): CorrelationRule {
  return {
    kind: 'correlation',
    details: { id: type, name: type },
    origin: { file: 'bench', line: 1 },
    type,
    rules: ['A', 'B', 'C'],
    groupBy: [{ name: 'u', fieldOf: {} }],
    timespanMs: 300_000,
    condition: {
      kind: 'threshold',
      bounds: [{ operator: 'gte', value }],
      fields: type === 'value_count' ? [{ name: 'v', fieldOf: {} }] : [],
    },
    generate: false,
    alerts: true,
  };
}

export function correlationStream(
  type: CorrelationRule['type'],
  value: number,
  mode: 'ordered' | 'eager',
  hotShare: number,
  shuffledMs: number,
): StreamResult {
  const random = randomNumbers(7);
  const members = new Uint8Array(FACTS);
  const users = new Int32Array(FACTS);
  const values = new Uint8Array(FACTS);
  for (let i = 0; i < FACTS; i++) {
    members[i] = random(3);
    users[i] = random(1000) < hotShare * 1000 ? 0 : random(10_000);
    values[i] = random(20);
  }
  const make = (i: number): CorrelationFact => ({
    timeMs: 1.6e12 + i * 2,
    source: 0,
    position: i * 300,
    part: 0,
    correlation: 0,
    member: members[i] as number,
    group: [flat(`user-${users[i]}`)],
    value: flat(`v${values[i]}`),
    carried: undefined,
    inner: undefined,
  });
  const clocks = new SourceClocks();
  clocks.register('bench', 'file');
  let alerts = 0;
  const plan = planCorrelations([correlationRule(type, value)], 60_000);
  const engine = new CorrelationEngine(plan, clocks, { ...DEFAULT_CORRELATION_OPTIONS, mode, seed: SEED }, () => {
    alerts++;
  });
  const result = timed(arrival(FACTS, 2, shuffledMs), make, (fact) => engine.push(fact, 0));
  engine.end();
  return { ...result, alerts };
}
