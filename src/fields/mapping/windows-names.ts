/**
 * Names of Windows event fields: how collectors spell the system header, and what the Security log calls the fields for which
 * Sigma uses Sysmon's names (sigma.md section 12).
 */
import type { EventObject, EventValue } from '../../core/event.ts';

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
const EVENT_ALIASES: ReadonlyMap<string, readonly Alias[]> = new Map([
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

/** Adds the header names and those of the event's kind. */
export function windowsView(fields: EventObject, services: readonly string[], eventId: string): EventObject {
  let view: Record<string, EventValue> | undefined;
  const add = (aliases: readonly Alias[]): void => {
    for (const [name, from] of aliases) {
      const current = view ?? fields;
      if (Object.hasOwn(current, name) || !Object.hasOwn(fields, from)) continue;
      view ??= { ...fields };
      view[name] = fields[from] as EventValue;
    }
  };
  add(HEADER_ALIASES);
  for (const service of services) {
    const aliases = EVENT_ALIASES.get(`${service}:${eventId}`);
    if (aliases !== undefined) add(aliases);
    if (service === 'windefend') add(DEFENDER_ALIASES);
  }
  if (eventId === '4657' && services.includes('security') && !Object.hasOwn(fields, 'TargetObject')) {
    const target = registryTarget(fields);
    if (target !== undefined) {
      view ??= { ...fields };
      view['TargetObject'] = target;
    }
  }
  return view ?? fields;
}

/** `\REGISTRY\MACHINE\…` and a value name as Sysmon writes them: `HKLM\…\name`. Put together, so not in the raw record. */
function registryTarget(fields: EventObject): string | undefined {
  const key = fields['ObjectName'];
  const name = fields['ObjectValueName'];
  if (typeof key !== 'string') return undefined;
  const hive = key.replace(/^\\REGISTRY\\MACHINE(?=\\|$)/i, 'HKLM').replace(/^\\REGISTRY\\USER(?=\\|$)/i, 'HKU');
  return typeof name === 'string' && name !== '' && name !== '-' ? `${hive}\\${name}` : hive;
}
