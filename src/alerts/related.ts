/** `related` of ECS: all addresses, names, hashes and users that an alert speaks of, so that one search finds them whatever their role. */
import { type EventObject, type EventValue, isEventObject } from '../core/event.ts';
import type { Match } from '../core/match.ts';
import type { EcsFields } from './ecs-fields.ts';

export function relatedFields(ecs: EcsFields, match: Match): EventObject | undefined {
  const value = match.engine === 'indicator' ? match.value : undefined;
  const kind = match.engine === 'indicator' ? match.kind : undefined;
  const related = {
    ip: distinct([
      at(ecs['source'], 'ip'),
      at(ecs['destination'], 'ip'),
      kind === 'ipv4' || kind === 'ipv6' ? value : undefined,
    ]),
    hosts: distinct([
      at(ecs['host'], 'name'),
      at(ecs['source'], 'domain'),
      at(ecs['destination'], 'domain'),
      at(ecs['url'], 'domain'),
      at(ecs['dns']?.['question'], 'name'),
      kind === 'domain' ? value : undefined,
    ]),
    hash: distinct([...hashes(ecs.process), ...hashes(ecs.file), kind === 'hash' ? value : undefined]),
    user: distinct([at(ecs['user'], 'name')]),
  };
  const said: Record<string, EventValue> = {};
  if (related.ip.length > 0) said['ip'] = related.ip;
  if (related.hosts.length > 0) said['hosts'] = related.hosts;
  if (related.hash.length > 0) said['hash'] = related.hash;
  if (related.user.length > 0) said['user'] = related.user;
  return Object.keys(said).length === 0 ? undefined : said;
}

function at(object: EventValue | undefined, key: string): string | undefined {
  const value = isEventObject(object) ? object[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function hashes(owner: EventObject | undefined): string[] {
  return Object.values((owner?.hash ?? {}) as Record<string, string>);
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}
