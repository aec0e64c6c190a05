/**
 * Windows events converted from EVTX with their XML structure kept: `Event.System`, `Event.EventData` or `Event.UserData`,
 * attributes under `#attributes` (or `@Name`). Header attributes become `Tag_Attribute`, blanks in data names are dropped.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { WindowsSources } from '../logsource/windows-source.ts';
import { scalarText } from './scalar-text.ts';
import type { Shape } from './shape.ts';
import { windowsEvent } from './windows-names.ts';

export function windowsEvtx(): Shape {
  const sources = new WindowsSources();
  return {
    name: 'windows-evtx',
    summary: 'Windows events with Event.System and Event.EventData (evtx_dump and other converters)',
    recognises: (fields) => systemOf(fields) !== undefined,
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

function eventOf(fields: EventObject): EventObject {
  const event = Object.hasOwn(fields, 'Event') ? fields['Event'] : undefined;
  return isEventObject(event) ? event : fields;
}

function systemOf(fields: EventObject): EventObject | undefined {
  const event = eventOf(fields);
  const system = Object.hasOwn(event, 'System') ? event['System'] : undefined;
  return isEventObject(system) && Object.hasOwn(system, 'EventID') ? system : undefined;
}

function flatten(fields: EventObject): EventObject {
  const event = eventOf(fields);
  const flat = Object.create(null) as Record<string, EventValue>;
  for (const [tag, value] of Object.entries(systemOf(fields) ?? {})) addHeader(flat, tag, value);
  for (const section of ['EventData', 'UserData', 'RenderingInfo']) {
    const data = Object.hasOwn(event, section) ? event[section] : undefined;
    if (isEventObject(data)) addData(flat, data, 0);
  }
  // The record's own names stay: a collector's fields beside the event, and `Event` for rules that pipelines have renamed.
  for (const [name, value] of Object.entries(fields)) if (!Object.hasOwn(flat, name)) flat[name] = value;
  return flat;
}

function addHeader(flat: Record<string, EventValue>, tag: string, value: EventValue): void {
  if (!isEventObject(value)) {
    flat[tag] = value;
    return;
  }
  const attributes = isEventObject(value['#attributes']) ? value['#attributes'] : value;
  for (const [name, attribute] of Object.entries(attributes)) {
    if (name === '#text' || name === '$t') continue;
    flat[`${tag}_${name.replace(/^@/, '')}`] = attribute;
  }
  for (const text of ['#text', '$t']) if (Object.hasOwn(value, text)) flat[tag] = value[text] as EventValue;
}

/** `UserData` holds one wrapper element around the names; a list of `{#attributes: {Name}, #text}` is unfolded. */
function addData(flat: Record<string, EventValue>, data: EventObject, depth: number): void {
  for (const [name, value] of Object.entries(data)) {
    if (name === '#attributes') continue;
    if (name === 'Data' && Array.isArray(value)) {
      addDataList(flat, value as readonly EventValue[]);
      continue;
    }
    if (isEventObject(value) && depth < 2) {
      if (Object.hasOwn(value, '#text')) flat[name.replaceAll(' ', '')] = value['#text'] as EventValue;
      else addData(flat, value, depth + 1);
      continue;
    }
    const plain = name.replaceAll(' ', '');
    if (!Object.hasOwn(flat, plain)) flat[plain] = value;
    // A data name that a header field has taken (ProcessID, Level) stays reachable for keyword searches.
    else flat[`EventData_${plain}`] = value;
  }
}

function addDataList(flat: Record<string, EventValue>, list: readonly EventValue[]): void {
  const unnamed: EventValue[] = [];
  for (const item of list) {
    const attributes = isEventObject(item) ? item['#attributes'] : undefined;
    const name = isEventObject(attributes) ? attributes['Name'] : isEventObject(item) ? item['@Name'] : undefined;
    if (isEventObject(item) && typeof name === 'string') flat[name.replaceAll(' ', '')] = item['#text'] ?? null;
    else unnamed.push(item);
  }
  if (unnamed.length > 0) flat['Data'] = unnamed;
}
