/**
 * Windows events of Winlogbeat and Elastic Agent: header and data under `winlog`, parts of the data moved to ECS names by the
 * shipper's own modules. Both nested objects and dotted keys occur.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { someValue } from '../../core/field-path.ts';
import type { MannerOfPath, RecordPlace } from '../../core/record-place.ts';
import { WindowsSources } from '../logsource/windows-source.ts';
import { ECS_OF_SIGMA } from './ecs-names.ts';
import { below, certain, classAt, PlacesOfKind, placesByName, type RecordView, valueAt } from './record-view.ts';
import { addByName } from './named-shape.ts';
import type { Shape } from './shape.ts';
import { isRegistryAudit, windowsAliases, windowsView, withTarget } from './windows-names.ts';

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
    view: (fields) => windowsView(flatten(fields), sources),
    recordView: (fields) => recordView(fields, sources),
  };
}

function recordView(fields: EventObject, sources: WindowsSources): RecordView | undefined {
  const holders = DATA.map((path) => path.split('.'));
  const isPlain = DATA.every((path, i) => {
    const data = classAt(fields, holders[i] ?? []);
    return !Object.hasOwn(fields, path) && data !== 'array';
  });
  // Which of two objects is meant only the decoder knows.
  if (!isPlain) return undefined;
  const own = (name: string): RecordPlace[] => [...dataPlaces(name), ...headerPlaces(name), certain([name])];
  const places = new PlacesOfKind(fields, (name) => {
    const data = dataPlaces(name).filter(({ path }) => valueAt(fields, path) !== undefined);
    return data.length > 1 ? undefined : [...data, ...headerPlaces(name), certain([name])];
  });
  const read = (name: string): string | undefined => places.textOf(name);
  const eventId = read('EventID') ?? '';
  const source = sources.sourceOf(read('Channel'), read('Provider_Name'), eventId, read);
  const { services } = source;
  const aliases = windowsAliases(services, eventId);
  const placesOf = (name: string): readonly RecordPlace[] => {
    const pinned = places.pinned(name);
    if (pinned !== undefined) return [pinned];
    return [...[name, ...(aliases.get(name) ?? [])].flatMap(own), ...below(name, own)];
  };
  const manners = holders.map((path): MannerOfPath => [path, { blankless: true }]);
  const view: RecordView = { source, placesOf, manners, isWhole: true, isRecord: false };
  return isRegistryAudit(services, eventId) ? withTarget(view) : view;
}

/** Where `flatten` finds a name in the event's data: no name there has blanks. */
function dataPlaces(name: string): RecordPlace[] {
  if (name.includes(' ')) return [];
  return DATA.flatMap((path) => [certain([...path.split('.'), name]), certain([`${path}.${name}`])]);
}

const HEADER_PLACES = placesByName([...WINLOGBEAT_HEADER, ...ECS_OF_SIGMA]);

function headerPlaces(name: string): readonly RecordPlace[] {
  return HEADER_PLACES.get(name) ?? [];
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
