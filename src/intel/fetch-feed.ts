/**
 * Fetches a feed over HTTP(S): under one deadline, with a size limit, conditional (ETag, Last-Modified), redirects followed by hand.
 *
 * Private addresses are refused unless allowed, so that a feed, or what it redirects to, cannot reach into the own network: the
 * connection goes to the very addresses that were checked, never to what a second look-up might give. Responses are asked for
 * without content encoding; compressed bodies are recognised by their first bytes anyway.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isPublicAddress } from '../core/address-scope.ts';
import { parseIp } from '../core/ip-address.ts';
import { type Diagnostic, diagnostic, FlintError } from '../errors/diagnostic.ts';
import { checkedLookup } from './checked-lookup.ts';
import { shownSource } from './intel-source.ts';

export interface FetchRequest {
  readonly url: string;
  readonly etag?: string;
  readonly lastModified?: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly allowPrivateAddresses: boolean;
  readonly signal?: AbortSignal;
}

/** Gives all addresses of a name; injected by tests. */
export type ResolveHost = (host: string) => Promise<readonly LookupAddress[]>;

export type FetchResult =
  | {
      readonly status: 'ok';
      /** Rejects with FlintError when the body breaks off, is too large or too slow. */
      readonly body: AsyncIterable<Uint8Array>;
      readonly etag?: string;
      readonly lastModified?: string;
    }
  | { readonly status: 'not-modified' }
  | { readonly status: 'failed'; readonly diagnostic: Diagnostic };

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const USER_AGENT = 'flint';

export async function fetchFeed(request: FetchRequest, resolveHost: ResolveHost = systemResolve): Promise<FetchResult> {
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
  try {
    let url = new URL(request.url);
    for (let redirects = 0; ; redirects++) {
      const response = await connect(url, request, signal, resolveHost);
      const { statusCode = 0, headers } = response;
      if (REDIRECTS.has(statusCode) && headers.location !== undefined) {
        response.destroy();
        url = nextUrl(url, headers.location, redirects);
        continue;
      }
      if (statusCode === 304) {
        response.destroy();
        return { status: 'not-modified' };
      }
      if (statusCode !== 200) {
        response.destroy();
        throw failure('INTEL_FETCH_FAILED', `the server answers ${statusCode}`);
      }
      return {
        status: 'ok',
        body: limited(response, request, url),
        ...(headers.etag === undefined ? {} : { etag: headers.etag }),
        ...(headers['last-modified'] === undefined ? {} : { lastModified: headers['last-modified'] }),
      };
    }
  } catch (error) {
    return { status: 'failed', diagnostic: explain(error, request) };
  }
}

async function connect(
  url: URL,
  request: FetchRequest,
  signal: AbortSignal,
  resolveHost: ResolveHost,
): Promise<IncomingMessage> {
  const addresses = await allowedAddresses(url, request, resolveHost);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const isFirst = url.href === new URL(request.url).href;
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = send(
      url,
      {
        signal,
        agent: false,
        lookup: checkedLookup(addresses),
        headers: {
          'user-agent': USER_AGENT,
          accept: '*/*',
          'accept-encoding': 'identity',
          ...(request.etag === undefined || !isFirst ? {} : { 'if-none-match': request.etag }),
          ...(request.lastModified === undefined || !isFirst ? {} : { 'if-modified-since': request.lastModified }),
        },
      },
      resolve,
    );
    sent.on('error', reject);
    sent.end();
  });
}

async function allowedAddresses(
  url: URL,
  request: FetchRequest,
  resolveHost: ResolveHost,
): Promise<readonly LookupAddress[]> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw failure('INTEL_FETCH_FAILED', `the protocol "${url.protocol}" is not http or https`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const literal = parseIp(host);
  const addresses = literal === undefined ? await resolveHost(host) : [{ address: host, family: literal.family }];
  if (request.allowPrivateAddresses) return addresses;
  const refused = addresses.find(({ address }) => !isPublicAddress(address));
  if (refused !== undefined) throw failure('INTEL_ADDRESS_REFUSED', `${refused.address} is no public address`);
  return addresses;
}

function nextUrl(from: URL, location: string, redirects: number): URL {
  if (redirects >= MAX_REDIRECTS) throw failure('INTEL_FETCH_FAILED', `more than ${MAX_REDIRECTS} redirects`);
  const next = new URL(location, from);
  if (from.protocol === 'https:' && next.protocol !== 'https:')
    throw failure('INTEL_FETCH_FAILED', 'redirected from https to another protocol');
  if (next.origin !== from.origin) {
    // Credentials in the configured address are for its own server only.
    next.username = '';
    next.password = '';
  }
  return next;
}

async function* limited(response: IncomingMessage, request: FetchRequest, url: URL): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      received += chunk.length;
      if (received > request.maxBytes) throw failure('INTEL_TOO_LARGE', `more than ${request.maxBytes} bytes`);
      yield chunk;
    }
    if (!response.complete) throw failure('INTEL_FETCH_FAILED', 'the answer broke off');
  } catch (error) {
    throw new FlintError([explain(error, { ...request, url: url.href })], { cause: error });
  } finally {
    response.destroy();
  }
}

function failure(
  code: 'INTEL_FETCH_FAILED' | 'INTEL_ADDRESS_REFUSED' | 'INTEL_TOO_LARGE',
  message: string,
): FlintError {
  return new FlintError([diagnostic(code, 'error', message)]);
}

function explain(error: unknown, request: FetchRequest): Diagnostic {
  const where = shownSource(request.url);
  if (error instanceof FlintError && error.diagnostics[0] !== undefined) {
    const [first] = error.diagnostics;
    return first.message.startsWith('"') ? first : { ...first, message: `"${where}": ${first.message}` };
  }
  const { name, code, message } = error as Error & { code?: string };
  const late = name === 'TimeoutError' || (name === 'AbortError' && request.signal?.aborted !== true);
  const reason = late ? `no complete answer within ${request.timeoutMs / 1000} s` : (code ?? message);
  return diagnostic('INTEL_FETCH_FAILED', 'error', `"${where}" cannot be fetched: ${reason}`);
}

const systemResolve: ResolveHost = (host) =>
  new Promise((resolve, reject) => {
    dnsLookup(host, { all: true }, (error, addresses) => {
      if (error !== null) reject(error);
      else resolve(addresses);
    });
  });
