import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { AuditAssembler } from './audit-assembler.ts';
import { toldAt } from '../../testing/told-time.ts';

const msg = 'audit(1364481363.243:24287)';
const SYSCALL: EventObject = {
  type: 'SYSCALL',
  msg,
  syscall: '59',
  ppid: '2686',
  pid: '3538',
  exe: '/usr/bin/bash',
  uid: '0',
};
const EXECVE: EventObject = { type: 'EXECVE', msg, argc: '3', a0: 'bash', a1: '-c', a2: '6563686F20612062' };

describe('AuditAssembler', () => {
  it('puts the records of one program start together, whatever comes first', () => {
    for (const records of [
      [SYSCALL, EXECVE],
      [EXECVE, SYSCALL],
    ]) {
      const assembler = new AuditAssembler();
      const [first, second] = records.map((record) => assembler.processOf(record, toldAt(0), 'h'));
      if (records[0] === EXECVE) expect(first).toBeUndefined();
      else expect(first).toMatchObject({ kind: 'start', pid: '3538', parentPid: '2686' });
      expect(second).toMatchObject({
        kind: 'start',
        host: 'h',
        pid: '3538',
        parentPid: '2686',
        timeMs: 1_364_481_363_243,
        fields: { Image: '/usr/bin/bash', CommandLine: 'bash -c echo a b', User: '0' },
        isJoined: true,
      });
    }
  });

  it('takes the arguments before the title, and the folder', () => {
    const assembler = new AuditAssembler();
    assembler.processOf(SYSCALL, toldAt(0), '');
    const title = assembler.processOf({ type: 'PROCTITLE', msg, proctitle: '62617368002D63' }, toldAt(0), '');
    expect(title?.fields['CommandLine']).toBe('bash -c');
    expect(assembler.processOf(EXECVE, toldAt(0), '')?.fields['CommandLine']).toBe('bash -c echo a b');
    expect(assembler.processOf({ type: 'CWD', msg, cwd: '/root' }, toldAt(0), '')?.fields).toMatchObject({
      CommandLine: 'bash -c echo a b',
      CurrentDirectory: '/root',
    });
  });

  it('keeps hosts and events apart, and takes a call that starts no program for activity', () => {
    const assembler = new AuditAssembler();
    assembler.processOf({ ...SYSCALL, node: 'a' }, toldAt(0), '');
    expect(assembler.processOf({ ...EXECVE, node: 'b' }, toldAt(0), '')).toBeUndefined();
    expect(
      assembler.processOf({ ...EXECVE, node: 'a', msg: 'audit(1364481363.243:24288)' }, toldAt(0), ''),
    ).toBeUndefined();
    expect(assembler.processOf({ ...SYSCALL, syscall: '2' }, toldAt(0), '')).toMatchObject({ kind: 'activity' });
    expect(assembler.processOf({ type: 'PATH', msg, name: '/x' }, toldAt(0), '')).toBeUndefined();
  });

  it('decodes only digits that stand for a text which needed it', () => {
    const line = (a1: string): unknown => {
      const assembler = new AuditAssembler();
      assembler.processOf(SYSCALL, toldAt(0), '');
      return assembler.processOf({ type: 'EXECVE', msg, a0: 'x', a1 }, toldAt(0), '')?.fields['CommandLine'];
    };
    expect([line('CAFE'), line('4142'), line('412042'), line('C3A4'), line('abc')]).toEqual([
      'x CAFE',
      'x 4142',
      'x A B',
      'x ä',
      'x abc',
    ]);
  });

  it('decodes the program too, and takes a call that failed for no start', () => {
    const assembler = new AuditAssembler();
    const failed = { ...SYSCALL, success: 'no', msg: 'audit(1364481363.243:5)' };
    expect(assembler.processOf(failed, toldAt(0), '')?.kind).toBe('activity');
    expect(assembler.heldOf(failed, '')).toBeUndefined();
    assembler.processOf(SYSCALL, toldAt(0), '');
    assembler.heldOf(SYSCALL, '')?.push('rule');
    assembler.processOf(EXECVE, toldAt(0), '');
    expect(assembler.heldOf(EXECVE, '')).toEqual(['rule']);
  });

  it('forgets the oldest events', () => {
    const assembler = new AuditAssembler();
    assembler.processOf(SYSCALL, toldAt(0), '');
    for (let i = 0; i < 5000; i++)
      assembler.processOf({ ...SYSCALL, msg: `audit(1364481364.000:${i})` }, toldAt(0), '');
    expect(assembler.processOf(EXECVE, toldAt(0), '')).toBeUndefined();
  });

  it('says again what is known of a record without taking it a second time', () => {
    const assembler = new AuditAssembler();
    const other = { ...SYSCALL, pid: '4000', exe: '/usr/bin/other' };
    assembler.processOf(SYSCALL, toldAt(0), 'h');
    assembler.processOf(other, toldAt(0), 'h');
    expect(assembler.knownProcessOf(SYSCALL, toldAt(0), 'h')).toMatchObject({ pid: '3538' });
    // The arguments go with the record before them, whatever was asked meanwhile.
    expect(assembler.processOf(EXECVE, toldAt(0), 'h')).toMatchObject({ pid: '4000' });
    expect(assembler.knownProcessOf(SYSCALL, toldAt(0), 'h')?.fields['CommandLine']).toBe('bash -c echo a b');
    expect(assembler.knownProcessOf(EXECVE, toldAt(0), 'elsewhere')).toBeUndefined();
  });
});
