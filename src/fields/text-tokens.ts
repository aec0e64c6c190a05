/**
 * Tokens in one text that can be indicators: domain names, addresses, hashes, e-mail addresses, URLs, endpoints. The rules, kind
 * by kind, are in docs/design/indicator-matching.md; the raw scanner relies on them.
 */
import { canonicalDomain, isAscii, lowerAscii } from '../core/domain-name.ts';
import { formatIp, parseIpv4, parseIpv6 } from '../core/ip-address.ts';
import type { Observable, ObservableKind, Place } from '../core/observable.ts';
import type { ObservedText } from '../core/observed.ts';
import { decodePercent, formatUrl, parseUrl } from '../core/web-url.ts';

const HASH_LENGTHS = new Set([32, 40, 56, 64, 96, 128]);
/**
 * Expressions here have bounded repetition and cannot begin within a run: an unbounded one backtracks through the whole run from each of
 * its characters, and overflows the stack of the expression engine on runs of some megabytes.
 */
const IPV4_RUN = /[0-9.](?<![0-9.]{2})[0-9.]{6,63}(?![0-9.])/g;
const IPV6_RUN = /[0-9A-Fa-f:.](?<![0-9A-Fa-f:.]{2})[0-9A-Fa-f:.]{1,63}(?![0-9A-Fa-f:.])/g;
/** Stands in every hash. */
const HEX_RUN = /[0-9A-Fa-f]{32}/;
const HASH_RUN = /[A-Za-z0-9](?<![A-Za-z0-9]{2})[A-Za-z0-9]{31,127}(?![A-Za-z0-9])/g;
const ASCII_LABEL = /[A-Za-z0-9_-]{1,256}/y;
const ANY_LABEL = /[\p{L}\p{M}\p{N}_-]{1,256}/uy;
const ASCII_START = /[A-Za-z0-9_-]/g;
const ANY_START = /[\p{L}\p{M}\p{N}_-]/gu;
/** Labels that are this long, in texts that are this short, need no care about how deep an expression goes. */
const LONG_LABEL = /[A-Za-z0-9_-]{257}/;
const SHORT_TEXT = 4096;
const SHORT_RUN = /[A-Za-z0-9_-](?<![A-Za-z0-9_-]{2})[A-Za-z0-9_-]{0,255}(?:\.[A-Za-z0-9_-]{1,256})+/g;
const ANY_DOTS = '.\u3002\uff0e\uff61';
/** Longer runs of labels are no name: no canonical name has more than 253 characters. */
const MAX_NAME_RUN = 1024;
/** Longest scheme, its first letter included. */
const MAX_SCHEME = 31;
/** As the limit of `core/web-url.ts`: what is longer is no URL. */
const MAX_URL_CHARACTERS = 16_384;
/** URLs that begin inside one unbroken run (a URL in the query of another); more would make long runs cost their square. */
const MAX_URLS_PER_RUN = 8;
/** What some token of every kind has: a dot or what stands for one, a colon, an escape, a hash. */
const MAY_HOLD = /[.:%\u0080-\uffff]|[0-9A-Fa-f]{32}/;
const URL_END = /[\s"'<>`\\^{}|]/;

/** A stretch of the text that is a URL with a scheme. */
interface UrlSpan {
  readonly start: number;
  readonly hostEnd: number;
  readonly end: number;
}

/** Adds all observables of a text to `found`, and those of the text with its percent-encoding undone when it has any. */
export function addTokens(observed: ObservedText, found: Observable[]): void {
  const { text } = observed;
  if (!MAY_HOLD.test(text)) return;
  collectTokens(observed, text, found);
  if (!text.includes('%')) return;
  const decoded = decodePercent(text);
  if (decoded !== text) collectTokens(observed, decoded, found);
}

function collectTokens(observed: ObservedText, text: string, found: Observable[]): void {
  const add = (kind: ObservableKind, value: string, seen: string, place: Place): void => {
    found.push({ kind, value, seen, field: observed.field, place });
  };
  const spans = text.includes('://') ? collectUrls(text, add) : [];
  const dots = countUpTo(text, '.', 3);
  if (dots > 0 || !isAscii(text)) collectNames(text, spans, add);
  if (dots === 3) collectIpv4(text, spans, add);
  if (text.includes('::') || countUpTo(text, ':', 6) === 6) collectIpv6(text, spans, add);
  if (text.length >= 32 && HEX_RUN.test(text)) collectHashes(text, spans, add);
}

/** How often the character stands in the text, `most` at most. */
function countUpTo(text: string, character: string, most: number): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0 && ++count < most; ) at = text.indexOf(character, at + 1);
  return count;
}

interface HostToken {
  /** Canonical name or address. */
  readonly host: string;
  readonly seen: string;
  readonly start: number;
  readonly end: number;
}

type Add = (kind: ObservableKind, value: string, seen: string, place: Place) => void;

function collectUrls(text: string, add: Add): UrlSpan[] {
  const spans: UrlSpan[] = [];
  const runs = new RunLimit(text);
  let from = 0;
  for (let colon = text.indexOf('://'); colon >= 0; colon = text.indexOf('://', colon + 3)) {
    const start = schemeStart(text, colon, from);
    if (start < 0) continue;
    const authority = colon + 3;
    from = authority;
    const end = runs.endOf(authority);
    if (end === undefined) continue;
    const isInside = start < (spans.at(-1)?.end ?? 0);
    const place: Place = start === 0 && end === text.length ? 'value' : isInside ? 'url-query' : 'text';
    addUrlForms(text.slice(start, end), place, add);
    const slash = text.slice(authority, end).search(/[/?#]/);
    spans.push({ start, hostEnd: slash < 0 ? end : authority + slash, end });
  }
  return spans;
}

/** Where the scheme before `colon` begins: the first letter that only letters, digits, `+`, `-` and `.` follow; -1 when there is none. */
function schemeStart(text: string, colon: number, from: number): number {
  let start = -1;
  for (let at = colon - 1; at >= from && at >= colon - MAX_SCHEME; at--) {
    const code = text.charCodeAt(at);
    const letter = code | 0x20;
    if (letter >= 0x61 && letter <= 0x7a && code < 0x80) start = at;
    else if (!(code >= 0x30 && code <= 0x39) && code !== 0x2b && code !== 0x2d && code !== 0x2e) break;
  }
  return start;
}

/** The URL as it stands, and without the punctuation that ends a sentence or a bracket. */
function addUrlForms(text: string, place: Place, add: Add): void {
  addUrl(text, place, add);
  const trimmed = trimEnd(text, ".,;:!?)]'");
  if (trimmed !== text) addUrl(trimmed, place, add);
}

function addUrl(form: string, place: Place, add: Add): void {
  const url = parseUrl(form);
  if (url !== undefined) add('url', formatUrl(url), form, place);
}

/** Ends of URLs in one text, asked for in ascending order; refuses when too many begin in one run. */
class RunLimit {
  readonly #text: string;
  #end = 0;
  #count = 0;

  constructor(text: string) {
    this.#text = text;
  }

  endOf(from: number): number | undefined {
    if (from >= this.#end) {
      this.#end = urlEnd(this.#text, from);
      this.#count = 0;
    }
    return ++this.#count > MAX_URLS_PER_RUN ? undefined : this.#end;
  }
}

function urlEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + MAX_URL_CHARACTERS);
  const found = text.slice(from, limit).search(URL_END);
  return found < 0 ? limit : from + found;
}

function collectNames(text: string, spans: readonly UrlSpan[], add: Add): void {
  const runs = new RunLimit(text);
  for (const [from, to] of nameRuns(text)) {
    const run = text.slice(from, to);
    const body = trimStart(run, '-');
    const seen = trimEnd(body, '-_');
    const start = to - body.length;
    const end = start + seen.length;
    const name = endsInNumber(seen) ? undefined : canonicalDomain(seen);
    if (name === undefined) continue;
    const email = emailAt(text, start);
    if (email !== undefined)
      add('email', `${email.toLowerCase()}@${name}`, `${email}@${seen}`, wholeOr(text, start - email.length - 1, end));
    add('domain', name, seen, email !== undefined ? 'email-domain' : placeOf(text, start, end, spans));
    addHostForms(text, { host: name, seen, start, end }, spans, runs, add);
  }
}

/** Versions, decimal numbers and addresses: the last label of a name is no number. */
function endsInNumber(text: string): boolean {
  let at = text.length - 1;
  while (at >= 0 && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at--;
  return text[at] === '.';
}

/** Labels joined by single dots, two or more: [from, to). */
function nameRuns(text: string): Iterable<readonly [from: number, to: number]> {
  const isShort = text.length <= SHORT_TEXT && isAscii(text) && (text.length <= 256 || !LONG_LABEL.test(text));
  return isShort ? shortNameRuns(text) : allNameRuns(text);
}

/** The same for most texts, at the speed of one expression. */
function shortNameRuns(text: string): [from: number, to: number][] {
  const runs: [number, number][] = [];
  SHORT_RUN.lastIndex = 0;
  for (let match = SHORT_RUN.exec(text); match !== null; match = SHORT_RUN.exec(text))
    if (match[0].length <= MAX_NAME_RUN) runs.push([match.index, match.index + match[0].length]);
  return runs;
}

function* allNameRuns(text: string): Generator<readonly [from: number, to: number]> {
  const ascii = isAscii(text);
  const [label, next, dots] = ascii ? [ASCII_LABEL, ASCII_START, '.'] : [ANY_LABEL, ANY_START, ANY_DOTS];
  let at = 0;
  for (;;) {
    next.lastIndex = at;
    const from = next.exec(text)?.index;
    if (from === undefined) return;
    at = labelEnd(text, from, label);
    let isDotted = false;
    while (at < text.length && dots.includes(text[at] as string)) {
      const end = labelEnd(text, at + 1, label);
      if (end === at + 1) break;
      isDotted = true;
      at = end;
    }
    if (isDotted && at - from <= MAX_NAME_RUN) yield [from, at];
  }
}

function labelEnd(text: string, from: number, label: RegExp): number {
  label.lastIndex = from;
  let end = from;
  while (label.test(text)) {
    end = label.lastIndex;
  }
  return end;
}

function collectIpv4(text: string, spans: readonly UrlSpan[], add: Add): void {
  const runs = new RunLimit(text);
  IPV4_RUN.lastIndex = 0;
  for (let match = IPV4_RUN.exec(text); match !== null; match = IPV4_RUN.exec(text)) {
    const seen = trimEnd(trimStart(match[0], '.'), '.');
    if (parseIpv4(seen) === undefined) continue;
    if (isWordCharacter(text, match.index - 1) || isWordCharacter(text, match.index + match[0].length)) continue;
    const start = match.index + match[0].indexOf(seen);
    const end = start + seen.length;
    // There is one spelling of an IPv4 address.
    add('ipv4', seen, seen, placeOf(text, start, end, spans));
    addHostForms(text, { host: seen, seen, start, end }, spans, runs, add);
  }
}

function collectIpv6(text: string, spans: readonly UrlSpan[], add: Add): void {
  for (const match of text.matchAll(IPV6_RUN)) {
    let start = match.index;
    let seen = match[0];
    if (seen.indexOf(':') === seen.lastIndexOf(':')) continue;
    if (/^:[^:]/.test(seen)) {
      seen = seen.slice(1);
      start++;
    }
    seen = trimEnd(seen, '.').replace(/([^:]):$/, '$1');
    const end = start + seen.length;
    const address = parseIpv6(seen);
    if (address === undefined || isWordCharacter(text, start - 1) || isWordCharacter(text, end)) continue;
    const value = formatIp(address);
    add(address.family === 4 ? 'ipv4' : 'ipv6', value, seen, placeOf(text, start, end, spans));
    const port = text[start - 1] === '[' && text[end] === ']' ? portAfter(text, end + 1) : undefined;
    if (port !== undefined)
      add('endpoint', `${address.family === 6 ? `[${value}]` : value}:${port}`, text.slice(start - 1, end + 1), 'text');
  }
}

function collectHashes(text: string, spans: readonly UrlSpan[], add: Add): void {
  for (const match of text.matchAll(HASH_RUN)) {
    const seen = match[0];
    if (!HASH_LENGTHS.has(seen.length) || !/^[0-9A-Fa-f]+$/.test(seen)) continue;
    add('hash', lowerAscii(seen), seen, placeOf(text, match.index, match.index + seen.length, spans));
  }
}

/** `name:port`, `name/target`, `name:port/target`; the forms with a scheme are found by `collectUrls`. */
function addHostForms(text: string, token: HostToken, spans: readonly UrlSpan[], runs: RunLimit, add: Add): void {
  const { host, seen, start, end } = token;
  const port = portAfter(text, end);
  if (port !== undefined) add('endpoint', `${host}:${port}`, `${seen}:${port}`, placeOf(text, start, end, spans));
  // A port has at most five digits, leading zeros included.
  const targetAt = end + (port === undefined ? 0 : text.slice(end, end + 7).indexOf('/'));
  if (text[targetAt] !== '/' || start < (spanAt(spans, start)?.hostEnd ?? 0)) return;
  const stop = runs.endOf(targetAt);
  if (stop === undefined) return;
  const full = text.slice(start, stop);
  addUrlForms(full, placeOf(text, start, start + full.length, spans), add);
}

function placeOf(text: string, start: number, end: number, spans: readonly UrlSpan[]): Place {
  const span = spanAt(spans, start);
  if (span !== undefined && start < span.hostEnd) return 'url-host';
  if (span !== undefined && start < span.end) return 'url-query';
  return wholeOr(text, start, end);
}

/** The last span that begins at or before `index`; spans are in order, and one inside another ends where the outer does. */
function spanAt(spans: readonly UrlSpan[], index: number): UrlSpan | undefined {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle] as UrlSpan).start <= index) low = middle + 1;
    else high = middle;
  }
  return spans[low - 1];
}

function wholeOr(text: string, start: number, end: number): Place {
  if (start === 0 && end === text.length) return 'value';
  if (start > 8 || text.length - end > 8) return 'text';
  return text.slice(0, start).trim() === '' && /^\.?\s*$/.test(text.slice(end)) ? 'value' : 'text';
}

function emailAt(text: string, domainStart: number): string | undefined {
  if (text[domainStart - 1] !== '@') return undefined;
  return /[A-Za-z0-9._%+-]+$/.exec(text.slice(Math.max(0, domainStart - 65), domainStart - 1))?.[0];
}

/** The port in `:443` at `index`, 1 to 65535, not followed by a letter or digit. */
function portAfter(text: string, index: number): number | undefined {
  if (text[index] !== ':') return undefined;
  const digits = /^[0-9]{1,5}(?![A-Za-z0-9])/.exec(text.slice(index + 1, index + 8))?.[0];
  const port = digits === undefined ? 0 : Number(digits);
  return port > 0 && port < 65_536 ? port : undefined;
}

const WORD = /[\p{L}\p{N}]/u;

function isWordCharacter(text: string, index: number): boolean {
  return index >= 0 && index < text.length && WORD.test(text[index] as string);
}

function trimStart(text: string, characters: string): string {
  let start = 0;
  while (start < text.length && characters.includes(text[start] as string)) start++;
  return start === 0 ? text : text.slice(start);
}

function trimEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] as string)) end--;
  return end === text.length ? text : text.slice(0, end);
}
