/** Endpoint events in ECS without a Windows header: Elastic Defend, Auditbeat's and Sysmon's normalised forms, osquery shippers. */
import type { EventObject, EventValue } from '../../core/event.ts';
import type { RecordPlace } from '../../core/record-place.ts';
import type { EventSource } from '../../core/event-source.ts';
import { eventSource } from '../../core/event-source.ts';
import { plainEvent } from '../../core/rule-event.ts';
import { ECS_OF_SIGMA } from './ecs-names.ts';
import { below, certain, placesByName, spellings } from './record-view.ts';
import type { Shape } from './shape.ts';
import { askedText, askedValues } from './traced-fields.ts';
import { addByName } from './windows-winlogbeat.ts';

/** Sigma category by ECS `event.category`, with the `event.type` or `event.action` values it takes; empty: all. */
const CATEGORIES: readonly (readonly [ecs: string, category: string, kinds: readonly string[]])[] = [
  ['process', 'process_creation', ['start', 'process_started', 'exec', 'fork']],
  ['process', 'process_termination', ['end', 'process_stopped']],
  [
    'network',
    'network_connection',
    ['start', 'connection', 'connection_attempted', 'connection_accepted', 'connected-to'],
  ],
  ['network', 'dns_query', ['lookup_requested', 'lookup_result', 'dns_query']],
  ['dns', 'dns_query', []],
  ['file', 'file_event', ['creation', 'change', 'created', 'modification']],
  ['file', 'file_delete', ['deletion', 'deleted']],
  ['file', 'file_rename', ['rename']],
  ['file', 'file_access', ['access', 'open']],
  ['library', 'image_load', []],
  ['driver', 'driver_load', []],
  ['registry', 'registry_event', []],
  ['registry', 'registry_set', ['change', 'modification']],
  ['registry', 'registry_add', ['creation']],
  ['registry', 'registry_delete', ['deletion']],
];

const PRODUCTS: readonly (readonly [RegExp, string])[] = [
  [/windows/i, 'windows'],
  [/mac|darwin/i, 'macos'],
  [/linux|ubuntu|debian|centos|redhat|rhel|suse|amazon|fedora|arch/i, 'linux'],
];

export const elasticEndpoint: Shape = {
  name: 'elastic-endpoint',
  summary: 'endpoint events in ECS (event.category, host.os, process.executable)',
  recognises: (fields) => productOf(fields) !== undefined && askedValues(fields, 'event.category').length > 0,
  view: (fields) => {
    const flat = Object.create(null) as Record<string, EventValue>;
    addByName(flat, fields, ECS_OF_SIGMA);
    for (const [name, value] of Object.entries(fields)) if (!Object.hasOwn(flat, name)) flat[name] = value;
    return { event: plainEvent(flat), source: sourceOf(fields) };
  },
  recordView: (fields) => {
    const own = (name: string): RecordPlace[] => [...(ECS_PLACES.get(name) ?? []), certain([name])];
    return {
      source: sourceOf(fields),
      // The first part of a dotted name is hardly ever one that ECS fields have got.
      placesOf: (name) => {
        const [first = ''] = name.split('.', 1);
        return [...own(name), ...(ECS_PLACES.has(first) ? below(name, own) : spellings(name).slice(1))];
      },
      manners: [],
      isWhole: true,
      isRecord: false,
    };
  },
};

const ECS_PLACES = placesByName(ECS_OF_SIGMA);

function sourceOf(fields: EventObject): EventSource {
  const ecs = askedValues(fields, 'event.category').map(String);
  const kinds = [...askedValues(fields, 'event.type'), ...askedValues(fields, 'event.action')].map(String);
  const categories = CATEGORIES.filter(
    ([name, , wanted]) => ecs.includes(name) && (wanted.length === 0 || wanted.some((kind) => kinds.includes(kind))),
  ).map(([, category]) => category);
  return eventSource(productOf(fields), [...new Set(categories)], []);
}

function productOf(fields: EventObject): string | undefined {
  const os = ['host.os.type', 'host.os.family', 'host.os.platform', 'host.os.name']
    .map((name) => askedText(fields, name))
    .find((text) => text !== undefined);
  return os === undefined ? undefined : PRODUCTS.find(([pattern]) => pattern.test(os))?.[1];
}
