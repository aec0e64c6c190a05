/** Endpoint events in ECS without a Windows header: Elastic Defend, Auditbeat's and Sysmon's normalised forms, osquery shippers. */
import type { EventObject, EventValue } from '../../core/event.ts';
import { textOf, valuesOf } from '../../core/field-path.ts';
import { eventSource } from '../../core/event-source.ts';
import { plainEvent } from '../../core/rule-event.ts';
import { ECS_OF_SIGMA } from './ecs-names.ts';
import type { Shape } from './shape.ts';
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
  recognises: (fields) => productOf(fields) !== undefined && valuesOf(fields, 'event.category').length > 0,
  view: (fields) => {
    const ecs = valuesOf(fields, 'event.category').map(String);
    const kinds = [...valuesOf(fields, 'event.type'), ...valuesOf(fields, 'event.action')].map(String);
    const categories = CATEGORIES.filter(
      ([name, , wanted]) => ecs.includes(name) && (wanted.length === 0 || wanted.some((kind) => kinds.includes(kind))),
    ).map(([, category]) => category);
    const flat = Object.create(null) as Record<string, EventValue>;
    addByName(flat, fields, ECS_OF_SIGMA);
    for (const [name, value] of Object.entries(fields)) if (!Object.hasOwn(flat, name)) flat[name] = value;
    return { event: plainEvent(flat), source: eventSource(productOf(fields), [...new Set(categories)], []) };
  },
};

function productOf(fields: EventObject): string | undefined {
  const os = ['host.os.type', 'host.os.family', 'host.os.platform', 'host.os.name']
    .map((name) => textOf(fields, name))
    .find((text) => text !== undefined);
  return os === undefined ? undefined : PRODUCTS.find(([pattern]) => pattern.test(os))?.[1];
}
