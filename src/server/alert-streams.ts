/**
 * AlertStreams: live alerts to browsers as server-sent events. Each client has a bounded queue that is flushed at a steady pace, a
 * limited number of alerts at a time, and not at all while its socket is full; so neither a stalled client nor a flood of alerts
 * costs memory or kills the browser. What does not fit is dropped, oldest first, counted, and announced to the client as `gap`.
 *
 * Events: `hello` (once), `alert` (id `instance-sequence`, data as in /api/alerts), `gap` (how many were left out).
 * Source: WHATWG HTML, section 9.2 (server-sent events).
 */
import { ComponentCounters, type ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { AlertFeed, FeedItem } from './alert-feed.ts';

export interface StreamLimits {
  readonly clients: number;
  /** Alerts waiting per client. */
  readonly queue: number;
  /** Alerts written per flush and client. */
  readonly perFlush: number;
  readonly flushMs: number;
  readonly heartbeatMs: number;
}

export const STREAM_LIMITS: StreamLimits = {
  clients: 32,
  queue: 1000,
  perFlush: 50,
  flushMs: 200,
  heartbeatMs: 15_000,
};

/** The part of a response that a client needs. */
export interface StreamTarget {
  write(text: string): void;
  /** True while more than a few kilobytes wait in the socket. */
  readonly writableNeedDrain: boolean;
}

interface Client {
  readonly target: StreamTarget;
  readonly queue: FeedItem[];
  gap: number;
}

export class AlertStreams {
  readonly #feed: AlertFeed;
  readonly #limits: StreamLimits;
  readonly #clients = new Set<Client>();
  readonly #counters = new ComponentCounters('sink', 'live-view');
  #timers: NodeJS.Timeout[] = [];
  #unsubscribe: (() => void) | undefined;

  constructor(feed: AlertFeed, limits: StreamLimits = STREAM_LIMITS) {
    this.#feed = feed;
    this.#limits = limits;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /**
   * Adds a client. `after` is the id of the last alert it has (`Last-Event-ID`): kept alerts after it are sent first; an id of
   * another process means all kept ones; undefined means none. Returns the function that removes it, or undefined when full.
   */
  open(target: StreamTarget, after: string | undefined): (() => void) | undefined {
    if (this.#clients.size >= this.#limits.clients) {
      this.#counters.drop('too_many_clients');
      return undefined;
    }
    const client: Client = { target, queue: [], gap: 0 };
    target.write(`retry: 2000\n${frame('hello', undefined, JSON.stringify({ instance: this.#feed.instance }))}`);
    this.#replay(client, after);
    this.#clients.add(client);
    this.#unsubscribe ??= this.#feed.subscribe((item) => this.#offer(item));
    if (this.#timers.length === 0) {
      this.#timers = [
        setInterval(() => this.flush(), this.#limits.flushMs).unref(),
        setInterval(() => this.#heartbeat(), this.#limits.heartbeatMs).unref(),
      ];
    }
    return () => this.#remove(client);
  }

  /** Writes what waits, as far as the limits and the sockets allow. Called by a timer; tests call it themselves. */
  flush(): void {
    for (const client of this.#clients) this.#flushClient(client);
  }

  snapshot(): ComponentSnapshot {
    this.#counters.set('clients', this.#clients.size);
    return this.#counters.snapshot();
  }

  close(): void {
    for (const client of [...this.#clients]) this.#remove(client);
  }

  #replay(client: Client, after: string | undefined): void {
    if (after === undefined) return;
    const match = /^([0-9a-f]{8})-(\d{1,15})$/.exec(after);
    const last = match !== null && match[1] === this.#feed.instance ? Number(match[2]) : 0;
    const kept = this.#feed.recent().filter((item) => item.sequence > last);
    const first = kept[0]?.sequence ?? this.#feed.total + 1;
    client.gap += Math.max(0, first - last - 1);
    for (const item of kept) this.#enqueue(client, item);
  }

  #offer(item: FeedItem): void {
    for (const client of this.#clients) this.#enqueue(client, item);
  }

  #enqueue(client: Client, item: FeedItem): void {
    client.queue.push(item);
    if (client.queue.length <= this.#limits.queue) return;
    client.queue.shift();
    client.gap++;
    this.#counters.drop('queue_full');
  }

  #flushClient(client: Client): void {
    if (client.target.writableNeedDrain || (client.queue.length === 0 && client.gap === 0)) return;
    const items = client.queue.splice(0, this.#limits.perFlush);
    let text = client.gap === 0 ? '' : frame('gap', undefined, JSON.stringify({ missed: client.gap }));
    for (const item of items) text += frame('alert', `${this.#feed.instance}-${item.sequence}`, item.json());
    client.gap = 0;
    this.#counters.add('delivered', items.length);
    client.target.write(text);
  }

  #heartbeat(): void {
    for (const client of this.#clients) if (!client.target.writableNeedDrain) client.target.write(': still here\n\n');
  }

  #remove(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }
}

/** One event. JSON text holds no line ends, so that `data` is always one line. */
function frame(event: string, id: string | undefined, data: string): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
}
