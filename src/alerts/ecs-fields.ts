/**
 * The observables of an event in their ECS places (design 6.3): the table of `ecs-places.ts` read over the event, then what needs more than one
 * name: accounts written `DOMAIN\user`, request targets without their host, hash lists, file names from paths.
 */
import type { EventObject } from '../core/event.ts';
import { baseName } from '../core/base-name.ts';
import { lineHost } from '../core/syslog-line.ts';
import { ECS_PLACES, hostName } from './ecs-places.ts';
import { EventNames, type PlacedCandidate } from './event-names.ts';
import { PlacedValues } from './placed-values.ts';

/** Objects of ECS that this file fills. */
export type EcsFields = Readonly<Record<string, EventObject>>;

/** Windows Security logons: who logs on is the target, the subject is the service that reports it. */
const LOGON_EVENTS = new Set(['4624', '4625', '4648', '4768', '4769', '4771', '4776']);

/** The fields of an event that ECS has a place for; empty places absent. */
export function placedValues(fields: EventObject): PlacedValues {
  const names = new EventNames(fields);
  const zeek = names.mayBeZeek && (names.has('id.orig_h') || names.has('id_orig_h'));
  const found = new PlacedValues();
  const { candidates } = names;
  // Names of one place follow one another.
  let placed = '';
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i] as PlacedCandidate;
    const { place } = candidate;
    // Zeek's `host` is the HTTP Host header, its `query` and `uri` are what they seem.
    if (place === placed || (zeek && place === 'host.name' && candidate.name === 'host')) continue;
    const seen = names.textOf(candidate);
    const value = seen === undefined ? undefined : candidate.shape(seen);
    if (value === undefined) continue;
    found.add(place, value);
    placed = place;
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
function putHost(found: PlacedValues, seen: string | undefined): void {
  if (seen === undefined) return;
  const host = hostName(seen);
  for (const place of ['url.domain', 'destination.domain']) if (!found.has(place)) put(found, place, host);
}

/** A request target alone is no URL: it is put together with the host, and with the scheme where the port tells it. */
function refineUrl(found: PlacedValues): void {
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

function refineUser(found: PlacedValues, names: EventNames): void {
  if (LOGON_EVENTS.has(String(found.get('event.code')))) {
    put(found, 'user.name', names.text('TargetUserName'));
    put(found, 'user.domain', names.text('TargetDomainName'));
  }
  const name = found.get('user.name');
  const parts = typeof name !== 'string' || !name.includes('\\') ? null : /^([^\\]+)\\([^\\]+)$/.exec(name);
  if (parts === null) return;
  put(found, 'user.domain', parts[1]);
  put(found, 'user.name', parts[2]);
}

/** Places of paths, and of the names in which these end. */
const NAMED_BY = [
  ['process.executable', 'process.name'],
  ['process.parent.executable', 'process.parent.name'],
  ['file.path', 'file.name'],
] as const;

/** Names from paths, and Sysmon's `Hashes`, which belong to the file when the event has one, else to the process. */
function refineFiles(found: PlacedValues, names: EventNames): void {
  for (const [from, to] of NAMED_BY) {
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

function put(found: PlacedValues, place: string, value: string | undefined): void {
  if (value !== undefined && value !== '') found.set(place, value);
}

/** Places of the table, taken apart once. */
const SEGMENTS: ReadonlyMap<string, readonly string[]> = new Map(
  ECS_PLACES.map(({ place }) => [place, place.split('.')]),
);

/** Objects of ECS from values by place. */
export function nested(found: PlacedValues): EcsFields {
  const root: Record<string, EventObject> = {};
  const { places, values } = found;
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as string;
    const segments = SEGMENTS.get(place) ?? place.split('.');
    const last = segments.length - 1;
    let object = root as Record<string, unknown>;
    for (let k = 0; k < last; k++) {
      const segment = segments[k] as string;
      object[segment] ??= {};
      object = object[segment] as Record<string, unknown>;
    }
    object[segments[last] as string] = values[i];
  }
  return root;
}
