/**
 * A source of intelligence as configured: a file, a folder or a URL, alone as text or with options. One reader for config file,
 * flags and API. Plain data without secrets: it can be shown, compared and sent to another thread.
 */
import { basename } from 'node:path';
import { checkOptions } from '../config/options.ts';
import type { SecretReference } from '../config/secret.ts';
import type { ConfidenceDecay, DecayModel } from '../core/confidence-decay.ts';
import type { FeedPolicy } from '../core/feed.ts';
import type { IndicatorKind, Tlp } from '../core/indicator.ts';
import { parseStixTimestamp } from '../core/stix-timestamp.ts';
import { parseTimespanMs } from '../core/timespan.ts';
import { type Diagnostic, diagnostic } from '../errors/diagnostic.ts';
import type { ColumnNames } from '../rules/lists/column-mapping.ts';
import type { Delimiter } from '../rules/lists/delimited-rows.ts';
import { isAddress, shownSource } from './shown-source.ts';
import { type AuthType, intelSourceSchema, type PinnedFormat, type SOURCE_TYPES } from './source-schema.ts';

/** `file`: read where it lies. The others are fetched into the data directory: one document, a TAXII server, a MISP feed folder. */
export type SourceTransport = 'file' | 'url' | 'taxii' | 'misp';

export interface SourceAuth {
  readonly type: AuthType;
  readonly user?: string | SecretReference;
  readonly password?: SecretReference;
  readonly token?: SecretReference;
  readonly name?: string;
  readonly value?: SecretReference;
}

export interface SourceTls {
  readonly cert_file?: string;
  readonly key_file?: string;
  readonly passphrase?: SecretReference;
  readonly ca_file?: string;
}

export interface IntelSource {
  /** Path or URL. */
  readonly source: string;
  readonly transport: SourceTransport;
  readonly name?: string;
  /** How often it is asked; of no meaning for files. */
  readonly everyMs: number;
  readonly expiresAfterMs?: number;
  readonly format: PinnedFormat;
  readonly role: 'indicators' | 'benign';
  readonly library?: string;
  /** How confidence fades with age. */
  readonly decay?: ConfidenceDecay;
  readonly confidence?: number;
  readonly tlp?: Tlp;
  readonly domains?: 'exact' | 'subdomain';
  readonly urls?: 'exact' | 'prefix' | 'host';
  readonly kind?: IndicatorKind;
  readonly columns?: ColumnNames;
  readonly delimiter?: Delimiter;
  readonly header?: boolean;
  readonly auth?: SourceAuth;
  readonly tls?: SourceTls;
  /** Address of a proxy, or `none`. */
  readonly proxy?: string;
  readonly collections?: readonly string[];
  /** `match[…]` filters by field; with `type` always. */
  readonly match?: Readonly<Record<string, readonly string[]>>;
  readonly addedAfter?: string;
  readonly pageSize?: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly allowPrivateAddresses: boolean;
}

export type ReadSource =
  | { readonly ok: true; readonly source: IntelSource }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

const DEFAULT_TYPES = ['indicator', 'marking-definition'];
const TYPED_ADDRESS = /^(taxii|misp)\+(https?:\/\/.*)$/is;
const TAXII_KEYS = ['collections', 'match', 'added_after', 'page_size'] as const;
const REMOTE_KEYS = ['auth', 'tls', 'proxy'] as const;
/** What each kind of credentials consists of. */
const AUTH_KEYS: Readonly<Record<AuthType, readonly (keyof SourceAuth)[]>> = {
  basic: ['user', 'password'],
  bearer: ['token'],
  header: ['name', 'value'],
};

/** An entry of `intel:` in the configuration, or the text of an `--intel` flag. `where` names it in messages. */
export function readIntelSource(entry: string | Readonly<Record<string, unknown>>, where = 'intel'): ReadSource {
  const given = typeof entry === 'string' ? { source: entry } : entry;
  const { values, diagnostics: refused } = checkOptions(intelSourceSchema, given, where);
  if (refused.length > 0) return { ok: false, diagnostics: refused };
  const { max_bytes, timeout_seconds, allow_private_addresses, every, expires_after, ...others } = values;
  const { added_after, page_size, type, match, decay, ...rest } = others;
  const [, typed, address] = TYPED_ADDRESS.exec(String(values['source'])) ?? [];
  const source = address ?? String(values['source']);
  const transport = transportOf(source, typed?.toLowerCase() ?? String(type));
  const everyMs = parseTimespanMs(String(every));
  const expiresAfterMs = expires_after === undefined ? undefined : parseTimespanMs(String(expires_after));
  const fading = decayOf(decay as DecayEntry | undefined);
  const diagnostics: Diagnostic[] = [
    ...misplaced(values, transport, where),
    ...authProblems(values['auth'] as SourceAuth | undefined, where),
    ...tlsProblems(values['tls'] as SourceTls | undefined, where),
  ];
  const bad = (key: string, value: unknown, hint: string): void => {
    diagnostics.push(
      diagnostic('CONFIG_BAD_VALUE', 'error', `"${key}" "${String(value)}" is none in ${where}`, { hint }),
    );
  };
  if (transport === undefined) bad('type', typed ?? type, 'taxii and misp are read from an http(s) URL');
  if (everyMs === undefined) bad('every', every, 'a number and a unit: 90s, 15m, 6h, 1d');
  if (expires_after !== undefined && expiresAfterMs === undefined)
    bad('expires_after', expires_after, 'a number and a unit: 12h, 30d, 1y');
  if (fading === 'bad') bad('decay.half_life', (decay as DecayEntry).half_life, 'a number and a unit: 12h, 30d, 1y');
  if (added_after !== undefined && parseStixTimestamp(String(added_after)) === undefined)
    bad('added_after', added_after, 'a time in UTC: 2024-01-01T00:00:00Z');
  if (transport !== 'file' && isAddress(source) && !URL.canParse(source))
    bad('source', shownSource(source), 'a valid URL');
  else if (transport !== 'file' && isAddress(source) && !hasReadableUser(source))
    bad('source', shownSource(source), 'in its user name and password "%" is written %25');
  if (!isProxy(values['proxy']))
    bad(
      'proxy',
      shownSource(String(values['proxy'])),
      'http://host:port, or none; its user and password stand in HTTPS_PROXY',
    );
  if (diagnostics.length > 0 || transport === undefined || everyMs === undefined || fading === 'bad')
    return { ok: false, diagnostics };
  return {
    ok: true,
    source: {
      // The values have passed the schema that these names and types are taken from.
      ...(rest as unknown as Pick<IntelSource, 'format' | 'role'>),
      source,
      transport,
      everyMs,
      ...(expiresAfterMs === undefined ? {} : { expiresAfterMs }),
      ...(fading === undefined ? {} : { decay: fading }),
      ...(transport === 'taxii' ? { match: { type: DEFAULT_TYPES, ...(match as object | undefined) } } : {}),
      ...(added_after === undefined ? {} : { addedAfter: String(added_after) }),
      ...(page_size === undefined ? {} : { pageSize: Number(page_size) }),
      maxBytes: Number(max_bytes),
      timeoutMs: Number(timeout_seconds) * 1000,
      allowPrivateAddresses: allow_private_addresses === true,
    },
  };
}

interface DecayEntry {
  readonly model: DecayModel;
  readonly half_life: string;
  readonly floor: number;
  readonly ends_below: number;
}

function decayOf(entry: DecayEntry | undefined): ConfidenceDecay | 'bad' | undefined {
  if (entry === undefined) return undefined;
  const { model, half_life, floor, ends_below: endsBelow } = entry;
  const halfLifeMs = parseTimespanMs(half_life);
  return halfLifeMs === undefined || halfLifeMs <= 0 ? 'bad' : { model, halfLifeMs, floor, endsBelow };
}

/** Fetched over the network, and kept in the data directory. */
export function isRemote(source: IntelSource): boolean {
  return source.transport !== 'file';
}

/** The policy of a file that belongs to the source. `asOfMs`: when its content was known to be current. */
export function policyOf(source: IntelSource, file: string, asOfMs?: number): FeedPolicy {
  const { expiresAfterMs } = source;
  return {
    provider: source.name ?? providerName(file),
    role: source.role,
    ...(source.library === undefined ? {} : { library: source.library }),
    ...(source.decay === undefined ? {} : { decay: source.decay }),
    ...(source.confidence === undefined ? {} : { confidence: source.confidence }),
    ...(source.tlp === undefined ? {} : { tlp: source.tlp }),
    ...(source.domains === undefined ? {} : { domains: source.domains }),
    ...(source.urls === undefined ? {} : { urls: source.urls }),
    ...(expiresAfterMs === undefined || asOfMs === undefined ? {} : { expiry: { afterMs: expiresAfterMs, asOfMs } }),
  };
}

function hasReadableUser(address: string): boolean {
  const { username, password } = new URL(address);
  try {
    decodeURIComponent(username + password);
    return true;
  } catch (error) {
    // A "%" that begins no encoding.
    if (error instanceof URIError) return false;
    throw error;
  }
}

/** Credentials of a proxy are secrets, and stand where secrets stand. */
function isProxy(value: unknown): boolean {
  if (value === undefined || value === 'none') return true;
  const text = String(value);
  if (!isAddress(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

function transportOf(source: string, type: string): SourceTransport | undefined {
  if (!isAddress(source)) return type === 'auto' ? 'file' : undefined;
  if (type !== 'auto') return type as Exclude<(typeof SOURCE_TYPES)[number], 'auto'>;
  return /^[^?#]*\/manifest\.json(?:[?#]|$)/i.test(source) ? 'misp' : 'url';
}

/** Keys that mean nothing for this kind of source, given in the belief that they do. */
function misplaced(
  values: Readonly<Record<string, unknown>>,
  transport: SourceTransport | undefined,
  where: string,
): Diagnostic[] {
  const wrong = (keys: readonly string[], kind: string): Diagnostic[] =>
    keys
      .filter((key) => values[key] !== undefined)
      .map((key) => diagnostic('CONFIG_BAD_VALUE', 'error', `"${key}" in ${where} is for ${kind} only`));
  return [
    ...(transport === 'taxii' ? [] : wrong(TAXII_KEYS, 'sources of type taxii')),
    ...(transport === 'file' ? wrong(REMOTE_KEYS, 'sources that are URLs') : []),
  ];
}

function authProblems(auth: SourceAuth | undefined, where: string): Diagnostic[] {
  if (auth === undefined) return [];
  const known = AUTH_KEYS[auth.type];
  const given = Object.keys(auth).filter((key) => key !== 'type');
  const hint = `type ${auth.type} has ${known.join(' and ')}`;
  const say = (message: string): Diagnostic => diagnostic('CONFIG_BAD_VALUE', 'error', message, { hint });
  return [
    // Some providers take a key as user name and no password.
    ...known
      .filter((key) => key !== 'password' && auth[key] === undefined)
      .map((key) => say(`"auth.${key}" is missing in ${where}`)),
    ...given
      .filter((key) => !(known as readonly string[]).includes(key))
      .map((key) => say(`"auth.${key}" in ${where} does not belong to type ${auth.type}`)),
  ];
}

function tlsProblems(tls: SourceTls | undefined, where: string): Diagnostic[] {
  if (tls === undefined || (tls.cert_file === undefined) === (tls.key_file === undefined)) return [];
  return [diagnostic('CONFIG_BAD_VALUE', 'error', `"tls.cert_file" and "tls.key_file" in ${where} belong together`)];
}

function providerName(file: string): string {
  const plain = basename(shownSource(file)).replace(
    /\.(?:gz|zst|json|jsonl|ndjson|csv|tsv|txt|list|lst|hosts)+$/gi,
    '',
  );
  const name = plain.replace(/\.(?:json|jsonl|ndjson|csv|tsv|txt|list|lst|stix)$/i, '');
  return name === '' ? 'unnamed' : name;
}
