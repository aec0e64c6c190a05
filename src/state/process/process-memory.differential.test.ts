/**
 * The rows of numbers must say of any story of starts, exits and questions what the plain objects say: same answers, same counts, same
 * order of eviction; and again after the memory was saved and restored in the middle.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSnapshot } from '../snapshot/chunk.ts';
import { NaiveProcessMemory, type NaiveProcess, plainGuid } from '../../testing/naive-process-memory.ts';
import { eventOfFact } from '../../testing/event-of-fact.ts';
import type { HostRestart } from './host-restart.ts';
import { fillFact, ProcessFact } from './process-fact.ts';
import { PROCESS_PROPERTIES, type ProcessEvent } from './process-event.ts';
import { DEFAULT_PROCESS_OPTIONS, ProcessMemory } from './process-memory.ts';
import { FIELD_NAMES } from './process-rows.ts';
import { PROCESS_SHAPES } from './process-shapes.ts';
import type { RememberedProcess } from './remembered-process.ts';
import { restoreProcesses, snapshotProcesses } from './snapshot.ts';

const host = fc.constantFrom('w1', 'W1', 'w2', '');
const pid = fc.constantFrom('1', '2', '3', '04', '5', 'p5', '4294967295', '1000000000');
const GUIDS = ['5770385F-C22A-43E0-BF4C-06F5698FFBD9', '5770385F-C22A-43E0-BF4C-06F5698FFBDA'];
const guid = fc.oneof(
  fc.constantFrom('{a}', '{b}', '{A}', 'w1', '1'),
  fc.constantFrom(...GUIDS.flatMap((one) => [one, one.toLowerCase(), `{${one}}`, `{${one.toLowerCase()}}`, `{${one}`])),
);
const image = fc.constantFrom('C:\\a.exe', 'D:\\x\\A.EXE', 'C:\\b.exe', 'ä"\\\n\u2028\ud800', '-', 'w1');
const text = fc.oneof(image, fc.string({ maxLength: 12, unit: 'binary' }), fc.constant('x'.repeat(9000)));
const maybe = <V>(value: fc.Arbitrary<V>): fc.Arbitrary<V | undefined> => fc.option(value, { nil: undefined });
const fields = fc
  .record({ Image: maybe(image), CommandLine: maybe(text), User: maybe(text), Hashes: maybe(text) })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
const event = fc
  .record({
    kind: fc.constantFrom<ProcessEvent['kind']>('start', 'start', 'start', 'exit', 'activity'),
    ...{ host, pid, guid: maybe(guid), parentPid: maybe(pid), parentGuid: maybe(guid) },
    timeMs: fc.integer({ min: 0, max: 40_000 }),
    isTimeAssumed: fc.option(fc.constant<true>(true), { nil: undefined }),
    ...{ fields, parentFields: fields },
  })
  .map(
    (all) =>
      Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as ProcessEvent,
  );
const restart = fc
  .record({ host, fromMs: fc.integer({ min: -5_000, max: 40_000 }), lengthMs: fc.constantFrom(0, 1, 2000, 9000) })
  .map(({ host, fromMs, lengthMs }): HostRestart => ({ kind: 'restart', host, fromMs, untilMs: fromMs + lengthMs }));
const step = fc.record({
  event,
  waits: fc.boolean(),
  saves: fc.integer({ min: 0, max: 12 }).map((n) => n === 0),
  restart: fc.option(restart, { nil: undefined, freq: 9 }),
});

function plain(process: RememberedProcess | NaiveProcess | undefined): unknown {
  if (process === undefined) return undefined;
  const { pid, guid, startMs, started, startAssumed, endMs, parentPid, parentGuid } = process;
  return [
    process.host.toLowerCase(),
    pid,
    guid && plainGuid(guid),
    startMs,
    started,
    startAssumed,
    endMs,
    parentPid,
    parentGuid && plainGuid(parentGuid),
    process.fields,
  ];
}

function restored(memory: ProcessMemory<number>): ProcessMemory<number> {
  const chunks = readSnapshot(Array.from(snapshotProcesses(memory, true), ({ bytes }) => bytes));
  if ('severity' in chunks) throw new Error(chunks.message);
  const other = new ProcessMemory<number>(memory.options);
  restoreProcesses(other, chunks);
  return other;
}

const met = { evictions: 0, revived: 0, ancestors: 0, restores: 0, apart: 0 };

interface Step {
  readonly event: ProcessEvent;
  readonly waits: boolean;
  readonly saves: boolean;
  readonly restart?: HostRestart | undefined;
}

function compare(steps: readonly Step[], budgetBytes: number): void {
  let memory = new ProcessMemory<number>({ ...DEFAULT_PROCESS_OPTIONS, budgetBytes, waitingBytes: 1e9 });
  const naive = new NaiveProcessMemory<number>();
  const immortal = new NaiveProcessMemory<number>();
  let missed = 0;
  let missedBefore = 0;
  const starts = new Set<string>();
  let isTied = false;
  for (const [i, { event, waits, saves, restart }] of steps.entries()) {
    if (restart !== undefined) {
      memory.restart(restart);
      naive.restart(restart);
    }
    for (const id of [event.pid, event.parentPid]) {
      const start = `${event.host.toLowerCase()} ${id} ${event.timeMs}`;
      isTied ||= starts.has(start);
      starts.add(start);
    }
    const { evicted, processes } = memory.counts;
    const before = naive.processes;
    const late = memory.observe(event);
    // The naive one lets go of too many instances by itself; the rest is the budget's.
    const expected = naive.observe(event);
    expect(before).toBe(processes);
    for (let more = naive.processes - memory.counts.processes; more > 0; more--) {
      naive.evictOldest();
      met.evictions++;
    }
    expect(late).toEqual(budgetBytes < 1e6 && memory.counts.evicted > evicted ? late : expected);
    met.revived += late.length;
    expect(plain(memory.find(event))).toEqual(plain(naive.find(event)));
    const parent = naive.parentOf(event);
    expect(plain(memory.parentOf(event))).toEqual(plain(parent));
    immortal.observe(event);
    if (parent === undefined && immortal.parentOf(event) !== undefined) met.apart++;
    const { chain, complete, cycle } = memory.ancestryOf(event);
    const told = naive.ancestryOf(event);
    expect([chain.map(plain), complete, cycle]).toEqual([told.chain.map(plain), told.complete, told.cycle]);
    met.ancestors += chain.length;
    if (waits) expect(memory.waitForAncestor(event, () => i, 1) !== undefined).toBe(naive.waitForAncestor(event, i));
    expect([memory.counts.processes, memory.hosts]).toEqual([naive.processes, naive.hosts]);
    missed = memory.counts.missingParents;
    expect(missedBefore + missed).toBe(naive.missingParents);
    // Of instances that began in one millisecond a restored memory takes the one it heard of last.
    if (!saves || isTied) continue;
    met.restores++;
    missedBefore += missed;
    const { bytes, waiting } = memory.counts;
    memory = restored(memory);
    expect([memory.counts.bytes, memory.counts.waiting]).toEqual([bytes, waiting]);
  }
}

describe('ProcessMemory beside plain objects', () => {
  it('says the same of random starts, exits and questions', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => compare(steps, 1e9)),
      { numRuns: 600 },
    );
    expect(met.revived).toBeGreaterThan(50);
    expect(met.ancestors).toBeGreaterThan(1000);
    expect(met.restores).toBeGreaterThan(100);
    expect(met.apart).toBeGreaterThan(20);
  });

  it('lets go of the same processes when it is short of bytes', () => {
    const noWaits = step.map((one) => ({ ...one, waits: false }));
    // A start that is told of after the exit is news too, before a restore and after it.
    const of = { host: 'w1', pid: '1', parentFields: {} };
    const told: readonly ProcessEvent[] = [
      { ...of, kind: 'exit', guid: 'w1', timeMs: 0, fields: {} },
      { ...of, kind: 'exit', guid: '{a}', timeMs: 1, fields: {} },
      { ...of, kind: 'start', guid: 'w1', timeMs: 2, fields: {} },
      { ...of, kind: 'start', timeMs: 0, fields: { Image: 'C:\\a.exe', Hashes: 'x'.repeat(900) } },
    ];
    const example = told.map((one) => ({ event: one, waits: false, saves: true }));
    fc.assert(
      fc.property(fc.array(noWaits, { maxLength: 80, size: 'max' }), fc.integer({ min: 500, max: 8000 }), compare),
      { numRuns: 400, examples: [[example, 1300]] },
    );
    expect(met.evictions).toBeGreaterThan(1000);
  });

  it('has a column for every field of every shape, and writes facts as the events they are', () => {
    const known = new Set<string>(FIELD_NAMES);
    for (const { fields, parentFields } of PROCESS_SHAPES)
      for (const name of [...Object.keys(fields), ...Object.keys(parentFields ?? {})]) expect(known).toContain(name);
    expect(PROCESS_PROPERTIES.filter((name) => !known.has(name))).toEqual(['ProcessId', 'ProcessGuid']);
    const { texts } = new ProcessMemory().table;
    const fact = new ProcessFact();
    fc.assert(
      fc.property(event, (one) => {
        const cut = (all: Readonly<Record<string, string>>): unknown =>
          Object.fromEntries(Object.entries(all).map(([name, value]) => [name, value.slice(0, 8192)]));
        const plainly = (all: Partial<ProcessEvent>): Partial<ProcessEvent> => ({
          ...all,
          ...(all.guid !== undefined && { guid: plainGuid(all.guid) }),
          ...(all.parentGuid !== undefined && { parentGuid: plainGuid(all.parentGuid) }),
        });
        const expected = {
          ...plainly(one),
          host: one.host.toLowerCase(),
          fields: cut(one.fields),
          parentFields: cut(one.parentFields),
        };
        expect(plainly(eventOfFact(fillFact(fact, one, texts), texts))).toEqual(expected);
        texts.sweep();
      }),
    );
  });
});
