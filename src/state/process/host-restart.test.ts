import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { toldOf } from './process-event.ts';
import { toldAt } from '../../testing/told-time.ts';

const T = Date.parse('2026-03-01T10:00:00Z');

/** host, and the span in seconds from the time of the record. */
function said(fields: EventObject): string | undefined {
  const told = toldOf(fields, toldAt(T), 'source');
  if (told === undefined) return undefined;
  if (told.kind !== 'restart') return told.kind;
  return `${told.host} ${(told.fromMs - T) / 1000}..${(told.untilMs - T) / 1000}`;
}

const KERNEL = { Provider_Name: 'Microsoft-Windows-Kernel-General', Channel: 'System', Computer: 'w' };

describe('what a record says about a restart of its machine', () => {
  it.each<readonly [string, EventObject, string | undefined]>([
    [
      'the start of the kernel, by its own time',
      { ...KERNEL, EventID: 12, StartTime: '2026-03-01T09:59:50Z' },
      'w -12..-10',
    ],
    ['a clock that was not set yet', { ...KERNEL, EventID: 12, StartTime: '2026-03-01T08:59:50Z' }, 'w -120..0'],
    ['the start of the kernel without its time', { ...KERNEL, EventID: '12' }, 'w -120..0'],
    ['the end of the kernel', { ...KERNEL, EventID: 13, StopTime: '2026-03-01T10:00:01.5Z' }, 'w 1.5..3.5'],
    ['power lost', { EventID: 41, SourceName: 'Microsoft-Windows-Kernel-Power', Hostname: 'w' }, 'w -120..0'],
    ['a boot in the words of the event log', { EventID: 6009, SourceName: 'EventLog', Hostname: 'w' }, 'w -120..0'],
    ['an unexpected shutdown', { EventID: 6008, SourceName: 'EventLog', Hostname: 'w' }, 'w -120..0'],
    ['Security 4608', { EventID: 4608, SourceName: 'Microsoft-Windows-Security-Auditing', Hostname: 'w' }, 'w -120..0'],
    ['Security 4609', { EventID: 4609, SourceName: 'Microsoft-Windows-Security-Auditing', Hostname: 'w' }, 'w 0..120'],
    [
      'Winlogbeat',
      {
        winlog: {
          ...{ event_id: '12', provider_name: 'Microsoft-Windows-Kernel-General', computer_name: 'w' },
          event_data: { StartTime: '2026-03-01T09:59:50.000000000Z' },
        },
      },
      'w -12..-10',
    ],
    ['audit records', { type: 'SYSTEM_BOOT', msg: 'audit(1.000:5):', node: 'l', hostname: '?' }, 'l -120..0'],
    [
      'audit records without a machine',
      { type: 'SYSTEM_SHUTDOWN', msg: 'audit(1.000:5):', hostname: '?,' },
      'source 0..120',
    ],
    [
      'the first line of the kernel in syslog',
      { hostname: 'l', program: 'kernel', message: 'Jul 27 14:41:57 l kernel: [    0.000000] Linux version 5.15.0' },
      'l -120..0',
    ],
    [
      'the same in RFC 5424',
      { hostname: 'l', program: 'kernel', message: '<6>1 2024-05-01T10:00:00Z l kernel - - - Linux version 5.15.0' },
      'l -120..0',
    ],
    ['a service of the event log', { EventID: 6005, SourceName: 'EventLog', Hostname: 'w' }, undefined],
    ['the end of that service', { EventID: 6006, SourceName: 'EventLog', Hostname: 'w' }, undefined],
    ['an announcement', { EventID: 1074, SourceName: 'User32', Hostname: 'w' }, undefined],
    [
      'Sysmon 12',
      { EventID: 12, Channel: 'Microsoft-Windows-Sysmon/Operational', ProcessGuid: '{a}', ProcessId: 4 },
      'activity',
    ],
    ['event 12 of others', { EventID: 12, Provider_Name: 'Microsoft-Windows-UserModePowerService' }, undefined],
    ['a user who writes of the kernel', { program: 'bob', message: 'l bob: kernel: Linux version 5' }, undefined],
    ['a type without an audit stamp', { type: 'SYSTEM_BOOT' }, undefined],
  ])('%s', (_, fields, expected) => {
    expect(said(fields)).toBe(expected);
  });
});
