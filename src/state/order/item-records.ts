/**
 * ItemRecords: what an order reads of its items, at the head of the record that their owner keeps of each. Items are small numbers, and records
 * lie in one buffer, so that a million items that wait are no objects. An item that has waited has left the caches: all that is read when
 * its time comes stands together, and the order knows of the next one how old it is at most without reading it.
 *
 * Record of item i from 4-byte word i x `stride`: 0 `time`, 2 `position` (eight bytes each); 4 `source` (-1: freed); 5 `part`; 6 `epoch`;
 * 7 `owner`, its key; 8 `before`, 9 `after`, its neighbours in the key's list; 10 `gap`: by so many whole milliseconds the item after it is
 * younger, at least, while it waits. What the owner adds begins at word 11. Freed numbers stand in a stack beside the records: a record
 * that has left the caches is written to when it is used again, and never read for that.
 */

import { grown } from '../../core/growing-columns.ts';
import { GrowingBuffer } from '../memory/growing-buffer.ts';

/** No item. */
export const NONE = -1;
/** Words of the head. */
export const HEAD_WORDS = 11;
/** Words of the record, those after the first at twice their place in `doubles`. */
export const [SOURCE, PART, EPOCH, OWNER, BEFORE, AFTER, GAP] = [4, 5, 6, 7, 8, 9, 10];
const MAX_GAP = 0x7fff_ffff;

export class ItemRecords {
  /** Words of a record, an even number. */
  readonly stride: number;
  readonly #records: GrowingBuffer;
  /** All records, for whoever reads many fields of one; other arrays after any `allocate`. */
  words: Int32Array;
  /** The same memory, read eight bytes at a time. */
  doubles: Float64Array;
  #free = new Int32Array(16);
  #freeCount = 0;
  #next = 0;

  /** `ownWords`: what the owner adds to each record. */
  constructor(ownWords: number) {
    this.stride = 2 * Math.ceil((HEAD_WORDS + ownWords) / 2);
    this.#records = new GrowingBuffer(64 * this.stride);
    this.words = new Int32Array(this.#records.buffer);
    this.doubles = new Float64Array(this.#records.buffer);
  }

  /** An item whose record is to be filled; that of one freed before, with what stood there. */
  allocate(): number {
    if (this.#freeCount > 0) return this.#free[--this.#freeCount] as number;
    if ((this.#next + 1) * this.stride > this.words.length) this.#grow();
    return this.#next++;
  }

  release(item: number): void {
    this.words[item * this.stride + SOURCE] = NONE;
    if (this.#freeCount === this.#free.length) this.#free = grown(this.#free, this.#freeCount + 1);
    this.#free[this.#freeCount++] = item;
  }

  /** Frees all items. */
  releaseAll(): void {
    this.#freeCount = 0;
    this.#next = 0;
  }

  /** Sources of all items. */
  addSources(to: Set<number>): void {
    for (let item = 0; item < this.#next; item++) to.add(this.sourceOf(item));
  }

  timeOf(item: number): number {
    return this.doubles[(item * this.stride) >>> 1] as number;
  }
  setTime(item: number, timeMs: number): void {
    this.doubles[(item * this.stride) >>> 1] = timeMs;
  }

  positionOf(item: number): number {
    return this.doubles[((item * this.stride) >>> 1) + 1] as number;
  }
  setPosition(item: number, position: number): void {
    this.doubles[((item * this.stride) >>> 1) + 1] = position;
  }

  sourceOf(item: number): number {
    return this.words[item * this.stride + SOURCE] as number;
  }
  setSource(item: number, source: number): void {
    this.words[item * this.stride + SOURCE] = source;
  }

  partOf(item: number): number {
    return (this.words[item * this.stride + PART] as number) >>> 0;
  }
  setPart(item: number, part: number): void {
    this.words[item * this.stride + PART] = part;
  }

  epochOf(item: number): number {
    return this.words[item * this.stride + EPOCH] as number;
  }
  setEpoch(item: number, epoch: number): void {
    this.words[item * this.stride + EPOCH] = epoch;
  }

  /** Its key. */
  ownerOf(item: number): number {
    return this.words[item * this.stride + OWNER] as number;
  }
  setOwner(item: number, key: number): void {
    this.words[item * this.stride + OWNER] = key;
  }

  beforeOf(item: number): number {
    return this.words[item * this.stride + BEFORE] as number;
  }
  setBefore(item: number, before: number): void {
    this.words[item * this.stride + BEFORE] = before;
  }

  afterOf(item: number): number {
    return this.words[item * this.stride + AFTER] as number;
  }
  setAfter(item: number, after: number): void {
    this.words[item * this.stride + AFTER] = after;
  }

  setGap(item: number, gapMs: number): void {
    this.words[item * this.stride + GAP] = gapMs;
  }

  /** Total order of items of one key: epoch, time, then what tells equal times apart. */
  compare(a: number, b: number): number {
    return (
      this.epochOf(a) - this.epochOf(b) ||
      this.timeOf(a) - this.timeOf(b) ||
      this.sourceOf(a) - this.sourceOf(b) ||
      this.positionOf(a) - this.positionOf(b) ||
      this.partOf(a) - this.partOf(b)
    );
  }

  #grow(): void {
    const buffer = this.#records.grow(4 * (this.#next + 1) * this.stride);
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }
}

/** Whole milliseconds from one time to a later one, at most as many as there are. */
export function gapOf(timeMs: number, laterMs: number): number {
  return Math.min(MAX_GAP, Math.floor(laterMs) - Math.ceil(timeMs));
}
