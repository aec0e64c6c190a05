/**
 * Instants of TAXII 2.1 (section 1.6.1): microseconds since the epoch as numbers, which are exact until the year 2255, and their text with six
 * fraction digits. A DateClock gives every object of a collection an instant of its own, later than all before: that makes paging by time safe.
 */
import { parseStixTimestamp } from '../../core/stix-timestamp.ts';

export function formatMicroseconds(us: number): string {
  const ms = Math.floor(us / 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(us - ms * 1000).padStart(3, '0')}Z`;
}

/** Cut to microseconds; undefined when the text is no STIX time. */
export function parseMicroseconds(text: string): number | undefined {
  const ns = parseStixTimestamp(text);
  return ns === undefined ? undefined : Number(ns / 1000n);
}

export class DateClock {
  readonly #now: () => number;
  #last: number;

  /** `now` in milliseconds; `lastUs`: the latest instant given before a restart. */
  constructor(now: () => number, lastUs = 0) {
    this.#now = now;
    this.#last = lastUs;
  }

  next(): number {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#now() * 1000));
    return this.#last;
  }
}
