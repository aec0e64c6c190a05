/**
 * Benchmarks of the state engine: what a remembered tag costs, how fast rows and facts go through, what a live group costs, how long a
 * snapshot holds things up. Seeded data; expected counts are asserted outside the timed parts.
 *
 * Run: npx tsc -p tsconfig.bench.json && node --expose-gc build/bench/bench/state.bench.js [section …]
 */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from '../src/state/correlation/engine.ts';
import { planCorrelations } from '../src/state/correlation/plan.ts';
import { restoreCorrelations, snapshotCorrelations } from '../src/state/correlation/snapshot.ts';
import type { FluxEngineOptions } from '../src/state/flux/engine.ts';
import { BloomGenerations } from '../src/state/memory/bloom-generations.ts';
import { Fingerprint } from '../src/state/memory/fingerprint.ts';
import { TagTable } from '../src/state/memory/tag-table.ts';
import { fillFact, ProcessFact } from '../src/state/process/process-fact.ts';
import { DEFAULT_PROCESS_OPTIONS, ProcessMemory } from '../src/state/process/process-memory.ts';
import { restoreTable, snapshotTable } from '../src/state/memory/tag-table-snapshot.ts';
import { SourceClocks } from '../src/state/order/source-clock.ts';
import { closing, readSnapshot } from '../src/state/snapshot/chunk.ts';
import { attemptedLoad } from './attempted-load.ts';
import { correlationRule, correlationStream, fluxStream, SEED, type StreamResult } from './state-streams.ts';

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
  // What a filter costs as an object of its own weighs when it holds few keys; at the original's capacity it does not.
  measure('Bloom at 1e-4, 200,000 for each host as the original', 1, () => {
    const hosts = COUNT / 200_000;
    const filters = Array.from(
      { length: hosts },
      () => new BloomGenerations({ capacity: 200_000, falsePositiveRate: 1e-4 }),
    );
    return { keep: filters, put: (lo, hi, host) => (filters[host % hosts] as BloomGenerations).put(lo, hi) };
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

/** Ways through an engine; those of one set must give the same number of alerts. */
interface Way {
  readonly set: string;
  readonly label: string;
  readonly run: () => StreamResult;
}

function fluxWays(): Way[] {
  return [0, 0.9].flatMap((hotShare) => {
    const set = `three README rules, 5,000 hosts, ${hotShare * 100} % from one host`;
    const way = (label: string, options: Partial<FluxEngineOptions>, shuffledMs = 0): Way => ({
      ...{ set, label, run: () => fluxStream(options, hotShare, shuffledMs) },
    });
    return [
      way('sorted, no lateness', { latenessMs: 0 }),
      way('sorted, waiting 60 s', {}),
      way('sorted, at once (eager)', { mode: 'eager', latenessMs: 1_000 }),
      way('sorted, no lateness, with evidence', { latenessMs: 0, evidenceRows: 200_000 }),
      way('shuffled within 30 s, waiting 60 s', {}, 30_000),
    ];
  });
}

function correlationWays(): Way[] {
  const kinds = [
    ['event_count', 25],
    ['value_count', 12],
    ['temporal', 3],
    ['temporal_ordered', 3],
  ] as const;
  return [0, 0.9].flatMap((hotShare) =>
    kinds.flatMap(([type, value]) => {
      const set = `${type}, ${hotShare === 0 ? '10,000 groups' : '90 % in one group'}`;
      return [
        { set, label: 'sorted, waiting', run: () => correlationStream(type, value, 'ordered', hotShare, 0) },
        {
          ...{ set, label: 'shuffled within 30 s, waiting' },
          run: () => correlationStream(type, value, 'ordered', hotShare, 30_000),
        },
        { set, label: 'sorted, at once', run: () => correlationStream(type, value, 'eager', hotShare, 0) },
      ];
    }),
  );
}

/** Each way in a process of its own. */
function ways(section: string, list: readonly Way[]): void {
  let set = '';
  let alerts = 0;
  list.forEach((way, index) => {
    const result = JSON.parse(alone(section, index)) as StreamResult;
    if (way.set !== set) print(way.set, `${result.count} items, ${result.alerts} alerts`);
    else expectEqual(`alerts of ${way.set}, ${way.label}`, result.alerts, alerts);
    ({ set } = way);
    ({ alerts } = result);
    const [processor, clock] = [result.byProcessor, result.bestTenth].map((rate) => (rate / 1e6).toFixed(2));
    print(`  ${way.label}`, `${processor} M/s by processor time; best tenth ${clock} M/s`);
  });
}

/** What a part of a section writes when it is all that its process does. */
function alone(section: string, part: number): string {
  const args = [...process.execArgv, process.argv[1] ?? '', '--alone', section, String(part)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const MODES = ['eager', 'ordered'] as const;

/** In a process of its own: what another engine leaves behind would be freed while this one is measured. */
function groupsOf(mode: (typeof MODES)[number]): void {
  const COUNT = 1_000_000;
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

function snapshot(): void {
  const table = new TagTable({ budgetBytes: 2 ** 32, maxPerGroup: 1e9, timed: false });
  const key = new Fingerprint();
  let i = 0;
  // Of the 20 bytes of a slot 18 are saved; the bit filter is made anew.
  while (table.byteLength * 18 < 2 ** 30 * 20) {
    for (let end = i + 100_000; i < end; i++) {
      table.enter(i % 50_000, 1);
      key.set(i, i % 50_000).mix(1, 2);
      table.write(key.lo, key.hi, 1, 0);
    }
  }
  const stored: Uint8Array[] = [];
  const keys: string[] = [];
  let longest = 0;
  let longestPuts = 0;
  let total = 0;
  const chunks = snapshotTable(table, 't', true);
  for (;;) {
    let next: ReturnType<typeof chunks.next> | undefined;
    const took =
      1000 *
      processorSeconds(() => {
        next = chunks.next();
      });
    longest = Math.max(longest, took);
    total += took;
    if (next === undefined || next.done === true) break;
    stored.push(next.value.bytes);
    keys.push(next.value.key);
    const puts = processorSeconds(() => {
      for (let end = i + 500; i < end; i++) {
        table.enter(i % 50_000, 1);
        key.set(i, i % 50_000).mix(1, 2);
        table.write(key.lo, key.hi, 1, 0);
      }
    });
    longestPuts = Math.max(longestPuts, 1000 * puts);
  }
  const bytes = stored.reduce((sum, each) => sum + each.length, 0);
  print(
    `snapshot of ${(bytes / 2 ** 30).toFixed(2)} GB (${table.facts} facts)`,
    `processor time: ${total.toFixed(0)} ms of work, longest step ${longest.toFixed(1)} ms, longest 500 puts meanwhile ${longestPuts.toFixed(1)} ms`,
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
  const longestStep = { clock: 0, processor: 0 };
  const longestPushes = { clock: 0, processor: 0 };
  // Where other work takes the processor away the clock tells of that work too; helper threads of the collector are in processor time.
  const measured = <R>(longest: { clock: number; processor: number }, run: () => R): R => {
    const start = performance.now();
    let result: R | undefined;
    const took = processorSeconds(() => {
      result = run();
    });
    longest.clock = Math.max(longest.clock, performance.now() - start);
    longest.processor = Math.max(longest.processor, 1000 * took);
    return result as R;
  };
  const shown = ({ clock, processor }: { clock: number; processor: number }): string =>
    `${processor.toFixed(1)} ms of processor time (${clock.toFixed(1)} by the clock)`;
  const steps = snapshotCorrelations(engine, clocks, true);
  for (;;) {
    const step = measured(longestStep, () => steps.next());
    if (step.done === true) break;
    stored.push(step.value.bytes);
    measured(longestPushes, () => {
      for (let end = i + 500; i < end; i++) push(i * 7919);
    });
  }
  const bytes = stored.reduce((sum, each) => sum + each.length, 0);
  print(
    `snapshot of ${GROUPS / 1e6} M groups with ${(facts / 1e6).toFixed(1)} M facts, ${(bytes / 2 ** 20).toFixed(0)} MiB`,
    `longest step ${shown(longestStep)}, longest 500 pushes meanwhile ${shown(longestPushes)}`,
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

/** One busy key among a million that do nothing: what it costs that they are there, to it and to the others. */
function idleKeys(idle: number): void {
  const FACTS = 1_000_000;
  const clocks = new SourceClocks();
  clocks.register('bench', 'stream');
  const plan = planCorrelations([correlationRule('event_count', 1_000_000)], 60_000);
  const options = { ...DEFAULT_CORRELATION_OPTIONS, mode: 'eager' as const, seed: SEED };
  const engine = new CorrelationEngine(plan, clocks, options, () => {});
  const push = (group: string, i: number): void => {
    const place = { timeMs: 1.6e12 + Math.floor(i / 100), source: 0, position: i, part: 0 };
    engine.push({ correlation: 0, member: 0, group: [group], ...place }, place.timeMs);
  };
  for (let i = 0; i < idle; i++) push(`idle-${i}`, i);
  const others = Array.from({ length: 1000 }, (_, i) => `user-${i}`);
  const facts = processorSeconds(() => {
    for (let i = 0; i < FACTS; i++)
      push(i % 10 === 9 ? (others[Math.floor(i / 10) % 1000] as string) : 'busy', idle + i);
  });
  expectEqual('groups', engine.counts()[0]?.counts.groups ?? 0, idle + 1001);
  const processes = new ProcessMemory({ ...DEFAULT_PROCESS_OPTIONS, seed: SEED });
  const fact = new ProcessFact();
  const { texts } = processes.table;
  const start = (host: string, pid: string, timeMs: number): void => {
    texts.sweep();
    const told = { kind: 'start' as const, host, pid, parentPid: '4', timeMs, parentFields: {} };
    processes.observeFact(fillFact(fact, { ...told, fields: { Image: 'C:\\Windows\\System32\\cmd.exe' } }, texts));
  };
  for (let i = 0; i < idle; i++) start(`idle-${i}`, '8', 1.6e12);
  const kept = processes.counts;
  const starts = processorSeconds(() => {
    for (let i = 0; i < FACTS; i++)
      start(i % 10 === 9 ? `host-${Math.floor(i / 10) % 1000}` : 'busy', String(4 * (i % 20_000)), 1.6e12 + 10 * i);
  });
  if (processes.counts.bytes > DEFAULT_PROCESS_OPTIONS.budgetBytes) throw new Error('process memory beyond its budget');
  const rate = (seconds: number): string => (FACTS / seconds / 1e6).toFixed(2);
  const each = idle === 0 ? '' : `; ${Math.round(kept.bytes / kept.processes)} bytes an idle host`;
  print(
    `90 % for one key beside ${idle.toLocaleString('en')} idle ones`,
    `correlation ${rate(facts)} M/s, processes ${rate(starts)} M/s${each}`,
  );
}

function processorSeconds(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function attempted(): void {
  const { byProcessor, facts, bytes, count } = attemptedLoad();
  print(
    "Flux-Capacitor's load: 50,000 hosts, nine rules of five tags",
    `${(byProcessor / 1e6).toFixed(2)} M events/s by processor time, ${(byProcessor / 15_000).toFixed(0)} times the 15,000/s that 16 cores attempted`,
  );
  print('  remembered', `${facts} facts of ${count} events, ${(bytes / facts).toFixed(1)} bytes each`);
}

const IDLE = [0, 1_000_000] as const;

const SECTIONS: Readonly<Record<string, () => void>> = {
  memory,
  flux: () => ways('flux', fluxWays()),
  correlation: () => ways('correlation', correlationWays()),
  groups: () => {
    for (const part of MODES.keys()) process.stdout.write(alone('groups', part));
  },
  idle: () => {
    for (const part of IDLE.keys()) process.stdout.write(alone('idle', part));
  },
  attempted: () => process.stdout.write(alone('attempted', 0)),
  snapshot,
  windows,
};

/** Parts of sections that have a process of their own. */
const PARTS: Readonly<Record<string, (part: number) => void>> = {
  flux: (part) => process.stdout.write(JSON.stringify(fluxWays()[part]?.run())),
  correlation: (part) => process.stdout.write(JSON.stringify(correlationWays()[part]?.run())),
  groups: (part) => groupsOf(MODES[part] ?? 'eager'),
  idle: (part) => idleKeys(IDLE[part] ?? 0),
  attempted,
};

const chosen = process.argv.slice(2);
if (chosen[0] === '--alone') PARTS[chosen[1] ?? '']?.(Number(chosen[2]));
else {
  print('processor, node, load', `${cpus()[0]?.model}, ${process.version}, ${loadavg()[0]?.toFixed(1)}`);
  for (const [name, run] of Object.entries(SECTIONS)) if (chosen.length === 0 || chosen.includes(name)) run();
}
