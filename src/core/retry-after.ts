/**
 * Retry-After (RFC 9110 section 10.2.3): how long a server asks to be left alone, in seconds or as a date. A date is by the server's own
 * clock, so that it is measured from the `Date` of the same answer where there is one: clocks are hours apart now and then.
 */

export interface RetryHeaders {
  readonly 'retry-after'?: string | undefined;
  readonly date?: string | undefined;
}

/** Milliseconds, 0 for a date that has passed; undefined when the header is neither of both. `nowMs` is our clock. */
export function retryAfterMs(headers: RetryHeaders, nowMs: number): number | undefined {
  const header = headers['retry-after']?.trim();
  if (header === undefined) return undefined;
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(header)) return Math.ceil(Number(header) * 1000);
  // `Date.parse` takes bare numbers for years and months.
  const dateMs = /^[A-Za-z]{3,9},? /.test(header) ? Date.parse(header) : Number.NaN;
  if (Number.isNaN(dateMs)) return undefined;
  const serverMs = Date.parse(headers.date ?? '');
  return Math.max(0, dateMs - (Number.isNaN(serverMs) ? nowMs : serverMs));
}
