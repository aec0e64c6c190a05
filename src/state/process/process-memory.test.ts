import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { type ProcessEvent, processEventOf } from './process-event.ts';
import { fillFact, ProcessFact } from './process-fact.ts';
import { ProcessFields, processTreeOf } from './process-fields.ts';
import { DEFAULT_PROCESS_OPTIONS, ProcessMemory } from './process-memory.ts';
import { restoreProcesses, snapshotProcesses } from './snapshot.ts';
import { closing, readSnapshot } from '../snapshot/chunk.ts';
import { toldAt } from '../../testing/told-time.ts';

function row(id: string, parent: string, timeMs: number, more: EventObject = {}): ProcessEvent {
  const event = processEventOf(
    { host_id: 'h', id, parent_id: parent, Image: `C:\\${id}.exe`, ...more },
    toldAt(timeMs),
  );
  if (event === undefined) throw new Error('no process');
  return event;
}

function exit(pid: string, timeMs: number): ProcessEvent {
  return { kind: 'exit', host: 'h', pid, timeMs, fields: {}, parentFields: {} };
}

function images(memory: ProcessMemory<unknown>, event: ProcessEvent): readonly unknown[] {
  const { chain, complete, cycle } = memory.ancestryOf(event);
  return [chain.map(({ fields }) => fields['Image']?.slice(3, -4)).join(' '), complete, cycle];
}

function chunksOf(memory: ProcessMemory<unknown>, full: boolean): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const iterator = snapshotProcesses(memory, full);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) chunks.push(next.value.bytes);
  return chunks;
}

describe('ProcessMemory', () => {
  it('lists the ancestors of a process, the parent first', () => {
    const memory = new ProcessMemory();
    for (const event of [row('1', '', 1), row('2', '1', 2), row('3', '2', 3)]) memory.observe(event);
    expect(images(memory, row('4', '3', 4))).toEqual(['3 2 1', true, false]);
  });

  it('says that a chain is incomplete when a process in between was not logged', () => {
    const memory = new ProcessMemory();
    memory.observe(row('3', '0', 3));
    expect(images(memory, row('133', '13', 4))).toEqual(['', false, false]);
    expect(images(memory, row('5', '3', 4))).toEqual(['3', false, false]);
  });

  it('saves restarts with what changed, and takes up snapshots of former versions, which have none', () => {
    const restart = { kind: 'restart', host: 'h', fromMs: 20_000, untilMs: 30_000 } as const;
    const parentOf = (memory: ProcessMemory<unknown>): string | undefined =>
      memory.parentOf(row('9', '3', 50_000))?.pid;
    const restored = (chunks: readonly Uint8Array[]): ProcessMemory<unknown> => {
      const read = readSnapshot(chunks);
      if ('severity' in read) throw new Error(read.message);
      const memory = new ProcessMemory();
      restoreProcesses(memory, read);
      return memory;
    };
    const memory = new ProcessMemory();
    memory.observe(row('3', '', 10_000));
    const full = chunksOf(memory, true);
    memory.restart(restart);
    const more = chunksOf(memory, false);
    expect(parentOf(restored(full))).toBe('3');
    expect(parentOf(restored([...full, ...more]))).toBeUndefined();
    const nothingNew = chunksOf(memory, false);
    expect(parentOf(restored([...full, ...more, ...nothingNew]))).toBeUndefined();
    const isRestarts = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes('"key":"restarts"');
    expect([full, more, nothingNew].map((chunks) => chunks.some(isRestarts))).toEqual([true, true, false]);
    const former = full.filter((bytes) => !isRestarts(bytes) && !Buffer.from(bytes).includes('"closing"'));
    const old = restored([...former, closing(['process/0']).bytes]);
    expect(parentOf(old)).toBe('3');
    old.restart(restart);
    expect(parentOf(restored([...former, ...chunksOf(old, false)]))).toBeUndefined();
  });

  it('says whom a restart rules out', () => {
    const memory = new ProcessMemory();
    memory.observe(row('3', '', 10_000));
    const child = row('9', '3', 50_000);
    const said = (): string | undefined => new ProcessFields(memory, {}, child).fromOf('ParentImage');
    expect(said()).toBe('process memory: parent 3');
    memory.restart({ kind: 'restart', host: 'H', fromMs: 20_000, untilMs: 30_000 });
    expect(said()).toBe(
      'process memory: no parent is known, a further parent is named and unknown, 3 ran before the machine restarted',
    );
    expect(new ProcessFields(memory, {}, row('9', '4', 50_000)).fromOf('ParentImage')).not.toContain('restarted');
  });

  it('means the process that had the id at that time', () => {
    const memory = new ProcessMemory();
    memory.observe(row('3', '', 10_000, { CommandLine: 'old' }));
    memory.observe(row('3', '', 50_000, { CommandLine: 'new', Image: 'C:\\other.exe' }));
    const parent = (timeMs: number): string | undefined =>
      memory.parentOf(row('9', '3', timeMs))?.fields['CommandLine'];
    expect([parent(9_000), parent(20_000), parent(60_000)]).toEqual(['old', 'old', 'new']);
    expect(parent(1)).toBeUndefined();
  });

  it('does not take a process that had ended for a parent', () => {
    const memory = new ProcessMemory();
    memory.observe(row('3', '', 10_000));
    memory.observe(exit('3', 20_000));
    expect(memory.parentOf(row('9', '3', 20_500))?.pid).toBe('3');
    expect(memory.parentOf(row('9', '3', 30_000))).toBeUndefined();
  });

  it('tells starts without a time apart by command line and parent, and marks them', () => {
    const memory = new ProcessMemory();
    const assumed = { isTimeAssumed: true } as const;
    memory.observe({ ...row('7', '1', 5000, { CommandLine: 'one' }), ...assumed });
    memory.observe({ ...row('7', '1', 5000, { CommandLine: 'one' }), ...assumed });
    memory.observe({ ...row('7', '1', 5000, { CommandLine: 'two' }), ...assumed });
    memory.observe({ ...row('7', '2', 5000, { CommandLine: 'two' }), ...assumed });
    expect(memory.counts.processes).toBe(3);
    const child = row('8', '7', 5000);
    memory.observe(child);
    expect(processTreeOf(memory, child).ancestors.at(-1)).toEqual({
      ...{ pid: '7', executable: 'C:\\7.exe', command_line: 'two' },
      ...{ start: '1970-01-01T00:00:05.000Z', start_assumed: true },
    });
    expect(processTreeOf(memory, row('9', '8', 6000)).ancestors.at(-1)).not.toHaveProperty('start_assumed');
  });

  it('takes the true time of a start from a log that knows it', () => {
    const memory = new ProcessMemory();
    const start = { ...row('7', '1', 90_000), guid: '{g}' };
    memory.observe({ ...start, isTimeAssumed: true });
    memory.observe({ ...start, timeMs: 1000 });
    const found = memory.find(start);
    expect([found?.startMs, found?.startAssumed, memory.counts.processes]).toEqual([1000, false, 1]);
  });

  it('stops where ids form a circle, and nobody is its own parent', () => {
    const memory = new ProcessMemory();
    for (const event of [row('1', '3', 5), row('2', '1', 5), row('3', '2', 5)]) memory.observe(event);
    expect(images(memory, row('3', '2', 5))).toEqual(['2 1', true, true]);
    memory.observe(row('7', '7', 5));
    expect(memory.parentOf(row('7', '7', 5))).toBeUndefined();
  });

  it('gives waiting events back when their parent comes late', () => {
    const memory = new ProcessMemory<string>();
    const child = row('13', '3', 5_000);
    memory.observe(child);
    expect(memory.waitForAncestor(child, () => 'event of 13', 100)).toEqual([]);
    expect(memory.observe(row('4', '', 2_000))).toEqual([]);
    expect(memory.observe(row('3', '', 1_000))).toEqual(['event of 13']);
    expect(memory.parentOf(child)?.pid).toBe('3');
    expect(memory.counts).toMatchObject({ waiting: 0, waitingBytes: 0, revived: 1 });
    expect(memory.waitForAncestor(child, () => 'again', 100)).toBeUndefined();
  });

  it('lets the process of a fact wait as its event would', () => {
    const id = fc.constantFrom('', '1', '2', '3', '4', 'x', 'y');
    const starts = fc.array(fc.tuple(id, id, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 8 });
    let waited = 0;
    fc.assert(
      fc.property(starts, (all) => {
        const [byEvent, byFact] = [new ProcessMemory<number>(), new ProcessMemory<number>()];
        for (const [i, [own, parent, seconds]] of all.entries()) {
          const event = row(own === '' ? '5' : own, parent, 1000 * seconds);
          expect(byFact.observe(event)).toEqual(byEvent.observe(event));
          const fact = fillFact(new ProcessFact(), event, byFact.table.texts);
          const given = byEvent.waitForAncestor(event, () => i, 1);
          expect(byFact.waitForAncestorOf(fact, () => i, 1)).toEqual(given);
          if (given !== undefined) waited++;
        }
        expect(byFact.waiting().map(([key]) => key)).toEqual(byEvent.waiting().map(([key]) => key));
      }),
      { numRuns: 100 },
    );
    expect(waited).toBeGreaterThan(100);
  });

  it('puts what two logs tell of one start into one record', () => {
    const memory = new ProcessMemory();
    const security: EventObject = {
      ...{
        EventID: 4688,
        Hostname: 'W',
        NewProcessId: '0x1128',
        NewProcessName: 'C:\\Windows\\a.exe',
        ProcessId: '0x31c',
      },
      ...{ ParentProcessName: 'C:\\Windows\\svchost.exe', SubjectUserName: 'bob', TargetUserName: '-' },
    };
    const sysmon: EventObject = {
      ...{
        EventID: 1,
        Hostname: 'W',
        ProcessGuid: '{g}',
        ProcessId: 4392,
        Image: 'C:\\Windows\\a.exe',
        CommandLine: 'a -x',
      },
      ...{
        ParentProcessGuid: '{p}',
        ParentProcessId: 796,
        ParentImage: 'C:\\Windows\\svchost.exe',
        ParentCommandLine: 'svchost -k',
      },
    };
    const first = processEventOf(security, toldAt(1000));
    const second = processEventOf(sysmon, toldAt(1030));
    if (first === undefined || second === undefined) throw new Error('no process');
    memory.observe(first);
    memory.observe(second);
    expect(memory.counts.processes).toBe(2);
    const derived = new ProcessFields(memory, security, first);
    expect(derived.value('ParentCommandLine')).toBe('svchost -k');
    expect(derived.value('AncestorImage')).toEqual(['C:\\Windows\\svchost.exe']);
    expect(derived.value('GrandparentImage')).toBeUndefined();
    expect(derived.value('ParentProcessName')).toBeUndefined();
    expect(new ProcessFields(memory, sysmon, second).value('ParentCommandLine')).toBeUndefined();
    expect(processTreeOf(memory, first)).toMatchObject({
      own: { pid: '4392', executable: 'C:\\Windows\\a.exe', command_line: 'a -x' },
      ancestors: [{ pid: '796', executable: 'C:\\Windows\\svchost.exe', command_line: 'svchost -k' }],
      complete: true,
    });
  });

  it('takes the child of a child from ECS records too', () => {
    const memory = new ProcessMemory();
    const ecs = (pid: number, parent: number, name: string): EventObject => ({
      host: { name: 'L' },
      event: { type: ['start'], category: ['process'] },
      process: { pid, executable: `/bin/${name}`, command_line: `${name} -c`, parent: { pid: parent } },
    });
    for (const [pid, parent, name] of [
      [10, 1, 'sshd'],
      [11, 10, 'bash'],
    ] as const) {
      const event = processEventOf(ecs(pid, parent, name), toldAt(pid));
      if (event !== undefined) memory.observe(event);
    }
    const fields = ecs(12, 11, 'curl');
    const derived = new ProcessFields(memory, fields, processEventOf(fields, toldAt(12)));
    expect(derived.value('process.ancestors.command_line')).toEqual(['bash -c', 'sshd -c']);
    expect(derived.value('process.parent.executable')).toBe('/bin/bash');
  });

  it('stays inside its budget, and lets go of ended processes first', () => {
    const memory = new ProcessMemory({ ...DEFAULT_PROCESS_OPTIONS, budgetBytes: 45_000 });
    memory.observe(row('alive', '', 1));
    for (let i = 0; i < 100; i++) {
      memory.observe(row(`e${i}`, 'alive', i));
      memory.observe(exit(`e${i}`, i));
    }
    for (let i = 0; i < 150; i++) memory.observe(row(`n${i}`, 'alive', 1000 + i));
    expect(memory.counts.bytes).toBeLessThanOrEqual(45_000);
    expect(memory.counts.evicted).toBeGreaterThan(0);
    expect(memory.parentOf(row('x', 'alive', 2000))?.pid).toBe('alive');
    expect(memory.parentOf(row('x', 'e0', 0))).toBeUndefined();
  });

  it('answers the same after a restore, and never loops on any graph of ids', () => {
    const id = fc.constantFrom('', '1', '2', '3', '4', '5');
    const event = fc.record({ id, parent: id, gap: fc.integer({ min: 0, max: 5000 }), ends: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const memory = new ProcessMemory();
        let timeMs = 0;
        for (const { id: pid, parent, gap, ends } of events) {
          timeMs += gap;
          if (pid === '') continue;
          memory.observe(ends ? exit(pid, timeMs) : { ...row('0', '', timeMs), pid, parentPid: parent });
        }
        const chunks = readSnapshot(chunksOf(memory, true));
        if ('severity' in chunks) throw new Error(chunks.message);
        const restored = new ProcessMemory();
        restoreProcesses(restored, chunks);
        expect(chunksOf(restored, false).length).toBe(1);
        expect(restored.counts).toMatchObject({ processes: memory.counts.processes, bytes: memory.counts.bytes });
        for (const pid of ['1', '2', '3', '4', '5']) {
          const question = { ...row('0', '', timeMs), pid: 'q', parentPid: pid };
          expect(images(restored, question)).toEqual(images(memory, question));
        }
      }),
    );
  });

  it('saves the picture of the moment the snapshot was begun, in pieces, and then what changed', () => {
    const memory = new ProcessMemory();
    for (let i = 0; i < 20_000; i++) memory.observe(row(`p${i}`, '', i));
    const iterator = snapshotProcesses(memory, true);
    const stored: Uint8Array[] = [];
    for (let i = 0; ; i++) {
      const next = iterator.next();
      if (next.done === true) break;
      stored.push(next.value.bytes);
      memory.observe(exit(`p${(i * 7) % 20_000}`, 5000 + i));
      memory.observe(row(`q${i}`, '', 5000 + i));
    }
    const first = readSnapshot(stored);
    if ('severity' in first) throw new Error(first.message);
    const restored = new ProcessMemory();
    restoreProcesses(restored, first);
    expect(restored.counts.processes).toBe(20_000);
    expect(restored.find(row('p0', '', 0))?.endMs).toBeUndefined();
    const both = readSnapshot([...stored, ...chunksOf(memory, false)]);
    if ('severity' in both) throw new Error(both.message);
    const later = new ProcessMemory();
    restoreProcesses(later, both);
    expect(later.counts).toMatchObject({ processes: memory.counts.processes, bytes: memory.counts.bytes });
    expect(later.find(row('p0', '', 0))?.endMs).toBe(5000);
  });

  it('counts what was not drawn of a snapshot that is given up as changed', () => {
    const memory = new ProcessMemory();
    memory.observe(row('1', '', 1));
    const iterator = snapshotProcesses(memory, true);
    iterator.return?.();
    expect(memory.table.rows.beforeChange).toBeUndefined();
    expect(chunksOf(memory, false).length).toBeGreaterThan(1);
    const read = readSnapshot([...chunksOf(memory, true)]);
    if ('severity' in read) throw new Error(read.message);
    const restored = new ProcessMemory();
    restoreProcesses(restored, read);
    expect(restored.counts.processes).toBe(1);
  });
});
