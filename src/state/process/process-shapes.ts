/**
 * How log formats spell what they say about processes: one row of names for each format, the particular before the general. The
 * first row whose `keys` and `when` are there is taken. Sources: Microsoft's pages of events 4688 and 4689, of Sysmon 1 and 5 and of
 * DeviceProcessEvents; the ECS field reference; the audit record dictionary; CrowdStrike's and osquery's field lists.
 */
import type { ProcessEventKind } from './process-event.ts';

export interface ProcessShape {
  /** Fields that must be there, empty ones included: cheap to ask, so asked first. */
  readonly keys: readonly string[];
  /** Some value under one of the names is one of the texts (case-sensitive); all rows must hold. */
  readonly when?: readonly (readonly [names: readonly string[], texts: readonly string[]])[];
  /** Fields that must not be there. */
  readonly lacks?: readonly string[];
  readonly kind: ProcessEventKind;
  readonly pid: readonly string[];
  readonly guid?: readonly string[];
  readonly parentPid?: readonly string[];
  readonly parentGuid?: readonly string[];
  /** Time of the start where it is not that of the record. */
  readonly start?: readonly string[];
  /** Property to the names it may have in the record. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly parentFields?: Readonly<Record<string, readonly string[]>>;
}

export const EVENT_ID = ['EventID', 'event_id', 'winlog.event_id', 'event.code', 'Event.System.EventID'];

export const HOST = [
  ...['Computer', 'Hostname', 'host.name', 'host.hostname', 'winlog.computer_name', 'ComputerName', 'computer_name'],
  ...['Event.System.Computer', 'node', 'host_id', 'host', 'hostname', 'hostIdentifier', 'agent.name', 'DeviceName'],
  ...['properties.DeviceName', 'device_name', 'aid'],
];

const SYSMON_FIELDS = {
  Image: ['Image'],
  CommandLine: ['CommandLine'],
  User: ['User'],
  CurrentDirectory: ['CurrentDirectory'],
  IntegrityLevel: ['IntegrityLevel'],
  LogonId: ['LogonId'],
  OriginalFileName: ['OriginalFileName'],
  Hashes: ['Hashes'],
};
const SYSMON_PARENT = { Image: ['ParentImage'], CommandLine: ['ParentCommandLine'], User: ['ParentUser'] };
const SYSMON_START = {
  kind: 'start',
  pid: ['ProcessId'],
  guid: ['ProcessGuid'],
  parentPid: ['ParentProcessId'],
  parentGuid: ['ParentProcessGuid'],
  fields: SYSMON_FIELDS,
  parentFields: SYSMON_PARENT,
} as const;

const ECS_FIELDS = {
  Image: ['process.executable', 'process.name'],
  CommandLine: ['process.command_line'],
  User: ['user.name', 'process.user.name'],
  CurrentDirectory: ['process.working_directory'],
};
const ECS_PARENT = {
  Image: ['process.parent.executable', 'process.parent.name'],
  CommandLine: ['process.parent.command_line'],
  User: ['process.parent.user.name'],
};
const ECS_IDS = {
  pid: ['process.pid'],
  guid: ['process.entity_id'],
  parentPid: ['process.parent.pid', 'process.ppid'],
  parentGuid: ['process.parent.entity_id'],
};

/** execve and execveat, by name and by number on x86-64. */
const EXEC_CALLS = ['execve', 'execveat', '59', '322'];

const AUDIT_FIELDS = {
  // The names that rules use first: there they are decoded.
  Image: ['Image', 'exe'],
  CommandLine: ['CommandLine', 'cmdline', 'proctitle', 'PROCTITLE'],
  User: ['UID', 'uid'],
  CurrentDirectory: ['CurrentDirectory', 'cwd', 'CWD'],
};

export const PROCESS_SHAPES: readonly ProcessShape[] = [
  {
    keys: ['process.pid'],
    when: [
      [
        ['event.type', 'event.action'],
        ['end', 'process_end', 'process_stopped', 'exit'],
      ],
      [['event.category'], ['process']],
    ],
    kind: 'exit',
    pid: ECS_IDS.pid,
    guid: ECS_IDS.guid,
    fields: ECS_FIELDS,
  },
  {
    keys: ['process.pid'],
    when: [
      [
        ['event.type', 'event.action'],
        ['start', 'process_started', 'creation', 'exec', 'fork'],
      ],
      [['event.category'], ['process']],
    ],
    ...{ kind: 'start', ...ECS_IDS, fields: ECS_FIELDS, parentFields: ECS_PARENT },
  },
  {
    // What Auditbeat lists at its own start: processes that had been there before.
    keys: ['process.pid'],
    when: [[['event.action'], ['existing_process']]],
    start: ['process.start'],
    ...{ kind: 'start', ...ECS_IDS, fields: ECS_FIELDS, parentFields: ECS_PARENT },
  },
  { keys: ['process.pid'], kind: 'activity', ...ECS_IDS, fields: {} },
  { keys: ['ProcessGuid', 'ParentProcessGuid'], ...SYSMON_START },
  // Where a shipper left fields of the parent out.
  { keys: ['ProcessGuid', 'ParentProcessId'], ...SYSMON_START },
  { keys: ['ProcessGuid'], when: [[EVENT_ID, ['1']]], ...SYSMON_START },
  {
    keys: ['ProcessGuid'],
    when: [[EVENT_ID, ['5']]],
    kind: 'exit',
    pid: ['ProcessId'],
    guid: ['ProcessGuid'],
    fields: { Image: ['Image'], User: ['User'] },
  },
  {
    keys: ['NewProcessId'],
    when: [[EVENT_ID, ['4688']]],
    kind: 'start',
    pid: ['NewProcessId'],
    parentPid: ['ProcessId', 'CreatorProcessId'],
    fields: {
      Image: ['NewProcessName'],
      CommandLine: ['CommandLine', 'ProcessCommandLine'],
      // The target is who the process runs as; "-" where it is the subject.
      User: ['TargetUserName', 'SubjectUserName'],
      IntegrityLevel: ['MandatoryLabel'],
      LogonId: ['SubjectLogonId'],
    },
    parentFields: { Image: ['ParentProcessName', 'CreatorProcessName'] },
  },
  {
    keys: ['ProcessId'],
    when: [[EVENT_ID, ['4689']]],
    kind: 'exit',
    pid: ['ProcessId'],
    fields: { Image: ['ProcessName'] },
  },
  {
    keys: ['ProcessGuid'],
    kind: 'activity',
    pid: ['ProcessId'],
    guid: ['ProcessGuid'],
    fields: {},
  },
  {
    // CrowdStrike: its process ids are unique, the operating system's stand beside them.
    keys: ['TargetProcessId', 'event_simpleName'],
    when: [[['event_simpleName'], ['ProcessRollup2', 'SyntheticProcessRollup2']]],
    kind: 'start',
    pid: ['TargetProcessId'],
    parentPid: ['ParentProcessId'],
    fields: { Image: ['ImageFileName'], CommandLine: ['CommandLine'], User: ['UserName', 'UserSid'] },
    parentFields: { Image: ['ParentBaseFileName'] },
  },
  {
    keys: ['TargetProcessId', 'event_simpleName'],
    when: [[['event_simpleName'], ['EndOfProcess', 'TerminateProcess']]],
    kind: 'exit',
    pid: ['TargetProcessId'],
    fields: {},
  },
  {
    // Microsoft Defender: the process that starts another is "initiating".
    keys: ['InitiatingProcessId', 'ProcessId'],
    when: [[['ActionType', 'properties.ActionType'], ['ProcessCreated']]],
    kind: 'start',
    pid: ['ProcessId'],
    parentPid: ['InitiatingProcessId'],
    fields: {
      Image: ['FolderPath', 'FileName'],
      CommandLine: ['ProcessCommandLine'],
      User: ['AccountName'],
      IntegrityLevel: ['ProcessIntegrityLevel'],
      OriginalFileName: ['ProcessVersionInfoOriginalFileName'],
    },
    parentFields: {
      Image: ['InitiatingProcessFolderPath', 'InitiatingProcessFileName'],
      CommandLine: ['InitiatingProcessCommandLine'],
      User: ['InitiatingProcessAccountName'],
    },
  },
  {
    // Carbon Black Cloud: who starts another is the process that its sensor writes of.
    keys: ['childproc_pid', 'process_pid'],
    when: [[['type'], ['endpoint.event.procstart']]],
    kind: 'start',
    pid: ['childproc_pid'],
    guid: ['childproc_guid'],
    parentPid: ['process_pid'],
    parentGuid: ['process_guid'],
    fields: { Image: ['childproc_name'], CommandLine: ['target_cmdline'], User: ['childproc_username'] },
    parentFields: { Image: ['process_path'], CommandLine: ['process_cmdline'], User: ['process_username'] },
  },
  {
    keys: ['process_pid', 'process_guid'],
    when: [[['type'], ['endpoint.event.procend']]],
    kind: 'exit',
    pid: ['process_pid'],
    guid: ['process_guid'],
    fields: { Image: ['process_path'], CommandLine: ['process_cmdline'], User: ['process_username'] },
  },
  {
    // What else the process does.
    keys: ['process_pid', 'parent_pid', 'type'],
    kind: 'activity',
    pid: ['process_pid'],
    guid: ['process_guid'],
    parentPid: ['parent_pid'],
    parentGuid: ['parent_guid'],
    fields: {},
  },
  {
    // The same under its older names.
    keys: ['process_pid', 'parent_pid'],
    lacks: ['type'],
    kind: 'start',
    pid: ['process_pid'],
    guid: ['process_guid'],
    parentPid: ['parent_pid'],
    parentGuid: ['parent_guid'],
    fields: { Image: ['process_path'], CommandLine: ['process_cmdline'], User: ['process_username'] },
    parentFields: { Image: ['parent_path'], CommandLine: ['parent_cmdline'] },
  },
  {
    // osquery's table process_events.
    keys: ['columns.pid', 'columns.parent'],
    kind: 'start',
    // Results are collected later than what they tell of.
    start: ['columns.time'],
    pid: ['columns.pid'],
    parentPid: ['columns.parent'],
    fields: {
      Image: ['columns.path'],
      CommandLine: ['columns.cmdline'],
      User: ['columns.username', 'columns.uid'],
      CurrentDirectory: ['columns.cwd'],
    },
  },
  {
    // A program that could not be started: a shell asks for it in one folder after the other.
    keys: ['pid', 'ppid', 'success'],
    when: [
      [['SYSCALL', 'syscall'], EXEC_CALLS],
      [['success'], ['no']],
    ],
    ...{ kind: 'activity', pid: ['pid'], parentPid: ['ppid'], fields: {} },
  },
  {
    // Audit records of system calls: only those that start a program tell of a new one.
    keys: ['pid', 'ppid'],
    when: [[['SYSCALL', 'syscall'], EXEC_CALLS]],
    kind: 'start',
    pid: ['pid'],
    parentPid: ['ppid'],
    fields: AUDIT_FIELDS,
  },
  { keys: ['pid', 'ppid', 'syscall'], kind: 'activity', pid: ['pid'], parentPid: ['ppid'], fields: {} },
  {
    keys: ['pid', 'ppid', 'exe'],
    lacks: ['syscall', 'SYSCALL'],
    kind: 'start',
    pid: ['pid'],
    parentPid: ['ppid'],
    fields: AUDIT_FIELDS,
  },
  {
    keys: ['id', 'parent_id'],
    kind: 'start',
    pid: ['id'],
    parentPid: ['parent_id'],
    fields: {
      Image: ['Image', 'ImagePath', 'image', 'process_path'],
      CommandLine: ['CommandLine', 'Commandline', 'command_line', 'cmdline'],
      User: ['User', 'user'],
    },
  },
  { keys: ['ProcessId', 'ParentProcessId'], ...SYSMON_START },
  // What a process does where no GUID names it: object access in the Security log, Sysmon without it, Defender's other tables.
  { keys: ['ProcessId', 'ProcessName'], kind: 'activity', pid: ['ProcessId'], fields: {} },
  { keys: ['ProcessId', 'Image'], kind: 'activity', pid: ['ProcessId'], fields: {} },
  { keys: ['InitiatingProcessId', 'ActionType'], kind: 'activity', pid: ['InitiatingProcessId'], fields: {} },
];
