/**
 * The canonical value of an indicator, from text as feeds and patterns write it (docs/design/indicator-matching.md).
 *
 * What can only mean one thing is accepted with a note, so that loaders can count it: defanged text, blanks around, an address
 * in a domain column, `/32` behind an address, a host with a port. Anything else is undefined: the caller reports it.
 */
import { canonicalDomain, isAscii, isCanonicalName, lowerAscii } from './domain-name.ts';
import type { IndicatorKind } from './indicator.ts';
import { formatIp, formatNetwork, ipv4Number, parseNetwork } from './ip-address.ts';
import { canonicalFileName, canonicalRegistryKey } from './occurrence.ts';
import { refang, refangText } from './refang.ts';
import { canonicalHost, canonicalUrl, isCanonicalUrl, splitHostPort } from './web-url.ts';

export type ValueNote = 'refanged' | 'blanks' | 'full-length-prefix' | 'other-kind' | 'wildcard' | 'double-backslash';

export interface IndicatorValue {
  readonly kind: IndicatorKind;
  readonly value: string;
  /** True for `*.name` and `.name`: the writer means all names below. */
  readonly includesSubdomains: boolean;
  readonly notes: readonly ValueNote[];
}

/** Hex digits of MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512. */
const HASH_LENGTHS = new Set([32, 40, 56, 64, 96, 128]);
const EMAIL_LOCAL = /^[A-Za-z0-9._%+-]{1,64}$/;
/** Brackets that the target of a URL may hold: `[.]`, `(dot)`. */
const MAY_BE_MARK = /[[\]()]/;
const NO_NOTES: readonly ValueNote[] = Object.freeze([]);
/** Shorter names occur everywhere by chance. */
const MIN_TEXT_LENGTH = 3;
const MAX_INDICATOR_LENGTH = 16_384;

interface Canonical {
  readonly kind: IndicatorKind;
  readonly value: string;
  readonly note?: ValueNote;
  readonly includesSubdomains?: true;
}

/** Undefined when the text is no value of the kind, nor of one that it can only be meant for. */
export function indicatorValue(kind: IndicatorKind, text: string): IndicatorValue | undefined {
  if (text.length > MAX_INDICATOR_LENGTH) return undefined;
  if (isCanonical(kind, text)) return { kind, value: text, includesSubdomains: false, notes: NO_NOTES };
  const trimmed = text.trim();
  const plain = REFANG[kind](trimmed);
  const canonical = plain === '' ? undefined : CANONICAL[kind](plain);
  if (canonical === undefined) return undefined;
  const notes: ValueNote[] = [];
  if (trimmed.length !== text.length) notes.push('blanks');
  if (plain !== trimmed) notes.push('refanged');
  if (canonical.kind !== kind && !(isAddressKind(canonical.kind) && isAddressKind(kind))) notes.push('other-kind');
  if (canonical.note !== undefined) notes.push(canonical.note);
  return {
    kind: canonical.kind,
    value: canonical.value,
    includesSubdomains: canonical.includesSubdomains ?? false,
    notes,
  };
}

/** Whether the text is the canonical value of the kind and nothing in it can be defanged: so are most, and the rest need not be asked. */
function isCanonical(kind: IndicatorKind, text: string): boolean {
  if (kind === 'domain') return isCanonicalName(text);
  if (kind === 'ipv4') return ipv4Number(text) >= 0;
  return kind === 'url' && isCanonicalUrl(text) && !MAY_BE_MARK.test(text);
}

/** Hex text in lower case, or undefined when it is no digest of a known length. `sha256:` before it is cut. */
export function canonicalHash(text: string): string | undefined {
  if (isHash(text)) return text.toLowerCase();
  const hex = text.replace(/^(?:md5|sha-?(?:1|224|256|384|512))[:=]\s*/i, '');
  return isHash(hex) ? hex.toLowerCase() : undefined;
}

function isHash(text: string): boolean {
  return HASH_LENGTHS.has(text.length) && /^[0-9A-Fa-f]+$/.test(text);
}

/** `local@domain` in lower case; `mailto:` and the name before `<…>` are cut. */
function canonicalEmail(text: string): string | undefined {
  const inner = /<([^<>]+)>\s*$/.exec(text)?.[1] ?? text.replace(/^mailto:/i, '');
  const at = inner.lastIndexOf('@');
  if (at < 1 || !EMAIL_LOCAL.test(inner.slice(0, at))) return undefined;
  const domain = canonicalDomain(inner.slice(at + 1));
  return domain === undefined ? undefined : `${lowerAscii(inner.slice(0, at))}@${domain}`;
}

/** `host:port`, IPv6 in brackets; port 1 to 65535. */
function canonicalEndpoint(text: string): string | undefined {
  const parts = splitHostPort(text);
  if (parts === undefined || parts.port === 0) return undefined;
  return formatEndpoint(parts.host, parts.port);
}

export function formatEndpoint(host: string, port: number): string | undefined {
  const canonical = canonicalHost(host);
  if (canonical === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  return canonical.includes(':') ? `[${canonical}]:${port}` : `${canonical}:${port}`;
}

const REFANG: Readonly<Record<IndicatorKind, (text: string) => string>> = {
  domain: refang,
  url: refang,
  ipv4: refang,
  ipv6: refang,
  network: refang,
  email: refang,
  endpoint: refang,
  hash: (text) => text,
  'file-name': (text) => text,
  'registry-key': (text) => text,
  mutex: (text) => text,
  'user-agent': (text) => text,
  text: refangText,
};

const CANONICAL: Readonly<Record<IndicatorKind, (text: string) => Canonical | undefined>> = {
  domain: hostValue,
  ipv4: hostValue,
  ipv6: hostValue,
  network: hostValue,
  url: (text) => wrap('url', canonicalUrl(text)),
  email: (text) => wrap('email', canonicalEmail(text)),
  hash: (text) => wrap('hash', canonicalHash(text)),
  endpoint: (text) => wrap('endpoint', canonicalEndpoint(text)),
  'file-name': (text) => longEnough('file-name', canonicalFileName(text)),
  'registry-key': registryKey,
  mutex: (text) => longEnough('mutex', text),
  'user-agent': (text) => longEnough('user-agent', text),
  text: (text) => longEnough('text', text),
};

/** A name, an address, a network; or what is written in such columns by mistake: `host:port`, `host/path`, a URL. */
function hostValue(text: string): Canonical | undefined {
  // There is one spelling of an IPv4 address.
  if (ipv4Number(text) >= 0) return { kind: 'ipv4', value: text };
  const name = nameValue(text);
  if (name !== undefined) return name;
  const network = parseNetwork(text);
  if (network !== undefined) {
    const full = network.bits === (network.family === 4 ? 32 : 128);
    if (!full) return { kind: 'network', value: formatNetwork(network) };
    const address: Canonical = { kind: network.family === 4 ? 'ipv4' : 'ipv6', value: formatIp(network) };
    return text.includes('/') ? { ...address, note: 'full-length-prefix' } : address;
  }
  const endpoint = canonicalEndpoint(text);
  if (endpoint !== undefined) return { kind: 'endpoint', value: endpoint };
  if (!text.includes('/')) return undefined;
  if (text.endsWith('/') && text.indexOf('/') === text.length - 1) return hostValue(text.slice(0, -1));
  // What looks like an address with a bad prefix length is no path.
  return /^[^/]+\/\d*$/.test(text) ? undefined : wrap('url', canonicalUrl(text));
}

function nameValue(text: string): Canonical | undefined {
  const domain = canonicalDomain(text);
  if (domain !== undefined) return { kind: 'domain', value: domain };
  if (!text.startsWith('*.') && !text.startsWith('.')) return undefined;
  const parent = canonicalDomain(text.slice(text.indexOf('.') + 1));
  return parent === undefined
    ? undefined
    : { kind: 'domain', value: parent, includesSubdomains: true, note: 'wildcard' };
}

function registryKey(text: string): Canonical | undefined {
  if (!text.includes('\\') || text.length < MIN_TEXT_LENGTH) return undefined;
  const single = text.includes('\\\\') ? text.replace(/\\{2,}/g, '\\') : text;
  const value = canonicalRegistryKey(single);
  return single === text ? { kind: 'registry-key', value } : { kind: 'registry-key', value, note: 'double-backslash' };
}

function longEnough(kind: IndicatorKind, value: string): Canonical | undefined {
  return value.length >= MIN_TEXT_LENGTH || !isAscii(value) ? { kind, value } : undefined;
}

function wrap(kind: IndicatorKind, value: string | undefined): Canonical | undefined {
  return value === undefined ? undefined : { kind, value };
}

function isAddressKind(kind: IndicatorKind): boolean {
  return kind === 'ipv4' || kind === 'ipv6' || kind === 'network';
}
