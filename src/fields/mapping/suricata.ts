/**
 * Suricata's EVE JSON. What its application layers saw is what Sigma's generic categories ask for: DNS in both forms (one query as
 * members of `dns`, or lists of queries and answers), HTTP as a proxy sees it, flows and alerts as a firewall does.
 */
import type { EventObject } from '../../core/event.ts';
import type { EventSource } from '../../core/event-source.ts';
import { eventSource } from '../../core/event-source.ts';
import { namedShape } from './named-shape.ts';
import { scalarText } from './scalar-text.ts';

const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  dns: ['dns'],
  http: ['proxy'],
  flow: ['firewall'],
  netflow: ['firewall'],
  alert: ['firewall'],
  drop: ['firewall'],
};
const NO_CATEGORY = eventSource('suricata', [], []);
const SOURCES: ReadonlyMap<string, EventSource> = new Map(
  Object.entries(CATEGORIES).map(([type, categories]) => [type, eventSource('suricata', categories, [type])]),
);

export const suricata = namedShape({
  name: 'suricata',
  summary: 'Suricata EVE JSON',
  recognises: (fields) =>
    Object.hasOwn(fields, 'event_type') &&
    (Object.hasOwn(fields, 'flow_id') || Object.hasOwn(fields, 'dest_ip') || Object.hasOwn(fields, 'in_iface')),
  rows: [
    ['query', 'dns.rrname'],
    ['query', 'dns.queries.rrname'],
    ['query', 'dns.query.rrname'],
    ['record_type', 'dns.rrtype'],
    ['record_type', 'dns.queries.rrtype'],
    ['record_type', 'dns.query.rrtype'],
    ['answer', 'dns.answers.rdata'],
    ['answer', 'dns.rdata'],
    ['c-uri', 'http.url'],
    ['cs-uri', 'http.url'],
    ['c-useragent', 'http.http_user_agent'],
    ['cs-user-agent', 'http.http_user_agent'],
    ['cs-method', 'http.http_method'],
    ['cs-host', 'http.hostname'],
    ['cs-referer', 'http.http_refer'],
    ['sc-status', 'http.status'],
    ['c-ip', 'src_ip'],
    ['dst_ip', 'dest_ip'],
    ['dst_port', 'dest_port'],
    ['action', 'flow.action'],
    ['action', 'alert.action'],
  ],
  sourceOf: (fields: EventObject) => SOURCES.get(scalarText(fields, 'event_type') ?? '') ?? NO_CATEGORY,
});
