/**
 * Fetches a feed that is one document over HTTP(S), conditionally (ETag, Last-Modified). Never rejects for what the server does; compressed
 * bodies are recognised by their first bytes later.
 */
import { retryAfterMs } from '../core/retry-after.ts';
import { type Diagnostic, diagnostic, FlintError } from '../errors/diagnostic.ts';
import { type HttpAnswer, HttpProblem, httpGet, type ResolveHost } from './http/http-get.ts';
import { type Credentials, redacted } from './http/request-auth.ts';
import { shownSource } from './shown-source.ts';

export interface FetchRequest extends Partial<Credentials> {
  readonly url: string;
  readonly etag?: string;
  readonly lastModified?: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly allowPrivateAddresses: boolean;
  /** Address of a proxy, or `none`; absent: as the environment says. */
  readonly proxy?: string;
  readonly signal?: AbortSignal;
}

export type FetchResult =
  | {
      readonly status: 'ok';
      /** Rejects with FlintError when the body breaks off, is too large or too slow. */
      readonly body: AsyncIterable<Uint8Array>;
      readonly etag?: string;
      readonly lastModified?: string;
    }
  | { readonly status: 'not-modified' }
  | {
      readonly status: 'failed';
      readonly diagnostic: Diagnostic;
      /** How long the server asked to be left alone. */
      readonly retryAfterMs?: number;
    };

export async function fetchFeed(request: FetchRequest, resolveHost?: ResolveHost): Promise<FetchResult> {
  try {
    const url = new URL(request.url);
    const { status, headers, body } = await httpGet(url, {
      auth: request.auth ?? { kind: 'none' },
      ...(request.tls === undefined ? {} : { tls: request.tls }),
      home: url,
      headers: {
        accept: '*/*',
        ...(request.etag === undefined ? {} : { 'if-none-match': request.etag }),
        ...(request.lastModified === undefined ? {} : { 'if-modified-since': request.lastModified }),
      },
      timeoutMs: request.timeoutMs,
      maxBytes: request.maxBytes,
      allowPrivateAddresses: request.allowPrivateAddresses,
      otherOrigins: 'follow',
      ...(request.proxy === undefined ? {} : { proxy: request.proxy }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...(resolveHost === undefined ? {} : { resolveHost }),
    });
    if (status === 200) return { status: 'ok', body: explained(body, request), ...validators(headers) };
    await body[Symbol.asyncIterator]().return?.();
    return status === 304 ? { status: 'not-modified' } : refused(status, headers, request);
  } catch (error) {
    return { status: 'failed', diagnostic: explain(error, request) };
  }
}

function validators(headers: Readonly<Record<string, string | undefined>>): { etag?: string; lastModified?: string } {
  const { etag, 'last-modified': lastModified } = headers;
  return { ...(etag === undefined ? {} : { etag }), ...(lastModified === undefined ? {} : { lastModified }) };
}

function refused(status: number, headers: HttpAnswer['headers'], { url }: FetchRequest): FetchResult {
  const code = status === 401 || status === 403 ? 'INTEL_FETCH_AUTH' : 'INTEL_FETCH_FAILED';
  const askedMs = retryAfterMs(headers, Date.now());
  return {
    status: 'failed',
    diagnostic: diagnostic(code, 'error', `"${shownSource(url)}": the server answers ${status}`),
    ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
  };
}

async function* explained(body: AsyncIterable<Uint8Array>, request: FetchRequest): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new FlintError([explain(error, request)], { cause: error });
  }
}

function explain(error: unknown, request: FetchRequest): Diagnostic {
  const where = shownSource(request.url);
  const reason = redacted((error as Error).message, { auth: { kind: 'none' }, ...request });
  if (error instanceof HttpProblem && error.code !== 'INTEL_FETCH_FAILED')
    return diagnostic(error.code, 'error', `"${where}": ${reason}`);
  return diagnostic('INTEL_FETCH_FAILED', 'error', `"${where}" cannot be fetched: ${reason}`);
}
