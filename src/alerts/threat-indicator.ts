/**
 * One source of an indicator as `threat.indicator` of ECS. The type is the STIX cyber-observable name that ECS lists; the value stands
 * in the place that ECS gives to its kind and, always, in `value`.
 */
import type { ThreatIndicator } from '../core/alert.ts';
import type { IndicatorDetails, IndicatorKind } from '../core/indicator.ts';
import type { Match } from '../core/match.ts';
import { parseIp } from '../core/ip-address.ts';
import { splitHostPort } from '../core/web-url.ts';
import { rfc3339 } from './rfc3339.ts';

type Placed = Pick<ThreatIndicator, 'type' | 'ip' | 'port' | 'url' | 'email' | 'file' | 'registry'>;

const PLACE: Readonly<Record<IndicatorKind, (value: string) => Placed>> = {
  domain: (value) => ({ type: 'domain-name', url: { domain: value } }),
  url: (value) => ({ type: 'url', url: { full: value } }),
  ipv4: (value) => ({ type: 'ipv4-addr', ip: value }),
  ipv6: (value) => ({ type: 'ipv6-addr', ip: value }),
  network: (value) => ({ type: value.includes(':') ? 'ipv6-addr' : 'ipv4-addr' }),
  email: (value) => ({ type: 'email-addr', email: { address: value } }),
  hash: (value) => ({ type: 'file', file: { hash: { [hashName(value)]: value } } }),
  'file-name': (value) => ({ type: 'file', file: { name: value } }),
  'registry-key': (value) => ({ type: 'windows-registry-key', registry: { key: value } }),
  mutex: () => ({ type: 'mutex' }),
  'user-agent': () => ({ type: 'user-agent' }),
  endpoint: placeEndpoint,
  text: () => ({ type: 'artifact' }),
};

/** Sources of the matched value, the one with the highest confidence first; sources of equal confidence keep their order. */
export function sourcesOf(match: Match): readonly IndicatorDetails[] {
  if (match.engine !== 'indicator') return match.indicator === undefined ? [] : [match.indicator];
  const { sources } = match;
  // In this order already when they come from a table.
  const isOrdered = sources.every((source, i) => i === 0 || confidenceOf(source) <= confidenceOf(sources[i - 1]));
  return isOrdered ? sources : sources.toSorted((a, b) => confidenceOf(b) - confidenceOf(a));
}

function confidenceOf(details: IndicatorDetails | undefined): number {
  return details?.confidence ?? -1;
}

/** `threat.indicator.type` of a value. */
export function indicatorType(kind: IndicatorKind, value: string): string {
  return PLACE[kind](value).type;
}

export function threatIndicator(kind: IndicatorKind, value: string, details: IndicatorDetails): ThreatIndicator {
  return { ...describeSource(details), ...PLACE[kind](value), value };
}

/** What a source says apart from the value: also for STIX patterns, which have no single value. */
export function describeSource(details: IndicatorDetails): Omit<ThreatIndicator, 'type'> {
  const { confidence, description, tlp, validFromMs, modifiedMs, references } = details;
  const reference = references?.[0];
  return {
    id: details.id,
    name: details.name,
    provider: details.provider,
    ...(confidence !== undefined && { confidence }),
    ...(description !== undefined && description !== '' && { description }),
    ...(tlp !== undefined && { marking: { tlp: tlp.toUpperCase() } }),
    ...(validFromMs !== undefined && { first_seen: rfc3339(validFromMs) }),
    ...(modifiedMs !== undefined && { modified_at: rfc3339(modifiedMs) }),
    ...(reference !== undefined && { reference }),
  };
}

const HASH_NAMES: Readonly<Record<number, string>> = {
  32: 'md5',
  40: 'sha1',
  56: 'sha224',
  64: 'sha256',
  96: 'sha384',
  128: 'sha512',
};

/** Name of a hash by its number of hexadecimal digits, as in `file.hash.*`. */
function hashName(value: string): string {
  return HASH_NAMES[value.length] ?? 'other';
}

function placeEndpoint(value: string): Placed {
  const parts = splitHostPort(value);
  const host = parts?.host.replace(/^\[(.*)\]$/, '$1') ?? value;
  const port = parts === undefined || parts.port === 0 ? {} : { port: parts.port };
  const address = parseIp(host);
  if (address === undefined) return { type: 'domain-name', url: { domain: host }, ...port };
  return { type: address.family === 4 ? 'ipv4-addr' : 'ipv6-addr', ip: host, ...port };
}
