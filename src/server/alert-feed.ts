/**
 * AlertFeed: the most recent alerts in a ring, numbered, with live subscribers. The ring is bounded by count and by text held
 * (original records may be 32 KiB each), so that a burst costs history and never memory. Records are asked for, and serialised once
 * at most, only when somebody looks.
 *
 * Cost: O(1) per alert without subscribers. Subscribers are called synchronously and must not throw or block.
 */
import { randomUUID } from 'node:crypto';
import type { Alert } from '../core/alert.ts';
import { type Level, levelOfSeverity } from '../core/level.ts';

/** One alert as the API gives it. */
export interface FeedItem {
  /** From 1, without gaps, in the order of arrival; belongs to this process. */
  readonly sequence: number;
  /** Sigma's level: the rule's own, else derived from `event.severity`. */
  readonly level: Level;
  readonly alert: Alert;
  /** The item as JSON text, made on first use. */
  json(): string;
}

export interface FedAlert {
  /** May be made when it is asked for. */
  readonly alert: Alert;
  /** Characters that it holds beside what every alert has, about. */
  readonly textLength: number;
}

export interface AlertFeedOptions {
  /** Alerts kept; default 1,000. */
  readonly limit?: number;
  /** Characters of alerts kept; default 8,000,000. */
  readonly textLimit?: number;
}

export class AlertFeed {
  /** Distinguishes sequence numbers of this process from those before a restart. */
  readonly instance: string = randomUUID().slice(0, 8);
  readonly #limit: number;
  readonly #textLimit: number;
  readonly #items: FedItem[] = [];
  readonly #subscribers = new Set<(item: FeedItem) => void>();
  #text = 0;
  #sequence = 0;

  constructor(options: AlertFeedOptions = {}) {
    this.#limit = options.limit ?? 1000;
    this.#textLimit = options.textLimit ?? 8_000_000;
  }

  /** Alerts ever pushed. */
  get total(): number {
    return this.#sequence;
  }

  push(shown: FedAlert): void {
    const item = new FedItem(++this.#sequence, shown);
    this.#items.push(item);
    this.#text += item.textLength;
    while (this.#items.length > this.#limit || (this.#text > this.#textLimit && this.#items.length > 1))
      this.#text -= (this.#items.shift() as FedItem).textLength;
    for (const subscriber of this.#subscribers) subscriber(item);
  }

  /** Kept alerts, oldest first. */
  recent(): readonly FeedItem[] {
    return this.#items;
  }

  /** Calls `subscriber` for each alert from now on. The result ends the subscription; calling it again does nothing. */
  subscribe(subscriber: (item: FeedItem) => void): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }
}

/** Sigma's level of an alert: `flint.level`, else the band that `event.severity` lies in (design section 6.3). */
export function levelOf(alert: Alert): Level {
  return alert.flint.level ?? levelOfSeverity(alert.event.severity);
}

/** Characters of an alert without its texts. */
const BASE_LENGTH = 1024;

class FedItem implements FeedItem {
  readonly sequence: number;
  readonly textLength: number;
  readonly #shown: FedAlert;
  #text: string | undefined;

  constructor(sequence: number, shown: FedAlert) {
    this.sequence = sequence;
    this.textLength = BASE_LENGTH + shown.textLength;
    this.#shown = shown;
  }

  get alert(): Alert {
    return this.#shown.alert;
  }

  get level(): Level {
    return levelOf(this.alert);
  }

  json(): string {
    const { sequence, level, alert } = this;
    this.#text ??= JSON.stringify({ sequence, level, alert });
    return this.#text;
  }
}
