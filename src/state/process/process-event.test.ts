import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { processEventOf } from './process-event.ts';
import { toldAt } from '../../testing/told-time.ts';

/** kind host pid<parent Image | CommandLine | parent's Image */
function told(fields: EventObject): string | undefined {
  const event = processEventOf(fields, toldAt(0));
  if (event === undefined) return undefined;
  const { kind, host, pid, parentPid, parentGuid, guid, fields: own, parentFields } = event;
  const ids = `${pid}${guid === undefined ? '' : `/${guid}`}<${parentPid ?? '-'}${parentGuid === undefined ? '' : `/${parentGuid}`}`;
  return `${kind} ${host} ${ids} ${own['Image'] ?? '-'} | ${own['CommandLine'] ?? '-'} | ${parentFields['Image'] ?? '-'}`;
}

const SYSMON = { Channel: 'Microsoft-Windows-Sysmon/Operational', Computer: 'w' };

describe('what a record says about a process', () => {
  it.each<readonly [string, EventObject, string | undefined]>([
    [
      'Sysmon 1',
      {
        ...SYSMON,
        EventID: 1,
        ProcessGuid: '{a}',
        ProcessId: 7,
        ParentProcessGuid: '{b}',
        ParentProcessId: 3,
        Image: 'i',
      },
      'start w 7/{a}<3/{b} i | - | -',
    ],
    [
      'Sysmon 1 without the GUID of the parent',
      { ...SYSMON, EventID: 1, ProcessGuid: '{a}', ProcessId: 7, ParentProcessId: 3, Image: 'i' },
      'start w 7/{a}<3 i | - | -',
    ],
    [
      'Sysmon 1 that says nothing of its parent',
      { ...SYSMON, EventID: '1', ProcessGuid: '{a}', ProcessId: 7, Image: 'i' },
      'start w 7/{a}<- i | - | -',
    ],
    ['Sysmon 5', { ...SYSMON, EventID: '5', ProcessGuid: '{a}', ProcessId: 7, Image: 'i' }, 'exit w 7/{a}<- i | - | -'],
    [
      'Sysmon 3',
      { ...SYSMON, EventID: 3, ProcessGuid: '{a}', ProcessId: 7, Image: 'i' },
      'activity w 7/{a}<- - | - | -',
    ],
    [
      'Security 4688, hexadecimal ids',
      {
        EventID: 4688,
        Hostname: 'w',
        NewProcessId: '0x1A4',
        ProcessId: '0x10',
        NewProcessName: 'i',
        ParentProcessName: 'p',
      },
      'start w 420<16 i | - | p',
    ],
    [
      'Security 4688 of Winlogbeat',
      {
        winlog: {
          event_id: 4688,
          computer_name: 'w',
          event_data: { NewProcessId: '0x8', ProcessId: '0x4', CommandLine: 'c' },
        },
      },
      'start w 8<4 - | c | -',
    ],
    ['Security 4689', { EventID: 4689, Computer: 'w', ProcessId: '0x8', ProcessName: 'i' }, 'exit w 8<- i | - | -'],
    ['another Security event', { EventID: 4624, Computer: 'w', ProcessId: '0x8' }, undefined],
    [
      'ECS start, with a list of types',
      {
        host: { name: 'l' },
        event: { category: ['process'], type: ['info', 'start'] },
        process: { pid: 9, executable: '/x', parent: { pid: 8, entity_id: 'e' } },
      },
      'start l 9<8/e /x | - | -',
    ],
    [
      'a connection in ECS is no start of a process',
      { host: { name: 'l' }, event: { category: ['network'], type: ['start'] }, process: { pid: 9 } },
      'activity l 9<- - | - | -',
    ],
    [
      'a file event in ECS under the names of rules is none either',
      { process: { pid: 9, parent: { entity_id: 'p' } }, ProcessGuid: 'e', ParentProcessGuid: 'p', ProcessId: 9 },
      'activity  9<-/p - | - | -',
    ],
    [
      'Defender',
      {
        ActionType: 'ProcessCreated',
        DeviceName: 'd',
        ProcessId: 5,
        InitiatingProcessId: 4,
        FolderPath: 'f',
        ProcessCommandLine: 'c',
        InitiatingProcessFileName: 'p',
      },
      'start d 5<4 f | c | p',
    ],
    [
      'CrowdStrike',
      {
        event_simpleName: 'ProcessRollup2',
        aid: 'a',
        TargetProcessId: '51',
        ParentProcessId: '50',
        ImageFileName: 'i',
      },
      'start a 51<50 i | - | -',
    ],
    [
      'CrowdStrike, end',
      { event_simpleName: 'EndOfProcess', aid: 'a', TargetProcessId: '51' },
      'exit a 51<- - | - | -',
    ],
    [
      'Carbon Black',
      {
        device_name: 'd',
        process_pid: 5,
        process_guid: 'g',
        parent_pid: 4,
        parent_guid: 'h',
        process_path: 'i',
        parent_path: 'p',
      },
      'start d 5/g<4/h i | - | p',
    ],
    [
      'a start in Carbon Black Cloud is of the child',
      {
        ...{ type: 'endpoint.event.procstart', device_name: 'd', process_pid: 4, process_guid: 'h', parent_pid: 3 },
        ...{ parent_guid: 'g', process_path: 'p', childproc_pid: 5, childproc_guid: 'c', childproc_name: 'i' },
        target_cmdline: 'i -x',
      },
      'start d 5/c<4/h i | i -x | p',
    ],
    [
      'an end in Carbon Black Cloud',
      { type: 'endpoint.event.procend', device_name: 'd', process_pid: 4, process_guid: 'h', parent_pid: 3 },
      'exit d 4/h<- - | - | -',
    ],
    [
      'what else a process does in Carbon Black Cloud',
      { type: 'endpoint.event.regmod', device_name: 'd', process_pid: 4, process_guid: 'h', parent_pid: 3 },
      'activity d 4/h<3 - | - | -',
    ],
    [
      'Defender as Azure exports it',
      {
        category: 'AdvancedHunting-DeviceProcessEvents',
        properties: {
          ActionType: 'ProcessCreated',
          DeviceName: 'd',
          ProcessId: 5,
          InitiatingProcessId: 4,
          FolderPath: 'f',
        },
      },
      'start d 5<4 f | - | -',
    ],
    [
      'osquery',
      { hostIdentifier: 'o', columns: { pid: '5', parent: '4', path: '/x', cmdline: 'x -y' } },
      'start o 5<4 /x | x -y | -',
    ],
    [
      'what a process does in the Security log',
      { EventID: 4663, Computer: 'h', ProcessId: '0x64', ProcessName: 'a.exe', ObjectName: 'f' },
      'activity h 100<- - | - | -',
    ],
    [
      'what a process does in Sysmon whose shipper left the GUID out',
      { EventID: 3, Computer: 'h', ProcessId: 100, Image: 'a.exe' },
      'activity h 100<- - | - | -',
    ],
    [
      'what a process does in Defender',
      { ActionType: 'ConnectionSuccess', DeviceName: 'd', InitiatingProcessId: 4 },
      'activity d 4<- - | - | -',
    ],
    ['a process without a parent', { host_id: 'h', id: '1', parent_id: null }, 'start h 1<- - | - | -'],
    ['an empty id', { host_id: 'h', id: '', parent_id: '1' }, undefined],
    ['anything else', { message: 'x', pid: 1 }, undefined],
  ])('%s', (_what, fields, expected) => {
    expect(told(fields)).toBe(expected);
  });
});
