/**
 * URLs: parsing that never throws and one canonical form (RFC 3986 sections 5.2.4 and 6.2).
 *
 * Scheme and host in lower case, default port dropped, user information and fragment dropped, dot segments removed, empty
 * path `/`, percent-encoding of unreserved characters undone and of all others in upper case, non-ASCII text encoded as UTF-8.
 * The query keeps its order: `?a=1&b=2` and `?b=2&a=1` are different.
 */
import { canonicalDomain, isCanonicalName } from './domain-name.ts';
import { canonicalIp, ipv4Number } from './ip-address.ts';

export interface WebUrl {
  /** `http`, `https`, `ftp`, …; empty when the text has none (`host/path`). */
  readonly scheme: string;
  /** Canonical domain name or address; IPv6 without brackets. */
  readonly host: string;
  /** 0 when it is the scheme's default or not given. */
  readonly port: number;
  /** Path and query, beginning with `/`. */
  readonly target: string;
}

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
  ['ftp', 21],
  ['ws', 80],
  ['wss', 443],
]);
const MAX_URL_LENGTH = 16_384;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]{0,30}$/;
/** Characters of a target that stand for themselves, but for the percent sign. */
const PLAIN = /^[!#$&-;=?-Z[\]_a-z~]*$/;
/** The same by code, without the `#` that begins a fragment. */
const IS_PLAIN = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(code !== 0x23 && PLAIN.test(String.fromCharCode(code))),
);

/** Understands `scheme://host:port/path?query#fragment` and the same without `scheme://`. Undefined when there is no host. */
export function parseUrl(text: string): WebUrl | undefined {
  if (text.length > MAX_URL_LENGTH) return undefined;
  const [start, end] = [plainHostStart(text), plainHostEnd(text)];
  if (end > 0)
    return { scheme: text.slice(0, start - 3), host: text.slice(start, end), port: 0, target: text.slice(end) };
  const colon = text.indexOf('://');
  const hasScheme = colon > 0 && SCHEME.test(text.slice(0, colon));
  const scheme = hasScheme ? text.slice(0, colon).toLowerCase() : '';
  const rest = hasScheme ? text.slice(colon + 3) : text;
  const authorityEnd = rest.search(/[/?#\\]/);
  const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
  const hostPort = splitHostPort(authority.slice(authority.lastIndexOf('@') + 1));
  if (hostPort === undefined) return undefined;
  const host = canonicalHost(hostPort.host);
  if (host === undefined) return undefined;
  const port = hostPort.port === DEFAULT_PORTS.get(scheme) ? 0 : hostPort.port;
  return { scheme, host, port, target: canonicalTarget(authorityEnd < 0 ? '' : rest.slice(authorityEnd)) };
}

/** True: the text is what `canonicalUrl` makes of it. False: it may be as well. */
export function isCanonicalUrl(text: string): boolean {
  return text.length <= MAX_URL_LENGTH && plainHostEnd(text) > 0;
}

function plainHostStart(text: string): number {
  return text.startsWith('http://') ? 7 : text.startsWith('https://') ? 8 : -1;
}

/**
 * End of the host of a web URL that is written as `formatUrl` would, as most are: no port, nothing to be encoded or decoded, no segment
 * that begins with a dot. -1: it may be written otherwise.
 */
function plainHostEnd(text: string): number {
  const start = plainHostStart(text);
  const slash = start < 0 ? -1 : text.indexOf('/', start);
  if (slash < 0 || !(isCanonicalName(text, start, slash) || ipv4Number(text, start, slash) >= 0)) return -1;
  let before = 0;
  for (let i = slash; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7e || IS_PLAIN[code] === 0 || (code === 0x2e && before === 0x2f)) return -1;
    before = code;
  }
  return slash;
}

/** The same for what `formatUrl` wrote, where nothing can be spelled in two ways. */
export function splitCanonicalUrl(text: string): WebUrl | undefined {
  if (text.length > MAX_URL_LENGTH) return undefined;
  const slash = text.indexOf('/');
  const hasScheme = slash > 0 && text.startsWith('://', slash - 1);
  const start = hasScheme ? slash + 2 : 0;
  const end = hasScheme ? text.indexOf('/', start) : slash;
  const bracket = text.charCodeAt(start) === 0x5b ? text.indexOf(']', start) : -1;
  const colon = text.indexOf(':', Math.max(start, bracket));
  const hasPort = colon > 0 && colon < end;
  return {
    scheme: hasScheme ? text.slice(0, slash - 1) : '',
    host: bracket < 0 ? text.slice(start, hasPort ? colon : end) : text.slice(start + 1, bracket),
    port: hasPort ? Number(text.slice(colon + 1, end)) : 0,
    target: text.slice(end),
  };
}

/** The port that is meant: the one that is given, else the scheme's; 0 when neither tells. */
export function effectivePort({ scheme, port }: WebUrl): number {
  return port === 0 ? (DEFAULT_PORTS.get(scheme) ?? 0) : port;
}

/** Domain name or address, percent-encoding undone. Address results carry no brackets. */
export function canonicalHost(text: string): string | undefined {
  const plain = text.includes('%') && !text.startsWith('[') ? decodePercent(text) : text;
  return canonicalIp(plain.endsWith('.') ? plain.slice(0, -1) : plain) ?? canonicalDomain(plain);
}

export function formatUrl(url: WebUrl): string {
  const host = url.host.includes(':') ? `[${url.host}]` : url.host;
  const port = url.port === 0 ? '' : `:${url.port}`;
  return `${url.scheme === '' ? '' : `${url.scheme}://`}${host}${port}${url.target}`;
}

/** Canonical text of a URL, or undefined when it is none. */
export function canonicalUrl(text: string): string | undefined {
  if (isCanonicalUrl(text)) return text;
  const url = parseUrl(text);
  return url === undefined ? undefined : formatUrl(url);
}

/** Canonical path and query of a request target. */
export function canonicalTarget(text: string): string {
  const hash = text.indexOf('#');
  const target = hash < 0 ? text : text.slice(0, hash);
  const question = target.indexOf('?');
  const path = normalPercent(question < 0 ? target : target.slice(0, question));
  const query = question < 0 ? '' : normalPercent(target.slice(question));
  return removeDotSegments(path === '' ? '/' : path) + query;
}

/** Decodes `%XX` once, as UTF-8; what is no valid sequence stays as it is. */
export function decodePercent(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      // Not UTF-8: keep the text, it then equals only the same spelling.
      return run;
    }
  });
}

export function splitHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  if (text !== '' && !text.includes(':') && !text.startsWith('[')) return { host: text, port: 0 };
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{0,5}))?$/.exec(text);
  if (match === null || match[1] === '') return undefined;
  const port = match[2] === undefined || match[2] === '' ? 0 : Number(match[2]);
  return port > 65_535 ? undefined : { host: match[1] as string, port };
}

function normalPercent(text: string): string {
  if (PLAIN.test(text)) return text;
  const encoded = text.replace(/[^\x21-\x7e]+/g, (run) =>
    Buffer.from(run, 'utf8').reduce((out, byte) => out + percent(byte), ''),
  );
  return encoded.replace(/%([0-9A-Fa-f]{2})/g, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return isUnreserved(code) ? String.fromCharCode(code) : whole.toUpperCase();
  });
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** ALPHA / DIGIT / "-" / "." / "_" / "~" (RFC 3986 section 2.3). */
function isUnreserved(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x5f ||
    code === 0x7e
  );
}

function removeDotSegments(path: string): string {
  const absolute = path.startsWith('/') ? path : `/${path}`;
  if (!absolute.includes('/.')) return absolute;
  const out: string[] = [];
  const segments = absolute.split('/').slice(1);
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1;
    if (segment === '..') {
      out.pop();
      if (last) out.push('');
    } else if (segment === '.') {
      if (last) out.push('');
    } else {
      out.push(segment);
    }
  }
  return `/${out.join('/')}`;
}
