/**
 * Brings the items of each key into the order (epoch, time, source, position, part), whatever order they arrive in, as long as none is
 * later than the lateness allows. Watermark of a key = least over its sources of (greatest time seen − lateness).
 *
 * `ordered`: an item waits until the watermark has passed it, and is applied once. The result depends on nothing but the items.
 * `eager`: an item is applied on arrival; when an older one arrives, the newer ones are undone, and applied again after it. The
 * state is always that of the sorted items, and nothing waits; for live inputs, where an alert must not wait a minute.
 *
 * Where nobody waits for an item, it may be applied later than it could be (`deferred`), many together; what a key is told stays the same.
 *
 * Each push also looks at one other key, so that keys that fell silent are settled and their queues dropped without a pause.
 */
import { Admission } from './admission.ts';
import { DeferredItems } from './deferred-items.ts';
import { AFTER, EPOCH, type ItemRecords, NONE, SOURCE } from './item-records.ts';
import {
  ARRIVAL_MS,
  EPOCH as KEY_EPOCH,
  SOURCE as KEY_SOURCE,
  KEY_HALVES,
  KEY_WORDS,
  KeyRecords,
  MAX_MS,
  OLDEST_MS,
  SETTLED_MS,
  TAIL,
  TOUCHED,
} from './key-records.ts';
import type { OrderCounts, OrderOptions, OrderTarget } from './order-target.ts';
import { restoreMarks, type SavedQueue, savedQueue } from './saved-queue.ts';
import type { SourceClocks } from './source-clock.ts';
import { thresholdOf } from './threshold.ts';
import { UndoableItems } from './undoable-items.ts';
import { WaitingItems } from './waiting-items.ts';

/** Keys that one call of closeIdle looks at. */
const MAX_IDLE_STEPS = 20_000;
const TOUCHED_LIMIT = 2 ** 32;

export class KeyedOrder {
  readonly counts: OrderCounts = { late: 0, early: 0, reordered: 0 };
  readonly #target: OrderTarget;
  readonly #items: ItemRecords;
  readonly #options: OrderOptions;
  readonly #clocks: SourceClocks;
  readonly #keys = new KeyRecords();
  readonly #admission: Admission;
  readonly #waiting: WaitingItems;
  readonly #undoable: UndoableItems;
  #deferred: DeferredItems | undefined;
  readonly #eager: boolean;
  /** Keys that the next looks at silent ones begin with. */
  #visitAt = 0;
  #idleAt = 0;
  #pending = 0;
  #pushes = 0;
  #hold = false;
  /** Where the sum of what was asked for goes: what nobody uses would not be read. */
  readonly #read = new Float64Array(1);
  /** Lists hold items that would have been applied if nothing had been deferred. */
  #mayBeDue = false;

  constructor(target: OrderTarget, clocks: SourceClocks, options: OrderOptions) {
    this.#target = target;
    this.#items = target.items;
    this.#clocks = clocks;
    this.#options = options;
    this.#eager = options.mode === 'eager';
    this.#admission = new Admission(this.#keys, target, options.latenessMs, (key) => this.#endEpoch(key));
    this.#waiting = new WaitingItems(target.items, this.#keys);
    this.#undoable = new UndoableItems(target, this.#keys);
    this.#deferred = this.#makeDeferred();
  }

  get latenessMs(): number {
    return this.#admission.latenessMs;
  }

  /** Rules around it may have changed at a reload. */
  set latenessMs(latenessMs: number) {
    if (latenessMs === this.#admission.latenessMs) return;
    this.#endDeferring();
    this.#admission.latenessMs = latenessMs;
    this.#deferred = this.#makeDeferred();
  }

  /** While true, nothing is settled by watermarks: other files with the same keys are still to be read. */
  get hold(): boolean {
    return this.#hold;
  }

  set hold(hold: boolean) {
    this.#endDeferring();
    this.#hold = hold;
  }

  get pending(): number {
    return this.#pending;
  }

  get keys(): number {
    return this.#keys.keys;
  }

  /** Keys are below this. */
  get keyBound(): number {
    return this.#keys.bound;
  }

  get byteLength(): number {
    return this.#keys.byteLength + (this.#deferred?.byteLength ?? 0);
  }

  has(key: number): boolean {
    return this.#keys.has(key);
  }

  /** Items of these keys, `from` to before `end`, are to be pushed next: asks memory for what is known of them. NONE stands for no key. */
  expect(keys: Int32Array, from: number, end: number): void {
    const { halves } = this.#keys;
    const { words: itemWords, stride } = this.#items;
    const { bound } = this.#keys;
    let sum = 0;
    for (let i = from; i < end; i++) {
      const key = keys[i] as number;
      if (key >= 0 && key < bound) sum = (sum + (halves[key * KEY_HALVES + TOUCHED] as number)) | 0;
    }
    // The newest item of the key: a newer one is linked to it.
    if (this.#eager)
      for (let i = from; i < end; i++) {
        const key = keys[i] as number;
        const tail = key >= 0 && key < bound ? (halves[key * KEY_HALVES + TAIL] as number) : NONE;
        if (tail >= 0) sum = (sum + (itemWords[tail * stride + AFTER] as number)) | 0;
      }
    this.#read[0] = sum;
  }

  /** Takes an item whose epoch has been set from the clocks. */
  push(key: number, item: number, arrivalMs: number): void {
    this.#target.touching(key);
    if (!this.#keys.has(key)) this.#keys.open(key, this.#items.sourceOf(item), this.#items.epochOf(item));
    if (this.#pushSimple(key, item, arrivalMs) || this.#pushAny(key, item, arrivalMs)) this.#visitNext();
  }

  /**
   * The short way that nearly all items take, false when it is not open: ordered mode, a key of one source and epoch, an item that
   * is not late. Fields of records are read from the buffers: calls would take longer than what they do.
   */
  #pushSimple(key: number, item: number, arrivalMs: number): boolean {
    const { words, halves } = this.#keys;
    const { words: itemWords, doubles, stride } = this.#items;
    const half = key * KEY_HALVES;
    const word = key * KEY_WORDS;
    const at = item * stride;
    if (this.#eager || this.#hold || half >= halves.length || this.#pushes >= TOUCHED_LIMIT - 1) return false;
    if (halves[half + KEY_SOURCE] !== itemWords[at + SOURCE] || halves[half + KEY_EPOCH] !== itemWords[at + EPOCH])
      return false;
    const timeMs = doubles[at >>> 1] as number;
    const maxMs = words[word + MAX_MS] as number;
    const { latenessMs } = this.#admission;
    if (timeMs < (words[word + SETTLED_MS] as number) || timeMs < maxMs - latenessMs) return false;
    if (timeMs > maxMs) words[word + MAX_MS] = timeMs;
    words[word + ARRIVAL_MS] = arrivalMs;
    halves[half + TOUCHED] = ++this.#pushes;
    const markMs = Math.max(timeMs, maxMs) - latenessMs;
    if (timeMs > markMs && this.#deferred?.add(key, item, timeMs) === true) {
      if ((words[word + OLDEST_MS] as number) <= markMs) this.#settle(key, markMs);
      this.#countWaiting();
    } else if (timeMs <= markMs && this.#isEmpty(key)) {
      words[word + SETTLED_MS] = timeMs;
      this.#target.apply(item, false);
      this.#target.advanced(key, markMs);
    } else this.#wait(key, item, markMs);
    return true;
  }

  /** False when the item was late. */
  #pushAny(key: number, item: number, arrivalMs: number): boolean {
    const keys = this.#keys;
    if (this.#deferred !== undefined) this.#catchUp(this.#deferred, key, item);
    keys.setArrivalMs(key, arrivalMs);
    keys.setTouched(key, this.#nextPush());
    if (!this.#admission.admit(key, item)) {
      this.counts.late++;
      if (!this.#admission.moveLate(key, item)) {
        this.#target.late(item);
        return false;
      }
    }
    if (this.#eager) {
      this.#applyNow(key, item);
      this.#settle(key, this.#watermark(key));
    } else if (!this.#applyUnqueued(key, item)) this.#wait(key, item, this.#watermark(key));
    return true;
  }

  /** Ordered mode: lets the item wait, and applies what the key's watermark has passed by now. */
  #wait(key: number, item: number, markMs: number): void {
    this.#waiting.add(key, item);
    this.#settle(key, markMs);
    this.#countWaiting();
  }

  #countWaiting(): void {
    if (++this.#pending > this.#options.maxPending) this.relieve(() => this.#pending <= this.#options.maxPending);
  }

  /** Before the item is looked at in the long way: about its key all must be as it would be without slots. */
  #catchUp(deferred: DeferredItems, key: number, item: number): void {
    if (!this.#mayBeDue && deferred.countOf(key) === 0) return;
    const keys = this.#keys;
    const isOfKey = this.#items.sourceOf(item) === keys.source(key) && this.#items.epochOf(item) === keys.epoch(key);
    // A new epoch settles all that the key has, and with another source its watermark is no longer that of one.
    if (!isOfKey) deferred.end();
    this.#settleDue(key, this.#watermark(key));
  }

  #makeDeferred(): DeferredItems | undefined {
    if (this.#options.deferred !== true || this.#eager || this.#admission.latenessMs <= 0) return undefined;
    const order = {
      watermark: (key: number) => this.#watermark(key),
      settle: (key: number, markMs: number) => this.#settle(key, markMs),
      applied: () => {
        this.#pending--;
      },
    };
    return new DeferredItems(this.#keys, this.#waiting, this.#target, order, this.#admission.latenessMs);
  }

  /** Nothing of the key waits. */
  #isEmpty(key: number): boolean {
    return this.#keys.count(key) === 0 && (this.#deferred === undefined || this.#deferred.countOf(key) === 0);
  }

  /** As `#settle`, of all that the key has up to there, in slots too. */
  #settleDue(key: number, markMs: number): void {
    if (this.#deferred !== undefined && this.#deferred.countOf(key) > 0) this.#deferred.closeThrough(markMs);
    this.#settle(key, markMs);
  }

  /** Applies all that watermarks have passed; the rest stands in the lists of its keys then. */
  #endDeferring(): void {
    this.#deferred?.end();
    if (!this.#mayBeDue) return;
    this.#mayBeDue = false;
    const keys = this.#keys;
    for (let key = 0; key < keys.bound; key++) {
      if (!keys.has(key) || keys.oldestMs(key) > this.#watermark(key)) continue;
      this.#target.touching(key);
      this.#settle(key, this.#watermark(key));
    }
  }

  /**
   * Settles and closes keys that nothing arrived for in lateness + retention of the arrival clock, and waits no longer for sources that
   * nothing came from in that time. Looks at a bounded number of keys in each call, so that a million idle ones go without a pause; the
   * next call goes on where this one stopped.
   */
  closeIdle(nowMs: number): void {
    const quietSinceMs = nowMs - this.#admission.latenessMs - this.#target.retentionMs();
    const isSilent = (source: number): boolean => this.#clocks.isSilent(source, quietSinceMs);
    const count = Math.min(MAX_IDLE_STEPS, this.#keys.bound);
    for (let i = 0; i < count; i++) {
      if (this.#idleAt >= this.#keys.bound) this.#idleAt = 0;
      const key = this.#idleAt++;
      if (!this.#keys.has(key)) continue;
      if (this.#keys.arrivalMs(key) < quietSinceMs) this.#close(key);
      else if (this.#keys.dropMarks(key, isSilent)) {
        // A source that has gone silent holds the key's watermark no longer.
        this.#target.touching(key);
        this.#settleDue(key, this.#watermark(key));
      }
    }
  }

  /** Gives up the given share of the keys, those untouched for longest. What waits in them is applied first. */
  evictStalest(share: number): number {
    this.#endDeferring();
    const keys = this.#keys;
    const goes = keys.keys - Math.floor(keys.keys * (1 - share));
    const limit = thresholdOf(keys.allTouched(), goes);
    let evicted = 0;
    for (let key = 0; key < keys.bound; key++) {
      if (!keys.has(key) || keys.touched(key) > limit) continue;
      this.#target.touching(key);
      this.#settle(key, Number.POSITIVE_INFINITY);
      keys.close(key);
      this.#target.evicted(key);
      evicted++;
    }
    return evicted;
  }

  /** Settles every key up to `markMs`, and closes those that are over by then: nothing older will come, and whoever calls knows it. */
  settleAll(markMs: number): void {
    this.#endDeferring();
    const keys = this.#keys;
    for (let key = 0; key < keys.bound; key++) {
      if (!keys.has(key) || markMs <= keys.settledMs(key)) continue;
      if (keys.count(key) > 0) {
        if (this.#oldestMs(key) > markMs) continue;
        this.#target.touching(key);
        this.#settle(key, markMs);
      } else if (keys.newestMs(key) + this.#target.retentionMs() < markMs) this.#close(key);
      else this.#target.advanced(key, markMs);
    }
  }

  /** End of input: applies all that waits, over all keys in one order, and closes every key. */
  closeAll(): void {
    this.#deferred?.finish();
    this.#endDeferring();
    const keys = this.#keys;
    if (!this.#eager) {
      const rest: number[] = [];
      for (let key = 0; key < keys.bound; key++) {
        if (!keys.has(key) || keys.count(key) === 0) continue;
        this.#target.touching(key);
        for (const item of this.#waiting.list(key)) rest.push(item);
        this.#waiting.clear(key);
      }
      rest.sort((a, b) => this.#items.compare(a, b));
      this.#pending = 0;
      for (const item of rest) this.#target.apply(item, false);
    }
    if (!this.#eager && this.#target.forgetAll?.() === true) keys.clear();
    else for (let key = 0; key < keys.bound; key++) if (keys.has(key)) this.#close(key);
  }

  /** Sources that keys have marks of. */
  addSources(to: Set<number>): void {
    this.#keys.addSources(to);
  }

  /** The key's queue, for a snapshot. */
  saveQueue(key: number): SavedQueue<number> | undefined {
    return this.#keys.has(key) ? savedQueue(this.#keys, key, this.listOf(key)) : undefined;
  }

  /** How many of the key's items wait (ordered) or may be undone (eager). May be asked while some are being applied. */
  countOf(key: number): number {
    return this.#keys.has(key) ? this.#keys.count(key) + (this.#deferred?.countOf(key) ?? 0) : 0;
  }

  /** Items that wait (ordered) or may be undone (eager), oldest first. Not to be asked for while some are being applied. */
  listOf(key: number): number[] {
    if (!this.#keys.has(key) || this.#isEmpty(key)) return [];
    if (this.#deferred !== undefined && this.#deferred.countOf(key) > 0) {
      // Nothing is applied where somebody only looks.
      this.#deferred.release();
      this.#mayBeDue = true;
    }
    return this.#eager ? this.#undoable.list(key) : this.#waiting.list(key);
  }

  /**
   * Takes a saved queue, of a key that has none; eager: the target's list ends with the items already. What was idle before counts
   * as heard of at `arrivalMs`.
   */
  restoreQueue(saved: SavedQueue<number>, arrivalMs: number): void {
    const { key, items, touched } = saved;
    if (!restoreMarks(this.#keys, saved, arrivalMs)) return;
    this.#mayBeDue = this.#deferred !== undefined;
    if (this.#eager) this.#undoable.restore(key, items);
    else for (const item of items) this.#waiting.add(key, item);
    this.#pending += items.length;
    this.#pushes = Math.max(this.#pushes, touched);
  }

  #nextPush(): number {
    if (++this.#pushes < TOUCHED_LIMIT) return this.#pushes;
    // Counts stay in the order they had, in half the numbers.
    for (let key = 0; key < this.#keys.bound; key++)
      if (this.#keys.has(key)) this.#keys.setTouched(key, this.#keys.touched(key) >>> 1);
    this.#pushes = TOUCHED_LIMIT / 2;
    return this.#pushes;
  }

  #endEpoch(key: number): void {
    this.#settle(key, Number.POSITIVE_INFINITY);
    this.#target.advanced(key, undefined);
    this.#keys.setSettledMs(key, Number.NEGATIVE_INFINITY);
  }

  #watermark(key: number): number {
    return this.#hold ? Number.NEGATIVE_INFINITY : this.#admission.watermark(key);
  }

  /** True when nothing waits, and nothing older than the item can come: no need to queue it. */
  #applyUnqueued(key: number, item: number): boolean {
    if (!this.#isEmpty(key)) return false;
    const markMs = this.#watermark(key);
    const timeMs = this.#items.timeOf(item);
    if (timeMs > markMs) return false;
    this.#keys.setSettledMs(key, timeMs);
    this.#target.apply(item, false);
    this.#target.advanced(key, markMs);
    return true;
  }

  #applyNow(key: number, item: number): void {
    this.#pending++;
    if (this.#undoable.apply(key, item)) this.counts.reordered++;
    if (this.#undoable.isFull(key)) {
      this.counts.early++;
      this.#undoable.settleFirst(key);
      this.#pending--;
    }
  }

  /** Applies (ordered) or lets go of (eager) what is not younger than the mark. */
  #settle(key: number, dueMs: number): void {
    const keys = this.#keys;
    const markMs = this.#deferred === undefined ? dueMs : this.#deferred.limit(key, dueMs);
    if (this.#eager) this.#pending -= this.#undoable.settle(key, markMs);
    else
      while (keys.oldestMs(key) <= markMs) {
        const first = this.#waiting.takeUntil(key, markMs);
        if (first === NONE) break;
        this.#pending--;
        this.#target.apply(first, false);
      }
    // What is younger than some items in slots has to wait for them.
    if (markMs < dueMs && keys.oldestMs(key) <= dueMs) this.#mayBeDue = true;
    if (Number.isFinite(markMs)) this.#target.advanced(key, markMs);
  }

  #oldestMs(key: number): number {
    if (!this.#eager) return this.#waiting.oldestMs(key);
    const head = this.#keys.head(key);
    return head === NONE ? Number.POSITIVE_INFINITY : this.#items.timeOf(head);
  }

  #close(key: number): void {
    if (this.#deferred !== undefined && this.#deferred.countOf(key) > 0) this.#endDeferring();
    this.#target.touching(key);
    this.#settle(key, Number.POSITIVE_INFINITY);
    this.#keys.close(key);
    this.#target.advanced(key, undefined);
    this.#target.closed(key);
  }

  /** One other key: when its sources have moved on far enough, what waits in it is settled, and an empty queue is dropped. */
  #visitNext(): void {
    if (this.#hold) return;
    const keys = this.#keys;
    if (this.#visitAt >= keys.bound) this.#visitAt = 0;
    const key = this.#visitAt++;
    const source = keys.halves[key * KEY_HALVES + KEY_SOURCE] as number;
    if (source > NONE) {
      const epoch = keys.halves[key * KEY_HALVES + KEY_EPOCH] as number;
      const settledMs = keys.words[key * KEY_WORDS + SETTLED_MS] as number;
      const markMs = (keys.words[key * KEY_WORDS + MAX_MS] as number) - this.#admission.latenessMs;
      // Up to its own watermark the key was settled when it was pushed to.
      if (this.#clocks.settledMs(source) <= Math.max(settledMs, markMs) && this.#clocks.epochOf(source) <= epoch)
        return;
    } else if (source === NONE) return;
    this.#visit(key);
  }

  #visit(key: number): void {
    const keys = this.#keys;
    const source = keys.source(key);
    let settledMs = this.#clocks.settledMs(source);
    let moved = this.#clocks.epochOf(source) > keys.epoch(key);
    const others = keys.othersOf(key);
    if (others !== undefined)
      for (const other of others) {
        settledMs = Math.min(settledMs, this.#clocks.settledMs(other.source));
        moved &&= this.#clocks.epochOf(other.source) > other.epoch;
      }
    if (moved) {
      this.#close(key);
      return;
    }
    if (settledMs <= keys.settledMs(key)) return;
    this.#target.touching(key);
    this.#settleDue(key, Math.max(settledMs, this.#watermark(key)));
    if (this.#isEmpty(key) && keys.newestMs(key) + this.#target.retentionMs() < settledMs) this.#close(key);
  }

  /**
   * Too many wait, or may be undone: what is due is applied, and unless that is enough the oldest quarter of all is settled now. Its place in
   * the order is then fixed; older ones count as late.
   */
  relieve(isEnough: () => boolean): void {
    const keys = this.#keys;
    if (this.#deferred !== undefined) {
      this.#deferred.makeRoom();
      if (isEnough()) return;
      this.#endDeferring();
      if (isEnough()) return;
    }
    const markMs = thresholdOf(this.#waitingTimes(), Math.ceil(this.#pending / 4));
    const before = this.#pending;
    for (let key = 0; key < keys.bound; key++) {
      if (!keys.has(key) || keys.count(key) === 0 || this.#oldestMs(key) > markMs) continue;
      this.#target.touching(key);
      this.#settle(key, markMs);
    }
    this.counts.early += before - this.#pending;
  }

  /** When each could go: one that stands behind a younger one of a former epoch goes after it. */
  #waitingTimes(): Float64Array {
    const items = this.#items;
    const times = new Float64Array(this.#pending);
    let at = 0;
    const keys = this.#keys;
    for (let key = 0; key < keys.bound; key++) {
      if (!keys.has(key) || keys.count(key) === 0) continue;
      let timeMs = Number.NEGATIVE_INFINITY;
      for (const item of this.#eager ? this.#undoable.list(key) : this.#waiting.list(key)) {
        timeMs = Math.max(timeMs, items.timeOf(item));
        times[at++] = timeMs;
      }
    }
    return times;
  }
}
