/**
 * An indicator as a STIX 2.1 object: one that came as STIX under its id and with its pattern; a value of a list with a pattern that says what
 * Flint matches, sub-domains and prefixes included. Kinds that no pattern can express (plain text) give none.
 */
import type { IndicatorDetails, IndicatorKind, Semantics } from '../core/indicator.ts';
import { markedAs, type StixObject, UNDATED } from './stix-own-ids.ts';

/** A value with its kind and how far it reaches. */
export interface IndicatorValue {
  readonly kind: IndicatorKind;
  readonly value: string;
  readonly semantics: Semantics;
}

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z. */
const FIRST_MS = -62_135_596_800_000;
const LAST_MS = 253_402_300_799_999;

const HASH_NAMES: Readonly<Record<number, string>> = {
  32: 'MD5',
  40: "'SHA-1'",
  64: "'SHA-256'",
  128: "'SHA-512'",
};

const COMPARISON: Readonly<Record<IndicatorKind, (value: string, semantics: Semantics) => string | undefined>> = {
  domain: (value, semantics) =>
    semantics === 'subdomain'
      ? `domain-name:value = ${quoted(value)} OR domain-name:value LIKE ${quoted(`%.${value}`)}`
      : `domain-name:value = ${quoted(value)}`,
  url: urlComparison,
  ipv4: (value) => `ipv4-addr:value = ${quoted(value)}`,
  ipv6: (value) => `ipv6-addr:value = ${quoted(value)}`,
  network: (value) => `${value.includes(':') ? 'ipv6-addr' : 'ipv4-addr'}:value ISSUBSET ${quoted(value)}`,
  email: (value) => `email-addr:value = ${quoted(value)}`,
  hash: (value) => {
    const name = HASH_NAMES[value.length];
    return name === undefined ? undefined : `file:hashes.${name} = ${quoted(value)}`;
  },
  'file-name': (value) => `file:name = ${quoted(value)}`,
  'registry-key': (value) => `windows-registry-key:key = ${quoted(value)}`,
  mutex: (value) => `mutex:name = ${quoted(value)}`,
  'user-agent': (value) =>
    `network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = ${quoted(value)}`,
  endpoint: endpointComparison,
  text: () => undefined,
};

/** A pattern of one observation; undefined when the kind has none. */
export function patternOf({ kind, value, semantics }: IndicatorValue): string | undefined {
  const comparison = COMPARISON[kind](value, semantics);
  return comparison === undefined ? undefined : `[${comparison}]`;
}

/** `of`: the value that the details are said of; needed where the source gives no pattern. */
export function indicatorObject(
  details: IndicatorDetails,
  of: IndicatorValue | undefined,
  patternType: 'stix' | 'sigma' = 'stix',
): StixObject | undefined {
  const pattern = details.pattern ?? (of === undefined ? undefined : patternOf(of));
  if (pattern === undefined) return undefined;
  const { validFromMs, validUntilMs, modifiedMs, confidence, types, killChain, references } = details;
  // What a source calls created is not kept; it is not later than both of these.
  const created = Math.min(validFromMs ?? Number.POSITIVE_INFINITY, modifiedMs ?? Number.POSITIVE_INFINITY);
  const createdText = Number.isFinite(created) ? stixTime(created) : UNDATED;
  const isLater = validUntilMs !== undefined && validUntilMs > (validFromMs ?? Number.NEGATIVE_INFINITY);
  return {
    type: 'indicator',
    spec_version: '2.1',
    id: details.id,
    created: createdText,
    modified: modifiedMs === undefined ? createdText : stixTime(modifiedMs),
    name: details.name,
    ...(details.description !== undefined && { description: details.description }),
    ...(types !== undefined && types.length > 0 && { indicator_types: types }),
    pattern,
    pattern_type: patternType,
    ...(patternType === 'stix' && { pattern_version: '2.1' }),
    valid_from: validFromMs === undefined ? createdText : stixTime(validFromMs),
    ...(isLater && { valid_until: stixTime(validUntilMs) }),
    ...(killChain !== undefined &&
      killChain.length > 0 && {
        kill_chain_phases: killChain.map(({ chain, phase }) => ({ kill_chain_name: chain, phase_name: phase })),
      }),
    ...(confidence !== undefined && { confidence }),
    ...(references !== undefined &&
      references.length > 0 && {
        external_references: references.map((url) => ({ source_name: details.provider, url })),
      }),
    ...markedAs(details.tlp),
  };
}

/** The version of an indicator's object, as TAXII has it. */
export function indicatorVersion(details: Pick<IndicatorDetails, 'validFromMs' | 'modifiedMs'>): string {
  const time = details.modifiedMs ?? details.validFromMs;
  return time === undefined ? UNDATED : stixTime(time);
}

function urlComparison(value: string, semantics: Semantics): string {
  if (semantics === 'prefix') return `url:value = ${quoted(value)} OR url:value LIKE ${quoted(`${value}%`)}`;
  if (semantics !== 'host') return `url:value = ${quoted(value)}`;
  const host = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(value)?.[1] ?? value;
  return `domain-name:value = ${quoted(host)} OR url:value LIKE ${quoted(`%://${host}/%`)}`;
}

function endpointComparison(value: string): string | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(value);
  if (parts === null) return undefined;
  const host = parts[1] ?? parts[2] ?? '';
  return `network-traffic:dst_ref.value = ${quoted(host)} AND network-traffic:dst_port = ${Number(parts[3])}`;
}

/** A string constant of the patterning language: backslash and quote escaped (STIX 2.1 section 9.3). */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** Years that STIX cannot write, as sources invent them, are held at its ends. */
function stixTime(ms: number): string {
  return new Date(Math.min(LAST_MS, Math.max(FIRST_MS, ms))).toISOString();
}
