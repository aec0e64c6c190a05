/**
 * Windows events of Winlogbeat and Elastic Agent: header and data under `winlog`, parts of the data moved to ECS names by the
 * shipper's own modules. Both nested objects and dotted keys occur.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { someValue } from '../../core/field-path.ts';
import { WindowsSources } from '../logsource/windows-source.ts';
import { ECS_OF_SIGMA } from './ecs-names.ts';
import { scalarText } from './scalar-text.ts';
import type { Shape } from './shape.ts';
import { windowsEvent } from './windows-names.ts';

export const WINLOGBEAT_HEADER: readonly (readonly [string, string])[] = [
  ['Channel', 'winlog.channel'],
  ['EventID', 'winlog.event_id'],
  ['EventID', 'event.code'],
  ['Provider_Name', 'winlog.provider_name'],
  ['Provider_Name', 'event.provider'],
  ['Provider_Guid', 'winlog.provider_guid'],
  ['Computer', 'winlog.computer_name'],
  ['EventRecordID', 'winlog.record_id'],
  ['Execution_ProcessID', 'winlog.process.pid'],
  ['Execution_ThreadID', 'winlog.process.thread.id'],
  ['Security_UserID', 'winlog.user.identifier'],
  ['Task', 'winlog.task'],
  ['Opcode', 'winlog.opcode'],
  ['Keywords', 'winlog.keywords'],
  ['Version', 'winlog.version'],
];

const DATA = ['winlog.event_data', 'winlog.user_data'] as const;

export function windowsWinlogbeat(): Shape {
  const sources = new WindowsSources();
  return {
    name: 'windows-winlogbeat',
    summary: 'Windows events of Winlogbeat and Elastic Agent (winlog.event_data and ECS)',
    recognises: (fields) =>
      Object.hasOwn(fields, 'winlog')
        ? isEventObject(fields['winlog'])
        : Object.hasOwn(fields, 'winlog.channel') || Object.hasOwn(fields, 'winlog.event_id'),
    view: (fields) => {
      const flat = flatten(fields);
      const eventId = scalarText(flat, 'EventID') ?? '';
      const source = sources.sourceOf(scalarText(flat, 'Channel'), scalarText(flat, 'Provider_Name'), eventId, (name) =>
        scalarText(flat, name),
      );
      return { event: windowsEvent(flat, source.services, eventId), source };
    },
  };
}

function flatten(fields: EventObject): EventObject {
  const flat = Object.create(null) as Record<string, EventValue>;
  for (const path of DATA) {
    const data = objectAt(fields, path);
    if (data !== undefined) for (const [name, value] of Object.entries(data)) flat[name.replaceAll(' ', '')] = value;
    const prefix = `${path}.`;
    for (const [name, value] of Object.entries(fields))
      if (name.startsWith(prefix)) flat[name.slice(prefix.length).replaceAll(' ', '')] = value;
  }
  addByName(flat, fields, WINLOGBEAT_HEADER);
  addByName(flat, fields, ECS_OF_SIGMA);
  for (const [name, value] of Object.entries(fields)) if (!Object.hasOwn(flat, name)) flat[name] = value;
  return flat;
}

function objectAt(fields: EventObject, path: string): EventObject | undefined {
  let found: EventObject | undefined;
  someValue(fields, path, (value) => {
    if (isEventObject(value)) found = value;
    return found !== undefined;
  });
  return found;
}

/** Copies the first value of each path under the Sigma name, where that name is still free. */
export function addByName(
  flat: Record<string, EventValue>,
  fields: EventObject,
  names: readonly (readonly [string, string])[],
): void {
  for (const [name, path] of names) {
    if (Object.hasOwn(flat, name)) continue;
    const values: EventValue[] = [];
    someValue(fields, path, (value) => {
      values.push(value);
      return false;
    });
    if (values.length === 1) flat[name] = values[0] as EventValue;
    else if (values.length > 1) flat[name] = values;
  }
}
