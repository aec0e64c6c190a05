/**
 * Benchmarks of the state engine: what a remembered tag costs, how fast rows and facts go through, what a live group costs, how long a
 * snapshot holds things up. Seeded data; expected counts are asserted outside the timed parts; a naive baseline runs beside each.
 *
 * Run: npx tsc -p tsconfig.json --noEmit false --outDir DIR && node --expose-gc DIR/bench/state.bench.js [section …]
 */
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { CorrelationRule } from '../src/ir/correlation.ts';
import type { FluxSpec } from '../src/ir/flux.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from '../src/state/correlation/engine.ts';
import type { CorrelationFact } from '../src/state/correlation/fact.ts';
import { planCorrelations } from '../src/state/correlation/plan.ts';
import { restoreCorrelations, snapshotCorrelations } from '../src/state/correlation/snapshot.ts';
import { DEFAULT_FLUX_OPTIONS, FluxEngine, type FluxEngineOptions } from '../src/state/flux/engine.ts';
import { planFlux } from '../src/state/flux/plan.ts';
import type { FluxRow } from '../src/state/flux/row.ts';
import { BloomGenerations } from '../src/state/memory/bloom-generations.ts';
import { Fingerprint } from '../src/state/memory/fingerprint.ts';
import { TagTable } from '../src/state/memory/tag-table.ts';
import { restoreTable, snapshotTable } from '../src/state/memory/tag-table-snapshot.ts';
import { SourceClocks } from '../src/state/order/source-clock.ts';
import { closing, readSnapshot } from '../src/state/snapshot/chunk.ts';

const SEED = { lo: 0x1234, hi: 0x5678 };
const RUNS = 7;

/** xorshift32: the same data in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 4294967296) * below);
  };
}

function print(label: string, text: string): void {
  process.stdout.write(`${label.padEnd(58)} ${text}\n`);
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Minimum, median and greatest rate of several runs, by processor time (garbage collection included): other work may be running. */
function rates(label: string, count: number, run: () => void): void {
  const perSecond: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    perSecond.push(count / ((user + system) / 1e6));
  }
  perSecond.sort((a, b) => a - b);
  const millions = perSecond.map((rate) => (rate / 1e6).toFixed(2));
  print(label, `${millions[RUNS >> 1]} M/s (min ${millions[0]}, max ${millions[RUNS - 1]})`);
}

function expectEqual(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what}: ${actual}, expected ${expected}`);
}

function memory(): void {
  const COUNT = 4_000_000;
  const HOSTS = 5_000;
  const key = new Fingerprint();
  const fill = (put: (lo: number, hi: number, host: number) => void): void => {
    for (let i = 0; i < COUNT; i++) {
      key.set(SEED.lo, i % HOSTS).add(`${4 * i}`);
      put(key.lo, key.hi, i % HOSTS);
    }
  };
  const measure = (
    label: string,
    tagsPerFact: number,
    make: () => { put: (lo: number, hi: number, host: number) => void; keep: unknown },
  ): void => {
    const before = heapBytes();
    const made = make();
    fill(made.put);
    const perTag = (heapBytes() - before) / (COUNT * tagsPerFact);
    const gigabytes8 = (8 * 2 ** 30) / perTag / 1e6;
    print(
      label,
      `${perTag.toFixed(1)} bytes, 8 GB hold ${gigabytes8.toFixed(0)} M tags (${made.keep === undefined ? '' : ''}50,000 hosts x ${Math.floor((gigabytes8 * 1e6) / 50_000)})`,
    );
  };
  const exact = (timed: boolean) => () => {
    const table = new TagTable({ budgetBytes: 2 ** 31, maxPerGroup: 1e9, timed });
    return {
      keep: table,
      put: (lo: number, hi: number, host: number) => {
        table.enter(host, host);
        // As the engine asks before it writes: the bit filter belongs to what a tag costs.
        if (!timed) table.mayHold(hi);
        table.write(lo, hi, 31, 1);
      },
    };
  };
  measure('exact, one tag for each id', 1, exact(false));
  measure('exact, five tags of one rule for each id', 5, exact(false));
  measure('exact with times (timespan), each tag', 1, exact(true));
  measure('Bloom at 1e-4, capacity as filled', 1, () => {
    const filters = Array.from(
      { length: HOSTS },
      () => new BloomGenerations({ capacity: (COUNT / HOSTS) * 1.12, falsePositiveRate: 1e-4 }),
    );
    return { keep: filters, put: (lo, hi, host) => (filters[host] as BloomGenerations).put(lo, hi) };
  });
  measure('Map of numbers in JavaScript', 1, () => {
    const map = new Map<number, number>();
    return { keep: map, put: (lo, hi) => map.set((lo >>> 0) + (hi & 0xfffff) * 4294967296, 1) };
  });
  const wrong = (): void => {
    const table = new TagTable({ budgetBytes: 2 ** 31, maxPerGroup: 1e9, timed: false });
    fill((lo, hi, host) => {
      table.enter(host, host);
      table.write(lo, hi, 1, 0);
    });
    const bloom = new BloomGenerations({ capacity: 200_000, falsePositiveRate: 1e-4 });
    for (let i = 0; i < 400_000; i++) bloom.put(key.set(1, 2).add(String(i)).lo, key.hi);
    let exactWrong = 0;
    let bloomWrong = 0;
    for (let i = 0; i < 4_000_000; i++) {
      key.set(SEED.lo, i % HOSTS).add(`${4 * i + 1}`);
      table.enter(i % HOSTS, i % HOSTS);
      if (table.read(key.lo, key.hi) !== 0) exactWrong++;
      if (bloom.has(key.lo, key.hi)) bloomWrong++;
    }
    print(
      'wrong answers in 4 M look-ups of unknown keys',
      `exact ${exactWrong}, Bloom ${bloomWrong} (${(bloomWrong / 4e6).toExponential(1)})`,
    );
  };
  wrong();
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

function fluxRows(count: number, hosts: number, hotShare: number, shuffledMs: number): FluxRow<undefined>[] {
  const random = randomNumbers(42);
  const rows: (FluxRow<undefined> & { readonly arrives: number })[] = [];
  const last = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const host = random(1000) < hotShare * 1000 ? 0 : random(hosts);
    const parent = last.get(host) ?? 4;
    const id = (parent + 4 * (1 + random(50))) % 65_536;
    if (random(3) === 0) last.set(host, id);
    // One process in twenty is a parent of interest.
    const own = Int32Array.of(random(40) === 0 ? 1 : 0, random(60) === 0 ? 1 : 0, random(120) === 0 ? 2 : 0);
    rows.push({
      timeMs: 1.6e12 + i,
      source: 0,
      position: i * 1500,
      part: 0,
      group: `host-${host}.example.org`,
      columns: [`0x${id.toString(16)}`, `0x${parent.toString(16)}`],
      own,
      item: undefined,
      arrives: i + random(shuffledMs + 1),
    });
  }
  // As events come: each row made when it arrives, beside its neighbours in memory.
  return rows
    .sort((a, b) => a.arrives - b.arrives)
    .map(({ timeMs, source, position, part, group, columns, own }) => ({
      ...{ timeMs, source, position, part, group: flat(group), columns: columns.map(flat) },
      ...{ own: Int32Array.from(own), item: undefined },
    }));
}

/** A copy of a text, in one piece. */
function flat(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString('latin1');
}

function flux(): void {
  // Few enough that the collector is not busy with the rows of this program in place of what is measured.
  const COUNT = 200_000;
  const plan = planFlux(README_RULES);
  const through = (rows: readonly FluxRow<undefined>[], options: Partial<FluxEngineOptions>): number => {
    const clocks = new SourceClocks();
    clocks.register('bench', 'file');
    let fired = 0;
    const engine = new FluxEngine<undefined>(
      plan,
      clocks,
      { ...DEFAULT_FLUX_OPTIONS, maxPending: 4e6, evidenceRows: 0, seed: SEED, ...options },
      (_row, result) => {
        fired += result.fired.length;
      },
    );
    for (const row of rows) engine.push(row, 0);
    engine.end();
    expectEqual('late rows', engine.counts.late, 0);
    return fired;
  };
  for (const hotShare of [0, 0.9]) {
    let rows = fluxRows(COUNT, 5_000, hotShare, 0);
    const expected = through(rows, {});
    print(`three README rules, 5,000 hosts, ${hotShare * 100} % from one host`, `${COUNT} rows, ${expected} alerts`);
    const run = (label: string, options: Partial<FluxEngineOptions>): void => {
      expectEqual(label, through(rows, options), expected);
      rates(`  ${label}`, COUNT, () => through(rows, options));
    };
    run('sorted, no lateness', { latenessMs: 0 });
    run('sorted, waiting 60 s', {});
    run('sorted, at once (eager)', { mode: 'eager', latenessMs: 1_000 });
    run('sorted, no lateness, with evidence', { latenessMs: 0, evidenceRows: 200_000 });
    rows = fluxRows(COUNT, 5_000, hotShare, 30_000);
    run('shuffled within 30 s, waiting 60 s', {});
  }
  const sorted = fluxRows(COUNT, 5_000, 0, 0);
  rates('  baseline: a Map of joined texts, no order, no bound', COUNT, () => {
    const remembered = new Map<string, number>();
    let fired = 0;
    for (const { group, columns, own } of sorted)
      for (let rule = 0; rule < 3; rule++) {
        if (own[rule] !== 0) remembered.set(`${group}.${rule}.${columns[0]}`, own[rule] as number);
        if (((remembered.get(`${group}.${rule}.${columns[1]}`) ?? 0) & 1) !== 0) fired++;
      }
    if (fired === 0) throw new Error('baseline fired nothing');
  });
}

function correlationRule(type: CorrelationRule['type'], value: number): CorrelationRule {
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

function facts(count: number, groups: number, shuffledMs: number, hotShare = 0): CorrelationFact[] {
  const random = randomNumbers(7);
  return Array.from({ length: count }, (_, i) => ({
    timeMs: 1.6e12 + i * 2,
    source: 0,
    position: i * 300,
    part: 0,
    correlation: 0,
    member: random(3),
    group: [`user-${random(1000) < hotShare * 1000 ? 0 : random(groups)}`],
    value: `v${random(20)}`,
    carried: undefined,
    inner: undefined,
    arrives: i * 2 + random(shuffledMs + 1),
  })).sort((a, b) => a.arrives - b.arrives);
}

function correlation(): void {
  const COUNT = 300_000;
  const through = (
    type: CorrelationRule['type'],
    value: number,
    list: readonly CorrelationFact[],
    mode: 'ordered' | 'eager',
  ): number => {
    const clocks = new SourceClocks();
    clocks.register('bench', 'file');
    let fired = 0;
    const plan = planCorrelations([correlationRule(type, value)], 60_000);
    const engine = new CorrelationEngine(plan, clocks, { ...DEFAULT_CORRELATION_OPTIONS, mode, seed: SEED }, () => {
      fired++;
    });
    for (const fact of list) engine.push(fact, 0);
    engine.end();
    return fired;
  };
  for (const [what, hotShare] of [
    ['10,000 groups', 0],
    ['90 % in one group', 0.9],
  ] as const) {
    const sorted = facts(COUNT, 10_000, 0, hotShare);
    const shuffled = facts(COUNT, 10_000, 30_000, hotShare);
    for (const [type, value] of [
      ['event_count', 25],
      ['value_count', 12],
      ['temporal', 3],
      ['temporal_ordered', 3],
    ] as const) {
      const expected = through(type, value, sorted, 'ordered');
      expectEqual(`${type} shuffled`, through(type, value, shuffled, 'ordered'), expected);
      rates(`${type}, ${what}, sorted, waiting (${expected} alerts)`, COUNT, () =>
        through(type, value, sorted, 'ordered'),
      );
      rates(`${type}, ${what}, shuffled within 30 s, waiting`, COUNT, () => through(type, value, shuffled, 'ordered'));
      rates(`${type}, ${what}, sorted, at once`, COUNT, () => through(type, value, sorted, 'eager'));
    }
  }
}

function groups(): void {
  const COUNT = 1_000_000;
  for (const mode of ['eager', 'ordered'] as const) {
    const before = heapBytes();
    const clocks = new SourceClocks();
    clocks.register('bench', 'stream');
    const plan = planCorrelations([correlationRule('event_count', 25)], 60_000);
    const engine = new CorrelationEngine(plan, clocks, { ...DEFAULT_CORRELATION_OPTIONS, mode, seed: SEED }, () => {});
    // Made one by one, so that nothing but what the engine keeps is there at the end.
    for (let i = 0; i < COUNT; i++) {
      const place = { timeMs: 1.6e12 + i, source: 0, position: i, part: 0 };
      engine.push({ correlation: 0, member: 0, group: [`user-${i}`], ...place }, place.timeMs);
    }
    const bytes = (heapBytes() - before) / COUNT;
    expectEqual('groups', engine.counts()[0]?.counts.groups ?? 0, COUNT);
    print(`bytes for each of 1 M live groups with one event, ${mode}`, `${bytes.toFixed(0)} (group text included)`);
    const start = performance.now();
    for (let i = 0; i < COUNT / 20_000 + 1; i++) engine.advance(1.6e12 + COUNT + 400_000);
    print('  closing them all, 20,000 in each step', `${(performance.now() - start).toFixed(0)} ms`);
    expectEqual('groups left', engine.counts()[0]?.counts.groups ?? 0, 0);
  }
}

function snapshot(): void {
  const table = new TagTable({ budgetBytes: 2 ** 32, maxPerGroup: 1e9, timed: false });
  const key = new Fingerprint();
  let i = 0;
  while (table.byteLength < 2 ** 30) {
    for (let end = i + 100_000; i < end; i++) {
      table.enter(i % 50_000, 1);
      key.set(i, i % 50_000).mix(1, 2);
      table.write(key.lo, key.hi, 1, 0);
    }
  }
  const stored: Uint8Array[] = [];
  const keys: string[] = [];
  let longest = 0;
  let longestPut = 0;
  let total = 0;
  const chunks = snapshotTable(table, 't', true);
  for (;;) {
    const start = performance.now();
    const next = chunks.next();
    const took = performance.now() - start;
    longest = Math.max(longest, took);
    total += took;
    if (next.done === true) break;
    stored.push(next.value.bytes);
    keys.push(next.value.key);
    for (let end = i + 500; i < end; i++) {
      table.enter(i % 50_000, 1);
      key.set(i, i % 50_000).mix(1, 2);
      const put = performance.now();
      table.write(key.lo, key.hi, 1, 0);
      longestPut = Math.max(longestPut, performance.now() - put);
    }
  }
  const bytes = stored.reduce((sum, each) => sum + each.length, 0);
  print(
    `snapshot of ${(bytes / 2 ** 30).toFixed(2)} GB (${table.facts} facts)`,
    `${total.toFixed(0)} ms of work, longest step ${longest.toFixed(1)} ms, longest put meanwhile ${longestPut.toFixed(1)} ms`,
  );
  stored.push(closing(keys).bytes);
  const start = performance.now();
  const restored = new TagTable({ budgetBytes: 2 ** 32, maxPerGroup: 1e9, timed: false });
  const read = readSnapshot(stored);
  if ('severity' in read) throw new Error(read.message);
  restoreTable(restored, 't', read);
  print('  restore', `${(performance.now() - start).toFixed(0)} ms`);
}

/** Windows of a correlation while facts go on coming: each push may have to save the group it touches. */
function windows(): void {
  const GROUPS = 1_000_000;
  const clocks = new SourceClocks();
  clocks.register('bench', 'stream');
  const plan = planCorrelations([correlationRule('event_count', 1_000)], 60_000);
  const open = (): CorrelationEngine =>
    new CorrelationEngine(plan, clocks, { ...DEFAULT_CORRELATION_OPTIONS, mode: 'eager', seed: SEED }, () => {});
  const engine = open();
  const push = (i: number): void => {
    const place = { timeMs: 1.6e12 + Math.floor(i / 100), source: 0, position: i, part: 0 };
    engine.push({ correlation: 0, member: 0, group: [`user-${i % GROUPS}`], ...place }, place.timeMs);
  };
  let i = 0;
  while (i < 4 * GROUPS) push(i++);
  const facts = engine.counts()[0]?.counts.facts ?? 0;
  const stored: Uint8Array[] = [];
  let longestStep = 0;
  let longestPushes = 0;
  const steps = snapshotCorrelations(engine, clocks, true);
  for (;;) {
    const start = performance.now();
    const step = steps.next();
    longestStep = Math.max(longestStep, performance.now() - start);
    if (step.done === true) break;
    stored.push(step.value.bytes);
    const pushing = performance.now();
    for (let end = i + 500; i < end; i++) push(i * 7919);
    longestPushes = Math.max(longestPushes, performance.now() - pushing);
  }
  const bytes = stored.reduce((sum, each) => sum + each.length, 0);
  print(
    `snapshot of ${GROUPS / 1e6} M groups with ${(facts / 1e6).toFixed(1)} M facts, ${(bytes / 2 ** 20).toFixed(0)} MiB`,
    `longest step ${longestStep.toFixed(1)} ms, longest 500 pushes meanwhile ${longestPushes.toFixed(1)} ms`,
  );
  const next = open();
  const taking = performance.now();
  const { fresh } = next.takeOver(engine);
  print('  taken over by another engine, as at a reload', `${(performance.now() - taking).toFixed(1)} ms`);
  expectEqual('correlations that begin anew', fresh.length, 0);
  const start = performance.now();
  const restored = open();
  const read = readSnapshot(stored);
  if ('severity' in read) throw new Error(read.message);
  restoreCorrelations(restored, new SourceClocks(), read);
  print('  restore', `${(performance.now() - start).toFixed(0)} ms`);
  expectEqual('facts restored', restored.counts()[0]?.counts.facts ?? 0, facts);
}

const SECTIONS: Readonly<Record<string, () => void>> = { memory, flux, correlation, groups, snapshot, windows };

print('processor, node', `${cpus()[0]?.model}, ${process.version}`);
const chosen = process.argv.slice(2);
for (const [name, run] of Object.entries(SECTIONS)) if (chosen.length === 0 || chosen.includes(name)) run();
