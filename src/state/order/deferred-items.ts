/**
 * Items that wait where nobody waits for them: `flint scan` reads a file to its end. They stand by time, not by key (TimeSlots), and a slot is taken
 * out some time after the newest item's watermark has passed it, when nearly all keys have gone on as far. Then its items are applied in one go,
 * sorted, and what they need from memory is asked for many at a time, so that the waits for memory overlap. In a list for each key, each item
 * would be written far away, linked with others far away and fetched again at a time of its own.
 *
 * An item whose key has not come far enough by then, or has others in its list (WaitingItems), goes there. So of the items of a key those in slots are
 * all younger than `boundMs`, and its list is applied up to there while it has any. What a key is told, and in what order, is the same as without
 * slots, only later; whoever does anything else with a key than to add to it calls `closeThrough` or `release` first.
 */
import type { ItemRecords } from './item-records.ts';
import { NONE } from './item-records.ts';
import { COUNT, KEY_HALVES, KEY_WORDS, type KeyRecords, MAX_MS, SETTLED_MS, SOURCE } from './key-records.ts';
import { MAX_EXPECTED, type OrderTarget } from './order-target.ts';
import { type TimeSlot, TimeSlots } from './time-slots.ts';
import type { WaitingItems } from './waiting-items.ts';

/** Items too old for the slots, one after the other, that show that the newest time is a stray one. */
const MANY_TOO_OLD = 4096;
/** Items taken out between two looks at how many of them were not ready. */
const JUDGED_ITEMS = 1024;

/** The order that the items are of. */
export interface DeferringOrder {
  watermark(key: number): number;
  /** Applies what stands in the key's list. */
  settle(key: number, markMs: number): void;
  /** An item waits no more. */
  applied(): void;
}

export class DeferredItems {
  readonly #items: ItemRecords;
  readonly #keys: KeyRecords;
  readonly #waiting: WaitingItems;
  readonly #target: OrderTarget;
  readonly #order: DeferringOrder;
  readonly #latenessMs: number;
  readonly #slots: TimeSlots;
  /** How long after the newest watermark a slot is taken out. */
  #slackMs: number;
  /** Newest time in the slots since they were last empty. */
  #maxMs = Number.NEGATIVE_INFINITY;
  #tooOld = 0;
  /** Taken out since the slack was last looked at, and those of them that went into lists. */
  #taken = 0;
  #listed = 0;
  #nextLookMs = Number.NEGATIVE_INFINITY;
  /** Keys whose lists may have come to their turn with the slot at hand. */
  readonly #unsettled: number[] = [];
  /** Where the sum of what was asked for goes: what nobody uses would not be read. */
  readonly #read = new Float64Array(1);

  /** `latenessMs` above 0. */
  constructor(keys: KeyRecords, waiting: WaitingItems, target: OrderTarget, order: DeferringOrder, latenessMs: number) {
    this.#items = target.items;
    this.#keys = keys;
    this.#waiting = waiting;
    this.#target = target;
    this.#order = order;
    this.#latenessMs = latenessMs;
    this.#slackMs = latenessMs / 4;
    this.#slots = new TimeSlots(target.items, latenessMs, latenessMs);
  }

  get byteLength(): number {
    return this.#slots.byteLength;
  }

  /** Items of the key in slots. */
  countOf(key: number): number {
    return this.#slots.countOf(key);
  }

  /** How far the key's list may be applied that is due up to `markMs`. */
  limit(key: number, markMs: number): number {
    return this.#slots.countOf(key) === 0 ? markMs : Math.min(markMs, this.#slots.boundMs);
  }

  /** Takes an item that is younger than its key's watermark, of the key's one source and epoch; false when it is too old for the slots. */
  add(key: number, item: number, timeMs: number): boolean {
    const slots = this.#slots;
    if (timeMs > this.#maxMs) this.#moveOn(timeMs);
    if (timeMs > slots.boundMs) {
      slots.add(item, key, timeMs);
      return true;
    }
    if (++this.#tooOld > MANY_TOO_OLD + slots.count) this.end();
    return false;
  }

  /** Takes out all slots that hold anything up to the mark. */
  closeThrough(markMs: number): void {
    while (this.#slots.count > 0 && this.#slots.boundMs < markMs) this.#closeSlot();
  }

  /** Applies all that watermarks have passed, because there is no room for so many items, and waits less for the next ones. */
  makeRoom(): void {
    this.closeThrough(this.#maxMs - this.#latenessMs);
    this.#slackMs /= 2;
  }

  /** Applies all that watermarks have passed, and puts the rest into the lists of their keys. */
  end(): void {
    this.closeThrough(this.#maxMs - this.#latenessMs);
    this.release();
  }

  /** Puts all items into the lists of their keys; nothing is applied. */
  release(): void {
    this.#slots.takeAll((item, key) => this.#waiting.add(key, item));
    this.#maxMs = Number.NEGATIVE_INFINITY;
    this.#nextLookMs = Number.NEGATIVE_INFINITY;
    this.#tooOld = 0;
  }

  /** End of input: applies all items, by time. Those of keys that have others in their lists go there. */
  finish(): void {
    const { halves } = this.#keys;
    while (this.#slots.count > 0) {
      const slot = this.#takeSlot();
      if (slot === undefined) continue;
      const { items, keys, count } = slot;
      for (let from = 0; from < count; from += MAX_EXPECTED) {
        const end = Math.min(count, from + MAX_EXPECTED);
        this.#ask(slot, from, end);
        for (let at = from; at < end; at++) {
          const key = keys[at] as number;
          this.#slots.drop(key);
          if (halves[key * KEY_HALVES + COUNT] === 0 && (halves[key * KEY_HALVES + SOURCE] as number) > NONE) {
            this.#order.applied();
            this.#target.apply(items[at] as number, false);
          } else this.#waiting.add(key, items[at] as number);
        }
      }
      slot.empty();
    }
  }

  #moveOn(timeMs: number): void {
    const slots = this.#slots;
    this.#maxMs = timeMs;
    const boundMs = timeMs - this.#latenessMs - this.#slackMs;
    while (slots.count > 0 && slots.boundMs + slots.widthMs <= boundMs) this.#closeSlot();
    if (slots.count === 0) slots.boundMs = slots.boundBelow(boundMs);
    // A slot may have been given up for lists meanwhile.
    this.#maxMs = timeMs;
  }

  /** The next slot, sorted, which whoever keeps pictures of keys has been told of; undefined when nothing stands there. */
  #takeSlot(): TimeSlot | undefined {
    // While all of it still stands in its place: who is told may save the key, for which all slots are released.
    const next = this.#slots.next();
    if (next !== undefined) for (let at = 0; at < next.count; at++) this.#target.touching(next.keys[at] as number);
    return this.#slots.count === 0 ? undefined : this.#slots.take();
  }

  #closeSlot(): void {
    const slot = this.#takeSlot();
    if (slot === undefined) return;
    this.#tooOld = 0;
    const { items, keys, times, count } = slot;
    for (let from = 0; from < count; from += MAX_EXPECTED) {
      const end = Math.min(count, from + MAX_EXPECTED);
      this.#ask(slot, from, end);
      for (let at = from; at < end; at++)
        this.#applyOrList(keys[at] as number, items[at] as number, times[at] as number);
    }
    slot.empty();
    for (const key of this.#unsettled) this.#order.settle(key, this.#order.watermark(key));
    this.#unsettled.length = 0;
    this.#taken += count;
    if (this.#taken >= JUDGED_ITEMS && this.#maxMs >= this.#nextLookMs) this.#judgeSlack();
  }

  /** Reads a word of each line of memory that the items need, none of which depends on another. */
  #ask({ keys, items }: TimeSlot, from: number, end: number): void {
    const { words, halves } = this.#keys;
    const { words: itemWords, stride } = this.#items;
    let sum = 0;
    for (let at = from; at < end; at++) {
      const key = keys[at] as number;
      sum += (words[key * KEY_WORDS + MAX_MS] as number) + (halves[key * KEY_HALVES + COUNT] as number);
    }
    for (let at = from; at < end; at++) {
      const word = (items[at] as number) * stride;
      sum += (itemWords[word] as number) + (itemWords[word + stride - 1] as number);
    }
    this.#read[0] = sum;
    this.#target.expect?.(items, from, end);
  }

  // Fields of records are read from the buffers, as on all ways that every item takes.
  #applyOrList(key: number, item: number, timeMs: number): void {
    const left = this.#slots.drop(key);
    const { words, halves } = this.#keys;
    const half = key * KEY_HALVES;
    const word = key * KEY_WORDS;
    const markMs = (words[word + MAX_MS] as number) - this.#latenessMs;
    if (timeMs <= markMs && halves[half + COUNT] === 0 && (halves[half + SOURCE] as number) > NONE) {
      this.#order.applied();
      words[word + SETTLED_MS] = timeMs;
      this.#target.apply(item, false);
      if (left === 0) this.#target.advanced(key, markMs);
      return;
    }
    this.#listed++;
    this.#waiting.add(key, item);
    if (this.#keys.oldestMs(key) <= this.#order.watermark(key)) this.#unsettled.push(key);
  }

  /** Waits longer where many items came too soon, and shorter where hardly any did: waiting takes room. */
  #judgeSlack(): void {
    if (16 * this.#listed > this.#taken) this.#slackMs += this.#latenessMs / 8;
    else if (256 * this.#listed < this.#taken) this.#slackMs -= this.#latenessMs / 32;
    this.#slackMs = Math.max(0, Math.min(this.#latenessMs, this.#slackMs));
    // What it changes is not seen before the slots that stand at the bound now are gone.
    this.#nextLookMs = this.#maxMs + this.#latenessMs / 8;
    this.#taken = 0;
    this.#listed = 0;
  }
}
