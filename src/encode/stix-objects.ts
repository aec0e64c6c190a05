/**
 * STIX 2.1 cyber-observable objects of an alert (OASIS STIX 2.1, part 6), with the deterministic ids of section 2.9: UUIDv5 over the canonical JSON
 * of the contributing properties, so that the same address has the same id in every bundle of every tool. A process has no such properties: its
 * id follows from the alert's.
 */
import type { Alert } from '../core/alert.ts';
import type { EventObject, EventValue } from '../core/event.ts';
import { canonicalIp, parseIp } from '../core/ip-address.ts';
import type { MatchedField } from '../core/match.ts';
import { uuidV5 } from '../core/uuid.ts';
import { type MatchedValue, matchedValues } from './stix-matched.ts';
import { ownProcessId, type StixObject } from './stix-own-ids.ts';

/** Namespace of section 2.9 for observable ids. */
const SCO_NAMESPACE = '00abedb4-aa42-466c-9c01-fed23315a9b7';

/** In the order in which one of several contributes to the id; with the number of hexadecimal digits. */
const HASH_ALGORITHMS: readonly (readonly [string, string, number])[] = [
  ['md5', 'MD5', 32],
  ['sha1', 'SHA-1', 40],
  ['sha256', 'SHA-256', 64],
  ['sha512', 'SHA-512', 128],
];

const HIVES: Readonly<Record<string, string>> = {
  HKLM: 'HKEY_LOCAL_MACHINE',
  HKCU: 'HKEY_CURRENT_USER',
  HKU: 'HKEY_USERS',
  HKCR: 'HKEY_CLASSES_ROOT',
  HKCC: 'HKEY_CURRENT_CONFIG',
};

/** Puts an object into the list unless it is there, and says its id. */
type Add = (object: StixObject | undefined) => string | undefined;

/**
 * Observables of the event that the alert shows, with those of what matched in it; referenced ones before those that refer to them, each
 * once.
 */
export function observables(alert: Alert, matched = alert.flint.matched): readonly StixObject[] {
  const found = new Map<string, StixObject>();
  const add = adder(found);
  const { event, source, destination, url, dns, file, user, threat, registry } = alert;
  const from = add(host(text(source?.ip) ?? text(source?.domain)));
  const to = add(host(text(destination?.ip) ?? text(destination?.domain)));
  add(host(text(destination?.domain)));
  add(host(text(url?.domain)));
  add(host(text(objectAt(dns, 'question')?.name)));
  const full = uri(text(url?.full));
  if (full !== undefined) add(observable('url', { value: full }));
  addFile(add, text(file?.path), text(file?.name), file?.hash);
  addProcess(add, alert);
  const login = text(user?.name);
  if (login !== undefined) add(observable('user-account', { account_login: login }));
  const key = text(registry?.path);
  if (key !== undefined) add(observable('windows-registry-key', { key: key.replace(/^[A-Z]+(?=\\|$)/, fullHive) }));
  const email = threat?.indicator?.email?.address;
  if (email !== undefined) add(observable('email-addr', { value: email }));
  if (from !== undefined || to !== undefined) add(traffic(from, to, alert));
  for (const one of matchedValues(alert, matched)) addMatched(add, found, one, event.id);
  return [...found.values()];
}

/** Observables of what matched in another event of the alert. `key` tells it from others. */
export function matchedObservables(alert: Alert, matched: readonly MatchedField[], key: string): readonly StixObject[] {
  const found = new Map<string, StixObject>();
  for (const one of matchedValues(alert, matched)) addMatched(adder(found), found, one, key);
  return [...found.values()];
}

function adder(found: Map<string, StixObject>): Add {
  return (object) => {
    if (object !== undefined && !found.has(object.id)) found.set(object.id, object);
    return object?.id;
  };
}

/** Unless an object there says the same already. */
function addMatched(
  add: Add,
  found: ReadonlyMap<string, StixObject>,
  { kind, value }: MatchedValue,
  key: string,
): void {
  const lower = value.toLowerCase();
  const isSaid = (said: (object: StixObject) => readonly unknown[]): boolean =>
    [...found.values()].some((object) => said(object).some((one) => String(one).toLowerCase() === lower));
  if (kind === 'host') add(host(value));
  else if (kind === 'url') {
    const full = uri(value);
    if (full !== undefined) add(observable('url', { value: full }));
  } else if (kind === 'email') {
    if (!isSaid(({ type, value: said }) => (type === 'email-addr' ? [said] : [])))
      add(observable('email-addr', { value }));
  } else if (kind === 'hash') {
    const algorithm = HASH_ALGORITHMS.find(
      ([, , digits]) => digits === value.length && /^[0-9a-f]+$/i.test(value),
    )?.[0];
    const isKnown = isSaid(({ type, hashes }) => (type === 'file' ? Object.values(hashes ?? {}) : []));
    if (algorithm !== undefined && !isKnown) addFile(add, undefined, undefined, { [algorithm]: value });
  } else if (kind === 'file-name') {
    if (!isSaid(({ type, name }) => (type === 'file' ? [name] : []))) addFile(add, undefined, value, undefined);
  } else if (kind === 'registry-key') {
    const full = value.replace(/^[A-Z]+(?=\\|$)/, fullHive);
    if (!isSaid(({ type, key: said }) => (type === 'windows-registry-key' && said === full ? [value] : [])))
      add(observable('windows-registry-key', { key: full }));
  } else if (kind === 'account') {
    if (!isSaid(({ type, account_login: said }) => (type === 'user-account' ? [said] : [])))
      add(observable('user-account', { account_login: value }));
  } else if (kind === 'command-line') {
    const isKnown = isSaid(({ type, command_line: said }) => (type === 'process' ? [said] : []));
    if (!isKnown) add(processObject({ command_line: value }, undefined, undefined, ownProcessId(key)));
  } else add(observable('mutex', { name: value }));
}

/** What the standard takes for a domain name (sections 6.4 and RFC 5890): no service names such as `_ldap._tcp`, no wildcards. */
const HOST_NAME =
  /^(?=.{1,253}$)(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?\.)*[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?\.?$/u;
/** What no URI holds (RFC 3986). */
const NO_URI = /%(?![0-9a-f]{2})|[^\w.~:/?#[\]@!$&'()*+,;=%-]/giu;

/** The URL as it was seen, with what a URI cannot hold percent-encoded; undefined when it has no scheme. */
function uri(value: string | undefined): string | undefined {
  if (value === undefined || !/^[a-z][a-z0-9+.-]*:\/\/./i.test(value)) return undefined;
  return value.replace(NO_URI, (char) => encodeURIComponent(/\p{Surrogate}/u.test(char) ? '\ufffd' : char));
}

function host(value: string | undefined): StixObject | undefined {
  if (value === undefined) return undefined;
  const address = parseIp(value);
  if (address === undefined) return HOST_NAME.test(value) ? observable('domain-name', { value }) : undefined;
  return observable(address.family === 4 ? 'ipv4-addr' : 'ipv6-addr', { value: canonicalIp(value) ?? value });
}

function addFile(
  add: Add,
  path: string | undefined,
  name: string | undefined,
  hash: EventValue | undefined,
): string | undefined {
  const digits = (typeof hash === 'object' && hash !== null ? hash : {}) as EventObject;
  const known = HASH_ALGORITHMS.flatMap(([key, algorithm]) => {
    const value = Object.hasOwn(digits, key) ? text(digits[key]) : undefined;
    return value === undefined ? [] : [[algorithm, value] as const];
  });
  const [first] = known;
  if (name === undefined && first === undefined) return undefined;
  const folder = path === undefined ? '' : path.slice(0, Math.max(0, path.lastIndexOf('/'), path.lastIndexOf('\\')));
  const parent = folder === '' ? undefined : add(observable('directory', { path: folder }));
  // Of several hashes one contributes, in the order MD5, SHA-1, SHA-256, SHA-512 (section 2.9).
  const contributing = {
    ...(first !== undefined && { hashes: { [first[0]]: first[1] } }),
    ...(name !== undefined && { name }),
    ...(parent !== undefined && { parent_directory_ref: parent }),
  };
  return add({
    ...observable('file', contributing),
    ...(known.length > 0 && { hashes: Object.fromEntries(known) }),
  });
}

function addProcess(add: Add, alert: Alert): void {
  const { process, event } = alert;
  if (process === undefined) return;
  const image = addFile(add, text(process.executable), text(process.name), process.hash);
  const parent = objectAt(process, 'parent');
  const parentImage = addFile(add, text(parent?.executable), text(parent?.name), undefined);
  const parentId = add(processObject(parent, parentImage, undefined, ownProcessId(`parent ${event.id}`)));
  add(processObject(process, image, parentId, ownProcessId(event.id)));
}

/** Undefined when there is nothing to say beyond the image: a process must have a property of its own. */
function processObject(
  process: EventObject | undefined,
  image: string | undefined,
  parent: string | undefined,
  id: string,
): StixObject | undefined {
  const said = {
    ...(typeof process?.pid === 'number' && { pid: process.pid }),
    ...(text(process?.command_line) !== undefined && { command_line: process?.command_line }),
    ...(text(process?.working_directory) !== undefined && { cwd: process?.working_directory }),
    ...(parent !== undefined && { parent_ref: parent }),
  };
  if (Object.keys(said).length === 0) return undefined;
  return { type: 'process', spec_version: '2.1', id, ...said, ...(image !== undefined && { image_ref: image }) };
}

function traffic(from: string | undefined, to: string | undefined, alert: Alert): StixObject {
  const { source, destination, network } = alert;
  const protocols = [text(network?.transport), text(network?.protocol)].filter((name) => name !== undefined);
  const request = httpRequest(alert);
  return observable('network-traffic', {
    ...(destination?.port !== undefined && to !== undefined && { dst_port: destination.port }),
    ...(to !== undefined && { dst_ref: to }),
    ...(request !== undefined && { extensions: { 'http-request-ext': request } }),
    protocols: protocols.length > 0 ? protocols.map((name) => name.toLowerCase()) : ['ip'],
    ...(source?.port !== undefined && from !== undefined && { src_port: source.port }),
    ...(from !== undefined && { src_ref: from }),
  });
}

/** The HTTP request extension, which needs method and target (section 6.12.3.1). */
function httpRequest({ http, url, user_agent: agent }: Alert): EventObject | undefined {
  const method = text(objectAt(http, 'request')?.method);
  const target = text(url?.original) ?? text(url?.path);
  if (method === undefined || target === undefined) return undefined;
  const original = text(agent?.original);
  return {
    request_method: method.toLowerCase(),
    request_value: target,
    ...(original !== undefined && { request_header: { 'User-Agent': [original] } }),
  };
}

function observable(type: string, contributing: Readonly<Record<string, unknown>>): StixObject {
  return {
    type,
    spec_version: '2.1',
    id: `${type}--${uuidV5(SCO_NAMESPACE, canonicalJson(contributing))}`,
    ...contributing,
  };
}

/** JSON of RFC 8785 for texts, integers, lists and objects: members sorted by name, no blanks. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}

function fullHive(hive: string): string {
  return (Object.hasOwn(HIVES, hive) ? HIVES[hive] : undefined) ?? hive;
}

function objectAt(object: EventObject | undefined, key: string): EventObject | undefined {
  const value = object?.[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as EventObject) : undefined;
}

function text(value: EventValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
