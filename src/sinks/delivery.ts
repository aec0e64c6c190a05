/**
 * Delivery: one per sink, between the engine and the transport. Takes encoded messages, keeps them in a queue (disk for destinations that can be
 * away, memory for the others), sends them in order and in batches, tries again with capped jittered backoff or when the destination
 * asked to, isolates messages that are refused for good by halving the batch, and counts everything. Conservation, at any time:
 * enqueued + restored = delivered + dropped by reason + pending.
 */
import type { Logger } from '../telemetry/logger.ts';
import type { SinkCounters } from '../telemetry/component-counters.ts';
import { type BackoffOptions, backoffMs, DEFAULT_BACKOFF } from './backoff.ts';
import { type DeliveryQueue, MemoryQueue } from './delivery-queue.ts';
import { type OutgoingMessage, type Sink, SinkError } from './sink.ts';
import { Spool, type SpoolOptions } from './spool.ts';

export interface DeliveryOptions {
  readonly sink: Sink;
  readonly counters: SinkCounters;
  readonly logger: Logger;
  readonly now: () => number;
  /** In [0, 1): jitter. */
  readonly random: () => number;
  /** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Disk queue of a sink that is worth it; absent means memory. */
  readonly spool?: SpoolOptions;
  /** Bounds of the memory queue. */
  readonly memory?: { readonly maxMessages: number; readonly maxBytes: number };
  /** What happens when the queue is full: new messages are dropped (default with a spool), or wait for room (default without). */
  readonly whenFull?: 'drop' | 'wait';
  /** How often the oldest messages are tried without any success before they are dropped. */
  readonly attempts: number;
  readonly backoff?: BackoffOptions;
  /** Largest batch given to the sink. */
  readonly batchMessages?: number;
  readonly batchBytes?: number;
}

const MEMORY_LIMITS = { maxMessages: 10_000, maxBytes: 64 * 1024 * 1024 };
const BATCH_MESSAGES = 500;
const BATCH_BYTES = 1024 * 1024;

/**
 * `queue_full`, `too_large` (no queue could hold it), `closed` and `shutdown` (came or was left at the end), `refused` (by the destination, for
 * good), `undeliverable` (all attempts failed), `damaged` (unreadable on disk).
 */
export type DropReason = 'queue_full' | 'too_large' | 'closed' | 'shutdown' | 'refused' | 'undeliverable' | 'damaged';

/** Messages of one `enqueue` in the memory queue: settled when delivered or dropped. */
interface Ticket {
  remaining: number;
  readonly resolve: () => void;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #spool: Spool | undefined;
  readonly #memory: MemoryQueue;
  readonly #batchMessages: number;
  /** Tickets of the memory queue, in its order. */
  #tickets: Ticket[] = [];
  #failures = 0;
  #batchLimit: number;
  /** Calls of `enqueue` that have not placed all their messages yet. */
  #entering = 0;
  #draining = false;
  #stopped = false;
  #wake: () => void = () => {};
  #sleeping = new AbortController();
  #roomWaiters: (() => void)[] = [];
  #emptyWaiters: (() => void)[] = [];
  #damagedSeen = 0;
  readonly #loop: Promise<void>;

  private constructor(options: DeliveryOptions, spool: Spool | undefined) {
    this.#options = options;
    this.#spool = spool;
    this.#memory = new MemoryQueue(options.memory ?? MEMORY_LIMITS);
    this.#batchMessages = options.batchMessages ?? BATCH_MESSAGES;
    this.#batchLimit = this.#batchMessages;
    if (spool !== undefined) options.counters.add('restored', spool.pendingMessages);
    this.#countDamage();
    this.#setGauges();
    this.#loop = this.#run();
  }

  /** Opens the disk queue, if any, with what a former run left in it, and begins to deliver. */
  static async open(options: DeliveryOptions): Promise<Delivery> {
    return new Delivery(options, options.spool === undefined ? undefined : await Spool.open(options.spool));
  }

  get pendingMessages(): number {
    return this.#memory.pendingMessages + (this.#spool?.pendingMessages ?? 0);
  }

  /**
   * Resolves when all messages are in the disk queue, or delivered where there is none, or counted as dropped. Never rejects.
   */
  async enqueue(messages: readonly OutgoingMessage[]): Promise<void> {
    this.#options.counters.add('enqueued', messages.length);
    if (this.#draining) return this.#drop('closed', messages.length);
    this.#entering++;
    const rest = this.#spool === undefined ? messages : await this.#enqueueOnDisk(this.#spool, messages);
    const delivered = await this.#enqueueInMemory(rest);
    this.#entering--;
    this.#setGauges();
    this.#wake();
    await Promise.all(delivered);
  }

  /**
   * Takes nothing more, delivers what is there for at most `deadlineMs`, then closes the sink. What is on disk stays for the next run, what
   * is in memory is dropped and counted. Resolves with the number of messages left on disk. Idempotent.
   */
  async close(deadlineMs: number): Promise<number> {
    if (!this.#draining) {
      this.#draining = true;
      this.#sleeping.abort();
      const timeout = new AbortController();
      await Promise.race([this.#empty(), this.#options.sleep(deadlineMs, timeout.signal)]);
      timeout.abort();
      this.#stopped = true;
      this.#sleeping.abort();
      this.#wake();
      await this.#options.sink.close();
    }
    await this.#loop;
    return this.#spool?.pendingMessages ?? 0;
  }

  async #enqueueOnDisk(spool: Spool, messages: readonly OutgoingMessage[]): Promise<readonly OutgoingMessage[]> {
    let rest = messages;
    while (rest.length > 0) {
      let taken = 0;
      try {
        taken = await spool.append(rest);
        rest = rest.slice(taken);
        this.#wake();
      } catch (cause) {
        // The disk is full or failing: memory takes over, and the caller waits for the delivery itself.
        this.#options.counters.error('spool_failed');
        const { counters, logger } = this.#options;
        logger.error('queue directory cannot be written, alerts wait in memory', {
          sink: counters.name,
          reason: reasonOf(cause),
        });
        return rest;
      }
      if (rest.length > 0 && taken === 0 && spool.pendingMessages === 0) {
        this.#drop('too_large', 1);
        rest = rest.slice(1);
      } else if (rest.length > 0 && (this.#options.whenFull !== 'wait' || this.#stopped)) {
        this.#drop('queue_full', rest.length);
        return [];
      } else if (rest.length > 0) await this.#room();
    }
    return [];
  }

  /** Resolves when all are placed or dropped, with the promises of their delivery. */
  async #enqueueInMemory(messages: readonly OutgoingMessage[]): Promise<readonly Promise<void>[]> {
    let rest = messages;
    const delivered: Promise<void>[] = [];
    while (rest.length > 0) {
      // After the end of the loop nobody would deliver what is appended.
      const taken = this.#stopped ? 0 : await this.#memory.append(rest);
      if (taken > 0) {
        delivered.push(new Promise((resolve) => this.#tickets.push({ remaining: taken, resolve })));
        rest = rest.slice(taken);
        this.#wake();
      } else if (this.#options.whenFull === 'drop' || this.#stopped) {
        this.#drop(this.#stopped ? 'shutdown' : 'queue_full', rest.length);
        rest = [];
      } else await this.#room();
    }
    return delivered;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#step();
      } catch (cause) {
        // The queue's directory cannot be read or written; the messages stay where they are.
        const { counters, logger, sleep } = this.#options;
        counters.error('spool_failed');
        logger.error('queue directory cannot be read', { sink: counters.name, reason: reasonOf(cause) });
        await sleep(DEFAULT_BACKOFF.initialMs, this.#sleeping.signal);
      }
    }
    await this.#moveToDisk();
    const left = this.#memory.pendingMessages;
    if (left > 0)
      this.#options.logger.error('alerts that were neither delivered nor kept on disk are dropped', {
        ...{ sink: this.#options.counters.name, alerts: left },
      });
    this.#drop('shutdown', left);
    await this.#settle(this.#memory, left);
    await this.#spool?.close();
  }

  /** What memory took because the disk refused it goes to the disk once that has room; the destination may be away for long. */
  async #moveToDisk(): Promise<void> {
    while (this.#spool !== undefined && this.#memory.pendingMessages > 0) {
      const messages = await this.#memory.peek(this.#batchMessages, BATCH_BYTES);
      let taken = 0;
      try {
        taken = await this.#spool.append(messages);
      } catch (cause) {
        // Still full: that was told when it began.
        if (!(cause instanceof Error && 'code' in cause)) throw cause;
      }
      if (taken === 0) return;
      await this.#settle(this.#memory, taken);
    }
  }

  async #step(): Promise<void> {
    if (this.#failures > 0) await this.#moveToDisk();
    const queue = this.#nextQueue();
    const batch = (await queue?.peek(this.#batchLimit, this.#options.batchBytes ?? BATCH_BYTES)) ?? [];
    // Stopped while reading: the sink is closed.
    if (this.#stopped) return;
    if (queue !== undefined && batch.length > 0) await this.#send(queue, batch);
    else await this.#idle();
  }

  #nextQueue(): DeliveryQueue | undefined {
    if (this.#memory.pendingMessages > 0) return this.#memory;
    return this.#spool !== undefined && this.#spool.pendingMessages > 0 ? this.#spool : undefined;
  }

  async #idle(): Promise<void> {
    this.#countDamage();
    if (this.pendingMessages > 0 || this.#stopped) return;
    if (this.#isEmpty()) for (const resolve of this.#emptyWaiters.splice(0)) resolve();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  async #send(queue: DeliveryQueue, batch: readonly OutgoingMessage[]): Promise<void> {
    const { sink, counters, now } = this.#options;
    const startedMs = now();
    try {
      await sink.send(batch);
    } catch (cause) {
      await this.#failed(queue, batch.length, asSinkError(cause));
      return;
    }
    counters.observe('send', (now() - startedMs) / 1000);
    counters.set('last_success_ms', now());
    this.#recovered();
    this.#batchLimit = Math.min(this.#batchMessages, this.#batchLimit * 2);
    counters.add('delivered', batch.length);
    await this.#settle(queue, batch.length);
  }

  async #failed(queue: DeliveryQueue, batchLength: number, error: SinkError): Promise<void> {
    const { counters, logger } = this.#options;
    const delivered = Math.min(Math.max(0, error.delivered), batchLength);
    const rest = batchLength - delivered;
    if (!this.#stopped) counters.error(error.retryable ? 'send_failed' : 'send_refused');
    if (delivered > 0) {
      const refused = Math.min(error.refused, delivered);
      counters.add('delivered', delivered - refused);
      if (refused > 0)
        logger.error('message refused by destination and dropped', { sink: counters.name, reason: error.message });
      this.#drop('refused', refused);
      this.#failures = 0;
      await this.#settle(queue, delivered);
    }
    // A send that is broken off by closing the sink says nothing about the messages.
    if (rest === 0 || this.#stopped) return;
    if (error.retryable) await this.#retryLater(queue, rest, error);
    else if (rest === 1) {
      logger.error('message refused by destination and dropped', { sink: counters.name, reason: error.message });
      this.#drop('refused', 1);
      await this.#settle(queue, 1);
    } else this.#batchLimit = Math.ceil(rest / 2);
  }

  async #retryLater(queue: DeliveryQueue, rest: number, error: SinkError): Promise<void> {
    const { counters, logger, attempts, backoff = DEFAULT_BACKOFF, random, sleep } = this.#options;
    this.#failures++;
    logger.warn('delivery failed, trying again', {
      sink: counters.name,
      failures: this.#failures,
      reason: error.message,
    });
    if (this.#failures >= attempts) {
      this.#failures = 0;
      this.#drop('undeliverable', rest);
      await this.#settle(queue, rest);
      return;
    }
    counters.add('retries');
    const waitMs = backoffMs(this.#failures, random(), backoff, error.retryAfterMs);
    if (this.#sleeping.signal.aborted && !this.#stopped) this.#sleeping = new AbortController();
    await sleep(waitMs, this.#sleeping.signal);
  }

  #recovered(): void {
    if (this.#failures > 0) this.#options.logger.info('delivery works again', { sink: this.#options.counters.name });
    this.#failures = 0;
  }

  /** Removes the oldest messages, whatever became of them, and lets those go on who wait for it. */
  async #settle(queue: DeliveryQueue, count: number): Promise<void> {
    await queue.advance(count);
    if (queue === this.#memory) this.#settleTickets(count);
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
    this.#setGauges();
  }

  #settleTickets(count: number): void {
    let left = count;
    while (left > 0) {
      const ticket = this.#tickets[0];
      if (ticket === undefined) return;
      const taken = Math.min(left, ticket.remaining);
      ticket.remaining -= taken;
      left -= taken;
      if (ticket.remaining > 0) return;
      this.#tickets.shift();
      ticket.resolve();
    }
  }

  #drop(reason: DropReason, count: number): void {
    if (count > 0) this.#options.counters.drop(reason, count);
  }

  #countDamage(): void {
    const damaged = this.#spool?.damagedMessages ?? 0;
    this.#drop('damaged', damaged - this.#damagedSeen);
    this.#damagedSeen = damaged;
  }

  #setGauges(): void {
    this.#options.counters.set('queue_messages', this.pendingMessages);
    this.#options.counters.set('queue_bytes', this.#memory.pendingBytes + (this.#spool?.pendingBytes ?? 0));
  }

  #room(): Promise<void> {
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  #empty(): Promise<void> {
    if (this.#isEmpty()) return Promise.resolve();
    return new Promise((resolve) => this.#emptyWaiters.push(resolve));
  }

  #isEmpty(): boolean {
    return this.pendingMessages === 0 && this.#entering === 0;
  }
}

function asSinkError(cause: unknown): SinkError {
  // A sink that throws something else has met what its author did not expect: worth another try.
  return cause instanceof SinkError ? cause : new SinkError(reasonOf(cause), { retryable: true, cause });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : 'unknown error';
}
