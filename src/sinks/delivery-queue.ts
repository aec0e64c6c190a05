/**
 * What delivery takes messages from, first in first out: memory here, disk in `spool.ts`. Messages leave by `advance` only, after they were
 * delivered or given up; until then `peek` shows them again.
 */
import type { OutgoingMessage } from './sink.ts';

export interface DeliveryQueue {
  readonly pendingMessages: number;
  readonly pendingBytes: number;
  /** Takes messages from the first on while there is room; resolves with their number once they are as safe as this queue makes them. */
  append(messages: readonly OutgoingMessage[]): Promise<number>;
  /** The oldest messages, at most `maxMessages` and about `maxBytes`, at least one if there is any. */
  peek(maxMessages: number, maxBytes: number): Promise<readonly OutgoingMessage[]>;
  /** Removes the oldest `count` messages. */
  advance(count: number): Promise<void>;
  close(): Promise<void>;
}

export class MemoryQueue implements DeliveryQueue {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #messages: OutgoingMessage[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: { readonly maxMessages: number; readonly maxBytes: number }) {
    this.#maxMessages = limits.maxMessages;
    this.#maxBytes = limits.maxBytes;
  }

  get pendingMessages(): number {
    return this.#messages.length - this.#head;
  }

  get pendingBytes(): number {
    return this.#bytes;
  }

  append(messages: readonly OutgoingMessage[]): Promise<number> {
    let taken = 0;
    for (const message of messages) {
      const empty = this.pendingMessages === 0;
      // A single message larger than the limit must pass, or it would wait for ever.
      if (!empty && (this.pendingMessages >= this.#maxMessages || this.#bytes + message.body.length > this.#maxBytes))
        break;
      this.#messages.push(message);
      this.#bytes += message.body.length;
      taken++;
    }
    return Promise.resolve(taken);
  }

  peek(maxMessages: number, maxBytes: number): Promise<readonly OutgoingMessage[]> {
    return Promise.resolve(
      withinLimits(this.#messages.slice(this.#head, this.#head + maxMessages), maxMessages, maxBytes),
    );
  }

  advance(count: number): Promise<void> {
    for (const message of this.#messages.slice(this.#head, this.#head + count)) this.#bytes -= message.body.length;
    this.#head = Math.min(this.#messages.length, this.#head + count);
    if (this.#head > 1024 && this.#head * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The beginning of a list that keeps both limits; at least one message. */
export function withinLimits(
  messages: readonly OutgoingMessage[],
  maxMessages: number,
  maxBytes: number,
): readonly OutgoingMessage[] {
  let bytes = 0;
  let end = 0;
  for (const { body } of messages) {
    if (end >= maxMessages || (end > 0 && bytes + body.length > maxBytes)) break;
    bytes += body.length;
    end++;
  }
  return messages.slice(0, end);
}
