/**
 * ProcessEvent: what a log record says about a process, whatever its format: Sysmon (Windows and Linux), Security 4688 and 4689,
 * auditd, ECS, and plain records with an id and a parent id. Each format is a row of names in `SHAPES`; the first whose `when` and `pid`
 * are there is taken.
 */
import type { EventObject } from '../../core/event.ts';
import { textOf } from '../../core/field-path.ts';

export type ProcessEventKind = 'start' | 'exit' | 'activity';

export interface ProcessEvent {
  readonly kind: ProcessEventKind;
  /** Machine; empty when the record names none. */
  readonly host: string;
  /** Decimal text; hexadecimal ids are converted. */
  readonly pid: string;
  /** Unique id of the process, where the source gives one. */
  readonly guid?: string;
  readonly parentPid?: string;
  readonly parentGuid?: string;
  readonly timeMs: number;
  /** Sigma names: Image, CommandLine, User, … */
  readonly fields: Readonly<Record<string, string>>;
  /** What the record itself says about the parent, under the same names. */
  readonly parentFields: Readonly<Record<string, string>>;
}

/** Properties kept of a process, by their Sigma name. `ParentX` and `AncestorX` are derived from each. */
export const PROCESS_PROPERTIES = [
  'Image',
  'CommandLine',
  'User',
  'ProcessId',
  'ProcessGuid',
  'CurrentDirectory',
  'IntegrityLevel',
  'LogonId',
  'OriginalFileName',
  'Hashes',
] as const;

interface Shape {
  /** Fields and the texts they must have (case-sensitive); several fields are AND, several texts OR. */
  readonly when: Readonly<Record<string, readonly string[]>>;
  readonly kind: ProcessEventKind;
  readonly pid: readonly string[];
  readonly guid?: readonly string[];
  readonly parentPid?: readonly string[];
  readonly parentGuid?: readonly string[];
  /** Property to the names it may have in the record. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly parentFields?: Readonly<Record<string, readonly string[]>>;
}

const EVENT_ID = ['EventID', 'event_id', 'winlog.event_id', 'event.code', 'Event.System.EventID'];
const HOST = [
  ...['Computer', 'Hostname', 'host.name', 'host.hostname', 'winlog.computer_name', 'ComputerName', 'computer_name'],
  ...['Event.System.Computer', 'node', 'host_id', 'host', 'hostname', 'agent.name', 'DeviceName'],
];

/** Windows shippers put event data under one of these. */
const DATA_PREFIXES = ['', 'winlog.event_data.', 'EventData.', 'Event.EventData.'];

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
const ECS_FIELDS = {
  Image: ['process.executable', 'process.name'],
  CommandLine: ['process.command_line'],
  User: ['user.name', 'process.user.name'],
  CurrentDirectory: ['process.working_directory'],
};

const SHAPES: readonly Shape[] = [
  {
    when: { ProcessGuid: [], ParentProcessGuid: [] },
    kind: 'start',
    pid: ['ProcessId'],
    guid: ['ProcessGuid'],
    parentPid: ['ParentProcessId'],
    parentGuid: ['ParentProcessGuid'],
    fields: SYSMON_FIELDS,
    parentFields: SYSMON_PARENT,
  },
  {
    when: { EventID: ['5'], ProcessGuid: [] },
    kind: 'exit',
    pid: ['ProcessId'],
    guid: ['ProcessGuid'],
    fields: { Image: ['Image'], User: ['User'] },
  },
  {
    when: { EventID: ['4688'], NewProcessId: [] },
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
  { when: { EventID: ['4689'] }, kind: 'exit', pid: ['ProcessId'], fields: { Image: ['ProcessName'] } },
  {
    when: { ProcessGuid: [] },
    kind: 'activity',
    pid: ['ProcessId'],
    guid: ['ProcessGuid'],
    fields: { Image: ['Image'], User: ['User'] },
  },
  {
    when: { 'process.pid': [], 'event.type': ['end', 'process_end'] },
    kind: 'exit',
    pid: ['process.pid'],
    guid: ['process.entity_id'],
    fields: ECS_FIELDS,
  },
  {
    when: { 'process.pid': [], 'event.type': ['start', 'process_started', 'creation'] },
    kind: 'start',
    pid: ['process.pid'],
    guid: ['process.entity_id'],
    parentPid: ['process.parent.pid', 'process.ppid'],
    parentGuid: ['process.parent.entity_id'],
    fields: ECS_FIELDS,
    parentFields: {
      Image: ['process.parent.executable'],
      CommandLine: ['process.parent.command_line'],
      User: ['process.parent.user.name'],
    },
  },
  {
    when: { 'process.pid': [] },
    kind: 'activity',
    pid: ['process.pid'],
    guid: ['process.entity_id'],
    parentPid: ['process.parent.pid', 'process.ppid'],
    parentGuid: ['process.parent.entity_id'],
    fields: ECS_FIELDS,
  },
  {
    when: { pid: [], ppid: [], exe: [] },
    kind: 'start',
    pid: ['pid'],
    parentPid: ['ppid'],
    fields: {
      Image: ['exe'],
      CommandLine: ['proctitle', 'cmdline', 'PROCTITLE'],
      User: ['UID', 'uid'],
      CurrentDirectory: ['cwd', 'CWD'],
    },
  },
  {
    when: { id: [], parent_id: [] },
    kind: 'start',
    pid: ['id'],
    parentPid: ['parent_id'],
    fields: {
      Image: ['Image', 'ImagePath', 'image', 'process_path'],
      CommandLine: ['CommandLine', 'Commandline', 'command_line', 'cmdline'],
      User: ['User', 'user'],
    },
  },
  {
    when: { ProcessId: [], ParentProcessId: [] },
    kind: 'start',
    pid: ['ProcessId'],
    guid: ['ProcessGuid'],
    parentPid: ['ParentProcessId'],
    parentGuid: ['ParentProcessGuid'],
    fields: SYSMON_FIELDS,
    parentFields: SYSMON_PARENT,
  },
];

/** Reads a field as text, undefined when absent, null or empty. */
type Read = (names: readonly string[]) => string | undefined;

/** What the record says about a process; undefined when it is about none. `defaultHost` stands in where it names no machine. */
export function processEventOf(fields: EventObject, timeMs: number, defaultHost = ''): ProcessEvent | undefined {
  const prefix =
    DATA_PREFIXES.find((each) => each !== '' && hasAny(fields, each, ['ProcessId', 'ProcessGuid', 'NewProcessId'])) ??
    '';
  const read: Read = (names) => {
    for (const name of names) {
      const text = textOf(fields, prefix + name) ?? (prefix === '' ? undefined : textOf(fields, name));
      if (text !== undefined && text !== '' && text !== '-') return text;
    }
    return undefined;
  };
  const shape = SHAPES.find((each) => fits(each, prefix, fields));
  const pid = shape === undefined ? undefined : processId(read(shape.pid));
  if (shape === undefined || pid === undefined) return undefined;
  return {
    kind: shape.kind,
    host: textOfAny(fields, HOST) ?? defaultHost,
    pid,
    timeMs,
    ...optional('guid', read(shape.guid ?? [])),
    ...optional('parentPid', processId(read(shape.parentPid ?? []))),
    ...optional('parentGuid', read(shape.parentGuid ?? [])),
    fields: collect(shape.fields, read),
    parentFields: collect(shape.parentFields ?? {}, read),
  };
}

/** Decimal text of a process id; `0x1a4` is 420. Anything else is kept as it is: an id need not be a number. */
export function processId(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  return /^0x[0-9a-f]{1,12}$/i.test(text) ? String(Number.parseInt(text, 16)) : text;
}

/** An empty text is a field that is there: a process without a parent. */
function fits(shape: Shape, prefix: string, fields: EventObject): boolean {
  return Object.entries(shape.when).every(([name, texts]) => {
    if (texts.length === 0) return textOf(fields, prefix + name) !== undefined || textOf(fields, name) !== undefined;
    const value = name === 'EventID' ? textOfAny(fields, EVENT_ID) : textOf(fields, name);
    return value !== undefined && texts.includes(value);
  });
}

function hasAny(fields: EventObject, prefix: string, names: readonly string[]): boolean {
  return names.some((name) => textOf(fields, prefix + name) !== undefined);
}

function textOfAny(fields: EventObject, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = textOf(fields, name);
    if (text !== undefined && text !== '') return text;
  }
  return undefined;
}

function collect(names: Readonly<Record<string, readonly string[]>>, read: Read): Record<string, string> {
  const entries = Object.entries(names).flatMap(([property, from]) => {
    const text = read(from);
    return text === undefined ? [] : [[property, text] as const];
  });
  return Object.fromEntries(entries);
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: string });
}
