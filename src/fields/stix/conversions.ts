/**
 * From the text of a log field to the value of a STIX property. Undefined: the field says nothing of that kind, and the next one
 * is tried. A lone hyphen and Zeek's "(empty)" mean "nothing" in every format.
 */
import { canonicalDomain } from '../../core/domain-name.ts';
import type { EventScalar, EventValue } from '../../core/event.ts';
import { hashAlgorithm } from '../../core/hash-algorithm.ts';
import { canonicalHash } from '../../core/indicator-value.ts';
import { canonicalIp } from '../../core/ip-address.ts';
import { parseTime } from '../../core/time.ts';
import type { ValueOrigin } from '../../ir/value-origin.ts';

type Convert = (text: string) => EventValue | undefined;

const PROTOCOLS: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '47': 'gre',
  '58': 'icmp6',
};
const HIVES: readonly (readonly [RegExp, string])[] = [
  [/^hklm(?=\\|$)/i, 'HKEY_LOCAL_MACHINE'],
  [/^hkcu(?=\\|$)/i, 'HKEY_CURRENT_USER'],
  [/^hkcr(?=\\|$)/i, 'HKEY_CLASSES_ROOT'],
  [/^hku(?=\\|$)/i, 'HKEY_USERS'],
  [/^hkcc(?=\\|$)/i, 'HKEY_CURRENT_CONFIG'],
  [/^\\registry\\machine(?=\\|$)/i, 'HKEY_LOCAL_MACHINE'],
  [/^\\registry\\user(?=\\|$)/i, 'HKEY_USERS'],
];
/** Hive names spelled out, the rest as it is written. */
function spelledRegistryKey(text: string): string {
  for (const [short, long] of HIVES) if (short.test(text)) return text.replace(short, long);
  return text;
}

export const CONVERSIONS = {
  text: (text) => text,
  lower: (text) => text.toLowerCase(),
  integer: (text) => {
    if (/^0x[0-9a-f]{1,13}$/i.test(text)) return Number.parseInt(text, 16);
    return /^-?\d{1,15}(?:\.0+)?$/.test(text) ? Number(text) : undefined;
  },
  number: (text) => (/^-?\d{1,15}(?:\.\d+)?$/.test(text) ? Number(text) : undefined),
  boolean: (text) => {
    if (/^(?:true|t|yes|1)$/i.test(text)) return true;
    return /^(?:false|f|no|0)$/i.test(text) ? false : undefined;
  },
  time: (text) => {
    const ms = parseTime(text, 'Z', 0);
    return ms === undefined ? undefined : new Date(ms).toISOString();
  },
  ip: (text) => canonicalIp(text),
  domain: (text) => (canonicalIp(text) === undefined ? canonicalDomain(text) : undefined),
  host: (text) => canonicalIp(text) ?? canonicalDomain(text),
  mac: (text) =>
    /^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text) ? text.toLowerCase().replaceAll('-', ':') : undefined,
  email: (text) => /[^\s<>@"',]+@[^\s<>@"',]+/.exec(text)?.[0].toLowerCase(),
  hash: (text) => canonicalHash(text) ?? text,
  /** A hash, also with colons between the octets. */
  fingerprint: (text) => canonicalHash(text.replaceAll(':', '')) ?? text,
  /** Sysmon: `SHA1=…,MD5=…`. */
  'hash-list': (text) => {
    const hashes: Record<string, EventValue> = {};
    for (const entry of text.matchAll(/([A-Za-z0-9-]+)=([0-9A-Fa-f]{8,128})/g))
      hashes[hashAlgorithm(entry[1] as string) ?? (entry[1] as string)] = (entry[2] as string).toLowerCase();
    return Object.keys(hashes).length === 0 ? undefined : hashes;
  },
  /** Hashes told apart by their length, where a list holds several. */
  md5: (text) => hashOf(text, 32),
  sha1: (text) => hashOf(text, 40),
  sha256: (text) => hashOf(text, 64),
  /** Of a list as `hash-list` takes it. */
  imphash: (text) => /imphash=([0-9a-f]{32})/i.exec(text)?.[1]?.toLowerCase(),
  'file-name': (text) => /[^\\/]+$/.exec(text)?.[0],
  directory: (text) => {
    const end = Math.max(text.lastIndexOf('\\'), text.lastIndexOf('/'));
    if (end < 0) return undefined;
    // The root keeps its separator.
    return end === 0 || text[end - 1] === ':' ? text.slice(0, end + 1) : text.slice(0, end);
  },
  'registry-key': (text) => spelledRegistryKey(text),
  'registry-parent': (text) => {
    const end = text.lastIndexOf('\\');
    return end > 0 ? spelledRegistryKey(text.slice(0, end)) : undefined;
  },
  'registry-value': (text) => /[^\\]+$/.exec(text)?.[0],
  protocol: (text) => PROTOCOLS[text] ?? text.toLowerCase(),
  /** `ipv4` or `ipv6`, from an address. */
  'network-protocol': (text) => {
    const address = canonicalIp(text);
    if (address === undefined) return undefined;
    return address.includes(':') ? 'ipv6' : 'ipv4';
  },
  /** `DOMAIN\user`: the user. */
  account: (text) => /[^\\]+$/.exec(text)?.[0],
  'request-target': (text) => /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?(.*)$/i.exec(text)?.[1] || '/',
} satisfies Readonly<Record<string, Convert>>;

export type Conversion = keyof typeof CONVERSIONS;

function hashOf(text: string, length: number): string | undefined {
  return text.length === length ? canonicalHash(text) : undefined;
}

/** What each conversion leaves of the record's own text. */
export const CONVERSION_ORIGINS: { readonly [K in Conversion]: ValueOrigin } = {
  text: 'verbatim',
  lower: 'verbatim',
  integer: 'derived',
  number: 'derived',
  boolean: 'derived',
  time: 'derived',
  ip: 'host',
  domain: 'host',
  host: 'host',
  mac: 'derived',
  email: 'verbatim',
  hash: 'verbatim',
  fingerprint: 'derived',
  'hash-list': 'verbatim',
  md5: 'verbatim',
  sha1: 'verbatim',
  sha256: 'verbatim',
  imphash: 'verbatim',
  'file-name': 'verbatim',
  directory: 'verbatim',
  'registry-key': 'registry-key',
  'registry-parent': 'registry-key',
  'registry-value': 'verbatim',
  protocol: 'derived',
  'network-protocol': 'derived',
  account: 'verbatim',
  'request-target': 'verbatim',
};

export function convert(as: Conversion, value: EventScalar): EventValue | undefined {
  if (value === null) return undefined;
  const text = typeof value === 'string' ? value.trim() : String(value);
  if (text === '' || text === '-' || text === '(empty)') return undefined;
  return CONVERSIONS[as](text);
}
