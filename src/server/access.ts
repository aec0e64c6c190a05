/**
 * Access: who may use the API. One shared token, sent as `Authorization: Bearer` or exchanged by the login form for a signed,
 * expiring cookie. Without a token (loopback only) everybody may.
 *
 * Texts are compared through SHA-256 in constant time. The cookie is `expiry.signature`, its key derived from the token: it
 * survives a restart and dies with the token. A valid cookie never counts as an attempt, so that somebody who guesses tokens
 * cannot lock out those who are logged in.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FailedAttempts } from './failed-attempts.ts';

const COOKIE_NAME = 'flint_session';
const SESSION_MS = 12 * 3_600_000;

export type AccessDecision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: 'no-token' | 'bad-token' }
  | { readonly allowed: false; readonly reason: 'too-many-attempts'; readonly retryAfterSec: number };

export interface Credentials {
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** Address of the peer, for counting failed attempts. */
  readonly peer: string;
  /** The token may also be the password of basic authentication, for clients that know nothing else. */
  readonly basic?: boolean;
}

export class Access {
  readonly #token: string | undefined;
  readonly #attempts: FailedAttempts;
  readonly #now: () => number;
  readonly #key: Buffer;

  constructor(token: string | undefined, attempts: FailedAttempts, now: () => number) {
    this.#token = token;
    this.#attempts = attempts;
    this.#now = now;
    this.#key = createHmac('sha256', token ?? '')
      .update('flint session')
      .digest();
  }

  get tokenNeeded(): boolean {
    return this.#token !== undefined;
  }

  decide(credentials: Credentials): AccessDecision {
    if (this.#token === undefined || this.#hasSession(credentials.cookie)) return { allowed: true };
    const token = tokenOf(credentials);
    return token === undefined ? { allowed: false, reason: 'no-token' } : this.tryToken(token, credentials.peer);
  }

  /** Checks a token given by `peer`; failures are counted, and after too many even the right one is refused for a while. */
  tryToken(token: string, peer: string): AccessDecision {
    const retryAfterSec = this.#attempts.waitSec(peer);
    if (retryAfterSec > 0) return { allowed: false, reason: 'too-many-attempts', retryAfterSec };
    if (this.#token !== undefined && sameText(token, this.#token)) return { allowed: true };
    this.#attempts.failed(peer);
    return { allowed: false, reason: 'bad-token' };
  }

  /** `Set-Cookie` value of a new session. */
  sessionCookie(secure: boolean): string {
    const expiry = String(this.#now() + SESSION_MS);
    return `${COOKIE_NAME}=${expiry}.${this.#sign(expiry)}; Path=/; Max-Age=${SESSION_MS / 1000}; ${attributes(secure)}`;
  }

  /** `Set-Cookie` value that ends the session in the browser. */
  endedCookie(secure: boolean): string {
    return `${COOKIE_NAME}=; Path=/; Max-Age=0; ${attributes(secure)}`;
  }

  #hasSession(cookieHeader: string | undefined): boolean {
    for (const part of (cookieHeader ?? '').split(';')) {
      const match = /^\s*flint_session=(\d{1,16})\.([0-9a-f]{64})\s*$/.exec(part);
      if (match === null) continue;
      const [, expiry = '', signature = ''] = match;
      if (sameText(signature, this.#sign(expiry)) && Number(expiry) > this.#now()) return true;
    }
    return false;
  }

  #sign(expiry: string): string {
    return createHmac('sha256', this.#key).update(expiry).digest('hex');
  }
}

function tokenOf({ authorization = '', basic = false }: Credentials): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (bearer !== undefined || !basic) return bearer;
  const encoded = /^Basic +([A-Za-z0-9+/]{1,4096}={0,2}) *$/i.exec(authorization)?.[1];
  // The user name is for the client's own use.
  return encoded === undefined
    ? undefined
    : Buffer.from(encoded, 'base64')
        .toString('utf8')
        .replace(/^[^:]*:?/, '');
}

function attributes(secure: boolean): string {
  return `HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}

function sameText(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
