/**
 * Items of one key that wait out of order, many of them: a radix heap over their times in whole milliseconds. Because the oldest goes first,
 * and nothing older than it comes any more, an item need only be told from `last`, the time that went last: bucket b holds the items whose
 * time differs from it in bit b - 1 and in no higher one, unsorted, in order of arrival. Only when a bucket is the lowest one left
 * are its items spread over the buckets below. Each item moves down at most once for each bit: constant work, whatever the order
 * of arrival. Times stand beside the items, so that the items, which are in no cache, are read only to tell equal times apart.
 *
 * Buckets: 0 the items of `last` itself, sorted; 1 to 32 by the highest differing bit; 33 further away than 2^32 ms.
 * Source: Ahuja, Mehlhorn, Orlin, Tarjan, "Faster algorithms for the shortest path problem" (1990).
 */
import { type ItemRecords, NONE } from './item-records.ts';

const BUCKETS = 34;
const FAR = 33;
const HIGH = 4_294_967_296;

/** Items with their times, from `first` on. */
class Bucket {
  items = new Int32Array(8);
  times = new Float64Array(8);
  first = 0;
  end = 0;

  add(item: number, timeMs: number): void {
    if (this.end === this.items.length) this.#makeRoom();
    this.items[this.end] = item;
    this.times[this.end] = timeMs;
    this.end++;
  }

  empty(): void {
    this.first = 0;
    this.end = 0;
  }

  #makeRoom(): void {
    const count = this.end - this.first;
    const full = 2 * count > this.items.length;
    const items = full ? new Int32Array(2 * this.items.length) : this.items;
    const times = full ? new Float64Array(2 * this.times.length) : this.times;
    items.set(this.items.subarray(this.first, this.end));
    times.set(this.times.subarray(this.first, this.end));
    this.items = items;
    this.times = times;
    this.first = 0;
    this.end = count;
  }
}

export class RadixQueue {
  /** All its items are of this epoch. */
  readonly epoch: number;
  readonly #items: ItemRecords;
  /** Made when something first goes there. */
  readonly #buckets: (Bucket | undefined)[] = new Array<undefined>(BUCKETS).fill(undefined);
  /** Bucket 0. */
  readonly #next = new Bucket();
  /** Items on their way to bucket 0. */
  readonly #sorting = new Bucket();
  #last = 0;
  #lastHigh = 0;
  #lastLow = 0;
  #count = 0;
  /** Least time of all items; NaN while it must be looked for. */
  #leastMs = Number.NaN;

  /** `fromMs`: no item that is pushed may be older. */
  constructor(items: ItemRecords, epoch: number, fromMs: number) {
    this.#items = items;
    this.epoch = epoch;
    this.#setLast(Math.floor(fromMs));
  }

  get count(): number {
    return this.#count;
  }

  /** Whether an item of the time can be pushed still: nothing younger has been given out by `first`. */
  takes(timeMs: number): boolean {
    return timeMs >= this.#last;
  }

  /** Time of the oldest item, infinite when there is none. Unlike `first` it leaves room for older ones. */
  leastMs(): number {
    if (Number.isNaN(this.#leastMs)) this.#leastMs = this.#lookForLeast();
    return this.#leastMs;
  }

  push(item: number, timeMs: number): void {
    if (this.#count++ === 0) this.#leastMs = timeMs;
    else if (timeMs < this.#leastMs) this.#leastMs = timeMs;
    const bucket = this.#bucketOf(Math.floor(timeMs));
    if (bucket === this.#next) this.#insert(item, timeMs);
    else bucket.add(item, timeMs);
  }

  /** The oldest item, NONE when there is none. */
  first(): number {
    if (this.#count === 0) return NONE;
    if (this.#next.first === this.#next.end) this.#refill();
    return this.#next.items[this.#next.first] as number;
  }

  /** Takes what `first` has given out. */
  shift(): void {
    this.#next.first++;
    this.#leastMs = Number.NaN;
    this.#count--;
  }

  /** All items, in no order. */
  collect(into: number[]): void {
    for (const bucket of [this.#next, ...this.#buckets])
      if (bucket !== undefined) for (const item of bucket.items.subarray(bucket.first, bucket.end)) into.push(item);
  }

  #setLast(lastMs: number): void {
    this.#last = lastMs;
    this.#lastHigh = Math.floor(lastMs / HIGH);
    this.#lastLow = (lastMs - this.#lastHigh * HIGH) | 0;
  }

  #bucketOf(timeMs: number): Bucket {
    if (timeMs === this.#last) return this.#next;
    const high = Math.floor(timeMs / HIGH);
    const at = high !== this.#lastHigh ? FAR : 32 - Math.clz32(((timeMs - high * HIGH) | 0) ^ this.#lastLow);
    let bucket = this.#buckets[at];
    if (bucket === undefined) {
      bucket = new Bucket();
      this.#buckets[at] = bucket;
    }
    return bucket;
  }

  /** Into bucket 0, whose items differ in fractions of a millisecond or in their places only; nearly always at its end. */
  #insert(item: number, timeMs: number): void {
    const next = this.#next;
    next.add(item, timeMs);
    const { items, times } = next;
    let at = next.end - 1;
    for (; at > next.first && this.#isAfter(items[at - 1] as number, times[at - 1] as number, item, timeMs); at--) {
      items[at] = items[at - 1] as number;
      times[at] = times[at - 1] as number;
    }
    items[at] = item;
    times[at] = timeMs;
  }

  #isAfter(one: number, oneMs: number, other: number, otherMs: number): boolean {
    return oneMs > otherMs || (oneMs === otherMs && this.#items.compare(one, other) > 0);
  }

  #lookForLeast(): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY;
    const next = this.#next;
    if (next.first < next.end) return next.times[next.first] as number;
    const { times, end } = this.#lowest();
    let leastMs = Number.POSITIVE_INFINITY;
    for (let at = 0; at < end; at++) if ((times[at] as number) < leastMs) leastMs = times[at] as number;
    return leastMs;
  }

  #lowest(): Bucket {
    let at = 1;
    while ((this.#buckets[at]?.end ?? 0) === 0) at++;
    return this.#buckets[at] as Bucket;
  }

  /** Spreads the lowest bucket; its oldest time is the one that goes next. */
  #refill(): void {
    const from = this.#lowest();
    this.#setLast(Math.floor(this.leastMs()));
    const { items, times, end } = from;
    // What is far away may go back to where it stands: it is written no further on than it has been read.
    from.empty();
    const sorting = this.#sorting;
    let sorted = true;
    for (let at = 0; at < end; at++) {
      const item = items[at] as number;
      const timeMs = times[at] as number;
      const to = this.#bucketOf(Math.floor(timeMs));
      if (to !== this.#next) {
        to.add(item, timeMs);
        continue;
      }
      const before = sorting.end - 1;
      if (before >= 0)
        sorted &&= !this.#isAfter(sorting.items[before] as number, sorting.times[before] as number, item, timeMs);
      sorting.add(item, timeMs);
    }
    this.#next.empty();
    this.#takeSorted(sorting, sorted);
    sorting.empty();
  }

  #takeSorted({ items, times, end }: Bucket, sorted: boolean): void {
    const order = Array.from({ length: end }, (_, at) => at);
    if (!sorted)
      order.sort(
        (a, b) =>
          (times[a] as number) - (times[b] as number) || this.#items.compare(items[a] as number, items[b] as number),
      );
    for (const at of order) this.#next.add(items[at] as number, times[at] as number);
  }
}
