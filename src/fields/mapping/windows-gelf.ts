/**
 * Windows events whose names were made flat on the way: GELF puts an underscore before every field (NXLog's `_EventID`, `_Channel`), and
 * Graylog's Beats input writes the dots of Winlogbeat as underscores (`winlogbeat_winlog_event_data_Image`). Both come combined.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { WindowsSources } from '../logsource/windows-source.ts';
import { certain, type RecordView } from './record-view.ts';
import { scalarText } from './scalar-text.ts';
import type { Shape } from './shape.ts';
import { isRegistryAudit, windowsAliases, windowsEvent, withTarget } from './windows-names.ts';

/** How a record spells a Windows name. */
interface Spelling {
  /** Before the names of the event's data. */
  readonly data: string;
  /** Header names that are spelled otherwise. */
  readonly header: ReadonlyMap<string, string>;
}

const BEAT_HEADER: readonly (readonly [string, string])[] = [
  ['EventID', 'event_id'],
  ['Channel', 'channel'],
  ['Provider_Name', 'provider_name'],
  ['Computer', 'computer_name'],
  ['EventRecordID', 'record_id'],
  ['Task', 'task'],
  ['Opcode', 'opcode'],
];

/** By the key that holds the event's id. */
const SPELLINGS: ReadonlyMap<string, Spelling> = new Map([
  ['_EventID', { data: '_', header: new Map() }],
  ...['', '_', 'winlogbeat_', '_winlogbeat_'].flatMap((before) =>
    ['_', '.'].map((dot) => [`${before}winlog${dot}event_id`, beatSpelling(`${before}winlog${dot}`, dot)] as const),
  ),
]);

function beatSpelling(before: string, dot: string): Spelling {
  return { data: `${before}event_data${dot}`, header: new Map(BEAT_HEADER.map(([name, to]) => [name, before + to])) };
}

const PROVIDERS = ['Provider_Name', 'SourceName', 'ProviderName', 'Provider'] as const;

export function windowsGelf(): Shape {
  const sources = new WindowsSources();
  const sourceOf = (read: (name: string) => string | undefined) => {
    const provider = PROVIDERS.map(read).find((text) => text !== undefined);
    return sources.sourceOf(read('Channel'), provider, read('EventID') ?? '', read);
  };
  return {
    name: 'windows-gelf',
    summary: 'Windows events over GELF (_EventID), and Winlogbeat with its names made flat (Graylog)',
    recognises: (fields) => {
      const spelling = spellingOf(fields);
      const names = ['Channel', ...PROVIDERS];
      return spelling !== undefined && names.some((name) => Object.hasOwn(fields, spelled(spelling, name)));
    },
    view: (fields) => {
      const flat = flatten(fields);
      const source = sourceOf((name) => scalarText(flat, name));
      return { event: windowsEvent(flat, source.services, scalarText(flat, 'EventID') ?? ''), source };
    },
    recordView: (fields) => recordView(fields, sourceOf),
  };
}

function recordView(
  fields: EventObject,
  sourceOf: (read: (name: string) => string | undefined) => RecordView['source'],
): RecordView | undefined {
  const spelling = spellingOf(fields);
  if (spelling === undefined) return undefined;
  const read = (name: string): string | undefined => scalarText(fields, spelled(spelling, name));
  const source = sourceOf(read);
  const { services } = source;
  const eventId = read('EventID') ?? '';
  const aliases = windowsAliases(services, eventId);
  const placesOf = (name: string): RecordView['placesOf'] extends (name: string) => infer R ? R : never =>
    // Of a dotted name the first part may be found elsewhere, which such records do not have.
    name.includes('.')
      ? undefined
      : [name, ...(aliases.get(name) ?? [])].flatMap((one) => [certain([spelled(spelling, one)]), certain([one])]);
  const view: RecordView = { source, placesOf, manners: [], isWhole: true, isRecord: false };
  return isRegistryAudit(services, eventId) ? withTarget(view) : view;
}

function spellingOf(fields: EventObject): Spelling | undefined {
  for (const [key, spelling] of SPELLINGS) if (Object.hasOwn(fields, key)) return spelling;
  return undefined;
}

function spelled({ data, header }: Spelling, name: string): string {
  return header.get(name) ?? data + name;
}

/** Under the names of Windows; what else the record has keeps its own. */
function flatten(fields: EventObject): EventObject {
  const spelling = spellingOf(fields);
  const flat = Object.create(null) as Record<string, EventValue>;
  for (const [name, key] of spelling?.header ?? [])
    if (Object.hasOwn(fields, key)) flat[name] = fields[key] as EventValue;
  for (const [key, value] of Object.entries(fields)) {
    const name = spelling !== undefined && key.startsWith(spelling.data) ? key.slice(spelling.data.length) : '';
    if (name !== '' && !Object.hasOwn(flat, name)) flat[name] = value;
  }
  for (const [key, value] of Object.entries(fields)) if (!Object.hasOwn(flat, key)) flat[key] = value;
  return flat;
}
