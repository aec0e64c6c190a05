/**
 * Requests to one TAXII server: credentials only for its own origin, certificates checked, one deadline for each request, polite
 * retries. 429 and 503 wait as long as Retry-After says; other failures that pass (5xx, resets, time-outs) wait exponentially
 * with jitter; everything else is the caller's. No secret is ever part of a message.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isPublicAddress } from '../../core/address-scope.ts';
import { parseIp } from '../../core/ip-address.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { checkedLookup } from '../checked-lookup.ts';
import { shownSource } from '../intel-source.ts';

export type TaxiiAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  /** A key in a header of the provider's choice: `X-OTX-API-KEY`, `Authorization: Token …`. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string };

export interface TaxiiServer {
  /** Discovery address, API root or bare host. */
  readonly url: string;
  readonly auth: TaxiiAuth;
  /** PEM texts: client certificate with its key, and authorities beside the system's. */
  readonly tls?: { readonly cert?: string; readonly key?: string; readonly passphrase?: string; readonly ca?: string };
  readonly timeoutMs: number;
  /** Most bytes of one answer. */
  readonly maxBytes: number;
  /** Tries of one request, the first included. */
  readonly maxTries: number;
  /** Longest single wait, also when Retry-After asks for more. */
  readonly maxWaitMs: number;
  readonly allowPrivateAddresses: boolean;
}

export const TAXII_DEFAULTS = {
  auth: { kind: 'none' },
  timeoutMs: 120_000,
  maxBytes: 268_435_456,
  maxTries: 6,
  maxWaitMs: 300_000,
  allowPrivateAddresses: false,
} as const satisfies Partial<TaxiiServer>;

/** Injected by tests; `systemSurroundings` in production. */
export interface TaxiiSurroundings {
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** 0 to 1. */
  readonly random: () => number;
  /** Told of each wait, for progress displays. */
  readonly waiting?: (ms: number, reason: string) => void;
}

export interface TaxiiResponse {
  /** What was asked for. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Rejects with FlintError when it breaks off, is too large or too slow. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Why a request failed for good. `status` 0: no answer. */
export class TaxiiFailure extends FlintError {
  readonly status: number;

  constructor(code: ErrorCode, message: string, status: number, cause?: unknown) {
    super([diagnostic(code, 'error', message)], cause === undefined ? {} : { cause });
    this.status = status;
  }
}

const RETRIED = new Set([408, 429, 500, 502, 503, 504]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 3;
const FIRST_WAIT_MS = 1_000;

export class TaxiiTransport {
  readonly server: TaxiiServer;
  readonly #surroundings: TaxiiSurroundings;
  readonly #signal: AbortSignal | undefined;

  constructor(server: TaxiiServer, surroundings: TaxiiSurroundings, signal?: AbortSignal) {
    this.server = server;
    this.#surroundings = surroundings;
    this.#signal = signal;
  }

  /**
   * Sends a GET and reads the answer with `read`, both again when the failure may pass, from the second try on to `again` if given.
   * Statuses below 400 and 416 are given to `read`. Rejects with TaxiiFailure.
   */
  async get<T>(
    first: URL,
    headers: Readonly<Record<string, string>>,
    read: (response: TaxiiResponse) => Promise<T>,
    again: URL = first,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const url = attempt === 1 ? first : again;
      let failure: TaxiiFailure;
      let waitMs = backoff(attempt, this.#surroundings.random());
      try {
        const response = await this.#send(url, headers);
        if (response.status < 400 || response.status === 416) return await read(response);
        failure = await this.#refusal(url, response);
        waitMs = retryAfterMs(response.headers['retry-after'], this.#surroundings.now()) ?? waitMs;
        if (!RETRIED.has(response.status)) throw failure;
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (error instanceof TaxiiFailure && error.status !== 0) throw error;
        failure = this.#passing(url, error);
      }
      if (attempt >= this.server.maxTries) throw failure;
      const boundedMs = Math.min(waitMs, this.server.maxWaitMs);
      this.#surroundings.waiting?.(boundedMs, failure.message);
      await this.#surroundings.sleep(boundedMs, this.#signal);
    }
  }

  async #send(first: URL, headers: Readonly<Record<string, string>>): Promise<TaxiiResponse> {
    const deadline = AbortSignal.timeout(this.server.timeoutMs);
    const signal = this.#signal === undefined ? deadline : AbortSignal.any([deadline, this.#signal]);
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#connect(url, headers, signal);
      const { statusCode: status = 0 } = response;
      const { location } = response.headers;
      if (!REDIRECTS.has(status) || location === undefined) {
        const plain = Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
        );
        return { url: first, status, headers: plain, body: this.#limited(response, url) };
      }
      response.destroy();
      const next = new URL(location, url);
      if (redirects >= MAX_REDIRECTS)
        throw new TaxiiFailure('INTEL_TAXII_FAILED', `"${shown(first)}": too many redirects`, status);
      if (next.origin !== first.origin)
        throw new TaxiiFailure(
          'INTEL_TAXII_FAILED',
          `"${shown(first)}" redirects to another server, "${shown(next)}"`,
          status,
        );
      url = next;
    }
  }

  async #connect(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
    const addresses = await this.#addresses(url);
    const { tls } = this.server;
    const isOwn = url.origin === new URL(this.server.url).origin;
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = send(
        url,
        {
          signal,
          agent: false,
          lookup: checkedLookup(addresses),
          minVersion: 'TLSv1.2',
          ...(tls === undefined ? {} : isOwn ? tls : tls.ca === undefined ? {} : { ca: tls.ca }),
          headers: {
            'user-agent': 'flint',
            'accept-encoding': 'identity',
            ...headers,
            ...(isOwn ? authHeaders(this.server.auth) : {}),
          },
        },
        resolve,
      );
      sent.on('error', reject);
      sent.end();
    });
  }

  async #addresses(url: URL): Promise<readonly LookupAddress[]> {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const literal = parseIp(host);
    const addresses = literal === undefined ? await resolved(host) : [{ address: host, family: literal.family }];
    const refused = addresses.find(({ address }) => !isPublicAddress(address));
    if (refused !== undefined && !this.server.allowPrivateAddresses)
      throw new TaxiiFailure('INTEL_ADDRESS_REFUSED', `"${shown(url)}": ${refused.address} is no public address`, -1);
    return addresses;
  }

  async *#limited(response: IncomingMessage, url: URL): AsyncGenerator<Uint8Array> {
    const { maxBytes } = this.server;
    let received = 0;
    try {
      for await (const chunk of response as AsyncIterable<Uint8Array>) {
        received += chunk.length;
        if (received > maxBytes)
          throw new TaxiiFailure('INTEL_TOO_LARGE', `"${shown(url)}": more than ${maxBytes} bytes in one answer`, -1);
        yield chunk;
      }
      if (!response.complete) throw new TaxiiFailure('INTEL_TAXII_FAILED', `"${shown(url)}": the answer broke off`, 0);
    } finally {
      response.destroy();
    }
  }

  /** What the server says about its refusal: the title and description of the TAXII error, if it sent one. */
  async #refusal(url: URL, response: TaxiiResponse): Promise<TaxiiFailure> {
    const said = this.#redacted(await errorText(response));
    const code = response.status === 401 || response.status === 403 ? 'INTEL_TAXII_AUTH' : 'INTEL_TAXII_FAILED';
    const message = `"${shown(url)}" answers ${response.status}${said === '' ? '' : `: ${said}`}`;
    return new TaxiiFailure(code, message, response.status);
  }

  #passing(url: URL, error: unknown): TaxiiFailure {
    if (error instanceof TaxiiFailure) return error;
    const { name, code, message } = error as Error & { code?: string };
    const reason =
      name === 'TimeoutError' || name === 'AbortError'
        ? `no complete answer within ${this.server.timeoutMs / 1000} s`
        : (code ?? message);
    return new TaxiiFailure('INTEL_TAXII_FAILED', `"${shown(url)}": ${this.#redacted(reason)}`, 0, error);
  }

  #redacted(text: string): string {
    return secretsOf(this.server).reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
  }
}

export function shown(url: URL): string {
  return shownSource(url.href);
}

export const systemSurroundings: TaxiiSurroundings = {
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          reject(signal.reason);
        },
        { once: true },
      );
    }),
};

/** Seconds, or an HTTP date; undefined when the header is neither. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1_000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

/** 1 s, 2 s, 4 s, … of which at least half is waited. */
function backoff(attempt: number, random: number): number {
  return FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + random / 2);
}

function authHeaders(auth: TaxiiAuth): Readonly<Record<string, string>> {
  if (auth.kind === 'basic')
    return { authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`, 'utf8').toString('base64')}` };
  if (auth.kind === 'bearer') return { authorization: `Bearer ${auth.token}` };
  return auth.kind === 'header' ? { [auth.name]: auth.value } : {};
}

function secretsOf({ auth, tls }: TaxiiServer): readonly string[] {
  const secrets = [...Object.values(authHeaders(auth)), tls?.key, tls?.passphrase];
  if (auth.kind === 'basic') secrets.push(auth.password, authHeaders(auth)['authorization']?.slice('Basic '.length));
  if (auth.kind === 'bearer') secrets.push(auth.token);
  return secrets.filter((secret): secret is string => secret !== undefined && secret !== '');
}

const MAX_ERROR_BYTES = 16_384;

async function errorText(response: TaxiiResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ERROR_BYTES) break;
  }
  try {
    const { title, description } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
    return [title, description]
      .filter((text) => typeof text === 'string')
      .join(', ')
      .slice(0, 200);
  } catch (error) {
    // HTML, plain text or nothing: the status alone must do.
    if (error instanceof SyntaxError || error instanceof TypeError) return '';
    throw error;
  }
}

function resolved(host: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    dnsLookup(host, { all: true }, (error, addresses) => {
      if (error !== null) reject(error);
      else resolve(addresses);
    });
  });
}
