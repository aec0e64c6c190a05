/**
 * Witness: a token that stands in the raw bytes of every record that an indicator matches (docs/design/indicator-matching.md,
 * "The raw scan"). A URL's host and an e-mail's domain count only together with a word of the path or local part, so that
 * indicators on large hosting services make no candidates of everything that mentions the service.
 */
import type { IndicatorKind, Semantics } from '../core/indicator.ts';
import { type IpNetwork, parseIp, parseNetwork } from '../core/ip-address.ts';
import { parseUrl, splitHostPort } from '../core/web-url.ts';
import { COMMON_WORDS } from './common-words.ts';

export type HostWitness =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'address'; readonly address: IpNetwork };

export type Witness =
  /** The name as a whole token, or also (`suffix`) as the end of a longer one. */
  | { readonly kind: 'name'; readonly text: string; readonly reach: 'whole' | 'suffix' }
  | { readonly kind: 'address'; readonly address: IpNetwork }
  | { readonly kind: 'network'; readonly network: IpNetwork }
  | { readonly kind: 'hash'; readonly text: string }
  /** A run of letters and digits between other characters. */
  | { readonly kind: 'word'; readonly text: string }
  /** Both in one record. */
  | { readonly kind: 'pair'; readonly host: HostWitness; readonly word: string }
  /** Nothing to look for: every record is a candidate. */
  | { readonly kind: 'none' };

const MIN_WORD = 4;
const MAX_TOKEN = 200;
/** By code: A to Z, a to z, 0 to 9. */
const IS_WORD = Uint8Array.from({ length: 128 }, (_, code) => Number(/[A-Za-z0-9]/.test(String.fromCharCode(code))));
const HASH_LENGTHS = new Set([32, 40, 56, 64, 96, 128]);

export function witnessOf(kind: IndicatorKind, value: string, semantics: Semantics): Witness {
  return BY_KIND[kind](value, semantics);
}

const BY_KIND: Readonly<Record<IndicatorKind, (value: string, semantics: Semantics) => Witness>> = {
  domain: (value, semantics) => ({ kind: 'name', text: value, reach: semantics === 'subdomain' ? 'suffix' : 'whole' }),
  ipv4: addressWitness,
  ipv6: addressWitness,
  network: networkWitness,
  hash: (value) => ({ kind: 'hash', text: value }),
  email: emailWitness,
  url: urlWitness,
  endpoint: (value) => hostWitness(splitHostPort(value)?.host ?? value),
  'file-name': textWitness,
  'registry-key': textWitness,
  mutex: textWitness,
  'user-agent': textWitness,
  text: textWitness,
};

function addressWitness(value: string): Witness {
  const address = parseNetwork(value);
  return address === undefined ? { kind: 'none' } : { kind: 'address', address };
}

function networkWitness(value: string): Witness {
  const network = parseNetwork(value);
  if (network === undefined) return { kind: 'none' };
  const isAddress = network.bits === network.groups.length * 16;
  return isAddress ? { kind: 'address', address: network } : { kind: 'network', network };
}

function emailWitness(value: string): Witness {
  const at = value.lastIndexOf('@');
  const local = value.slice(0, at);
  // Of a long local part only the last 64 characters are seen: its first word may be torn.
  const word = longestWord(local.length < 64 ? local : local.replace(/^[A-Za-z0-9]+/, ''));
  const host: HostWitness = { kind: 'name', text: value.slice(at + 1) };
  return word === undefined ? { ...host, reach: 'whole' } : { kind: 'pair', host, word };
}

function urlWitness(value: string, semantics: Semantics): Witness {
  const url = parseUrl(value);
  if (url === undefined) return { kind: 'none' };
  const host = bareHost(url.host);
  // Escapes stay out: their hex digits may be written otherwise, or not at all.
  const word = semantics === 'host' ? undefined : longestWord(withoutEscapes(url.target));
  if (word !== undefined) return { kind: 'pair', host, word };
  return host.kind === 'name' ? { ...host, reach: 'whole' } : host;
}

function withoutEscapes(target: string): string {
  return target.includes('%') ? target.replace(/%[0-9A-Fa-f]{2}/g, ' ') : target;
}

function hostWitness(text: string): Witness {
  const host = bareHost(text);
  return host.kind === 'name' ? { ...host, reach: 'whole' } : host;
}

function bareHost(text: string): HostWitness {
  const address = parseIp(text);
  if (address === undefined) return { kind: 'name', text };
  return { kind: 'address', address: { ...address, bits: address.groups.length * 16 } };
}

/** Words of four characters and more between other characters; the longest, the last of equals. */
function longestWord(text: string): string | undefined {
  let [best, length] = [0, 0];
  for (let start = 0, i = 0; i <= text.length; i++) {
    // Behind the end there is no character and so no word.
    if (IS_WORD[text.charCodeAt(i)] === 1) continue;
    const here = i - start;
    if (here >= MIN_WORD && here <= MAX_TOKEN && here >= length) [best, length] = [start, here];
    start = i + 1;
  }
  return length === 0 ? undefined : text.slice(best, best + length);
}

/** File names, keys and other text: a long hex token, a dotted token with a letter behind its last dot, or the rarest word. */
function textWitness(value: string): Witness {
  // Hives are written in several ways.
  const text = value.replace(/hkey_[a-z_]+/gi, ' ');
  for (const [run] of text.matchAll(/[A-Za-z0-9]{32,}/g))
    if (HASH_LENGTHS.has(run.length) && /^[0-9A-Fa-f]+$/.test(run)) return { kind: 'hash', text: run };
  const name = rarest(dottedTokens(text), 6);
  if (name !== undefined) return { kind: 'name', text: name, reach: 'whole' };
  const words = [...text.matchAll(/[A-Za-z0-9]+/g)].map(([word]) => word).filter((word) => word.length <= MAX_TOKEN);
  const word = rarest(words, MIN_WORD);
  return word === undefined ? { kind: 'none' } : { kind: 'word', text: word };
}

function dottedTokens(text: string): string[] {
  return [...text.matchAll(/[A-Za-z0-9_.-]+/g)]
    .flatMap(([run]) => run.split(/\.{2,}/))
    .map((run) => run.replace(/^[.-]+/, '').replace(/[._-]+$/, ''))
    .filter((run) => run.includes('.') && run.length <= MAX_TOKEN && !/\.[0-9]+$/.test(run));
}

/** The longest token; a common one counts as if it had a quarter of its length. */
function rarest(tokens: readonly string[], minLength: number): string | undefined {
  let best: string | undefined;
  let bestRank = 0;
  for (const token of tokens) {
    if (token.length < minLength) continue;
    const rank = COMMON_WORDS.has(token.toLowerCase()) ? token.length / 4 : token.length;
    if (rank > bestRank) {
      best = token;
      bestRank = rank;
    }
  }
  return best;
}
