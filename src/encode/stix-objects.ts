/**
 * STIX 2.1 cyber-observable objects of an alert (OASIS STIX 2.1, part 6), with the deterministic ids of section 2.9: UUIDv5 over the canonical JSON
 * of the contributing properties, so that the same address has the same id in every bundle of every tool.
 */
import type { Alert } from '../core/alert.ts';
import type { EventObject, EventValue } from '../core/event.ts';
import { parseIp } from '../core/ip-address.ts';
import { uuidV5 } from '../core/uuid.ts';

/** Namespace of section 2.9 for observable ids. */
const SCO_NAMESPACE = '00abedb4-aa42-466c-9c01-fed23315a9b7';

export interface StixObject {
  readonly type: string;
  readonly id: string;
  readonly [property: string]: unknown;
}

const HASH_ALGORITHMS: Readonly<Record<string, string>> = {
  md5: 'MD5',
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha512: 'SHA-512',
};

/** Observables of the alert, referenced ones before those that refer to them, each once. */
export function observables(alert: Alert): readonly StixObject[] {
  const found = new Map<string, StixObject>();
  const add = (object: StixObject | undefined): string | undefined => {
    if (object !== undefined && !found.has(object.id)) found.set(object.id, object);
    return object?.id;
  };
  const { source, destination, url, dns, file, process, user, network, threat } = alert;
  const from = add(host(text(source?.ip) ?? text(source?.domain)));
  const to = add(host(text(destination?.ip) ?? text(destination?.domain)));
  add(host(text(destination?.domain)));
  add(host(text(url?.domain)));
  add(host(text((dns?.question as EventObject | undefined)?.name)));
  const full = text(url?.full);
  if (full?.includes('://') === true) add(observable('url', { value: full }));
  add(fileObject(text(file?.name), file?.hash));
  add(fileObject(text(process?.name), process?.hash));
  const login = text(user?.name);
  if (login !== undefined) add(observable('user-account', { account_login: login }));
  const email = threat?.indicator?.email?.address;
  if (email !== undefined) add(observable('email-addr', { value: email }));
  if (from !== undefined || to !== undefined) add(traffic(from, to, source, destination, network));
  return [...found.values()];
}

function host(value: string | undefined): StixObject | undefined {
  if (value === undefined) return undefined;
  const address = parseIp(value);
  const type = address === undefined ? 'domain-name' : address.family === 4 ? 'ipv4-addr' : 'ipv6-addr';
  return observable(type, { value });
}

function fileObject(name: string | undefined, hash: EventValue | undefined): StixObject | undefined {
  const known = Object.entries((hash ?? {}) as Record<string, string>).flatMap(([kind, digits]) => {
    const algorithm = HASH_ALGORITHMS[kind];
    return algorithm === undefined ? [] : [[algorithm, digits] as const];
  });
  const hashes = Object.fromEntries(known);
  if (name === undefined && known.length === 0) return undefined;
  // Of several hashes one contributes, in the order MD5, SHA-1, SHA-256, SHA-512 (section 2.9).
  const first = ['MD5', 'SHA-1', 'SHA-256', 'SHA-512'].find((algorithm) => Object.hasOwn(hashes, algorithm));
  const contributing = {
    ...(first !== undefined && { hashes: { [first]: hashes[first] } }),
    ...(name !== undefined && { name }),
  };
  return { ...observable('file', contributing), ...(known.length > 0 && { hashes }) };
}

function traffic(
  from: string | undefined,
  to: string | undefined,
  source: EventObject | undefined,
  destination: EventObject | undefined,
  network: EventObject | undefined,
): StixObject {
  const protocols = [text(network?.transport), text(network?.protocol)].filter((name) => name !== undefined);
  return observable('network-traffic', {
    ...(destination?.port !== undefined && to !== undefined && { dst_port: destination.port }),
    ...(to !== undefined && { dst_ref: to }),
    protocols: protocols.length > 0 ? protocols : ['ip'],
    ...(source?.port !== undefined && from !== undefined && { src_port: source.port }),
    ...(from !== undefined && { src_ref: from }),
  });
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

function text(value: EventValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
