/**
 * Values that stand in separate fields of one object and belong together: a host with its port (endpoint), a host with a
 * request target (URL). Field names are compared without case, separators and a leading underscore, so that `SRC_IP`,
 * `_src_ip`, `src.ip` in one object, `id.orig_h` and `SourceIp` follow the same few rules.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import type { Observable } from '../core/observable.ts';
import { canonicalHost, canonicalTarget, formatUrl, splitHostPort } from '../core/web-url.ts';

/** Endings of field names that hold a host; what is before them is the stem. The longest that fits counts. */
const HOST_ENDINGS = ['ipaddress', 'ipaddr', 'address', 'addr', 'hostname', 'host', 'domain', 'name', 'ip', 'h'];
/** Endings of the port field beside it. */
const PORT_ENDINGS = ['port', 'ipport', 'pt', 'p'];
/** Whole names that hold a host without saying so. */
const HOST_NAMES = new Set([
  'src',
  'dst',
  'source',
  'destination',
  'server',
  'client',
  'sa',
  'da',
  'sni',
  'cshost',
  'rhost',
  'authority',
]);
/** Hosts without a port field of their own (STIX Spark's DOMAIN) go with the destination's port. */
const DESTINATION_PORTS = ['dstport', 'destport', 'destinationport', 'serverport', 'dport', 'dpt', 'idrespp'];
const TARGET_NAMES = new Set([
  'url',
  'uri',
  'path',
  'target',
  'request',
  'urlpath',
  'uripath',
  'requesturl',
  'requesturi',
  'requestpath',
  'httpurl',
  'httpuri',
  'httptarget',
  'httprequesturi',
  'urloriginal',
  'rawuri',
  'csuri',
  'csuristem',
  'curi',
  'requesttarget',
  'httprequestpath',
  'uristem',
]);
const QUERY_NAMES = new Set(['query', 'urlquery', 'uriquery', 'csuriquery', 'querystring', 'httpquery']);
/** More hosts or targets than this in one object are no request record; the rest is not combined. */
const MAX_COMBINED = 16;
const MAX_DEPTH = 64;

/** What the name of a field says. */
interface FieldName {
  /** Normalised. */
  readonly name: string;
  /** What stands before the ending that says host; undefined when the field holds none. */
  readonly stem: string | undefined;
  /** Whether the field can be part of anything that is put together. */
  readonly matters: boolean;
}

interface Named extends FieldName {
  readonly field: string;
  readonly text: string;
}

/** Names come again and again; when there are more than this many the memory begins anew. */
const MAX_REMEMBERED = 4096;
const MAX_REMEMBERED_KEY = 64;
const remembered = new Map<string, FieldName>();

/** Adds endpoints and composed URLs of an event to `found`: pairs inside each object, and targets with every host of the event. */
export function addComposed(fields: EventObject, found: Observable[]): void {
  visitObject(fields, '', 0, NO_HOSTS, found);
}

function visitObject(
  object: EventObject,
  path: string,
  depth: number,
  outerHosts: readonly Host[],
  found: Observable[],
): void {
  if (depth > MAX_DEPTH) return;
  const named: Named[] = [];
  const keys = Object.keys(object);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const value = object[key] as EventValue;
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    const said = fieldName(key);
    if (!said.matters) continue;
    const { name, stem, matters } = said;
    named.push({ field: path === '' ? key : `${path}.${key}`, name, stem, matters, text: String(value) });
  }
  const hosts = hostsOf(named);
  for (const host of hosts) if (host.port > 0) found.push(endpoint(host));
  const allHosts = hosts.length === 0 ? outerHosts : [...hosts, ...outerHosts].slice(0, MAX_COMBINED);
  if (allHosts.length > 0)
    for (const target of targetsOf(named)) for (const host of allHosts) found.push(composedUrl(host, target));
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const value = object[key] as EventValue;
    if (typeof value !== 'object' || value === null) continue;
    const below = path === '' ? key : `${path}.${key}`;
    if (isEventObject(value)) visitObject(value, below, depth + 1, allHosts, found);
    else if (Array.isArray(value)) {
      for (const [i, item] of (value as readonly EventValue[]).entries()) {
        if (isEventObject(item)) visitObject(item, `${below}[${i}]`, depth + 1, allHosts, found);
      }
    }
  }
}

const NO_HOSTS: readonly Host[] = Object.freeze([]);

interface Host {
  readonly field: string;
  readonly seen: string;
  readonly host: string;
  readonly port: number;
}

function hostsOf(named: readonly Named[]): Host[] {
  const hosts: Host[] = [];
  for (const { field, stem, text } of named) {
    if (stem === undefined || text.length > 300) continue;
    const split = splitHostPort(text.trim()) ?? { host: text.trim(), port: 0 };
    const host = canonicalHost(split.host) ?? canonicalHost(text.trim());
    if (host === undefined) continue;
    const port = split.port > 0 ? split.port : portBeside(stem, named);
    hosts.push({ field, seen: text, host, port });
  }
  return hosts;
}

function hostStem(name: string): string | undefined {
  if (HOST_NAMES.has(name)) return name;
  for (const ending of HOST_ENDINGS) if (name.endsWith(ending)) return name.slice(0, -ending.length);
  return undefined;
}

/** Every name that `portBeside` could ask for has such an ending. */
function isPortName(name: string): boolean {
  return PORT_ENDINGS.some((ending) => name.endsWith(ending));
}

function portBeside(stem: string, named: readonly Named[]): number {
  const names = PORT_ENDINGS.map((ending) => stem + ending);
  // Abbreviations drop letters: `src` has `spt`, `dst` has `dpt`.
  if (stem === 'src' || stem === 'sa') names.push('spt', 'sp');
  if (stem === 'dst' || stem === 'da') names.push('dpt', 'dp');
  const own = named.find((item) => names.includes(item.name));
  const port =
    own ??
    (stem.startsWith('src') || stem.startsWith('source')
      ? undefined
      : named.find((item) => DESTINATION_PORTS.includes(item.name)));
  const value = port !== undefined && /^\d{1,5}$/.test(port.text.trim()) ? Number(port.text) : 0;
  return value <= 65_535 ? value : 0;
}

function targetsOf(named: readonly Named[]): Named[] {
  const targets: Named[] = [];
  const queries = named.filter((item) => QUERY_NAMES.has(item.name) && item.text !== '' && item.text !== '-');
  for (const target of named) {
    if (!TARGET_NAMES.has(target.name) || !target.text.startsWith('/') || targets.length >= MAX_COMBINED) continue;
    targets.push(target);
    if (target.text.includes('?')) continue;
    for (const query of queries.slice(0, MAX_COMBINED))
      targets.push({ ...target, text: `${target.text}?${query.text.replace(/^\?/, '')}` });
  }
  return targets;
}

function endpoint(host: Host): Observable {
  const value = `${host.host.includes(':') ? `[${host.host}]` : host.host}:${host.port}`;
  return { kind: 'endpoint', value, seen: value, field: host.field, place: 'composed' };
}

/** The scheme is not known from fields; the port of the flow is told, and compared only with an indicator that names one. */
function composedUrl(host: Host, target: Named): Observable {
  const value = formatUrl({ scheme: '', host: host.host, port: host.port, target: canonicalTarget(target.text) });
  return {
    kind: 'url',
    value,
    seen: `${host.seen}${target.text}`,
    field: `${host.field} + ${target.field}`,
    place: 'composed',
  };
}

function fieldName(key: string): FieldName {
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const name = key.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
  const stem = hostStem(name);
  const matters = stem !== undefined || TARGET_NAMES.has(name) || QUERY_NAMES.has(name) || isPortName(name);
  const said = { name, stem, matters };
  if (key.length > MAX_REMEMBERED_KEY) return said;
  if (remembered.size === MAX_REMEMBERED) remembered.clear();
  remembered.set(key, said);
  return said;
}
