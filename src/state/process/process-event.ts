/**
 * ProcessEvent: what a log record says about a process, whatever its format: Sysmon (Windows and Linux), Security 4688 and 4689,
 * auditd, ECS, EDR streams, and plain records with an id and a parent id; the formats are the rows of `process-shapes.ts`.
 */
import type { EventObject, TimeOrigin } from '../../core/event.ts';
import { hasField, mayHaveField, someValue, textOf } from '../../core/field-path.ts';
import { PerKeys } from '../../core/per-keys.ts';
import { parseTime } from '../../core/time.ts';
import { isNilText } from './guid-spellings.ts';
import { type HostRestart, mayTellOfRestart, restartOf } from './host-restart.ts';
import { HOST, PROCESS_SHAPES, type ProcessShape } from './process-shapes.ts';

/** `activity`: something the process did; its start and end are not told. */
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
  /** The record has no time that could be believed: this is the time of its arrival. */
  readonly isTimeAssumed?: true;
  /** Sigma names: Image, CommandLine, User, … */
  readonly fields: Readonly<Record<string, string>>;
  /** What the record itself says about the parent, under the same names. */
  readonly parentFields: Readonly<Record<string, string>>;
  /** Put together from several records: `fields` hold more than the record at hand. */
  readonly isJoined?: true;
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

/** Windows shippers put event data under one of these, Azure's export those of Defender. */
const DATA_PREFIXES: readonly (readonly [own: string, prefix: string])[] = [
  ['winlog', 'winlog.event_data.'],
  ['winlog.event_data', 'winlog.event_data.'],
  ['EventData', 'EventData.'],
  ['Event', 'Event.EventData.'],
  ['properties', 'properties.'],
];

/** When a record says that something happened. */
export interface ToldTime {
  readonly timeMs: number;
  readonly timeOrigin: TimeOrigin;
}

/** Reads a field as text, undefined when absent, null or empty. */
type Read = (names: readonly string[]) => string | undefined;

/**
 * What the record says about a process; undefined when it is about none. `fields` as they came or under the names that rules use;
 * `defaultHost` stands in where it names no machine.
 */
export function processEventOf(fields: EventObject, told: ToldTime, defaultHost = ''): ProcessEvent | undefined {
  return processIn(LAYOUTS.of(Object.keys(fields)), fields, told, defaultHost);
}

/** As `processEventOf`, or that the machine restarted. */
export function toldOf(fields: EventObject, told: ToldTime, defaultHost = ''): ProcessEvent | HostRestart | undefined {
  const layout = LAYOUTS.of(Object.keys(fields));
  const process = processIn(layout, fields, told, defaultHost);
  if (process !== undefined || !layout.mayRestart) return process;
  const host = hostAmong(layout.hosts, fields);
  // Audit records write a question mark for an address that there is none of.
  return restartOf(fields, told, host === undefined || host.startsWith('?') ? defaultHost : host);
}

function processIn(
  { prefix, shapes, hosts }: Layout,
  fields: EventObject,
  told: ToldTime,
  defaultHost: string,
): ProcessEvent | undefined {
  const shape = shapes.find((each) => fits(each, prefix, fields));
  if (shape === undefined) return undefined;
  const read: Read = (names) => {
    for (const name of names) {
      const text = fieldText(fields, prefix, name);
      if (text !== undefined && text !== '' && text !== '-') return text;
    }
    return undefined;
  };
  const pid = processId(read(shape.pid));
  if (pid === undefined) return undefined;
  const event: { -readonly [K in keyof ProcessEvent]: ProcessEvent[K] } = {
    kind: shape.kind,
    host: hostAmong(hosts, fields) ?? defaultHost,
    pid,
    timeMs: told.timeMs,
    fields: collect(shape.fields, read),
    parentFields: collect(shape.parentFields, read),
  };
  const startMs = startOf(shape, read, told);
  if (startMs !== undefined) event.timeMs = startMs;
  else if (told.timeOrigin !== 'field') event.isTimeAssumed = true;
  const guid = read(shape.guid);
  if (guid !== undefined && !isNilText(guid)) event.guid = guid;
  const parentPid = processId(read(shape.parentPid));
  if (parentPid !== undefined) event.parentPid = parentPid;
  const parentGuid = read(shape.parentGuid);
  if (parentGuid !== undefined && !isNilText(parentGuid)) event.parentGuid = parentGuid;
  return event;
}

/** The machine that a record names. */
export function hostOf(fields: EventObject): string | undefined {
  return hostAmong(HOST, fields);
}

function hostAmong(names: readonly string[], fields: EventObject): string | undefined {
  for (const name of names) {
    const text = textOf(fields, name);
    if (text !== undefined && text !== '') return text;
  }
  return undefined;
}

/** Decimal text of a process id; `0x1a4` is 420. Anything else is kept as it is: an id need not be a number. */
export function processId(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  return /^0x[0-9a-f]{1,12}$/i.test(text) ? String(Number.parseInt(text, 16)) : text;
}

type Names = readonly string[];

/** A row of the table without the names that a record does not have. */
interface FittingShape extends Pick<ProcessShape, 'kind' | 'keys'> {
  readonly when: NonNullable<ProcessShape['when']>;
  readonly lacks: Names;
  readonly pid: Names;
  readonly guid: Names;
  readonly parentPid: Names;
  readonly parentGuid: Names;
  readonly start: Names;
  readonly fields: readonly (readonly [property: string, names: Names])[];
  readonly parentFields: FittingShape['fields'];
}

/** What of the tables may say something of records with the same names. */
interface Layout {
  readonly prefix: string;
  readonly shapes: readonly FittingShape[];
  readonly hosts: Names;
  /** One of them may say that the machine restarted. */
  readonly mayRestart: boolean;
}

/** Kinds of records that are remembered. */
const MAX_LAYOUTS = 256;
const LAYOUTS = new PerKeys(layoutOf, MAX_LAYOUTS);

function layoutOf(keys: readonly string[]): Layout {
  const own = new Set(keys);
  const prefix = prefixOf(own);
  const mayBe = (name: string): boolean => mayHaveField(own, name);
  const mayBeBelow = (name: string): boolean => mayBe(name) || (prefix !== '' && mayBe(prefix + name));
  const among = (names: Names = []): Names => names.filter(mayBeBelow);
  const properties = (names: ProcessShape['fields'] = {}): FittingShape['fields'] =>
    Object.entries(names).map(([property, of]) => [property, among(of)]);
  const shapes = PROCESS_SHAPES.flatMap((shape): FittingShape[] => {
    const when = (shape.when ?? []).map(([names, texts]) => [names.filter(mayBe), texts] as const);
    if (!shape.keys.every(mayBeBelow) || when.some(([names]) => names.length === 0)) return [];
    return [
      {
        ...{ kind: shape.kind, keys: shape.keys, when, lacks: (shape.lacks ?? []).filter(mayBe) },
        ...{ pid: among(shape.pid), guid: among(shape.guid), start: among(shape.start) },
        ...{ parentPid: among(shape.parentPid), parentGuid: among(shape.parentGuid) },
        ...{ fields: properties(shape.fields), parentFields: properties(shape.parentFields) },
      },
    ];
  });
  return { prefix, shapes, hosts: HOST.filter(mayBe), mayRestart: mayTellOfRestart(mayBe) };
}

function prefixOf(own: ReadonlySet<string>): string {
  for (const [name, prefix] of DATA_PREFIXES) if (own.has(name)) return prefix;
  return own.has('winlog.event_data.ProcessId') || own.has('winlog.event_data.NewProcessId')
    ? 'winlog.event_data.'
    : '';
}

function fieldText(fields: EventObject, prefix: string, name: string): string | undefined {
  return (prefix === '' ? undefined : textOf(fields, prefix + name)) ?? textOf(fields, name);
}

/** Null and empty texts are there: a process without a parent. */
function isThere(fields: EventObject, prefix: string, name: string): boolean {
  if (Object.hasOwn(fields, name) || (prefix !== '' && Object.hasOwn(fields, prefix + name))) return true;
  return (prefix !== '' || name.includes('.')) && fieldText(fields, prefix, name) !== undefined;
}

function fits({ keys, when, lacks }: FittingShape, prefix: string, fields: EventObject): boolean {
  for (const key of keys) if (!isThere(fields, prefix, key)) return false;
  for (const [names, texts] of when) {
    const isOneOf = (name: string): boolean =>
      someValue(fields, name, (value) => typeof value !== 'object' && texts.includes(String(value)));
    if (!names.some(isOneOf)) return false;
  }
  return !lacks.some((name) => hasField(fields, name));
}

/** The time of the start where the shape has one of its own. */
function startOf({ start }: FittingShape, read: Read, { timeMs }: ToldTime): number | undefined {
  const text = read(start);
  return text === undefined ? undefined : parseTime(text, 'Z', timeMs);
}

function collect(properties: FittingShape['fields'], read: Read): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [property, names] of properties) {
    const text = read(names);
    if (text !== undefined) found[property] = text;
  }
  return found;
}
