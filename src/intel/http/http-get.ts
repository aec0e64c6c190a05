/**
 * One GET, redirects included: what fetching a list, a MISP feed and a TAXII page have in common, so that the rules which keep a feed
 * harmless stand once. Under one deadline, with a size limit; credentials and client certificate go to their own origin only; a
 * redirect from https to http is refused. Private addresses are refused unless allowed, so that a feed, or what it redirects
 * to, cannot reach into the own network: the connection goes to the very addresses that were checked, never to what a second
 * look-up might give. Answers are asked for without content encoding.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { isPublicAddress } from '../../core/address-scope.ts';
import { parseIp } from '../../core/ip-address.ts';
import { checkedLookup } from './checked-lookup.ts';
import { networkReason } from './network-words.ts';
import { proxyFor, proxyHeaders, throughProxy, tunnel } from './proxy.ts';
import { authHeaders, type Credentials } from './request-auth.ts';

/** Gives all addresses of a name; injected by tests. */
export type ResolveHost = (host: string) => Promise<readonly LookupAddress[]>;

export interface GetOptions extends Credentials {
  /** Whose credentials they are: they go to this address's origin only. */
  readonly home: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** For redirects and body together. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly allowPrivateAddresses: boolean;
  /** Address of a proxy, or `none`; absent: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. */
  readonly proxy?: string;
  /** A redirect to another origin: followed without credentials, or refused. */
  readonly otherOrigins: 'follow' | 'refuse';
  /** Makes it a POST; redirects are then answers like any other. */
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly resolveHost?: ResolveHost;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Rejects with HttpProblem when it breaks off, is too large or too slow. Ending the iteration closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Why there is no answer, or only a part of one. The message names no address: the caller does. */
export class HttpProblem extends Error {
  readonly code: 'INTEL_FETCH_FAILED' | 'INTEL_ADDRESS_REFUSED' | 'INTEL_TOO_LARGE';
  /** Another try may succeed: a reset, a time-out. */
  readonly passing: boolean;

  constructor(code: HttpProblem['code'], message: string, passing: boolean, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.passing = passing;
  }
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Any status is an answer. Rejects with HttpProblem, or with the reason of the caller's own abort. */
export async function httpGet(first: URL, options: GetOptions): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  try {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const response = await connect(url, options, signal);
      const { statusCode: status = 0, headers } = response;
      if (!REDIRECTS.has(status) || headers.location === undefined || options.body !== undefined)
        return { status, headers: single(headers), body: limited(response, options, deadline) };
      response.destroy();
      if (redirects >= MAX_REDIRECTS) throw failed(`more than ${MAX_REDIRECTS} redirects`);
      url = nextUrl(url, headers.location, options);
    }
  } catch (error) {
    throw problemOf(error, options, deadline);
  }
}

async function connect(url: URL, options: GetOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const isHome = url.origin === options.home.origin;
  const way = await wayTo(url, isHome, options, signal);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = send(
      way.target,
      {
        signal,
        method: options.body === undefined ? 'GET' : 'POST',
        ...way.options,
        headers: {
          'user-agent': 'flint',
          'accept-encoding': 'identity',
          ...options.headers,
          ...(options.body === undefined ? {} : { 'content-length': options.body.length }),
          ...(isHome ? authHeaders(options.auth) : {}),
          ...way.headers,
        },
      },
      resolve,
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

interface Way {
  readonly target: URL;
  readonly options: RequestOptions;
  readonly headers: Readonly<Record<string, string>>;
}

/** Straight to the addresses that were checked, or through a proxy, which resolves names itself. */
async function wayTo(url: URL, isHome: boolean, options: GetOptions, signal: AbortSignal): Promise<Way> {
  const proxy = proxyFor(url, options.proxy, process.env);
  const own = options.tls ?? {};
  const tls = { minVersion: 'TLSv1.2' as const, ...(isHome ? own : own.ca === undefined ? {} : { ca: own.ca }) };
  const addresses = await allowedAddresses(url, options, proxy === undefined);
  if (proxy === undefined)
    return { target: url, options: { agent: false, lookup: checkedLookup(addresses), ...tls }, headers: {} };
  if (url.protocol === 'http:') {
    const { target, path } = throughProxy(url, proxy);
    return { target, options: { agent: false, path }, headers: { host: url.host, ...proxyHeaders(proxy) } };
  }
  const socket = await tunnel(url, proxy, signal);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const servername = parseIp(host) === undefined ? host : '';
  return {
    target: url,
    options: { createConnection: () => connectTls({ socket, host, servername, ...tls }) },
    headers: {},
  };
}

async function allowedAddresses(
  url: URL,
  { allowPrivateAddresses, resolveHost = systemResolve }: GetOptions,
  resolves: boolean,
): Promise<readonly LookupAddress[]> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw failed(`the protocol "${url.protocol}" is not http or https`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const literal = parseIp(host);
  const named = async (): Promise<readonly LookupAddress[]> => (resolves ? await resolveHost(host) : []);
  const addresses = literal === undefined ? await named() : [{ address: host, family: literal.family }];
  const refused = addresses.find(({ address }) => !isPublicAddress(address));
  if (refused !== undefined && !allowPrivateAddresses)
    throw new HttpProblem(
      'INTEL_ADDRESS_REFUSED',
      `${refused.address} is no public address, which allow_private_addresses permits`,
      false,
    );
  return addresses;
}

function nextUrl(from: URL, location: string, { otherOrigins }: GetOptions): URL {
  if (!URL.canParse(location, from.href)) throw failed('redirected to something that is no address');
  const next = new URL(location, from);
  if (from.protocol === 'https:' && next.protocol !== 'https:')
    throw failed('redirected from https to another protocol');
  if (next.origin === from.origin) return next;
  if (otherOrigins === 'refuse') throw failed(`redirects to another server, "${next.origin}"`);
  // Credentials in the configured address are for its own server only.
  next.username = '';
  next.password = '';
  return next;
}

async function* limited(
  response: IncomingMessage,
  options: GetOptions,
  deadline: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      received += chunk.length;
      if (received > options.maxBytes)
        throw new HttpProblem('INTEL_TOO_LARGE', `more than ${options.maxBytes} bytes`, false);
      yield chunk;
    }
    if (!response.complete) throw new HttpProblem('INTEL_FETCH_FAILED', 'the answer broke off', true);
  } catch (error) {
    throw problemOf(error, options, deadline);
  } finally {
    response.destroy();
  }
}

function failed(message: string): HttpProblem {
  return new HttpProblem('INTEL_FETCH_FAILED', message, false);
}

/** What Node's network layer throws, in our words; an abort by the caller stays what it is. */
function problemOf(error: unknown, { signal, timeoutMs }: GetOptions, deadline: AbortSignal): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof HttpProblem) return error;
  // What breaks when the time is over calls itself a time-out, an abort or a reset connection.
  const { text, lasting } = deadline.aborted
    ? { text: `no complete answer within ${timeoutMs / 1000} s`, lasting: false }
    : networkReason(error as Error & { code?: string });
  return new HttpProblem('INTEL_FETCH_FAILED', text, !lasting, error);
}

function single(headers: IncomingMessage['headers']): HttpAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

const systemResolve: ResolveHost = (host) =>
  new Promise((resolve, reject) => {
    dnsLookup(host, { all: true }, (error, addresses) => {
      if (error !== null) reject(error);
      else resolve(addresses);
    });
  });
