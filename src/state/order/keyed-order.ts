/**
 * Brings the items of each key into the order (epoch, time, source, position, part), whatever order they arrive in, as long as none is
 * later than the lateness allows. Watermark of a key = least over its sources of (greatest time seen − lateness).
 *
 * `ordered`: an item waits until the watermark has passed it, and is applied once. The result depends on nothing but the items.
 * `eager`: an item is applied on arrival; when an older one arrives, the newer ones are undone, and applied again after it. The
 * state is always that of the sorted items, and nothing waits; for live inputs, where an alert must not wait a minute.
 *
 * Each push also looks at one other key, so that keys that fell silent are settled and their queues dropped without a pause.
 */
import type { SourceClocks } from './source-clock.ts';

export type OrderMode = 'ordered' | 'eager';

export interface OrderTarget<T> {
  /** Before anything about the key changes, its queue or what the calls below lead to. */
  touching(key: number): void;
  timeOf(item: T): number;
  sourceOf(item: T): number;
  epochOf(item: T): number;
  /** Total order of items of one key, see above. */
  compare(a: T, b: T): number;
  /** `again` is true when the item had been applied before and was undone. */
  apply(item: T, again: boolean): void;
  /** Takes the last applied item of its key back. Eager mode only. */
  undo(item: T): void;
  /** Eager mode: the item will not be undone any more. Called in order. */
  settle(item: T): void;
  /** The item may come later than its time, through no fault of its source: the lateness is not held against it. Absent: none does. */
  isDelayed?(item: T): boolean;
  /** Older than the watermark: not kept by the order. */
  late(item: T): void;
  /** Asked first: true when the target has moved the late item to `timeMs` of `epoch`, where it is taken. Absent: none is. */
  takeLate?(item: T, timeMs: number, epoch: number): boolean;
  /** The key's items up to `settledMs` have been applied; `undefined`: there will be no more in this epoch, close what is open. */
  advanced(key: number, settledMs: number | undefined): void;
  /** After `advanced(key, undefined)`: the key's queue is gone, and with it everything about the key. */
  closed(key: number): void;
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
}

export interface OrderCounts {
  late: number;
  /** Settled before their watermark because too many were waiting. */
  early: number;
  /** Eager: items that arrived after newer ones and made these be applied again. */
  reordered: number;
}

interface Queue<T> {
  readonly key: number;
  /** Sorted, oldest first, from `head` on. Ordered: items that came in order, the common case. Eager: what may be undone. */
  items: T[];
  head: number;
  /** Ordered: items that came out of order, a binary heap, least first. */
  heap: T[] | undefined;
  /** Ordered: nothing that waits is older. Kept here, because what waits has left the caches when the next item comes. */
  oldestMs: number;
  source: number;
  maxMs: number;
  epoch: number;
  /** Further sources of the key; most keys have one. */
  others: { source: number; maxMs: number; epoch: number }[] | undefined;
  /** Newest applied item that will never be undone. */
  settledMs: number;
  arrivalMs: number;
  /** Count of pushes when the last item of the key came. */
  touched: number;
}

/** A queue as plain data: null stands for minus infinity. */
export interface SavedQueue<S> {
  readonly key: number;
  readonly items: readonly S[];
  readonly sources: readonly (readonly [source: number, maxMs: number | null, epoch: number])[];
  readonly settledMs: number | null;
  readonly touched: number;
}

const MAX_UNDO = 1024;
/** Keys that one call of closeIdle looks at. */
const MAX_IDLE_STEPS = 20_000;

export class KeyedOrder<T> {
  readonly counts: OrderCounts = { late: 0, early: 0, reordered: 0 };
  /** While true, nothing is settled by watermarks: other files with the same keys are still to be read. */
  hold = false;
  readonly #target: OrderTarget<T>;
  readonly #options: OrderOptions;
  readonly #clocks: SourceClocks;
  /** By key: keys are small numbers. */
  #queues: (Queue<T> | undefined)[] = [];
  #keys = 0;
  /** Keys that the next looks at silent ones begin with. */
  #visitAt = 0;
  #idleAt = 0;
  #pending = 0;
  #pushes = 0;

  constructor(target: OrderTarget<T>, clocks: SourceClocks, options: OrderOptions) {
    this.#target = target;
    this.#clocks = clocks;
    this.#options = options;
  }

  get pending(): number {
    return this.#pending;
  }

  get keys(): number {
    return this.#keys;
  }

  /** Keys are below this. */
  get keyBound(): number {
    return this.#queues.length;
  }

  has(key: number): boolean {
    return this.#queues[key] !== undefined;
  }

  /** Takes an item whose epoch has been set from the clocks. */
  push(key: number, item: T, arrivalMs: number): void {
    this.#target.touching(key);
    const queue = this.#queueOf(key, item);
    queue.arrivalMs = arrivalMs;
    queue.touched = ++this.#pushes;
    const newestMs = queue.others === undefined ? queue.maxMs : Number.POSITIVE_INFINITY;
    if (!this.#admit(queue, item)) {
      this.counts.late++;
      if (!this.#moveLate(queue, item)) {
        this.#target.late(item);
        return;
      }
    }
    if (this.#options.mode === 'ordered') {
      const markMs = this.#watermark(queue);
      const timeMs = this.#target.timeOf(item);
      if (timeMs <= markMs && queue.items.length === 0 && queue.heap === undefined) {
        // Nothing waits, and nothing older can come: no need to queue it.
        queue.settledMs = timeMs;
        this.#target.apply(item, false);
        this.#target.advanced(queue.key, markMs);
        this.#visitNext();
        return;
      }
      if (timeMs < queue.oldestMs) queue.oldestMs = timeMs;
      const { items } = queue;
      if (items.length === 0) queue.items = [item];
      // What is newer than all before it need not be compared with the last one.
      else if (timeMs > newestMs || this.#target.compare(items[items.length - 1] as T, item) <= 0) items.push(item);
      else {
        queue.heap ??= [];
        heapPush(queue.heap, item, this.#target);
      }
      this.#pending++;
    } else this.#applyNow(queue, item);
    this.#settle(queue, this.#watermark(queue));
    if (this.#pending > this.#options.maxPending && this.#options.mode === 'ordered') this.#relieve();
    this.#visitNext();
  }

  /**
   * Settles and closes keys that nothing arrived for in lateness + retention of the arrival clock. Looks at a bounded number of keys
   * in each call, so that a million idle ones go without a pause; the next call goes on where this one stopped.
   */
  closeIdle(nowMs: number): void {
    const quietSinceMs = nowMs - this.#options.latenessMs - this.#target.retentionMs();
    const count = Math.min(MAX_IDLE_STEPS, this.#queues.length);
    for (let i = 0; i < count; i++) {
      if (this.#idleAt >= this.#queues.length) this.#idleAt = 0;
      const queue = this.#queues[this.#idleAt++];
      if (queue !== undefined && queue.arrivalMs < quietSinceMs) this.#close(queue);
    }
  }

  /** Gives up the given share of the keys, those untouched for longest. What waits in them is applied first. */
  evictStalest(share: number): number {
    const all = this.#all();
    const touched = Float64Array.from(all, (queue) => queue.touched).sort();
    const limit = touched[Math.min(touched.length - 1, Math.floor(touched.length * share))] ?? 0;
    let evicted = 0;
    for (const queue of all) {
      if (queue.touched > limit) continue;
      this.#target.touching(queue.key);
      this.#settle(queue, Number.POSITIVE_INFINITY);
      this.#remove(queue.key);
      this.#target.evicted(queue.key);
      evicted++;
    }
    return evicted;
  }

  /** Settles every key up to `markMs`, and closes those that are over by then: nothing older will come, and whoever calls knows it. */
  settleAll(markMs: number): void {
    for (const queue of this.#all()) {
      if (markMs <= queue.settledMs) continue;
      let newestMs = queue.maxMs;
      for (const other of queue.others ?? []) newestMs = Math.max(newestMs, other.maxMs);
      const first = this.#first(queue);
      if (first === undefined || this.#target.timeOf(first) > markMs) {
        if (first === undefined && newestMs + this.#target.retentionMs() < markMs) this.#close(queue);
        else if (first === undefined) this.#target.advanced(queue.key, markMs);
        continue;
      }
      this.#target.touching(queue.key);
      this.#settle(queue, markMs);
    }
  }

  /** End of input: applies all that waits, over all keys in one order, and closes every key. */
  closeAll(): void {
    if (this.#options.mode === 'ordered') {
      const rest = this.#all().flatMap(waitingIn);
      rest.sort((a, b) => this.#target.compare(a, b));
      for (const queue of this.#all()) {
        this.#target.touching(queue.key);
        Object.assign(queue, { items: [], head: 0, heap: undefined, oldestMs: Number.POSITIVE_INFINITY });
      }
      this.#pending = 0;
      for (const item of rest) this.#target.apply(item, false);
    }
    for (const queue of this.#all()) this.#close(queue);
  }

  /** The key's queue, for a snapshot; items oldest first. */
  saveQueue(key: number): SavedQueue<T> | undefined {
    const queue = this.#queues[key];
    if (queue === undefined) return undefined;
    const items = queue.head === 0 && queue.heap === undefined ? queue.items.slice() : waitingIn(queue);
    if (queue.heap !== undefined) items.sort((a, b) => this.#target.compare(a, b));
    const first = [queue.source, finite(queue.maxMs), queue.epoch] as const;
    const others = queue.others?.map(({ source, maxMs, epoch }) => [source, finite(maxMs), epoch] as const);
    return {
      key,
      items,
      sources: others === undefined ? [first] : [first, ...others],
      settledMs: finite(queue.settledMs),
      touched: queue.touched,
    };
  }

  /** Takes a saved queue, of a key that has none. What was idle before counts as heard of at `arrivalMs`. */
  restoreQueue({ key, items, sources, settledMs, touched }: SavedQueue<T>, arrivalMs: number): void {
    const [first, ...others] = sources.map(([source, maxMs, epoch]) => ({ source, maxMs: orNever(maxMs), epoch }));
    if (first === undefined) return;
    this.#put({
      key,
      items: [...items],
      head: 0,
      heap: undefined,
      // Looked up with the next item.
      oldestMs: Number.NEGATIVE_INFINITY,
      ...first,
      others: others.length > 0 ? others : undefined,
      settledMs: orNever(settledMs),
      arrivalMs,
      touched,
    });
    this.#pending += items.length;
    this.#pushes = Math.max(this.#pushes, touched);
  }

  #all(): Queue<T>[] {
    return this.#queues.filter((queue) => queue !== undefined);
  }

  #put(queue: Queue<T>): void {
    while (this.#queues.length < queue.key) this.#queues.push(undefined);
    this.#queues[queue.key] = queue;
    this.#keys++;
  }

  #remove(key: number): void {
    this.#queues[key] = undefined;
    this.#keys--;
  }

  #queueOf(key: number, item: T): Queue<T> {
    let queue = this.#queues[key];
    if (queue === undefined) {
      const source = this.#target.sourceOf(item);
      const epoch = this.#target.epochOf(item);
      const maxMs = Number.NEGATIVE_INFINITY;
      queue = {
        key,
        items: [],
        head: 0,
        heap: undefined,
        oldestMs: Number.POSITIVE_INFINITY,
        source,
        maxMs,
        epoch,
        others: undefined,
        settledMs: maxMs,
        arrivalMs: 0,
        touched: 0,
      };
      this.#put(queue);
    }
    return queue;
  }

  /** False when the item is late. Moves the source's mark of the key; a new epoch closes what was there before. */
  #admit(queue: Queue<T>, item: T): boolean {
    const source = this.#target.sourceOf(item);
    const timeMs = this.#target.timeOf(item);
    const epoch = this.#target.epochOf(item);
    let mark: { source: number; maxMs: number; epoch: number } = queue;
    if (queue.source !== source) {
      queue.others ??= [];
      const known = queue.others.find((other) => other.source === source);
      mark = known ?? { source, maxMs: Number.NEGATIVE_INFINITY, epoch };
      if (known === undefined) queue.others.push(mark);
    }
    if (epoch > mark.epoch) {
      this.#settle(queue, Number.POSITIVE_INFINITY);
      this.#target.advanced(queue.key, undefined);
      queue.settledMs = Number.NEGATIVE_INFINITY;
      mark.epoch = epoch;
      mark.maxMs = Number.NEGATIVE_INFINITY;
    }
    if (epoch < mark.epoch || timeMs < queue.settledMs) return false;
    if (timeMs < mark.maxMs - this.#options.latenessMs && this.#target.isDelayed?.(item) !== true) return false;
    if (timeMs > mark.maxMs) mark.maxMs = timeMs;
    return true;
  }

  /** Asks the target to take a late item at the oldest time that is still open. */
  #moveLate(queue: Queue<T>, item: T): boolean {
    const source = this.#target.sourceOf(item);
    const mark = queue.source === source ? queue : queue.others?.find((other) => other.source === source);
    if (this.#target.takeLate === undefined || mark === undefined) return false;
    const openMs = Math.max(queue.settledMs, mark.maxMs - this.#options.latenessMs);
    return this.#target.takeLate(item, openMs, mark.epoch) && this.#admit(queue, item);
  }

  #watermark(queue: Queue<T>): number {
    if (this.hold) return Number.NEGATIVE_INFINITY;
    let maxMs = queue.maxMs;
    if (queue.others === undefined) return maxMs - this.#options.latenessMs;
    for (const other of queue.others) if (other.maxMs < maxMs) maxMs = other.maxMs;
    return maxMs - this.#options.latenessMs;
  }

  #applyNow(queue: Queue<T>, item: T): void {
    const { items } = queue;
    const target = this.#target;
    let at = items.length;
    while (at > 0 && target.compare(items[at - 1] as T, item) > 0) at--;
    this.#pending++;
    if (at === items.length) {
      // A list of one is made as such: pushing to an empty one reserves room for sixteen, 128 bytes in each of a million quiet keys.
      if (at === 0) queue.items = [item];
      else items.push(item);
      target.apply(item, false);
    } else {
      this.counts.reordered++;
      for (let i = items.length - 1; i >= at; i--) target.undo(items[i] as T);
      items.splice(at, 0, item);
      target.apply(item, false);
      for (let i = at + 1; i < items.length; i++) target.apply(items[i] as T, true);
    }
    if (queue.items.length > MAX_UNDO) {
      this.counts.early++;
      this.#settleFirst(queue);
    }
  }

  /** Applies (ordered) or lets go of (eager) what is not younger than the mark. */
  #settle(queue: Queue<T>, markMs: number): void {
    const { items } = queue;
    if (this.#options.mode === 'ordered') {
      while (queue.oldestMs <= markMs) {
        const first = this.#first(queue);
        const timeMs = first === undefined ? Number.POSITIVE_INFINITY : this.#target.timeOf(first);
        queue.oldestMs = timeMs;
        if (first === undefined || timeMs > markMs) break;
        this.#takeFirst(queue, first);
        this.#pending--;
        queue.settledMs = timeMs;
        this.#target.apply(first, false);
      }
    } else {
      let count = 0;
      while (count < items.length && this.#target.timeOf(items[count] as T) <= markMs) count++;
      for (let i = 0; i < count; i++) {
        queue.settledMs = this.#target.timeOf(items[i] as T);
        this.#target.settle(items[i] as T);
      }
      if (count > 0) items.splice(0, count);
      this.#pending -= count;
    }
    if (markMs !== Number.POSITIVE_INFINITY && markMs !== Number.NEGATIVE_INFINITY)
      this.#target.advanced(queue.key, markMs);
  }

  /** Ordered: the oldest item that waits. */
  #first(queue: Queue<T>): T | undefined {
    const inOrder = queue.items[queue.head];
    const outOfOrder = queue.heap?.[0];
    if (outOfOrder === undefined) return inOrder;
    return inOrder === undefined || this.#target.compare(outOfOrder, inOrder) < 0 ? outOfOrder : inOrder;
  }

  #takeFirst(queue: Queue<T>, first: T): void {
    const { items, heap } = queue;
    if (heap !== undefined && first === heap[0]) {
      heapPop(heap, this.#target);
      if (heap.length === 0) queue.heap = undefined;
      return;
    }
    queue.head++;
    if (queue.head === items.length) {
      queue.items = [];
      queue.head = 0;
    } else if (queue.head >= 32 && queue.head * 2 >= items.length) {
      items.splice(0, queue.head);
      queue.head = 0;
    }
  }

  #settleFirst(queue: Queue<T>): void {
    const item = queue.items.shift();
    if (item === undefined) return;
    this.#pending--;
    queue.settledMs = this.#target.timeOf(item);
    this.#target.settle(item);
  }

  #close(queue: Queue<T>): void {
    this.#target.touching(queue.key);
    this.#settle(queue, Number.POSITIVE_INFINITY);
    this.#remove(queue.key);
    this.#target.advanced(queue.key, undefined);
    this.#target.closed(queue.key);
  }

  /** One other key: when its sources have moved on far enough, what waits in it is settled, and an empty queue is dropped. */
  #visitNext(): void {
    if (this.hold) return;
    if (this.#visitAt >= this.#queues.length) this.#visitAt = 0;
    const queue = this.#queues[this.#visitAt++];
    if (queue === undefined) return;
    let settledMs = this.#clocks.settledMs(queue.source);
    let newestMs = queue.maxMs;
    let moved = this.#clocks.epochOf(queue.source) > queue.epoch;
    for (const other of queue.others ?? []) {
      settledMs = Math.min(settledMs, this.#clocks.settledMs(other.source));
      newestMs = Math.max(newestMs, other.maxMs);
      moved &&= this.#clocks.epochOf(other.source) > other.epoch;
    }
    if (moved) {
      this.#close(queue);
      return;
    }
    if (settledMs <= queue.settledMs) return;
    this.#target.touching(queue.key);
    this.#settle(queue, Math.max(settledMs, this.#watermark(queue)));
    if (queue.items.length === 0 && queue.heap === undefined && newestMs + this.#target.retentionMs() < settledMs)
      this.#close(queue);
  }

  /** Too many wait: the oldest quarter of all is applied now. Its place in the order is then fixed; older ones count as late. */
  #relieve(): void {
    const times = new Float64Array(this.#pending);
    let count = 0;
    const all = this.#all();
    for (const queue of all) for (const item of waitingIn(queue)) times[count++] = this.#target.timeOf(item);
    times.sort();
    const markMs = times[Math.floor(count / 4)] as number;
    const before = this.#pending;
    for (const queue of all) {
      const first = this.#first(queue);
      if (first === undefined || this.#target.timeOf(first) > markMs) continue;
      this.#target.touching(queue.key);
      this.#settle(queue, markMs);
    }
    this.counts.early += before - this.#pending;
  }
}

function waitingIn<T>({ items, head, heap }: Queue<T>): T[] {
  return [...items.slice(head), ...(heap ?? [])];
}

function heapPush<T>(heap: T[], item: T, target: OrderTarget<T>): void {
  let at = heap.length;
  heap.push(item);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (target.compare(heap[parent] as T, item) <= 0) break;
    heap[at] = heap[parent] as T;
    at = parent;
  }
  heap[at] = item;
}

function heapPop<T>(heap: T[], target: OrderTarget<T>): T {
  const first = heap[0] as T;
  const last = heap.pop() as T;
  const length = heap.length;
  if (length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    if (child + 1 < length && target.compare(heap[child + 1] as T, heap[child] as T) < 0) child++;
    if (target.compare(heap[child] as T, last) >= 0) break;
    heap[at] = heap[child] as T;
    at = child;
  }
  heap[at] = last;
  return first;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function orNever(value: number | null): number {
  return value ?? Number.NEGATIVE_INFINITY;
}
