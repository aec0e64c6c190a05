/**
 * Eager mode: items are applied as they come, and those that the watermark has not passed yet can be taken back. The target keeps the
 * applied items of a key in a list, oldest first; here stands where in it what may be undone begins (`head`), its end and its length.
 */
import { NONE } from './item-records.ts';
import type { KeyRecords } from './key-records.ts';
import type { OrderTarget } from './order-target.ts';

/** Items of one key that may be undone; an old one that comes after so many newer ones would undo them all. */
const MAX_UNDO = 1024;

export class UndoableItems {
  readonly #target: OrderTarget;
  readonly #keys: KeyRecords;
  /** Taken back for an older one, newest first. */
  readonly #undone: number[] = [];

  constructor(target: OrderTarget, keys: KeyRecords) {
    this.#target = target;
    this.#keys = keys;
  }

  /** Applies the item in its place. True when newer ones had to be applied again. */
  apply(key: number, item: number): boolean {
    const target = this.#target;
    const keys = this.#keys;
    const { items } = target;
    const undone = this.#undone;
    const head = keys.head(key);
    let at = keys.tail(key);
    while (at !== NONE && items.compare(at, item) > 0) {
      undone.push(at);
      at = at === head ? NONE : items.beforeOf(at);
    }
    keys.addCount(key, 1);
    for (const newer of undone) target.undo(newer);
    if (at === NONE) keys.setHead(key, item);
    keys.setTail(key, undone[0] ?? item);
    target.apply(item, false);
    if (undone.length === 0) return false;
    for (let i = undone.length - 1; i >= 0; i--) target.apply(undone[i] as number, true);
    undone.length = 0;
    return true;
  }

  isFull(key: number): boolean {
    return this.#keys.count(key) > MAX_UNDO;
  }

  /** Lets go of what is not younger than the mark; returns how many that were. */
  settle(key: number, markMs: number): number {
    const keys = this.#keys;
    const { items } = this.#target;
    let count = 0;
    for (let head = keys.head(key); head !== NONE && items.timeOf(head) <= markMs; head = keys.head(key)) {
      this.settleFirst(key);
      count++;
    }
    return count;
  }

  settleFirst(key: number): void {
    const keys = this.#keys;
    const { items } = this.#target;
    const head = keys.head(key);
    const next = head === keys.tail(key) ? NONE : items.afterOf(head);
    keys.setHead(key, next);
    if (next === NONE) keys.setTail(key, NONE);
    keys.addCount(key, -1);
    keys.setSettledMs(key, items.timeOf(head));
    // Last: the target may free the item.
    this.#target.settle(head);
  }

  list(key: number): number[] {
    const found: number[] = [];
    const tail = this.#keys.tail(key);
    for (let item = this.#keys.head(key); item !== NONE; item = item === tail ? NONE : this.#after(item))
      found.push(item);
    return found;
  }

  restore(key: number, sorted: readonly number[]): void {
    this.#keys.setHead(key, sorted[0] ?? NONE);
    this.#keys.setTail(key, sorted.at(-1) ?? NONE);
    this.#keys.addCount(key, sorted.length);
  }

  #after(item: number): number {
    return this.#target.items.afterOf(item);
  }
}
