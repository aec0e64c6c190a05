/** Endpoint events in ECS without a Windows header: Elastic Defend, Auditbeat's and Sysmon's normalised forms, osquery shippers. */
import type { EventObject } from '../../core/event.ts';
import type { EventSource } from '../../core/event-source.ts';
import { eventSource } from '../../core/event-source.ts';
import { ECS_OF_SIGMA } from './ecs-names.ts';
import { namedShape } from './named-shape.ts';
import { askedText, askedValues, hasText } from './traced-fields.ts';

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

export const elasticEndpoint = namedShape({
  name: 'elastic-endpoint',
  summary: 'endpoint events in ECS (event.category, host.os, process.executable)',
  recognises: (fields) => productOf(fields) !== undefined && askedValues(fields, 'event.category').length > 0,
  rows: ECS_OF_SIGMA,
  sourceOf,
});

/** What the audit daemon wrote stands in an object of its own. */
export const auditdEcs = namedShape({
  name: 'auditd-ecs',
  summary: 'Linux audit records by Auditbeat and Filebeat (auditd.data, auditd.log)',
  recognises: (fields) => hasText(fields, 'auditd.message_type') || hasText(fields, 'auditd.log.record_type'),
  rows: [['type', 'auditd.message_type'], ['type', 'auditd.log.record_type'], ...ECS_OF_SIGMA],
  prefixes: ['auditd.data', 'auditd.log'],
  sourceOf: (fields) => eventSource('linux', sourceOf(fields).categories, ['auditd']),
});

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
