/**
 * Rows that wait for their order, or may still be undone, as columns: what evaluation needs of a row is extracted when it comes, keys
 * hashed once. A row that waited for a minute has left the caches; its columns are read one after the other then, its texts not at all.
 *
 * Row r: `time`, `position`, `source`, `part`, `epoch`, `key` (number of its group), `before` and `after` (see OrderItems); for column c of the
 * plan `columnKeys[2(rC + c)]` and the next, the fingerprint of its value inside the group, and `columnStates[rC + c]`; for word w of the plan
 * `own[rW + w]`. Numbers of freed rows are used again, linked by `after`.
 */
import { Fingerprint } from '../memory/fingerprint.ts';
import { NONE, type OrderItems } from '../order/order-target.ts';
import type { Column } from '../snapshot/chunk.ts';
import type { RowJournal } from './memory.ts';
import type { FluxPlan } from './plan.ts';
import type { FluxRow } from './row.ts';

/** A row has no such column, an empty one, one with text. */
export const [ABSENT, EMPTY, FILLED] = [0, 1, 2];

/** What few rows have: eager mode only. */
export interface RowRevision {
  /** What the row changed in memory. */
  readonly journal: RowJournal | undefined;
  /** Rules that alerted on the row. */
  reported: number[] | undefined;
}

export class RowTable<T> implements OrderItems {
  time = new Float64Array(16);
  position = new Float64Array(16);
  source = new Int32Array(16);
  part = new Uint32Array(16);
  epoch = new Int32Array(16);
  key = new Int32Array(16);
  before = new Int32Array(16);
  after = new Int32Array(16);
  columnKeys: Int32Array;
  columnStates: Uint8Array;
  own: Int32Array;
  readonly rows: (FluxRow<T> | undefined)[] = [];
  readonly revisions: (RowRevision | undefined)[] = [];
  readonly columns: number;
  readonly words: number;
  readonly #print = new Fingerprint();
  /** By key: the last row of its list, eager mode. */
  #lastOf = new Int32Array(16).fill(NONE);
  #free = NONE;
  #next = 0;

  constructor(plan: FluxPlan) {
    this.columns = plan.columns.length;
    this.words = plan.words;
    this.columnKeys = new Int32Array(32 * this.columns);
    this.columnStates = new Uint8Array(16 * this.columns);
    this.own = new Int32Array(16 * this.words);
  }

  /** Takes a row of the group `key`, whose fingerprint is `lo`, `hi`. */
  add(row: FluxRow<T>, key: number, epoch: number, lo: number, hi: number, revision: RowRevision | undefined): number {
    let slot = this.#free;
    if (slot !== NONE) this.#free = this.after[slot] as number;
    else slot = this.#next++;
    if (slot >= this.time.length) this.#grow();
    this.time[slot] = row.timeMs;
    this.position[slot] = row.position;
    this.source[slot] = row.source;
    this.part[slot] = row.part;
    this.epoch[slot] = epoch;
    this.key[slot] = key;
    this.rows[slot] = row;
    if (revision !== undefined) this.revisions[slot] = revision;
    const print = this.#print;
    for (let column = 0, at = slot * this.columns; column < this.columns; column++, at++) {
      const text = row.columns[column];
      if (text === undefined) {
        this.columnStates[at] = ABSENT;
        continue;
      }
      print.set(lo, hi).add(text);
      this.columnKeys[2 * at] = print.lo;
      this.columnKeys[2 * at + 1] = print.hi;
      this.columnStates[at] = text === '' ? EMPTY : FILLED;
    }
    for (let word = 0, at = slot * this.words; word < this.words; word++, at++) this.own[at] = row.own[word] as number;
    return slot;
  }

  free(slot: number): void {
    this.rows[slot] = undefined;
    if (this.revisions[slot] !== undefined) this.revisions[slot] = undefined;
    this.after[slot] = this.#free;
    this.#free = slot;
  }

  /** Eager mode: puts the row at the end of its key's list. */
  append(slot: number): void {
    const key = this.key[slot] as number;
    while (key >= this.#lastOf.length) this.#growKeys();
    const last = this.#lastOf[key] as number;
    this.before[slot] = last;
    this.after[slot] = NONE;
    if (last !== NONE) this.after[last] = slot;
    this.#lastOf[key] = slot;
  }

  /** Takes the last row of its key's list out again. */
  unlinkLast(slot: number): void {
    const before = this.before[slot] as number;
    if (before !== NONE) this.after[before] = NONE;
    this.#lastOf[this.key[slot] as number] = before;
  }

  /** Takes the first row of its key's list out. */
  unlinkFirst(slot: number): void {
    const after = this.after[slot] as number;
    if (after !== NONE) this.before[after] = NONE;
    else this.#lastOf[this.key[slot] as number] = NONE;
  }

  compare(a: number, b: number): number {
    return (
      (this.epoch[a] as number) - (this.epoch[b] as number) ||
      (this.time[a] as number) - (this.time[b] as number) ||
      (this.source[a] as number) - (this.source[b] as number) ||
      (this.position[a] as number) - (this.position[b] as number) ||
      (this.part[a] as number) - (this.part[b] as number)
    );
  }

  #grow(): void {
    const size = Math.ceil(this.time.length * 1.5);
    this.time = longer(this.time, new Float64Array(size));
    this.position = longer(this.position, new Float64Array(size));
    this.source = longer(this.source, new Int32Array(size));
    this.part = longer(this.part, new Uint32Array(size));
    this.epoch = longer(this.epoch, new Int32Array(size));
    this.key = longer(this.key, new Int32Array(size));
    this.before = longer(this.before, new Int32Array(size));
    this.after = longer(this.after, new Int32Array(size));
    this.columnKeys = longer(this.columnKeys, new Int32Array(2 * size * this.columns));
    this.columnStates = longer(this.columnStates, new Uint8Array(size * this.columns));
    this.own = longer(this.own, new Int32Array(size * this.words));
  }

  #growKeys(): void {
    const lastOf = new Int32Array(2 * this.#lastOf.length).fill(NONE);
    lastOf.set(this.#lastOf);
    this.#lastOf = lastOf;
  }
}

function longer<A extends Column>(from: A, to: A): A {
  to.set(from);
  return to;
}
