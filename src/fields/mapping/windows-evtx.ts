/**
 * Windows events converted from EVTX with their XML structure kept: `Event.System`, `Event.EventData` or `Event.UserData`,
 * attributes under `#attributes` (or `@Name`). Header attributes become `Tag_Attribute`, blanks in data names are dropped.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { ANY_KEY, type MannerOfPath, type RecordPlace } from '../../core/record-place.ts';
import { WindowsSources } from '../logsource/windows-source.ts';
import { below, certain, classAt, doubtful, PlacesOfKind, type RecordView } from './record-view.ts';
import type { Shape } from './shape.ts';
import { classOf } from './traced-fields.ts';
import { isRegistryAudit, windowsAliases, windowsView, withTarget } from './windows-names.ts';

export function windowsEvtx(): Shape {
  const sources = new WindowsSources();
  return {
    name: 'windows-evtx',
    summary: 'Windows events with Event.System and Event.EventData (evtx_dump and other converters)',
    recognises: (fields) => systemOf(fields) !== undefined,
    view: (fields) => windowsView(flatten(fields), sources),
    recordView: (fields) => recordView(fields, sources),
  };
}

const SECTIONS = ['EventData', 'RenderingInfo'] as const;
/** Elements of the header (MS-EVEN6, schema of events). */
const TAGS = [
  ...['Provider', 'EventID', 'Version', 'Level', 'Task', 'Opcode', 'Keywords', 'TimeCreated', 'EventRecordID'],
  ...['Correlation', 'Execution', 'Channel', 'Computer', 'Security'],
] as const;
const TEXTS = ['#text', '$t'] as const;
/** Names that data have got which the header had taken. */
const SHADOWED = 'EventData_';

function recordView(fields: EventObject, sources: WindowsSources): RecordView {
  const root = classOf(fields, 'Event') === 'object' ? ['Event'] : [];
  const places = new PlacesOfKind(fields, (name) => tellingPlaces(fields, root, name));
  const read = (name: string): string | undefined => places.textOf(name);
  const eventId = read('EventID') ?? '';
  const source = sources.sourceOf(read('Channel'), read('Provider_Name'), eventId, read);
  const { services } = source;
  const aliases = windowsAliases(services, eventId);
  const own = (name: string): RecordPlace[] => [
    ...headerPlaces(root, name),
    ...dataPlaces(root, name),
    certain([name]),
  ];
  const placesOf = (name: string): readonly RecordPlace[] | undefined => {
    const pinned = places.pinned(name);
    if (pinned !== undefined) return [pinned];
    const names = [name, ...(aliases.get(name) ?? [])];
    const isHidden = names.some((one) => one.startsWith(SHADOWED)) || isUnknownTag(root, name);
    return isHidden ? undefined : [...names.flatMap(own), ...below(name, own)];
  };
  const view = { source, placesOf, manners: mannersOf(root), isWhole: true, isRecord: false };
  return isRegistryAudit(services, eventId) ? withTarget(view) : view;
}

/** Where the value is for certain, if anywhere; undefined: only decoding can tell. */
function tellingPlaces(fields: EventObject, root: readonly string[], name: string): readonly RecordPlace[] | undefined {
  const isThere = ({ path }: RecordPlace): boolean => !['absent', 'object'].includes(classAt(fields, path));
  const header = headerPlaces(root, name);
  const places = header.length > 0 ? header.filter(isThere) : [certain([...root, 'EventData', name])];
  if (places.length === 1 && places.every(isThere)) return places;
  const isElsewhere = ['UserData', 'RenderingInfo'].some((section) => classAt(fields, [...root, section]) === 'object');
  return header.length > 0 || isElsewhere ? undefined : [...places, certain([name])];
}

/** Rules that name the header's elements as they stand in the record may ask for those that there are. */
function isUnknownTag(root: readonly string[], name: string): boolean {
  const header = [...root, 'System', ''].join('.');
  const [tag = ''] = name.slice(header.length).split('.');
  return name.startsWith(header) && !(TAGS as readonly string[]).includes(tag);
}

/** Elements by their text; attributes as `Tag_Attribute`. */
function headerPlaces(root: readonly string[], name: string): RecordPlace[] {
  const isTag = (TAGS as readonly string[]).includes(name);
  const places = isTag ? [[name], ...TEXTS.map((text) => [name, text])].map((path) => certain(path)) : [];
  const tag = TAGS.find((one) => name.startsWith(`${one}_`));
  if (tag !== undefined) {
    const attribute = name.slice(tag.length + 1);
    for (const key of [attribute, `@${attribute}`])
      places.push(certain([tag, '#attributes', key]), doubtful([tag, key]));
  }
  return places.map(({ path, isCertain }) => ({ path: [...root, 'System', ...path], isCertain }));
}

function dataPlaces(root: readonly string[], name: string): RecordPlace[] {
  const sections = [...SECTIONS.map((section) => [section]), ['UserData'], ['UserData', ANY_KEY]];
  return sections.flatMap((section) => {
    const path = [...root, ...section, name];
    return name === 'Data' ? [certain(path), certain([...path, '#text'])] : [certain(path)];
  });
}

/** What `flatten` does with lists of named data, and with names or nesting that no converter is known to write, is for it alone. */
function mannersOf(root: readonly string[]): MannerOfPath[] {
  const manners: MannerOfPath[] = [
    [root, { single: true }],
    [[...root, 'System'], { single: true, closed: true }],
    [[...root, 'UserData'], { single: true, blankless: true }],
    [[...root, 'UserData', '#attributes'], { mayNest: true }],
  ];
  for (const tag of TAGS) {
    manners.push([[...root, 'System', tag], { single: true }]);
    manners.push([[...root, 'System', tag, '#attributes'], { single: true }]);
  }
  for (const section of [...SECTIONS.map((one) => [one]), ['UserData', ANY_KEY]]) {
    const path = [...root, ...section];
    manners.push([path, { single: true, flat: true, blankless: true }]);
    manners.push([[...path, '#attributes'], { mayNest: true }]);
  }
  for (const section of [...SECTIONS.map((one) => [one]), ['UserData'], ['UserData', ANY_KEY]]) {
    const data = [...root, ...section, 'Data'];
    manners.push([data, { single: true, mayNest: true, closed: true }]);
    manners.push([[...data, '#attributes'], { mayNest: true }]);
    manners.push([[...data, '#text'], {}]);
  }
  return manners;
}

function eventOf(fields: EventObject): EventObject {
  return classOf(fields, 'Event') === 'object' ? (fields['Event'] as EventObject) : fields;
}

function systemOf(fields: EventObject): EventObject | undefined {
  const event = eventOf(fields);
  if (classOf(event, 'System') !== 'object') return undefined;
  const system = event['System'] as EventObject;
  return Object.hasOwn(system, 'EventID') ? system : undefined;
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
