/**
 * Random records in the shapes that users have, for differential tests of the event sieve: what a shape reads its fields from is there or
 * not, in one place or several, nested, dotted or half of each, and sometimes where nobody would put it.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import type { LogSource } from '../core/logsource.ts';
import { type Next, pick, randomEvent, word } from './random-rules.ts';

export interface RandomShape {
  readonly name: string;
  readonly sources: readonly LogSource[];
  /** Field names that rules may ask for beside the random ones. */
  readonly names: readonly string[];
  readonly record: (next: Next) => EventObject;
}

type Fields = Record<string, EventValue>;

const CHANNELS = ['Microsoft-Windows-Sysmon/Operational', 'Security', 'security', 'Application'];
const WINDOWS_SOURCES: readonly LogSource[] = [
  { product: 'windows' },
  { category: 'process_creation' },
  { service: 'security' },
  { product: 'linux' },
];
const WINDOWS_NAMES = ['Provider_Name', 'Channel', 'ParentImage', 'Image', 'EventType', 'User', 'Message', 'Product'];

/** Puts a value where the dotted path leads: nested, as one key, or with several parts in one key; what stands there already may go. */
export function place(next: Next, record: Fields, path: string, value: EventValue): void {
  const isMixed = next(8) === 0;
  const isOneKey = next(3) === 0;
  const keys: string[] = [];
  for (const segment of path.split('.'))
    if (keys.length > 0 && (isMixed ? next(2) === 0 : isOneKey)) keys.push(`${keys.pop()}.${segment}`);
    else keys.push(segment);
  const last = keys.pop() as string;
  let object = record;
  for (const key of keys) {
    const below = object[key];
    const isObject = typeof below === 'object' && below !== null && !Array.isArray(below);
    if (below !== undefined && !isObject) return;
    const inner: Fields = isObject ? (below as Fields) : {};
    object[key] = next(40) === 0 ? [inner] : inner;
    object = inner;
  }
  object[last] = value;
}

function header(next: Next): Fields {
  const { EventID } = randomEvent(next) as Fields;
  return {
    EventID: next(8) === 0 ? (EventID ?? 1) : pick(next, [1, '1', 4688, 12, '12', 4104, 4657]),
    ...(next(20) > 0 && { Channel: pick(next, CHANNELS) }),
    ...(next(20) > 0 && { Provider_Name: pick(next, ['Microsoft-Windows-Sysmon', 'x', word(next)]) }),
  };
}

function data(next: Next): Fields {
  const { EventID, ...fields } = randomEvent(next) as Fields;
  return {
    ...fields,
    ...(next(30) === 0 && EventID !== undefined && { EventID }),
    ...(next(3) === 0 && { EventType: pick(next, ['CreateKey', 'INFO']) }),
    ...(next(3) === 0 && { ParentProcessName: word(next), NewProcessName: word(next) }),
    ...(next(6) === 0 && { User: word(next), Product: word(next) }),
    ...(next(20) === 0 && { Channel: pick(next, CHANNELS) }),
    ...(next(20) === 0 && { 'Command Line': word(next) }),
    ...(next(20) === 0 && { ObjectName: '\\REGISTRY\\MACHINE\\x', ObjectValueName: word(next) }),
  };
}

const BEAT_HEADER: Readonly<Record<string, readonly string[]>> = {
  EventID: ['winlog.event_id', 'event.code'],
  Channel: ['winlog.channel'],
  Provider_Name: ['winlog.provider_name', 'event.provider'],
};
const BEAT_ECS: Readonly<Record<string, readonly string[]>> = {
  Image: ['process.executable'],
  CommandLine: ['process.command_line'],
  ParentImage: ['process.parent.executable'],
  User: ['user.name'],
  Message: ['message'],
  Product: ['process.pe.product'],
};

function winlogbeat(next: Next): EventObject {
  const record: Fields = next(10) === 0 ? {} : { winlog: {} };
  for (const [name, value] of Object.entries(tamed(next, header(next))))
    for (const path of BEAT_HEADER[name] ?? []) if (next(5) > 0) place(next, record, path, value);
  for (const [name, value] of Object.entries(data(next))) {
    const from = pick(next, [
      'winlog.event_data.',
      'winlog.event_data.',
      'winlog.event_data.',
      'winlog.user_data.',
      '',
    ]);
    place(next, record, `${from}${name}`, value);
    if (next(12) === 0) place(next, record, `winlog.event_data.${name}`, word(next));
  }
  for (const [, paths] of Object.entries(BEAT_ECS))
    for (const path of paths) if (next(4) === 0) place(next, record, path, next(6) === 0 ? null : word(next));
  if (next(20) === 0) record['process'] = word(next);
  return record;
}

function elastic(next: Next): EventObject {
  const record: Fields = {};
  place(next, record, 'host.os.type', pick(next, ['windows', 'linux', 'macos']));
  const category = pick(next, ['process', 'network', 'file']);
  place(next, record, 'event.category', next(2) === 0 ? category : [category, 'x']);
  place(next, record, 'event.type', pick(next, [['start'], 'start', ['end'], 'creation']));
  for (const [, paths] of Object.entries(BEAT_ECS))
    for (const path of paths) if (next(2) === 0) place(next, record, path, next(6) === 0 ? [word(next)] : word(next));
  for (const [name, value] of Object.entries(data(next))) if (next(3) === 0) place(next, record, name, value);
  return record;
}

/** In most records values are what events have: no objects, no lists of them. */
function tamed(next: Next, fields: Fields): Fields {
  if (next(6) === 0) return fields;
  const isScalar = (value: EventValue): boolean => typeof value !== 'object' || value === null;
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isScalar(value)));
}

function evtx(next: Next): EventObject {
  const system: Fields = {};
  for (const [name, value] of Object.entries({ EventID: 1, ...tamed(next, header(next)) })) {
    if (name === 'Provider_Name') {
      const isPlain = next(4) === 0;
      const named = { [isPlain || next(30) === 0 ? '@Name' : 'Name']: value };
      system['Provider'] = isPlain ? named : { '#attributes': named };
    } else system[name] = next(5) === 0 ? { '#text': value, '#attributes': { Qualifiers: word(next) } } : value;
  }
  if (next(3) === 0) system['Security'] = null;
  if (next(30) === 0) system['Other'] = word(next);
  const event: Fields = { System: system };
  if (next(10) > 0) {
    const [event1, user, rendering]: [Fields, Fields, Fields] = [{}, {}, {}];
    for (const [name, value] of Object.entries(tamed(next, data(next))))
      (next(16) > 0 ? event1 : next(2) === 0 ? user : rendering)[name] = value;
    if (next(10) === 0)
      event1['Data'] = pick(next, [word(next), [word(next)], { '#text': word(next) }, { Image: 'x' }]);
    if (next(30) === 0) event1['Data'] = [{ '#attributes': { Name: 'Image' }, '#text': word(next) }];
    if (next(20) === 0) event1['#attributes'] = { Image: word(next) };
    event['EventData'] = next(20) === 0 ? [event1] : event1;
    if (Object.keys(user).length > 0)
      event['UserData'] = next(3) === 0 ? user : { Wrapper: { '#attributes': { xmlns: 'x' }, ...user } };
    if (Object.keys(rendering).length > 0) event['RenderingInfo'] = rendering;
  }
  if (next(10) === 0) event['EventData'] = null;
  const outer: Fields = next(6) === 0 ? { Image: word(next) } : {};
  return next(3) === 0 ? { ...event, ...outer } : { Event: event, ...outer };
}

function flat(next: Next): EventObject {
  const { Provider_Name, ...rest } = header(next);
  const named = Provider_Name === undefined ? {} : { [pick(next, ['SourceName', 'ProviderName'])]: Provider_Name };
  return shuffled(next, {
    ...data(next),
    ...rest,
    ...named,
    Channel: rest['Channel'] ?? 'Security',
    ...(next(3) === 0 && { Message: `${word(next)} ${word(next)} kiwi legit printer` }),
    ...(next(20) === 0 && { winlog: word(next), Event: 1 }),
  });
}

/** A record of a service: its own keys, and fields that are nested anyhow. */
function service(own: (next: Next) => Fields, paths: readonly string[]): (next: Next) => EventObject {
  return (next) => {
    const record: Fields = { ...(randomEvent(next) as Fields) };
    for (const path of paths)
      if (next(2) === 0)
        place(next, record, path, pick(next, [word(next), word(next), null, [], [word(next), { b: 1 }]]));
    return shuffled(next, { ...record, ...own(next) });
  };
}

function shuffled(next: Next, fields: Fields): EventObject {
  const entries = Object.entries(fields);
  for (let i = entries.length - 1; i > 0; i--) {
    const other = next(i + 1);
    [entries[i], entries[other]] = [entries[other] as never, entries[i] as never];
  }
  return Object.fromEntries(entries);
}

const PATHS = ['userIdentity.arn', 'userIdentity.type', 'actor.id', 'debug.data.url', 'target.name'];

function audit(next: Next): Fields {
  return {
    type: pick(next, ['SYSCALL', 'EXECVE', 'PATH', 'CWD']),
    ...(next(2) === 0 && { syscall: pick(next, [59, '59', 'execve', 2]) }),
    ...(next(2) === 0 && { exe: word(next), a0: word(next), a1: word(next), uid: next(3) }),
  };
}

function google(next: Next): Fields {
  const payload = {
    methodName: word(next),
    serviceName: pick(next, ['compute.googleapis.com', 'admin.googleapis.com']),
    Image: word(next),
  };
  return next(2) === 0 ? { protoPayload: payload } : { data: { protoPayload: payload, a: { b: word(next) } } };
}

/** As GELF and Graylog's Beats input write Windows events. */
function gelf(next: Next): EventObject {
  const beat = next(2) === 0 ? undefined : pick(next, ['winlog_', '_winlogbeat_winlog_', '_winlog.']);
  const dot = beat?.at(-1) ?? '';
  const headerNames: Readonly<Record<string, string>> = {
    EventID: 'event_id',
    Channel: 'channel',
    Provider_Name: 'provider_name',
  };
  const record: Fields = {};
  for (const [name, value] of Object.entries(header(next)))
    record[beat === undefined ? `_${name}` : `${beat}${headerNames[name] ?? name}`] = value;
  for (const [name, value] of Object.entries(data(next))) {
    const moved = beat === undefined ? `_${name}` : `${beat}event_data${dot}${name}`;
    record[next(12) === 0 ? name : moved] = value;
    if (next(30) === 0) record[name] = word(next);
  }
  return shuffled(next, { version: '1.1', host: word(next), short_message: word(next), ...record });
}

function ecsOf(dataset: string, paths: readonly string[]): (next: Next) => EventObject {
  return (next) => {
    const record: Fields = { ...(randomEvent(next) as Fields) };
    place(next, record, 'event.dataset', dataset);
    for (const path of paths)
      if (next(2) === 0) place(next, record, path, next(5) === 0 ? [word(next), word(next)] : word(next));
    return shuffled(next, record);
  };
}

const SURICATA_PATHS = [
  'dns.rrname',
  'dns.queries.rrname',
  'dns.rrtype',
  'dns.answers.rdata',
  'http.url',
  'http.http_user_agent',
  'flow.action',
];

/** What sensors of endpoints write: the path of a program may tell the system by its first character. */
function sensor(next: Next): EventObject {
  const path = (): EventValue =>
    pick(next, [
      `/bin/${word(next)}`,
      `C:\\${word(next)}`,
      `\\\\${word(next)}`,
      '',
      '\u002f',
      null,
      7,
      [word(next)],
      {},
    ]);
  const own = pick<Fields>(next, [
    { ActionType: pick(next, ['ProcessCreated', 'FileCreated', 'RegistryValueSet', 'ConnectionSuccess']) },
    {
      event_simpleName: pick(next, ['ProcessRollup2', 'EndOfProcess']),
      event_platform: pick(next, ['Win', 'Lin', '', 4]),
    },
    { type: 'endpoint.event.procstart', device_os: pick(next, ['WINDOWS', 'LINUX', 'x']) },
  ]);
  const record: Fields = { ...(randomEvent(next) as Fields), ...own };
  for (const name of ['FolderPath', 'InitiatingProcessFolderPath', 'ImageFileName', 'childproc_name', 'process_path'])
    if (next(2) === 0) record[name] = path();
  for (const name of ['ProcessCommandLine', 'InitiatingProcessCommandLine', 'process_cmdline', 'RegistryKey'])
    if (next(3) === 0) record[name] = word(next);
  for (const name of ['ProcessId', 'InitiatingProcessId', 'childproc_pid', 'process_pid', 'RawProcessId'])
    if (next(3) === 0) record[name] = pick(next, [4, '4', null]);
  if (next(12) === 0) record['properties'] = { FolderPath: path(), ActionType: 'ProcessCreated' };
  return shuffled(next, record);
}

export const RANDOM_SHAPES: readonly RandomShape[] = [
  {
    name: 'edr',
    sources: [
      ...[{ product: 'windows' }, { product: 'linux' }, { category: 'process_creation' }],
      { product: 'linux', category: 'process_creation' },
    ],
    names: ['Image', 'ParentImage', 'CommandLine', 'ProcessId', 'EventType', 'TargetObject', 'Initiated', 'User'],
    record: sensor,
  },
  { name: 'windows-gelf', sources: WINDOWS_SOURCES, names: WINDOWS_NAMES, record: gelf },
  {
    name: 'suricata',
    sources: [{ category: 'dns' }, { category: 'proxy' }, { product: 'suricata' }],
    names: ['query', 'answer', 'c-uri', 'dst_ip', 'action', 'dns.rrname'],
    record: service(
      (next) => ({ event_type: pick(next, ['dns', 'http', 'flow']), dest_ip: word(next) }),
      SURICATA_PATHS,
    ),
  },
  {
    name: 'aws-cloudtrail-ecs',
    sources: [{ product: 'aws' }],
    names: ['eventName', 'userIdentity.type', 'requestParameters.x', 'requestParameters', 'event.action'],
    record: ecsOf('aws.cloudtrail', [
      ...['event.action', 'aws.cloudtrail.user_identity.type', 'aws.cloudtrail.flattened.request_parameters.x'],
      ...['userIdentity.type', 'requestParameters.x'],
    ]),
  },
  {
    name: 'm365-ecs',
    sources: [{ product: 'm365' }],
    names: ['Operation', 'Payload', 'Payload.x', 'o365.audit.Payload', 'status'],
    record: ecsOf('o365.audit', [
      'event.action',
      'o365.audit.Operation',
      'o365.audit.Payload',
      'o365.audit.Payload.x',
      'Payload',
    ]),
  },
  {
    name: 'auditd-ecs',
    sources: [{ product: 'linux' }, { service: 'auditd' }],
    names: ['a0', 'type', 'Image', 'exe'],
    record: ecsOf('auditd.log', [
      'auditd.log.record_type',
      'auditd.log.a0',
      'auditd.data.a0',
      'auditd.message_type',
      'process.executable',
    ]),
  },
  { name: 'windows-flat', sources: WINDOWS_SOURCES, names: WINDOWS_NAMES, record: flat },
  {
    name: 'windows-winlogbeat',
    sources: WINDOWS_SOURCES,
    names: [...WINDOWS_NAMES, 'process.parent.executable', 'winlog.event_data.Image'],
    record: winlogbeat,
  },
  { name: 'windows-evtx', sources: WINDOWS_SOURCES, names: WINDOWS_NAMES, record: evtx },
  {
    name: 'elastic-endpoint',
    sources: WINDOWS_SOURCES,
    names: [...WINDOWS_NAMES, 'process.executable', 'process.pe.product'],
    record: elastic,
  },
  {
    name: 'zeek',
    sources: [{ product: 'zeek' }, { category: 'dns' }],
    names: ['id.orig_h', 'c-uri', 'src_ip'],
    record: service((next) => ({ _path: pick(next, ['dns', 'http']), uid: 'C1', uri: word(next) }), ['id.orig_h']),
  },
  {
    name: 'aws-cloudtrail',
    sources: [{ product: 'aws' }, { service: 'cloudtrail' }],
    names: PATHS,
    record: service((next) => ({ eventSource: word(next), eventName: word(next), awsRegion: 'x' }), PATHS),
  },
  {
    name: 'okta',
    sources: [{ product: 'okta' }],
    names: PATHS,
    record: service(
      (next) => ({ eventType: word(next), actor: { id: word(next) }, debugContext: null }),
      PATHS.slice(3),
    ),
  },
  {
    name: 'azure',
    sources: [{ product: 'azure' }, { service: 'signinlogs' }],
    names: [...PATHS, 'OperationName', 'Category', 'Status'],
    record: service(
      (next) => ({ operationName: word(next), tenantId: 'x', category: pick(next, ['SignInLogs', 'AuditLogs', 'x']) }),
      PATHS,
    ),
  },
  {
    name: 'gcp',
    sources: [{ product: 'gcp' }],
    names: ['data.protoPayload.methodName', 'gcp.audit.method_name', 'protoPayload.Image', 'data.a.b', 'eventService'],
    record: service(google, ['a.b', 'data.x', 'gcp.audit.method_name']),
  },
  {
    name: 'github',
    sources: [{ product: 'github' }],
    names: PATHS,
    record: service(
      (next) => ({ action: pick(next, ['repo.create', 'org.x']), actor: word(next), org: 'x' }),
      PATHS.slice(3),
    ),
  },
  {
    name: 'm365',
    sources: [{ product: 'm365' }],
    names: PATHS,
    record: service((next) => ({ Workload: 'Exchange', Operation: word(next), RecordType: 1 }), PATHS),
  },
  {
    name: 'auditd',
    sources: [{ product: 'linux' }, { category: 'process_creation' }],
    names: ['exe', 'User', 'a1', 'type'],
    record: service(audit, []),
  },
  {
    name: 'linux-syslog',
    sources: [{ product: 'linux' }, { service: 'auth' }],
    names: ['message', 'USER', 'program'],
    record: service(
      (next) => ({
        program: pick(next, ['sshd', 'sudo', 'cron', 'sshd[12]']),
        hostname: word(next) || 'h',
        message: pick(next, [word(next), `x ; USER=${word(next)} ; COMMAND=${word(next)}`]),
      }),
      ['process.pid'],
    ),
  },
  {
    name: 'web',
    sources: [{ category: 'webserver' }, { category: 'proxy' }],
    names: ['cs-uri-query', 'cs-method', 'c-uri'],
    record: service(
      (next) => ({ method: 'GET', status: 200, url: `/${word(next)}?q=${word(next)}` }),
      ['user_agent.original'],
    ),
  },
];
