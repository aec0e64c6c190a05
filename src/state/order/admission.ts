/**
 * Admission: which items of a key are taken, and which are late. A key has a mark for each of its sources: the newest time seen, and the
 * epoch that it is of. An item is late when it is older than its source's mark by more than the lateness, of an epoch that is over,
 * or older than what is settled already. The least of the marks says how far the whole key has come: its watermark.
 *
 * The mark of the first source stands in the key's record, those of others beside it (KeyRecords). KeyedOrder's short way does the same for keys
 * of one source, inline.
 */
import type { ItemRecords } from './item-records.ts';
import type { KeyRecords } from './key-records.ts';
import type { OrderTarget } from './order-target.ts';

export class Admission {
  /** Rules around the order may change it at a reload. */
  latenessMs: number;
  readonly #keys: KeyRecords;
  readonly #target: OrderTarget;
  readonly #items: ItemRecords;
  readonly #endEpoch: (key: number) => void;

  /** `endEpoch` is called before an item of a new epoch is taken: applies all that the key has of those before. */
  constructor(keys: KeyRecords, target: OrderTarget, latenessMs: number, endEpoch: (key: number) => void) {
    this.#keys = keys;
    this.#target = target;
    this.#items = target.items;
    this.latenessMs = latenessMs;
    this.#endEpoch = endEpoch;
  }

  /** Nothing older will be taken of any source of the key. */
  watermark(key: number): number {
    let maxMs = this.#keys.maxMs(key);
    const others = this.#keys.othersOf(key);
    if (others !== undefined) for (const other of others) if (other.maxMs < maxMs) maxMs = other.maxMs;
    return maxMs - this.latenessMs;
  }

  /** False when the item is late. Moves the source's mark of the key; a new epoch ends what was there before. */
  admit(key: number, item: number): boolean {
    const keys = this.#keys;
    const items = this.#items;
    const source = items.sourceOf(item);
    const timeMs = items.timeOf(item);
    const epoch = items.epochOf(item);
    if (source !== keys.source(key)) return this.#admitOther(key, item);
    if (epoch > keys.epoch(key)) {
      this.#endEpoch(key);
      keys.setEpoch(key, epoch);
      keys.setMaxMs(key, Number.NEGATIVE_INFINITY);
    }
    if (epoch < keys.epoch(key) || timeMs < keys.settledMs(key)) return false;
    const maxMs = keys.maxMs(key);
    if (timeMs < maxMs - this.latenessMs && this.#target.isDelayed?.(item) !== true) return false;
    if (timeMs > maxMs) keys.setMaxMs(key, timeMs);
    return true;
  }

  /** The item is of another source than the key's first. */
  #admitOther(key: number, item: number): boolean {
    const items = this.#items;
    const timeMs = items.timeOf(item);
    const epoch = items.epochOf(item);
    const source = items.sourceOf(item);
    const others = this.#keys.othersOf(key) ?? [];
    if (others.length === 0) this.#keys.setOthers(key, others);
    let mark = others.find((other) => other.source === source);
    if (mark === undefined) {
      mark = { source, maxMs: Number.NEGATIVE_INFINITY, epoch };
      others.push(mark);
    }
    if (epoch > mark.epoch) {
      this.#endEpoch(key);
      mark.epoch = epoch;
      mark.maxMs = Number.NEGATIVE_INFINITY;
    }
    if (epoch < mark.epoch || timeMs < this.#keys.settledMs(key)) return false;
    if (timeMs < mark.maxMs - this.latenessMs && this.#target.isDelayed?.(item) !== true) return false;
    if (timeMs > mark.maxMs) mark.maxMs = timeMs;
    return true;
  }

  /** Asks the target to take a late item at the oldest time that is still open. */
  moveLate(key: number, item: number): boolean {
    const keys = this.#keys;
    if (this.#target.takeLate === undefined) return false;
    const source = this.#items.sourceOf(item);
    const mark =
      source === keys.source(key)
        ? { maxMs: keys.maxMs(key), epoch: keys.epoch(key) }
        : keys.othersOf(key)?.find((other) => other.source === source);
    if (mark === undefined) return false;
    const openMs = Math.max(keys.settledMs(key), mark.maxMs - this.latenessMs);
    return this.#target.takeLate(item, openMs, mark.epoch) && this.admit(key, item);
  }
}
