/** Waiting time before the next attempt: exponential, capped, with equal jitter (half fixed, half random), so that many senders part. */

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

export const DEFAULT_BACKOFF: BackoffOptions = { initialMs: 200, maxMs: 60_000 };

/** Longest wait that a destination can ask for with `Retry-After`. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** `failures` from 1; `random` in [0, 1). What the destination asked for is a lower limit. */
export function backoffMs(failures: number, random: number, options: BackoffOptions, retryAfterMs = 0): number {
  const ceiling = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(ceiling / 2 + (ceiling / 2) * random, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
}
