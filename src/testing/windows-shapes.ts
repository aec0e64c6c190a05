/**
 * Flat Windows events (as NXLog writes them) in the shapes that other collectors give them: for tests and benchmarks that hold the shapes
 * to each other. What a collector renames or nests is renamed or nested; values stay what they are.
 */
import type { EventObject, EventValue } from '../core/event.ts';

/** Of the flat events: what belongs to the header, to the collector, or to neither. */
const HEADER = new Set([
  ...['Channel', 'EventID', 'SourceName', 'ProviderGuid', 'Hostname', 'RecordNumber', 'Keywords', 'Task', 'Version'],
  ...['Opcode', 'OpcodeValue', 'Level', 'ExecutionProcessID', 'ThreadID', 'UserID', 'TimeCreated', '@timestamp'],
  ...['Message', '@version', 'tags', 'host', 'port', 'EventReceivedTime', 'SourceModuleName', 'SourceModuleType'],
  ...['EventTime', 'Severity', 'SeverityValue', 'AccountName', 'AccountType', 'Domain', 'Category', 'ProviderName'],
]);

/** Sysmon's names that the shipper's module moves to ECS. */
const MOVED: readonly (readonly [name: string, ecs: string])[] = [
  ['Image', 'process.executable'],
  ['CommandLine', 'process.command_line'],
  ['CurrentDirectory', 'process.working_directory'],
  ['ProcessId', 'process.pid'],
  ['ProcessGuid', 'process.entity_id'],
  ['ParentImage', 'process.parent.executable'],
  ['ParentCommandLine', 'process.parent.command_line'],
  ['ParentProcessId', 'process.parent.pid'],
  ['ParentProcessGuid', 'process.parent.entity_id'],
  ['TargetFilename', 'file.path'],
  ['TargetObject', 'registry.path'],
  ['QueryName', 'dns.question.name'],
  ['SourceIp', 'source.ip'],
  ['SourcePort', 'source.port'],
  ['DestinationIp', 'destination.ip'],
  ['DestinationPort', 'destination.port'],
  ['DestinationHostname', 'destination.domain'],
];
const CATEGORIES: Readonly<Record<string, string>> = {
  ...{
    1: 'process',
    5: 'process',
    3: 'network',
    11: 'file',
    7: 'process',
    12: 'registry',
    13: 'registry',
    22: 'network',
  },
};

type Shaper = (event: EventObject) => EventObject;

export const WINDOWS_SHAPES: Readonly<Record<string, Shaper>> = {
  'windows-flat': (event) => event,
  winlogbeat,
  'winlogbeat, dotted keys': (event) => dotted(winlogbeat(event)),
  'elastic agent, ECS': elasticAgent,
  'evtx (Event.System)': evtx,
  'GELF (_EventID)': (event) => gelf(Object.entries(event).map(([name, value]) => [`_${name}`, value])),
  'Graylog, Winlogbeat': (event) =>
    gelf(Object.entries(dotted(winlogbeat(event))).map(([name, value]) => [name.replaceAll('.', '_'), value])),
  'evtx (System)': (event) => evtx(event)['Event'] as EventObject,
};

function dataOf(event: EventObject): Record<string, EventValue> {
  return Object.fromEntries(Object.entries(event).filter(([name]) => !HEADER.has(name)));
}

function gelf(fields: readonly (readonly [string, EventValue])[]): EventObject {
  return { version: '1.1', host: 'dc1', short_message: 'an event', ...Object.fromEntries(fields) };
}

function winlogbeat(event: EventObject): EventObject {
  return pruned({
    '@timestamp': event['@timestamp'] ?? event['TimeCreated'],
    '@metadata': { beat: 'winlogbeat', type: '_doc', version: '8.11.1' },
    message: event['Message'],
    host: { name: event['Hostname'], os: { family: 'windows', type: 'windows', build: '19045.3570' } },
    agent: { type: 'winlogbeat', version: '8.11.1', id: '6f4c1b8e-6e7f-4a8e-9a51-1d4f0e2c9b11' },
    ecs: { version: '8.0.0' },
    event: {
      code: text(event['EventID']),
      kind: 'event',
      provider: event['SourceName'],
      created: event['EventReceivedTime'],
    },
    log: { level: 'information' },
    winlog: {
      channel: event['Channel'],
      event_id: text(event['EventID']),
      provider_name: event['SourceName'],
      provider_guid: event['ProviderGuid'],
      computer_name: event['Hostname'],
      record_id: event['RecordNumber'],
      opcode: event['Opcode'],
      api: 'wineventlog',
      process: { pid: event['ExecutionProcessID'], thread: { id: event['ThreadID'] } },
      user: {
        identifier: event['UserID'],
        domain: event['Domain'],
        name: event['AccountName'],
        type: event['AccountType'],
      },
      event_data: dataOf(event),
    },
  });
}

function elasticAgent(event: EventObject): EventObject {
  const { event: head, winlog, ...rest } = winlogbeat(event) as Record<string, EventObject>;
  const data = { ...(winlog?.['event_data'] as Record<string, EventValue>) };
  const record: Record<string, EventValue> = { ...rest };
  if (event['SourceName'] === 'Microsoft-Windows-Sysmon')
    for (const [name, path] of MOVED) {
      if (!Object.hasOwn(data, name)) continue;
      put(record, path.split('.'), data[name] as EventValue);
      delete data[name];
    }
  const category = CATEGORIES[String(event['EventID'])];
  return {
    ...record,
    data_stream: { dataset: 'windows.sysmon_operational', namespace: 'default', type: 'logs' },
    event: {
      ...head,
      ...(category !== undefined && { category: [category], type: ['info'] }),
      dataset: 'windows.sysmon',
    },
    winlog: { ...winlog, event_data: data },
  };
}

function evtx(event: EventObject): EventObject {
  const isSystem = event['Channel'] === 'System';
  return {
    Event: pruned({
      '#attributes': { xmlns: 'http://schemas.microsoft.com/win/2004/08/events/event' },
      System: {
        Provider: { '#attributes': { Name: event['SourceName'], Guid: event['ProviderGuid'] } },
        EventID: isSystem ? { '#attributes': { Qualifiers: 16384 }, '#text': event['EventID'] } : event['EventID'],
        Version: event['Version'],
        Level: 4,
        Task: event['Task'],
        Opcode: event['OpcodeValue'],
        Keywords: text(event['Keywords']),
        TimeCreated: { '#attributes': { SystemTime: event['@timestamp'] } },
        EventRecordID: event['RecordNumber'],
        Correlation: null,
        Execution: { '#attributes': { ProcessID: event['ExecutionProcessID'], ThreadID: event['ThreadID'] } },
        Channel: event['Channel'],
        Computer: event['Hostname'],
        Security: { '#attributes': { UserID: event['UserID'] } },
      },
      EventData: { ...dataOf(event), ...(event['Message'] !== undefined && { Message: event['Message'] }) },
    }),
  };
}

/** Nested objects as dotted keys of the record. */
function dotted(event: EventObject, prefix = ''): EventObject {
  const flat: Record<string, EventValue> = {};
  for (const [name, value] of Object.entries(event))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      Object.assign(flat, dotted(value as EventObject, `${prefix}${name}.`));
    else flat[`${prefix}${name}`] = value;
  return flat;
}

function put(record: Record<string, EventValue>, path: readonly string[], value: EventValue): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    record[key] = value;
    return;
  }
  const inner = { ...(record[key] as Record<string, EventValue> | undefined) };
  put(inner, rest, value);
  record[key] = inner;
}

function text(value: EventValue | undefined): EventValue | undefined {
  return typeof value === 'number' ? String(value) : value;
}

/** Without what the flat event did not have. */
function pruned(record: { readonly [name: string]: unknown }): EventObject {
  return JSON.parse(JSON.stringify(record)) as EventObject;
}
