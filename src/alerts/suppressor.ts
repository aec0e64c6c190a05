/**
 * Suppression of repeated alerts (design 6.4): per rule and host (else source address, else input) the first alert goes out at once; those that follow
 * within the window are counted; when the window ends, one closing update goes out: the first alert with its id, `flint.count` and
 * the time of the last one in `event.end`. A window without repeats ends silently. What takes back the first alert ends its window, so that
 * the next alert goes out at once; what takes back one that was held back lowers the count. The clock is an argument: arrival time in `run`.
 *
 * Bounded: at most `maxEntries` windows and `maxBytes` of kept alerts; beyond it the oldest window ends early (its update goes out, the
 * eviction is counted). The state is plain data (`snapshot`, `restore`), so windows go on after a restart.
 */
import type { Alert } from '../core/alert.ts';
import type { Event } from '../core/event.ts';
import type { FoundAlert } from './found-alert.ts';
import { rfc3339 } from './rfc3339.ts';

/** What is to be sent: an alert as encoders take it. */
export type SuppressedAlert = Pick<FoundAlert, 'id' | 'alert' | 'event' | 'textLength'> &
  Partial<Pick<FoundAlert, 'json'>>;

/** The first alert of a window; plain data, because windows are stored. */
export interface KeptAlert {
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
  readonly send: readonly SuppressedAlert[];
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
  readonly first: KeptAlert;
}

/** What has become of windows since somebody asked: the file of them is written on. */
export type SuppressionChange =
  | { readonly begin: SuppressionWindow }
  | { readonly key: string; readonly count: number; readonly lastSeen: string }
  | { readonly end: string };

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
  /** By key, since the last `takeChanges`; undefined: too many, or all are others. */
  #changes: Map<string, 'begun' | 'counted' | 'ended'> | undefined = new Map();
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

  offer(outgoing: FoundAlert, nowMs: number): SuppressionResult {
    if (this.#windowMs <= 0) return { send: [outgoing], heldBack: false };
    const send = [...this.expire(nowMs)];
    const key = `${outgoing.ruleKey} ${outgoing.where.toLowerCase()}`;
    const window = this.#windows.get(key);
    if (outgoing.isWithdrawal === true) return this.#withdraw(window, outgoing, send);
    if (window === undefined) {
      send.push(...this.#begin(key, outgoing, nowMs), outgoing);
      return { send, heldBack: false };
    }
    // The same finding again is a replay after a restart, whose first delivery may have been lost.
    if (window.first.alert.event.id === outgoing.id) return { send: [...send, outgoing], heldBack: false };
    window.count++;
    if (this.#changes?.get(key) !== 'begun') this.#note(key, 'counted');
    const seen = rfc3339(outgoing.timeMs);
    if (seen > window.lastSeen) window.lastSeen = seen;
    this.#heldBack++;
    return { send, heldBack: true };
  }

  #withdraw(
    window: Writable<SuppressionWindow> | undefined,
    outgoing: FoundAlert,
    send: readonly SuppressedAlert[],
  ): SuppressionResult {
    if (window?.first.alert.event.id === outgoing.id) {
      // The update stands for those that were held back, which stay.
      window.count--;
      return { send: [...send, outgoing, ...this.#end(window, 1)], heldBack: false };
    }
    // What went out must not stay: only where something like it was held back it is taken for that.
    const seen = rfc3339(outgoing.timeMs);
    const isHeldBack =
      window !== undefined && window.count > 1 && seen >= window.first.alert['@timestamp'] && seen <= window.lastSeen;
    if (!isHeldBack) return { send: [...send, outgoing], heldBack: false };
    window.count--;
    if (this.#changes?.get(window.key) !== 'begun') this.#note(window.key, 'counted');
    return { send, heldBack: true };
  }

  /** Closing updates of the windows that have ended by `nowMs`; to be called about every second, too. */
  expire(nowMs: number): readonly SuppressedAlert[] {
    const closing: SuppressedAlert[] = [];
    for (const window of this.#windows.values()) {
      // A clock that was set back must not keep a window open for longer than its length.
      if (Math.abs(nowMs - window.startMs) < this.#windowMs) break;
      closing.push(...this.#end(window));
    }
    return closing;
  }

  /** Ends all windows: at the end of a finite input. */
  flush(): readonly SuppressedAlert[] {
    return [...this.#windows.values()].flatMap((window) => this.#end(window));
  }

  snapshot(): SuppressionSnapshot {
    return { version: 1, windows: [...this.#windows.values()].map((window) => ({ ...window })) };
  }

  /** What has changed since the last call, each window once; undefined: too much, take a snapshot. */
  takeChanges(): readonly SuppressionChange[] | undefined {
    const changes = this.#changes;
    this.#changes = new Map();
    if (changes === undefined) return undefined;
    return Array.from(changes, ([key, what]) => {
      const window = this.#windows.get(key);
      if (window === undefined) return { end: key };
      return what === 'begun' ? { begin: { ...window } } : { key, count: window.count, lastSeen: window.lastSeen };
    });
  }

  /** What was taken last is lost: the next time there is too much to tell. */
  forgetChanges(): void {
    this.#changes = undefined;
  }

  #note(key: string, what: 'begun' | 'counted' | 'ended'): void {
    if (this.#changes !== undefined && this.#changes.size >= 2 * this.#maxEntries) this.#changes = undefined;
    // Windows are told in the order in which they began.
    if (what === 'begun') this.#changes?.delete(key);
    this.#changes?.set(key, what);
  }

  /** Takes up a snapshot in place of the present state. False: it is of another version and was left alone. */
  restore(snapshot: SuppressionSnapshot): boolean {
    if (snapshot.version !== 1) return false;
    this.#windows.clear();
    this.#changes = undefined;
    this.#bytes = 0;
    for (const window of snapshot.windows.slice(-this.#maxEntries)) {
      this.#windows.set(window.key, { ...window });
      this.#bytes += bytesOf(window.first);
    }
    return true;
  }

  #begin(key: string, { alert, event }: FoundAlert, startMs: number): SuppressedAlert[] {
    const first = { alert, event };
    this.#windows.set(key, { key, startMs, count: 1, lastSeen: alert['@timestamp'], first });
    this.#bytes += bytesOf(first);
    this.#note(key, 'begun');
    const closing: SuppressedAlert[] = [];
    for (const window of this.#windows.values()) {
      if (this.#windows.size <= this.#maxEntries && (this.#bytes <= this.#maxBytes || this.#windows.size === 1)) break;
      this.#evicted++;
      closing.push(...this.#end(window));
    }
    return closing;
  }

  /** `least`: alerts for which there is an update. */
  #end(window: SuppressionWindow, least = 2): SuppressedAlert[] {
    this.#windows.delete(window.key);
    this.#note(window.key, 'ended');
    this.#bytes -= bytesOf(window.first);
    return window.count < least ? [] : [closingUpdate(window)];
  }
}

function closingUpdate({ first, count, lastSeen }: SuppressionWindow): SuppressedAlert {
  const { alert, event } = first;
  const start = alert.event.start ?? alert['@timestamp'];
  return {
    id: alert.event.id,
    textLength: alert.event.original?.length ?? 0,
    event,
    alert: { ...alert, event: { ...alert.event, start, end: lastSeen }, flint: { ...alert.flint, count } },
  };
}

function bytesOf({ alert, event }: KeptAlert): number {
  // The event's fields and its original text are of about the same size; texts take up to two bytes per character.
  return BASE_BYTES + 4 * event.original.length + 2 * (alert.event.original?.length ?? 0);
}
