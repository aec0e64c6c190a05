/**
 * IndicatorTableBuilder: what all loaders fill. Values are deduplicated as they come; details that turn out to be old (a newer
 * version, a revocation, a feed that broke half-way) are dropped by number and leave no row behind after `finish`.
 * Strings are copied into the pools at once, so that loading a large feed leaves no objects.
 */
import { DetailsBuilder } from './details-builder.ts';
import { grown, startsOf } from './growing-columns.ts';
import type { IndicatorKind, Semantics, Tlp } from './indicator.ts';
import {
  type DetailsInput,
  type DetailsProfile,
  IndicatorTable,
  endHash,
  sameBytes,
  shapeOf,
  startHash,
  stepHash,
  valueHash,
} from './indicator-table.ts';
import { MemoryTextsBuilder, type TextPoolBuilder } from './text-pool.ts';

/** `full`: a pool has reached 4 GiB; the value is not loaded, the caller counts it. */
export type AddResult = 'added' | 'known' | 'full';

const MAX_POOL_BYTES = 0xffff_ffff;
const MAX_ROWS = 0x7fff_fffe;

export class IndicatorTableBuilder {
  /** Told of each value that is added, by its hash (`valueHash`), also when it was there. */
  tap: ((hash: number) => void) | undefined;
  readonly #details: DetailsBuilder;

  #rows = 0;
  #shape = new Uint8Array(1024);
  #valueEnd = new Uint32Array(1024);
  /** First link of each row + 1. */
  #head = new Uint32Array(1024);
  /** `valueHash` of each row: what is compared before its bytes, and what a larger index is filled from. */
  #hash = new Uint32Array(1024);
  #pool = new Uint8Array(65_536);
  #poolEnd = 0;
  #index = new Uint32Array(4096);
  /** `valueHash` of what was written last. */
  #written = 0;

  #links = 0;
  #linkDetails = new Uint32Array(1024);
  #linkNext = new Uint32Array(1024);

  /** `texts`: where the texts of details go; absent: memory. */
  constructor(texts: TextPoolBuilder = new MemoryTextsBuilder()) {
    this.#details = new DetailsBuilder(texts);
  }

  /** Distinct values so far, those of dropped details included. */
  get size(): number {
    return this.#rows;
  }

  /** Number that the next `addDetails` will return. */
  get detailsCount(): number {
    return this.#details.count;
  }

  addFeed(name: string): number {
    return this.#details.addFeed(name);
  }

  /** Returns the number by which values refer to these details, or -1 when the pool of texts is full. */
  addDetails(feed: number, input: DetailsInput): number {
    return this.#details.add(feed, input);
  }

  /** Number of a profile of another table as one of this feed, for `copyDetails`; undefined when there is no room for it. */
  copyProfile(feed: number, profile: DetailsProfile): number | undefined {
    return this.#details.copyProfile(feed, profile);
  }

  /**
   * As `addDetails` with what details `number` of another table say, whose bytes of `texts` are `text`: nothing is parsed. `idHash`
   * as in the column.
   */
  copyDetails(profile: number, from: IndicatorTable, number: number, text: Uint8Array, idHash: number): number {
    return this.#details.copy(profile, from, number, text, idHash);
  }

  /** Raises the marking of details that turned out to be stricter; never lowers it. */
  restrict(details: number, tlp: Tlp): void {
    this.#details.restrict(details, tlp);
  }

  /** The details no longer count; idempotent. */
  drop(details: number): void {
    this.#details.drop(details);
  }

  /** Undoes `drop`. */
  restore(details: number): void {
    this.#details.restore(details);
  }

  isDropped(details: number): boolean {
    return this.#details.isDropped(details);
  }

  /** `value` is canonical. `known`: the value was there, it has one more source now. */
  add(kind: IndicatorKind, value: string, semantics: Semantics, details: number): AddResult {
    return this.addShape(shapeOf(kind, semantics), value, details);
  }

  /** As `add`, with kind and semantics as in the column `shape`. */
  addShape(shape: number, value: string, details: number): AddResult {
    if (this.#poolEnd + value.length * 3 > MAX_POOL_BYTES || this.#rows >= MAX_ROWS) return 'full';
    this.#pool = grown(this.#pool, this.#poolEnd + value.length * 3);
    const end = this.#write(shape, value);
    const hash = this.#written;
    this.tap?.(hash);
    const slot = this.#slotOf(hash, shape, this.#poolEnd, end);
    const known = (this.#index[slot] ?? 0) - 1;
    if (known >= 0) {
      this.#link(known, details);
      return 'known';
    }
    const row = this.#rows++;
    if (row === this.#shape.length) this.#growRows();
    this.#shape[row] = shape;
    this.#hash[row] = hash;
    this.#valueEnd[row] = end;
    this.#poolEnd = end;
    this.#head[row] = 0;
    this.#index[slot] = row + 1;
    this.#link(row, details);
    if (this.#rows * 2 > this.#index.length) this.#rehash();
    return 'added';
  }

  /** The table; the builder must not be used afterwards. Feeds without rows keep their place. */
  finish(): IndicatorTable {
    if (this.#details.droppedCount > 0) this.#sweep();
    const sourceStart = new Uint32Array(this.#rows + 1);
    const sources = new Uint32Array(this.#links);
    let at = 0;
    for (let row = 0; row < this.#rows; row++) {
      sourceStart[row] = at;
      const first = at;
      for (let link = this.#head[row] ?? 0; link !== 0; link = this.#linkNext[link - 1] ?? 0) {
        const details = this.#linkDetails[link - 1] ?? 0;
        if (!this.#details.isDropped(details)) sources[at++] = details;
      }
      if (at - first > 1) sources.subarray(first, at).reverse();
    }
    sourceStart[this.#rows] = at;
    return new IndicatorTable({
      shape: this.#shape.slice(0, this.#rows),
      valueStart: startsOf(this.#valueEnd, this.#rows),
      pool: this.#pool.slice(0, this.#poolEnd),
      sourceStart,
      sources: sources.slice(0, at),
      index: this.#index,
      ...this.#details.finish(),
    });
  }

  /** Writes behind the pool's end without moving it, and `#written`; returns the end of what was written. */
  #write(shape: number, value: string): number {
    const pool = this.#pool;
    let at = this.#poolEnd;
    let hash = startHash(shape);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) {
        const end = this.#poolEnd + bufferOf(pool).write(value, this.#poolEnd, 'utf8');
        this.#written = valueHash(shape, pool, this.#poolEnd, end);
        return end;
      }
      pool[at++] = code;
      hash = stepHash(hash, code);
    }
    this.#written = endHash(hash);
    return at;
  }

  /** Slot of the row with these bytes of the pool, or the free slot where it belongs. */
  #slotOf(hash: number, shape: number, start: number, end: number): number {
    const [pool, index, hashes] = [this.#pool, this.#index, this.#hash];
    const mask = index.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = (index[slot] ?? 0) - 1;
      if (row < 0) return slot;
      if (hashes[row] !== hash) continue;
      if (this.#shape[row] === shape && sameBytes(pool, this.#startOf(row), this.#valueEnd[row] ?? 0, pool, start, end))
        return slot;
    }
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : (this.#valueEnd[row - 1] ?? 0);
  }

  #link(row: number, details: number): void {
    // A list that says the same twice: looking back a few links finds it; the rest is sorted out when read.
    let link = this.#head[row] ?? 0;
    for (let back = 0; back < 8 && link !== 0; back++, link = this.#linkNext[link - 1] ?? 0)
      if (this.#linkDetails[link - 1] === details) return;
    const number = this.#links++;
    if (number === this.#linkNext.length) {
      this.#linkDetails = grown(this.#linkDetails, this.#links);
      this.#linkNext = grown(this.#linkNext, this.#links);
    }
    this.#linkDetails[number] = details;
    this.#linkNext[number] = this.#head[row] ?? 0;
    this.#head[row] = number + 1;
  }

  #rehash(): void {
    const index = new Uint32Array(this.#index.length * 2);
    const hashes = this.#hash;
    const mask = index.length - 1;
    for (let row = 0; row < this.#rows; row++) {
      // No two rows are alike, so that the next free slot is right.
      let slot = (hashes[row] ?? 0) & mask;
      while (index[slot] !== 0) slot = (slot + 1) & mask;
      index[slot] = row + 1;
    }
    this.#index = index;
  }

  /** Removes rows whose sources are all dropped; rows and values move down in place. */
  #sweep(): void {
    let kept = 0;
    let poolEnd = 0;
    for (let row = 0, start = 0; row < this.#rows; row++) {
      const end = this.#valueEnd[row] ?? 0;
      if (this.#isAlive(row)) {
        this.#pool.copyWithin(poolEnd, start, end);
        poolEnd += end - start;
        this.#shape[kept] = this.#shape[row] ?? 0;
        this.#hash[kept] = this.#hash[row] ?? 0;
        this.#head[kept] = this.#head[row] ?? 0;
        this.#valueEnd[kept++] = poolEnd;
      }
      start = end;
    }
    this.#rows = kept;
    this.#poolEnd = poolEnd;
    this.#index = new Uint32Array(Math.max(4096, 2 ** Math.ceil(Math.log2(kept * 2 + 2))) / 2);
    this.#rehash();
  }

  #isAlive(row: number): boolean {
    for (let link = this.#head[row] ?? 0; link !== 0; link = this.#linkNext[link - 1] ?? 0)
      if (!this.#details.isDropped(this.#linkDetails[link - 1] ?? 0)) return true;
    return false;
  }

  #growRows(): void {
    const needed = this.#rows;
    this.#shape = grown(this.#shape, needed);
    this.#valueEnd = grown(this.#valueEnd, needed);
    this.#head = grown(this.#head, needed);
    this.#hash = grown(this.#hash, needed);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
