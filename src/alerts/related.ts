/** `related` of ECS: all addresses, names, hashes and users that an alert speaks of, so that one search finds them whatever their role. */
import { type EventObject, type EventValue, isEventObject } from '../core/event.ts';
import type { Match } from '../core/match.ts';
import type { EcsFields } from './ecs-fields.ts';

export type RelatedList = 'ip' | 'hosts' | 'hash' | 'user';

export interface RelatedValue {
  readonly list: RelatedList;
  readonly value: string;
}

/** Places of texts, in the order in which `relatedFields` lists them. */
const PLACES: Readonly<Record<RelatedList, readonly string[]>> = {
  ip: ['source.ip', 'destination.ip'],
  hosts: ['host.name', 'source.domain', 'destination.domain', 'url.domain', 'dns.question.name'],
  hash: ['process.hash.', 'file.hash.'],
  user: ['user.name'],
};

export const RELATED_LISTS = ['ip', 'hosts', 'hash', 'user'] as const satisfies readonly RelatedList[];

export function relatedFields(ecs: EcsFields, match: Match): EventObject | undefined {
  const own = relatedValue(match);
  const said: Record<string, EventValue> = {};
  for (const list of RELATED_LISTS) {
    const values = new Set<string>();
    for (const place of PLACES[list]) for (const value of textsAt(ecs, place)) values.add(value);
    if (own?.list === list) values.add(own.value);
    if (values.size > 0) said[list] = [...values];
  }
  return Object.keys(said).length === 0 ? undefined : said;
}

/** What the match itself adds to one of the lists. */
export function relatedValue(match: Match): RelatedValue | undefined {
  if (match.engine !== 'indicator') return undefined;
  const { kind, value } = match;
  if (kind === 'ipv4' || kind === 'ipv6') return { list: 'ip', value };
  return kind === 'domain' ? { list: 'hosts', value } : kind === 'hash' ? { list: 'hash', value } : undefined;
}

/** Those of the given places that each list speaks of, in its order. */
export function relatedPlaces(places: readonly string[]): Readonly<Record<RelatedList, readonly string[]>> {
  const of = (list: RelatedList): string[] =>
    PLACES[list].flatMap((wanted) =>
      places.filter((place) => (wanted.endsWith('.') ? place.startsWith(wanted) : place === wanted)),
    );
  return { ip: of('ip'), hosts: of('hosts'), hash: of('hash'), user: of('user') };
}

/** The text at a place, or with a final dot all texts below it. */
function textsAt(ecs: EcsFields, place: string): string[] {
  let value: EventValue | undefined = ecs as EventObject;
  for (const segment of place.split('.')) {
    if (segment === '') return isEventObject(value) ? Object.values(value).filter(isText) : [];
    value = isEventObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
  }
  return isText(value) ? [value] : [];
}

function isText(value: EventValue | undefined): value is string {
  return typeof value === 'string';
}
