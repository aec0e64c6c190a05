/**
 * Suppression of repeated alerts (design 6.4): per rule and host (else source address) the first alert goes out at once; those that follow
 * within the window are counted; when the window ends, one closing update goes out: the first alert with its id, `flint.count` and
 * the time of the last one in `event.end`. A window without repeats ends silently. The clock is an argument: arrival time in `run`.
 *
 * Bounded: at most `maxEntries` windows and `maxBytes` of kept alerts; beyond it the oldest window ends early (its update goes out, the
 * eviction is counted). The state is plain data (`snapshot`, `restore`), so windows go on after a restart.
 */
import type { Alert } from '../core/alert.ts';
import type { Event } from '../core/event.ts';
import type { Match } from '../core/match.ts';
import { ruleKey } from './alert-id.ts';

/** An alert with the event it came from, as encoders take it. */
export interface SuppressibleAlert {
  readonly alert: Alert;
  readonly event: Event;
}

export interface SuppressorOptions {
  /** Length of a window in milliseconds; 0 lets everything pass. */
  readonly windowMs: number;
  readonly maxEntries?: number;
  /** Approximate memory of all kept alerts. */
  readonly maxBytes?: number;
}

export interface SuppressionResult {
  /** To be sent now, in this order: closing updates, and the alert itself unless it is held back. */
  readonly send: readonly SuppressibleAlert[];
  readonly heldBack: boolean;
}

export interface SuppressionSnapshot {
  readonly version: 1;
  /** Oldest window first. */
  readonly windows: readonly SuppressionWindow[];
}

export interface SuppressionWindow {
  readonly key: string;
  readonly startMs: number;
  readonly count: number;
  /** Event time of the latest repeat, RFC 3339. */
  readonly lastSeen: string;
  readonly first: SuppressibleAlert;
}

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** An alert without its texts. */
const BASE_BYTES = 2048;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export class Suppressor {
  readonly #windowMs: number;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** In order of their start, which is the order of insertion. */
  readonly #windows = new Map<string, Writable<SuppressionWindow>>();
  #bytes = 0;
  #evicted = 0;
  #heldBack = 0;

  constructor(options: SuppressorOptions) {
    this.#windowMs = options.windowMs;
    this.#maxEntries = options.maxEntries ?? MAX_ENTRIES;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  /** Windows ended early for want of room, and alerts held back, since the start. */
  get evicted(): number {
    return this.#evicted;
  }

  get heldBack(): number {
    return this.#heldBack;
  }

  get size(): number {
    return this.#windows.size;
  }

  offer(match: Match, outgoing: SuppressibleAlert, nowMs: number): SuppressionResult {
    if (this.#windowMs <= 0) return { send: [outgoing], heldBack: false };
    const send = [...this.expire(nowMs)];
    const key = suppressionKey(match, outgoing.alert);
    const window = this.#windows.get(key);
    if (window === undefined) {
      send.push(...this.#begin(key, outgoing, nowMs), outgoing);
      return { send, heldBack: false };
    }
    // The same finding again is a replay after a restart, whose first delivery may have been lost.
    if (window.first.alert.event.id === outgoing.alert.event.id) return { send: [...send, outgoing], heldBack: false };
    window.count++;
    const seen = outgoing.alert['@timestamp'];
    if (seen > window.lastSeen) window.lastSeen = seen;
    this.#heldBack++;
    return { send, heldBack: true };
  }

  /** Closing updates of the windows that have ended by `nowMs`; to be called about every second, too. */
  expire(nowMs: number): readonly SuppressibleAlert[] {
    const closing: SuppressibleAlert[] = [];
    for (const window of this.#windows.values()) {
      // A clock that was set back must not keep a window open for longer than its length.
      if (Math.abs(nowMs - window.startMs) < this.#windowMs) break;
      closing.push(...this.#end(window));
    }
    return closing;
  }

  /** Ends all windows: at the end of a finite input. */
  flush(): readonly SuppressibleAlert[] {
    return [...this.#windows.values()].flatMap((window) => this.#end(window));
  }

  snapshot(): SuppressionSnapshot {
    return { version: 1, windows: [...this.#windows.values()].map((window) => ({ ...window })) };
  }

  /** Takes up a snapshot in place of the present state. False: it is of another version and was left alone. */
  restore(snapshot: SuppressionSnapshot): boolean {
    if (snapshot.version !== 1) return false;
    this.#windows.clear();
    this.#bytes = 0;
    for (const window of snapshot.windows.slice(-this.#maxEntries)) {
      this.#windows.set(window.key, { ...window });
      this.#bytes += bytesOf(window.first);
    }
    return true;
  }

  #begin(key: string, first: SuppressibleAlert, startMs: number): SuppressibleAlert[] {
    // Windows are stored: plain data.
    const kept = { alert: first.alert, event: first.event };
    this.#windows.set(key, { key, startMs, count: 1, lastSeen: first.alert['@timestamp'], first: kept });
    this.#bytes += bytesOf(first);
    const closing: SuppressibleAlert[] = [];
    for (const window of this.#windows.values()) {
      if (this.#windows.size <= this.#maxEntries && (this.#bytes <= this.#maxBytes || this.#windows.size === 1)) break;
      this.#evicted++;
      closing.push(...this.#end(window));
    }
    return closing;
  }

  #end(window: SuppressionWindow): SuppressibleAlert[] {
    this.#windows.delete(window.key);
    this.#bytes -= bytesOf(window.first);
    return window.count === 1 ? [] : [closingUpdate(window)];
  }
}

/** Rule, and host or source address; findings of events with neither share one window per rule and input. */
export function suppressionKey(match: Match, alert: Alert): string {
  const where = alert.host?.name ?? alert.source?.ip ?? alert.flint.input.name;
  return `${ruleKey(match)} ${String(where).toLowerCase()}`;
}

function closingUpdate({ first, count, lastSeen }: SuppressionWindow): SuppressibleAlert {
  const { alert, event } = first;
  const start = alert.event.start ?? alert['@timestamp'];
  return {
    event,
    alert: { ...alert, event: { ...alert.event, start, end: lastSeen }, flint: { ...alert.flint, count } },
  };
}

function bytesOf({ alert, event }: SuppressibleAlert): number {
  // The event's fields and its original text are of about the same size; texts take up to two bytes per character.
  return BASE_BYTES + 4 * event.original.length + 2 * (alert.event.original?.length ?? 0);
}
