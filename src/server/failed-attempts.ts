/**
 * FailedAttempts: how often each peer gave a wrong token in the current window. At most `perWindow` tries per peer (IPv6: per /64,
 * which one host may own whole); at most `peerLimit` peers are remembered, the oldest is forgotten first.
 */
import { canonicalIp } from '../core/ip-address.ts';

export interface AttemptLimits {
  readonly perWindow: number;
  readonly windowMs: number;
  readonly peerLimit: number;
}

export const ATTEMPT_LIMITS: AttemptLimits = { perWindow: 10, windowMs: 60_000, peerLimit: 4096 };

interface Window {
  readonly startMs: number;
  count: number;
}

export class FailedAttempts {
  readonly #windows = new Map<string, Window>();
  readonly #now: () => number;
  readonly #limits: AttemptLimits;
  #total = 0;

  constructor(now: () => number, limits: AttemptLimits = ATTEMPT_LIMITS) {
    this.#now = now;
    this.#limits = limits;
  }

  /** Failures ever, all peers. */
  get total(): number {
    return this.#total;
  }

  failed(peer: string): void {
    this.#total++;
    const key = groupOf(peer);
    const current = this.#current(key);
    if (current !== undefined) {
      current.count++;
      return;
    }
    this.#windows.delete(key);
    const oldest = this.#windows.keys().next().value;
    if (this.#windows.size >= this.#limits.peerLimit && oldest !== undefined) this.#windows.delete(oldest);
    this.#windows.set(key, { startMs: this.#now(), count: 1 });
  }

  /** Whole seconds until the peer may try again; 0: it may now. */
  waitSec(peer: string): number {
    const window = this.#current(groupOf(peer));
    if (window === undefined || window.count < this.#limits.perWindow) return 0;
    return Math.max(1, Math.ceil((window.startMs + this.#limits.windowMs - this.#now()) / 1000));
  }

  #current(key: string): Window | undefined {
    const window = this.#windows.get(key);
    return window !== undefined && this.#now() < window.startMs + this.#limits.windowMs ? window : undefined;
  }
}

function groupOf(peer: string): string {
  const address = canonicalIp(peer) ?? peer;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return groups.slice(0, 4).join(':');
}
