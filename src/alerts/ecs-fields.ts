/**
 * The observables of an event in their ECS places (design 6.3): the table of `ecs-places.ts` read over the event, then what needs more than one
 * name: accounts written `DOMAIN\user`, request targets without their host, hash lists, file names from paths.
 */
import type { EventObject } from '../core/event.ts';
import { baseName } from '../core/base-name.ts';
import { lineHost } from '../core/syslog-line.ts';
import { ECS_PLACES, hostName } from './ecs-places.ts';
import { EventNames, type PlacedCandidate } from './event-names.ts';

/** Objects of ECS that this file fills. */
export type EcsFields = Readonly<Record<string, EventObject>>;

/** Windows Security logons: who logs on is the target, the subject is the service that reports it. */
const LOGON_EVENTS = new Set(['4624', '4625', '4648', '4768', '4769', '4771', '4776']);

/** What ECS has a place for, by place; places in the order in which `nested` nests them. */
export type PlacedValues = ReadonlyMap<string, string | number>;

/** The fields of an event that ECS has a place for; empty places absent. */
export function placedValues(fields: EventObject): PlacedValues {
  const names = new EventNames(fields);
  const zeek = names.has('id.orig_h') || names.has('id_orig_h');
  const found = new Map<string, string | number>();
  const { candidates } = names;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i] as PlacedCandidate;
    const { place } = candidate;
    // Zeek's `host` is the HTTP Host header, its `query` and `uri` are what they seem.
    if (found.has(place) || (zeek && place === 'host.name' && candidate.name === 'host')) continue;
    const seen = names.textOf(candidate);
    const value = seen === undefined ? undefined : candidate.shape(seen);
    if (value !== undefined) found.set(place, value);
  }
  if (zeek && !found.has('url.domain')) put(found, 'url.domain', names.text('host'));
  if (!found.has('event.code')) putHost(found, names.text('DOMAIN'));
  if (!found.has('host.name')) put(found, 'host.name', hostOfLine(fields));
  refineUrl(found);
  refineUser(found, names);
  refineFiles(found, names);
  return found;
}

/** A record that is a line of text and nothing else may begin with the name of its machine. */
function hostOfLine(fields: EventObject): string | undefined {
  const { message } = fields;
  return typeof message === 'string' && Object.keys(fields).length === 1 ? lineHost(message) : undefined;
}

/** `DOMAIN` of STIX Spark: the host that a request went to. In Windows events the same word is the account's domain. */
function putHost(found: Map<string, string | number>, seen: string | undefined): void {
  if (seen === undefined) return;
  const host = hostName(seen);
  for (const place of ['url.domain', 'destination.domain']) if (!found.has(place)) put(found, place, host);
}

/** A request target alone is no URL: it is put together with the host, and with the scheme where the port tells it. */
function refineUrl(found: Map<string, string | number>): void {
  const seen = found.get('url.original');
  if (seen === undefined) return;
  const original = String(seen);
  if (/^[a-z][a-z0-9+.-]{0,30}:\/\//i.test(original)) {
    put(found, 'url.full', original);
    return;
  }
  if (!original.startsWith('/')) return;
  const [path, ...query] = original.split('?');
  put(found, 'url.path', path);
  put(found, 'url.query', query.join('?'));
  const host = found.get('url.domain') ?? found.get('destination.ip');
  if (host === undefined) return;
  const scheme = { 80: 'http://', 443: 'https://' }[Number(found.get('destination.port'))] ?? '';
  put(found, 'url.full', `${scheme}${String(host).includes(':') ? `[${host}]` : host}${original}`);
}

function refineUser(found: Map<string, string | number>, names: EventNames): void {
  if (LOGON_EVENTS.has(String(found.get('event.code')))) {
    put(found, 'user.name', names.text('TargetUserName'));
    put(found, 'user.domain', names.text('TargetDomainName'));
  }
  const name = found.get('user.name');
  const parts = name === undefined ? null : /^([^\\]+)\\([^\\]+)$/.exec(String(name));
  if (parts === null) return;
  put(found, 'user.domain', parts[1]);
  put(found, 'user.name', parts[2]);
}

/** Names from paths, and Sysmon's `Hashes`, which belong to the file when the event has one, else to the process. */
function refineFiles(found: Map<string, string | number>, names: EventNames): void {
  for (const [from, to] of [
    ['process.executable', 'process.name'],
    ['process.parent.executable', 'process.parent.name'],
    ['file.path', 'file.name'],
  ] as const) {
    const path = found.get(from);
    if (path !== undefined && !found.has(to)) put(found, to, baseName(String(path)));
  }
  const hashes = names.text('Hashes') ?? names.text('Hash');
  if (hashes === undefined) return;
  const owner = found.has('file.path') || !found.has('process.executable') ? 'file' : 'process';
  for (const [, kind = '', digits = ''] of hashes.matchAll(/\b(MD5|SHA1|SHA256|IMPHASH)=([0-9A-Fa-f]+)/gi))
    if (kind.toLowerCase() !== 'imphash') put(found, `${owner}.hash.${kind.toLowerCase()}`, digits.toLowerCase());
    else put(found, `${owner}.pe.imphash`, digits.toLowerCase());
}

function put(found: Map<string, string | number>, place: string, value: string | undefined): void {
  if (value !== undefined && value !== '') found.set(place, value);
}

/** Places of the table, taken apart once. */
const SEGMENTS: ReadonlyMap<string, readonly string[]> = new Map(
  ECS_PLACES.map(({ place }) => [place, place.split('.')]),
);

/** Objects of ECS from values by place. */
export function nested(found: PlacedValues): EcsFields {
  const root: Record<string, EventObject> = {};
  for (const [place, value] of found) {
    const segments = SEGMENTS.get(place) ?? place.split('.');
    const last = segments.length - 1;
    let object = root as Record<string, unknown>;
    for (let i = 0; i < last; i++) {
      const segment = segments[i] as string;
      object[segment] ??= {};
      object = object[segment] as Record<string, unknown>;
    }
    object[segments[last] as string] = value;
  }
  return root;
}
