/**
 * Names of Windows event fields: how collectors spell the system header, and what the Security log calls the fields for which
 * Sigma uses Sysmon's names (sigma.md section 12).
 */
import type { EventObject } from '../../core/event.ts';
import type { EventSource } from '../../core/event-source.ts';
import { aliasedEvent, type FieldAliases, type RuleEvent } from '../../core/rule-event.ts';
import type { WindowsSources } from '../logsource/windows-source.ts';
import type { RecordView } from './record-view.ts';
import { scalarText } from './scalar-text.ts';
import { aliasTable } from './shape.ts';

type Alias = readonly [name: string, from: string];

/** Header fields in Sigma's spelling (`Tag_Attribute` of the XML), from NXLog, Winlogbeat's flat forms, Graylog and others. */
export const HEADER_ALIASES: readonly Alias[] = [
  ['Provider_Name', 'SourceName'],
  ['Provider_Name', 'ProviderName'],
  ['Provider_Name', 'Provider'],
  ['Provider_Guid', 'ProviderGuid'],
  ['Computer', 'Hostname'],
  ['Computer', 'ComputerName'],
  ['Execution_ProcessID', 'ExecutionProcessID'],
  ['Execution_ThreadID', 'ExecutionThreadID'],
  ['Security_UserID', 'UserID'],
  ['Correlation_ActivityID', 'ActivityID'],
  ['EventRecordID', 'RecordNumber'],
];

/** Per kind of event, by `service:event id`. */
export const EVENT_ALIASES: ReadonlyMap<string, readonly Alias[]> = new Map([
  [
    'security:4688',
    [
      ['Image', 'NewProcessName'],
      ['ParentImage', 'ParentProcessName'],
      ['ParentProcessId', 'ProcessId'],
      ['IntegrityLevel', 'MandatoryLabel'],
      ['LogonId', 'SubjectLogonId'],
      ['User', 'SubjectUserName'],
    ],
  ],
  [
    'security:4657',
    [
      ['Image', 'ProcessName'],
      ['Details', 'NewValue'],
      ['EventType', 'OperationType'],
      ['User', 'SubjectUserName'],
    ],
  ],
]);

const DEFENDER_ALIASES: readonly Alias[] = [
  ['Signature', 'ThreatName'],
  ['Filename', 'Path'],
];

const TABLES = new Map<string, FieldAliases>();
/** Kinds of event with names of their own times services: a few; the rest share one table. */
const PLAIN: FieldAliases = aliasTable(HEADER_ALIASES);

/** An event whose header stands in Sigma's spelling beside its data. */
export function windowsView(
  fields: EventObject,
  sources: WindowsSources,
): { readonly event: RuleEvent; readonly source: EventSource } {
  const read = (name: string): string | undefined => scalarText(fields, name);
  const eventId = read('EventID') ?? '';
  const source = sources.sourceOf(read('Channel'), read('Provider_Name'), eventId, read);
  return { event: windowsEvent(fields, source.services, eventId), source };
}

/** The event under the header names and those of its kind. */
export function windowsEvent(fields: EventObject, services: readonly string[], eventId: string): RuleEvent {
  const isRegistry = isRegistryAudit(services, eventId) && !Object.hasOwn(fields, 'TargetObject');
  const target = isRegistry ? registryTarget(fields) : undefined;
  const base = target === undefined ? fields : { ...fields, TargetObject: target };
  return aliasedEvent(base, windowsAliases(services, eventId));
}

/** Changes of the registry in the Security log: without `TargetObject` it is put together. */
export function isRegistryAudit(services: readonly string[], eventId: string): boolean {
  return eventId === '4657' && services.includes('security');
}

/** The record view of such an event: that name only the decoder knows. */
export function withTarget(view: RecordView): RecordView {
  return {
    ...view,
    placesOf: (name) => (name === 'TargetObject' ? undefined : view.placesOf(name)),
    isWhole: false,
    isRecord: false,
  };
}

/** Names under which rules may ask for fields of such events. */
export function windowsAliases(services: readonly string[], eventId: string): FieldAliases {
  const rows: Alias[] = [];
  let key = '';
  for (const service of services) {
    const own = EVENT_ALIASES.get(`${service}:${eventId}`) ?? (service === 'windefend' ? DEFENDER_ALIASES : undefined);
    if (own === undefined) continue;
    rows.push(...own);
    key += service === 'windefend' ? 'windefend ' : `${service}:${eventId} `;
  }
  if (key === '') return PLAIN;
  let table = TABLES.get(key);
  if (table === undefined) {
    table = aliasTable([...HEADER_ALIASES, ...rows]);
    TABLES.set(key, table);
  }
  return table;
}

/** `\REGISTRY\MACHINE\…` and a value name as Sysmon writes them: `HKLM\…\name`. Put together, so not in the raw record. */
function registryTarget(fields: EventObject): string | undefined {
  const key = fields['ObjectName'];
  const name = fields['ObjectValueName'];
  if (typeof key !== 'string') return undefined;
  const hive = key.replace(/^\\REGISTRY\\MACHINE(?=\\|$)/i, 'HKLM').replace(/^\\REGISTRY\\USER(?=\\|$)/i, 'HKU');
  return typeof name === 'string' && name !== '' && name !== '-' ? `${hive}\\${name}` : hive;
}
