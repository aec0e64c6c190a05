/**
 * Whom KeyedOrder tells what. The items are records of the target's: the order reads their times there and links them with one another.
 */
import type { ItemRecords } from './item-records.ts';

export type OrderMode = 'ordered' | 'eager';

/** Items that `expect` is told of at once, at most. */
export const MAX_EXPECTED = 64;

export interface OrderTarget {
  /**
   * Neighbours are those in the key's list: in ordered mode the order's own, as long as an item waits; in eager mode the target's, its
   * list of applied items, oldest first, which `apply` appends to and `undo` takes the last one from.
   */
  readonly items: ItemRecords;
  /** Before anything about the key changes, its queue or what the calls below lead to. */
  touching(key: number): void;
  /** `again` is true when the item had been applied before and was undone. */
  apply(item: number, again: boolean): void;
  /** `items` from `from` to before `end` are likely to be applied next: what they need may be asked of memory. Absent: nothing is. */
  expect?(items: Int32Array, from: number, end: number): void;
  /** Takes the last applied item of its key back. Eager mode only. */
  undo(item: number): void;
  /** Eager mode: the item will not be undone any more. Called in order. */
  settle(item: number): void;
  /** The item may come later than its time, through no fault of its source: the lateness is not held against it. Absent: none does. */
  isDelayed?(item: number): boolean;
  /** Older than the watermark: not kept by the order. */
  late(item: number): void;
  /** Asked first: true when the target has moved the late item to `timeMs` of `epoch`, where it is taken. Absent: none is. */
  takeLate?(item: number, timeMs: number, epoch: number): boolean;
  /** The key's items up to `settledMs` have been applied; `undefined`: there will be no more in this epoch, close what is open. */
  advanced(key: number, settledMs: number | undefined): void;
  /** After `advanced(key, undefined)`: the key's queue is gone, and with it everything about the key. */
  closed(key: number): void;
  /**
   * Ordered mode, at the end of input: all items have been applied. True when the target has forgotten all keys at once, which for each of
   * them comes to the same as `advanced(key, undefined)` and `closed`. Absent: each is closed.
   */
  forgetAll?(): boolean;
  /** How long after its newest item a key must be kept, in event time and on the arrival clock: the time span of its windows. */
  retentionMs(): number;
  /** The key goes because there are too many: forget it without judging anything. */
  evicted(key: number): void;
}

export interface OrderOptions {
  readonly mode: OrderMode;
  readonly latenessMs: number;
  /** Items waiting over all keys (ordered) or kept for undoing in one key (eager). Beyond it the oldest are settled early, counted. */
  readonly maxPending: number;
  /** Ordered mode: items may be applied later than their watermark passes them. They wait for twice the lateness at most then. */
  readonly deferred?: boolean;
}

export interface OrderCounts {
  late: number;
  /** Settled before their watermark because too many were waiting. */
  early: number;
  /** Eager: items that arrived after newer ones and made these be applied again. */
  reordered: number;
}
