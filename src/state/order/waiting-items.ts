/**
 * Items that wait for their watermark, by key. Most come in order, or nearly so: they stand in a sorted list that is looked at from its end.
 * What comes far out of order into a key where many wait goes into a radix queue beside the list; such keys are few.
 */
import type { KeyRecords } from './key-records.ts';
import { NONE, type OrderItems } from './order-target.ts';
import { RadixQueue } from './radix-queue.ts';

/** Items that the list is searched over from its end. */
const MAX_STEPS = 24;
/** Some 70 years: where nothing has been settled yet, what comes may be older than what came. */
const AGES_MS = 2 ** 41;

export class WaitingItems {
  readonly #items: OrderItems;
  readonly #keys: KeyRecords;
  readonly #radixes = new Map<number, RadixQueue>();

  constructor(items: OrderItems, keys: KeyRecords) {
    this.#items = items;
    this.#keys = keys;
  }

  add(key: number, item: number): void {
    const keys = this.#keys;
    const items = this.#items;
    const timeMs = items.timeOf(item);
    if (timeMs < keys.oldestMs(key)) keys.setOldestMs(key, timeMs);
    keys.addCount(key, 1);
    const tail = keys.tail(key);
    if (tail === NONE) {
      items.setBefore(item, NONE);
      items.setAfter(item, NONE);
      keys.setHead(key, item);
      keys.setTail(key, item);
      this.#noteTail(key, item, timeMs);
      return;
    }
    if (timeMs > keys.tailMs(key) && items.epochOf(item) === keys.epoch(key)) this.#append(key, tail, item, timeMs);
    else this.#insert(key, tail, item);
  }

  /** Time of the oldest item that waits, infinite when there is none. */
  oldestMs(key: number): number {
    const head = this.#keys.head(key);
    const inOrderMs = head === NONE ? Number.POSITIVE_INFINITY : this.#items.timeOf(head);
    const radix = this.#radixOf(key);
    return radix === undefined ? inOrderMs : Math.min(inOrderMs, radix.leastMs());
  }

  /** The oldest item that waits. It is about to be taken: nothing older may be added after this. */
  first(key: number): number {
    const inOrder = this.#keys.head(key);
    const outOfOrder = this.#radixOf(key)?.first() ?? NONE;
    if (outOfOrder === NONE) return inOrder;
    return inOrder === NONE || this.#items.compare(outOfOrder, inOrder) < 0 ? outOfOrder : inOrder;
  }

  /** Takes what `first` has given out. */
  take(key: number, first: number): void {
    const keys = this.#keys;
    const items = this.#items;
    keys.addCount(key, -1);
    if (first === keys.head(key)) {
      const next = items.afterOf(first);
      keys.setHead(key, next);
      if (next === NONE) keys.setTail(key, NONE);
      else items.setBefore(next, NONE);
      return;
    }
    const radix = this.#radixOf(key);
    radix?.shift();
    if (radix?.count === 0) this.#radixes.delete(key);
  }

  /** All items of the key, sorted. */
  list(key: number): number[] {
    const found = this.collect(key);
    return this.#radixOf(key) === undefined ? found : found.sort((a, b) => this.#items.compare(a, b));
  }

  /** All items of the key, in no order. */
  collect(key: number): number[] {
    const found: number[] = [];
    const items = this.#items;
    for (let item = this.#keys.head(key); item !== NONE; item = items.afterOf(item)) found.push(item);
    this.#radixOf(key)?.collect(found);
    return found;
  }

  /** Forgets the items of the key. */
  clear(key: number): void {
    const keys = this.#keys;
    keys.setHead(key, NONE);
    keys.setTail(key, NONE);
    keys.addCount(key, -keys.count(key));
    keys.setOldestMs(key, Number.POSITIVE_INFINITY);
    this.#radixes.delete(key);
  }

  #radixOf(key: number): RadixQueue | undefined {
    return this.#radixes.size === 0 ? undefined : this.#radixes.get(key);
  }

  #noteTail(key: number, item: number, timeMs: number): void {
    const keys = this.#keys;
    keys.setTailMs(key, this.#items.epochOf(item) === keys.epoch(key) ? timeMs : Number.NaN);
  }

  /** After `at`, or first where that is NONE. */
  #link(key: number, at: number, item: number): void {
    const keys = this.#keys;
    const items = this.#items;
    const next = at === NONE ? keys.head(key) : items.afterOf(at);
    items.setBefore(item, at);
    items.setAfter(item, next);
    if (at === NONE) keys.setHead(key, item);
    else items.setAfter(at, item);
    if (next !== NONE) items.setBefore(next, item);
    else {
      keys.setTail(key, item);
      this.#noteTail(key, item, items.timeOf(item));
    }
  }

  /** Behind the tail, which is written to but not read: it has left the caches. */
  #append(key: number, tail: number, item: number, timeMs: number): void {
    const items = this.#items;
    items.setBefore(item, tail);
    items.setAfter(item, NONE);
    items.setAfter(tail, item);
    this.#keys.setTail(key, item);
    this.#keys.setTailMs(key, timeMs);
  }

  #insert(key: number, tail: number, item: number): void {
    const items = this.#items;
    const timeMs = items.timeOf(item);
    let radix = this.#radixOf(key);
    let steps = radix === undefined && this.#keys.count(key) <= MAX_STEPS ? Number.POSITIVE_INFINITY : 4;
    let at = tail;
    while (at !== NONE && items.compare(at, item) > 0 && steps-- > 0) at = items.beforeOf(at);
    if (at === NONE || items.compare(at, item) <= 0) {
      this.#link(key, at, item);
      return;
    }
    const epoch = items.epochOf(item);
    if (radix === undefined) {
      radix = new RadixQueue(items, epoch, this.#startOf(key, timeMs));
      this.#radixes.set(key, radix);
    }
    if (radix.epoch === epoch && radix.takes(timeMs)) radix.push(item, timeMs);
    else this.#insertFromHead(key, item);
  }

  /** Of another epoch than the radix queue: few are. */
  #insertFromHead(key: number, item: number): void {
    const items = this.#items;
    let at = NONE;
    for (let next = this.#keys.head(key); next !== NONE; next = items.afterOf(next)) {
      if (items.compare(next, item) > 0) break;
      at = next;
    }
    this.#link(key, at, item);
  }

  /** Nothing older than this can be added. */
  #startOf(key: number, timeMs: number): number {
    return Math.max(this.#keys.settledMs(key), timeMs - AGES_MS);
  }
}
