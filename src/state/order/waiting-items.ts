/**
 * Items that wait for their watermark, by key. Most come in order, or nearly so: they stand in a sorted list that is looked at from its end.
 * What comes far out of order into a key where many wait goes into a radix queue beside the list; such keys are few.
 */
import { AFTER, BEFORE, EPOCH, GAP, gapOf, type ItemRecords, NONE } from './item-records.ts';
import {
  COUNT,
  HEAD,
  EPOCH as KEY_EPOCH,
  KEY_HALVES,
  KEY_WORDS,
  type KeyRecords,
  OLDEST_MS,
  SETTLED_MS,
  SOURCE,
  TAIL,
  TAIL_MS,
} from './key-records.ts';
import { RadixQueue } from './radix-queue.ts';

/** Items that the list is searched over from its end. */
const MAX_STEPS = 24;
/** Some 70 years: where nothing has been settled yet, what comes may be older than what came. */
const AGES_MS = 2 ** 41;
/** No item, and not NONE either. */
const TOO_FAR = -2;

export class WaitingItems {
  readonly #items: ItemRecords;
  readonly #keys: KeyRecords;
  readonly #radixes = new Map<number, RadixQueue>();

  constructor(items: ItemRecords, keys: KeyRecords) {
    this.#items = items;
    this.#keys = keys;
  }

  // Fields of records are read from the buffers here and in `takeUntil`: calls would take longer than what they do.
  add(key: number, item: number): void {
    const { words: times, halves } = this.#keys;
    const { words, doubles, stride } = this.#items;
    const at = item * stride;
    const word = key * KEY_WORDS;
    const half = key * KEY_HALVES;
    const timeMs = doubles[at >>> 1] as number;
    if (timeMs < (times[word + OLDEST_MS] as number)) times[word + OLDEST_MS] = timeMs;
    halves[half + COUNT] = (halves[half + COUNT] as number) + 1;
    const isOfKey = words[at + EPOCH] === halves[half + KEY_EPOCH];
    if (!isOfKey) this.#keys.noteMixed(key);
    const tail = halves[half + TAIL] as number;
    const tailMs = times[word + TAIL_MS] as number;
    if (tail !== NONE && !(isOfKey && timeMs > tailMs)) {
      this.#insert(key, tail, item);
      return;
    }
    words[at + BEFORE] = tail;
    words[at + AFTER] = NONE;
    halves[half + TAIL] = item;
    times[word + TAIL_MS] = isOfKey ? timeMs : Number.NaN;
    if (tail === NONE) {
      halves[half + HEAD] = item;
      return;
    }
    // The tail is written to but not read: it has left the caches.
    const tailAt = tail * stride;
    words[tailAt + AFTER] = item;
    words[tailAt + GAP] = gapOf(tailMs, timeMs);
  }

  /**
   * Takes the oldest item out when it is not younger than the mark, and moves the key's `settledMs`; NONE when there is none such. Nothing
   * older may be added then.
   */
  takeUntil(key: number, markMs: number): number {
    const { words: times, halves } = this.#keys;
    const { words, doubles, stride } = this.#items;
    const word = key * KEY_WORDS;
    const half = key * KEY_HALVES;
    if ((halves[half + SOURCE] as number) < NONE) return this.#takeComplex(key, markMs);
    const head = halves[half + HEAD] as number;
    if (head === NONE) return NONE;
    const at = head * stride;
    const timeMs = doubles[at >>> 1] as number;
    if (timeMs > markMs) {
      times[word + OLDEST_MS] = timeMs;
      return NONE;
    }
    const next = words[at + AFTER] as number;
    halves[half + HEAD] = next;
    if (next === NONE) halves[half + TAIL] = NONE;
    // Not read from the next one, which has left the caches.
    times[word + OLDEST_MS] = next === NONE ? Number.POSITIVE_INFINITY : timeMs + (words[at + GAP] as number);
    halves[half + COUNT] = (halves[half + COUNT] as number) - 1;
    times[word + SETTLED_MS] = timeMs;
    return head;
  }

  /** Time of the item that comes first, infinite when none waits. One of a former epoch comes before all others, however young it is. */
  oldestMs(key: number): number {
    const head = this.#keys.head(key);
    const inOrderMs = head === NONE ? Number.POSITIVE_INFINITY : this.#items.timeOf(head);
    const radix = this.#radixOf(key);
    if (radix === undefined) return inOrderMs;
    const later = head === NONE ? 1 : this.#items.epochOf(head) - radix.epoch;
    if (later === 0) return Math.min(inOrderMs, radix.leastMs());
    return later > 0 ? radix.leastMs() : inOrderMs;
  }

  #takeComplex(key: number, markMs: number): number {
    const keys = this.#keys;
    if (keys.count(key) === 0) return NONE;
    const oldestMs = this.oldestMs(key);
    if (oldestMs > markMs) {
      keys.setOldestMs(key, oldestMs);
      return NONE;
    }
    const first = this.#first(key);
    this.#take(key, first);
    keys.setSettledMs(key, this.#items.timeOf(first));
    keys.setOldestMs(key, this.oldestMs(key));
    if (this.#radixOf(key) === undefined) keys.simplify(key);
    return first;
  }

  #first(key: number): number {
    const inOrder = this.#keys.head(key);
    const outOfOrder = this.#radixOf(key)?.first() ?? NONE;
    if (outOfOrder === NONE) return inOrder;
    return inOrder === NONE || this.#items.compare(outOfOrder, inOrder) < 0 ? outOfOrder : inOrder;
  }

  #take(key: number, first: number): void {
    const keys = this.#keys;
    keys.addCount(key, -1);
    if (first === keys.head(key)) {
      const next = this.#items.afterOf(first);
      keys.setHead(key, next);
      if (next === NONE) keys.setTail(key, NONE);
      return;
    }
    const radix = this.#radixOf(key);
    radix?.shift();
    if (radix?.count === 0) this.#radixes.delete(key);
  }

  /** All items of the key, sorted. */
  list(key: number): number[] {
    const found: number[] = [];
    const items = this.#items;
    for (let item = this.#keys.head(key); item !== NONE; item = items.afterOf(item)) found.push(item);
    const radix = this.#radixOf(key);
    if (radix === undefined) return found;
    radix.collect(found);
    return found.sort((a, b) => items.compare(a, b));
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

  /** After `at`, or first where that is NONE. */
  #link(key: number, at: number, item: number): void {
    const keys = this.#keys;
    const items = this.#items;
    const timeMs = items.timeOf(item);
    const next = at === NONE ? keys.head(key) : items.afterOf(at);
    items.setBefore(item, at);
    items.setAfter(item, next);
    if (at === NONE) keys.setHead(key, item);
    else {
      items.setAfter(at, item);
      items.setGap(at, gapOf(items.timeOf(at), timeMs));
    }
    if (next !== NONE) {
      items.setBefore(next, item);
      items.setGap(item, gapOf(timeMs, items.timeOf(next)));
    } else {
      keys.setTail(key, item);
      keys.setTailMs(key, items.epochOf(item) === keys.epoch(key) ? timeMs : Number.NaN);
    }
  }

  #insert(key: number, tail: number, item: number): void {
    const keys = this.#keys;
    const radix = this.#radixOf(key);
    const isShort = radix === undefined && keys.count(key) <= MAX_STEPS;
    const at = this.#placeFor(key, tail, item, isShort ? Number.POSITIVE_INFINITY : 4);
    if (at === TOO_FAR) this.#insertFar(key, item, radix);
    else this.#link(key, at, item);
  }

  /** The item that it goes after, found from the tail on; NONE when it goes first. */
  #placeFor(key: number, tail: number, item: number, maxSteps: number): number {
    const { halves } = this.#keys;
    const items = this.#items;
    const { words, doubles, stride } = items;
    const half = key * KEY_HALVES;
    const isSimple = (halves[half + SOURCE] as number) > NONE;
    const head = halves[half + HEAD] as number;
    const timeMs = items.timeOf(item);
    let at = tail;
    for (let steps = 0; steps <= maxSteps; steps++) {
      const otherMs = doubles[(at * stride) >>> 1] as number;
      if (isSimple && otherMs !== timeMs ? otherMs < timeMs : items.compare(at, item) <= 0) return at;
      // What the head names was before it.
      if (at === head) return NONE;
      at = words[at * stride + BEFORE] as number;
    }
    return TOO_FAR;
  }

  #insertFar(key: number, item: number, queue: RadixQueue | undefined): void {
    const items = this.#items;
    const timeMs = items.timeOf(item);
    const epoch = items.epochOf(item);
    let radix = queue;
    if (radix === undefined) {
      radix = new RadixQueue(items, epoch, this.#startOf(key, timeMs));
      this.#radixes.set(key, radix);
      this.#keys.setComplex(key);
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
