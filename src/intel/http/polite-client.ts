/**
 * Many requests to one server: credentials for its own origin, one deadline for each request, polite retries. 429 and 503 wait as
 * long as Retry-After says; other failures that pass (5xx, resets, time-outs) wait exponentially with jitter; everything else
 * is the caller's. No secret is ever part of a message.
 */
import { retryAfterMs } from '../../core/retry-after.ts';
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { shownSource } from '../shown-source.ts';
import { type HttpAnswer, HttpProblem, httpGet, type ResolveHost } from './http-get.ts';
import { type Credentials, redacted } from './request-auth.ts';

export interface RemoteServer extends Credentials {
  /** Its origin is what the credentials are for. */
  readonly url: string;
  readonly timeoutMs: number;
  /** Most bytes of one answer. */
  readonly maxBytes: number;
  /** Tries of one request, the first included. */
  readonly maxTries: number;
  /** Longest single wait; a Retry-After beyond it ends the request. */
  readonly maxWaitMs: number;
  readonly allowPrivateAddresses: boolean;
  /** Address of a proxy, or `none`; absent: as the environment says. */
  readonly proxy?: string;
}

export const REMOTE_DEFAULTS = {
  auth: { kind: 'none' },
  timeoutMs: 120_000,
  maxBytes: 268_435_456,
  maxTries: 6,
  maxWaitMs: 300_000,
  allowPrivateAddresses: false,
} as const satisfies Partial<RemoteServer>;

/** Injected by tests; `systemSurroundings` in production. */
export interface Surroundings {
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** 0 to 1. */
  readonly random: () => number;
  /** Told of each wait, for progress displays. */
  readonly waiting?: (ms: number, reason: string) => void;
  readonly resolveHost?: ResolveHost;
}

export interface ServerAnswer extends HttpAnswer {
  /** What was asked for. */
  readonly url: URL;
}

/** Under which codes a kind of server fails. */
export interface FailureCodes {
  readonly failed: ErrorCode;
  readonly auth: ErrorCode;
}

/** Why a request failed for good. `status` 0: no answer; -1: none would help. */
export class RequestFailure extends FlintError {
  readonly status: number;
  /** How long the server asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, status: number, cause?: unknown, retryAfter?: number) {
    super([diagnostic(code, 'error', message)], cause === undefined ? {} : { cause });
    this.status = status;
    this.retryAfterMs = retryAfter;
  }
}

const RETRIED = new Set([408, 429, 500, 502, 503, 504]);
const FIRST_WAIT_MS = 1_000;
const MAX_ERROR_BYTES = 16_384;
/** Characters shown of what a server says. */
const MAX_SAID = 200;

export class PoliteClient {
  readonly server: RemoteServer;
  readonly #codes: FailureCodes;
  readonly #surroundings: Surroundings;
  readonly #signal: AbortSignal | undefined;

  constructor(server: RemoteServer, codes: FailureCodes, surroundings: Surroundings, signal?: AbortSignal) {
    this.server = server;
    this.#codes = codes;
    this.#surroundings = surroundings;
    this.#signal = signal;
  }

  /**
   * Sends a GET and reads the answer with `read`, both again when the failure may pass, from the second try on to `again` if given.
   * Statuses below 300 and 416 are given to `read`, 304 where the request is conditional. Rejects with RequestFailure, or with the
   * reason of the caller's abort.
   */
  async get<T>(
    first: URL,
    headers: Readonly<Record<string, string>>,
    read: (response: ServerAnswer) => Promise<T>,
    again: URL = first,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const url = attempt === 1 ? first : again;
      let failure: RequestFailure;
      let waitMs = backoff(attempt, this.#surroundings.random());
      try {
        const response = { url, ...(await this.#send(url, headers)) };
        if (isAnswer(response.status, headers)) return await read(response);
        const askedMs = this.#askedMs(response);
        failure = await this.#refusal(response, askedMs);
        waitMs = askedMs ?? Math.min(waitMs, this.server.maxWaitMs);
        // Who asks for more than we wait here is left alone by ending: the caller comes back later.
        if (!RETRIED.has(response.status) || waitMs > this.server.maxWaitMs) throw failure;
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (error instanceof RequestFailure && error.status !== 0) throw error;
        failure = this.#passing(url, error);
        if (failure.status !== 0) throw failure;
      }
      if (attempt >= this.server.maxTries) throw failure;
      const boundedMs = Math.min(waitMs, this.server.maxWaitMs);
      this.#surroundings.waiting?.(boundedMs, failure.message);
      await this.#surroundings.sleep(boundedMs, this.#signal);
    }
  }

  /** Sends a POST once: who has something to send queues and repeats it. Rejects as `get` does. */
  async post<T>(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    read: (response: ServerAnswer) => Promise<T>,
  ): Promise<T> {
    try {
      const response = { url, ...(await this.#send(url, headers, body)) };
      if (response.status >= 200 && response.status < 300) return await read(response);
      throw await this.#refusal(response, this.#askedMs(response));
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw this.#passing(url, error);
    }
  }

  #send(url: URL, headers: Readonly<Record<string, string>>, body?: Uint8Array): Promise<HttpAnswer> {
    const { resolveHost } = this.#surroundings;
    return httpGet(url, {
      ...this.server,
      home: new URL(this.server.url),
      headers,
      otherOrigins: 'refuse',
      ...(body === undefined ? {} : { body }),
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
      ...(resolveHost === undefined ? {} : { resolveHost }),
    });
  }

  /** Undefined also when the time has passed: who is asked to slow down and not told for how long waits as for any failure. */
  #askedMs({ headers }: ServerAnswer): number | undefined {
    return retryAfterMs(headers, this.#surroundings.now()) || undefined;
  }

  /** What the server says about its refusal: the title and description of a TAXII error, if it sent one. */
  async #refusal({ url, status, body }: ServerAnswer, askedMs: number | undefined): Promise<RequestFailure> {
    // Cut last: half a secret is none that would be found.
    const said = redacted(await errorText(body), this.server)
      .replace(/\s+/g, ' ')
      .slice(0, MAX_SAID);
    const code = status === 401 || status === 403 ? this.#codes.auth : this.#codes.failed;
    const later = askedMs === undefined ? '' : `; it asks to come back in ${Math.ceil(askedMs / 1000)} s`;
    const message = `"${shown(url)}" answers ${status}${said === '' ? '' : `: ${said}`}${later}`;
    return new RequestFailure(code, message, status, undefined, askedMs);
  }

  /** A failure of the connection, or of `read`; problems that are none of the network's stay what they are. */
  #passing(url: URL, error: unknown): RequestFailure {
    if (error instanceof RequestFailure) return error;
    if (!(error instanceof HttpProblem) && !(error instanceof ReadAgain)) throw error;
    const isFetch = error instanceof ReadAgain || error.code === 'INTEL_FETCH_FAILED';
    const code = isFetch ? this.#codes.failed : error.code;
    const passing = error instanceof ReadAgain || error.passing;
    const message = `"${shown(url)}": ${redacted(error.message, this.server)}`;
    return new RequestFailure(code, message, passing ? 0 : -1, error);
  }
}

/** Thrown by `read`: what came is damaged, the request is to be sent again. */
export class ReadAgain extends Error {}

export function shown(url: URL): string {
  return shownSource(url.href);
}

export const systemSurroundings: Surroundings = {
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal?.addEventListener('abort', stop, { once: true });
    }),
};

/** A redirect that says nothing about where to, and "not modified" to whom nobody asked about, are no answers. */
function isAnswer(status: number, headers: Readonly<Record<string, string>>): boolean {
  if (status < 300 || status === 416) return true;
  return status === 304 && (Object.hasOwn(headers, 'if-none-match') || Object.hasOwn(headers, 'if-modified-since'));
}

/** 1 s, 2 s, 4 s, … of which at least half is waited. */
function backoff(attempt: number, random: number): number {
  return FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + random / 2);
}

async function errorText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ERROR_BYTES) break;
  }
  try {
    const { title, description } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
    return [title, description].filter((text) => typeof text === 'string').join(', ');
  } catch (error) {
    // HTML, plain text or nothing: the status alone must do.
    if (error instanceof SyntaxError || error instanceof TypeError) return '';
    throw error;
  }
}
