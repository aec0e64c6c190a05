/**
 * Rows that wait for their order, or may still be undone: what evaluation needs of a row is extracted when it comes, keys hashed once, into
 * one record of numbers. Its texts are let go: a row that waits for a minute would outlive two collections with them. When its time comes it
 * has left the caches, and its record is one or two lines of them.
 *
 * Record of row r from word rS: 0 `time`, 2 `position` (64 bits each); 4 `source`; 5 `part`; 6 `epoch`; 7 `key`, the number of its group, or the
 * next freed row; 8 and 9 its neighbours, see OrderItems; then for each column of the
 * plan two words, the fingerprint of its value inside the group; the states of the columns, two bits each; the own tags by the plan's words.
 */
import { Fingerprint } from '../memory/fingerprint.ts';
import { NONE, type OrderItems } from '../order/order-target.ts';
import type { RowJournal } from './memory.ts';
import type { FluxPlan } from './plan.ts';
import type { FluxRow, TakenRow } from './row.ts';

/** A row has no such column, an empty one, one with text. */
export const [ABSENT, EMPTY, FILLED] = [0, 1, 2];

/** What few rows have: eager mode only. */
export interface RowRevision {
  /** What the row changed in memory. */
  readonly journal: RowJournal | undefined;
  /** Rules that alerted on the row. */
  reported: number[] | undefined;
}

/** Fingerprints and states of a row's columns, as its record has them. */
export interface SavedColumns {
  readonly columns: readonly number[];
}

const [SOURCE, PART, EPOCH, KEY, BEFORE, AFTER, COLUMNS] = [4, 5, 6, 7, 8, 9, 10];
const STATES_PER_WORD = 16;

export class RowTable<T> implements OrderItems {
  readonly items: (T | undefined)[] = [];
  readonly revisions: (RowRevision | undefined)[] = [];
  readonly #columns: number;
  readonly #tagWords: number;
  readonly #statesAt: number;
  readonly #tagsAt: number;
  /** Words of a record, an even number. */
  readonly #stride: number;
  #words: Int32Array;
  /** The same memory, read 64 bits at a time. */
  #doubles: Float64Array;
  readonly #print = new Fingerprint();
  /** By key: the last row of its list, eager mode. */
  #lastOf = new Int32Array(16).fill(NONE);
  #free = NONE;
  #next = 0;

  constructor(plan: FluxPlan) {
    this.#columns = plan.columns.length;
    this.#tagWords = plan.words;
    this.#statesAt = COLUMNS + 2 * this.#columns;
    this.#tagsAt = this.#statesAt + Math.ceil(this.#columns / STATES_PER_WORD);
    this.#stride = 2 * Math.ceil((this.#tagsAt + this.#tagWords) / 2);
    this.#words = new Int32Array(16 * this.#stride);
    this.#doubles = new Float64Array(this.#words.buffer);
  }

  /** Takes a row of the group `key`, whose fingerprint is `lo`, `hi`. */
  add(row: FluxRow<T>, key: number, epoch: number, lo: number, hi: number, revision: RowRevision | undefined): number {
    const slot = this.#place(row, key, epoch, revision);
    this.#setColumns(row.columns, slot * this.#stride, lo, hi);
    return slot;
  }

  /** Takes a saved row. */
  restore(row: SavedColumns & TakenRow<T>, key: number, epoch: number, revision: RowRevision | undefined): number {
    const slot = this.#place(row, key, epoch, revision);
    this.#words.set(row.columns, slot * this.#stride + COLUMNS);
    return slot;
  }

  /** The row as plain data. */
  save(slot: number): SavedColumns & TakenRow<T> & { readonly own: readonly number[] } {
    const at = slot * this.#stride;
    const tagsAt = at + this.#tagsAt;
    return {
      timeMs: this.timeOf(slot),
      source: this.sourceOf(slot),
      position: this.positionOf(slot),
      part: this.partOf(slot),
      columns: Array.from(this.#words.subarray(at + COLUMNS, tagsAt)),
      own: Array.from(this.#words.subarray(tagsAt, tagsAt + this.#tagWords)),
      item: this.items[slot] as T,
    };
  }

  #place(row: TakenRow<T>, key: number, epoch: number, revision: RowRevision | undefined): number {
    let slot = this.#free;
    if (slot === NONE) slot = this.#next++;
    else this.#free = this.keyOf(slot);
    const at = slot * this.#stride;
    if (at === this.#words.length) this.#grow();
    const words = this.#words;
    this.#doubles[at >>> 1] = row.timeMs;
    this.#doubles[(at >>> 1) + 1] = row.position;
    words[at + SOURCE] = row.source;
    words[at + PART] = row.part;
    words[at + EPOCH] = epoch;
    words[at + KEY] = key;
    this.items[slot] = row.item;
    if (revision !== undefined) this.revisions[slot] = revision;
    const tagsAt = at + this.#tagsAt;
    for (let word = 0; word < this.#tagWords; word++) words[tagsAt + word] = row.own[word] as number;
    return slot;
  }

  #setColumns(columns: readonly (string | undefined)[], at: number, lo: number, hi: number): void {
    const words = this.#words;
    const print = this.#print;
    let states = 0;
    for (let column = 0; column < this.#columns; column++) {
      const text = columns[column];
      if (text !== undefined) {
        print.set(lo, hi).add(text);
        words[at + COLUMNS + 2 * column] = print.lo;
        words[at + COLUMNS + 2 * column + 1] = print.hi;
        states |= (text === '' ? EMPTY : FILLED) << (2 * (column % STATES_PER_WORD));
      }
      if (column % STATES_PER_WORD !== STATES_PER_WORD - 1 && column !== this.#columns - 1) continue;
      words[at + this.#statesAt + Math.floor(column / STATES_PER_WORD)] = states;
      states = 0;
    }
  }

  /** Copies what the row's columns and own tags are. */
  read(slot: number, columnLo: Int32Array, columnHi: Int32Array, columnStates: Uint8Array, own: Int32Array): void {
    const words = this.#words;
    const at = slot * this.#stride;
    for (let column = 0; column < this.#columns; column++) {
      columnLo[column] = words[at + COLUMNS + 2 * column] as number;
      columnHi[column] = words[at + COLUMNS + 2 * column + 1] as number;
      const states = words[at + this.#statesAt + Math.floor(column / STATES_PER_WORD)] as number;
      columnStates[column] = (states >>> (2 * (column % STATES_PER_WORD))) & 3;
    }
    const tagsAt = at + this.#tagsAt;
    for (let word = 0; word < this.#tagWords; word++) own[word] = words[tagsAt + word] as number;
  }

  free(slot: number): void {
    this.items[slot] = undefined;
    if (this.revisions.length > slot) this.revisions[slot] = undefined;
    this.#words[slot * this.#stride + SOURCE] = -1;
    this.#words[slot * this.#stride + KEY] = this.#free;
    this.#free = slot;
  }

  /** Sources of all rows. */
  addSources(to: Set<number>): void {
    for (let slot = 0; slot < this.#next; slot++) to.add(this.sourceOf(slot));
  }

  keyOf(slot: number): number {
    return this.#words[slot * this.#stride + KEY] as number;
  }

  timeOf(slot: number): number {
    return this.#doubles[(slot * this.#stride) >>> 1] as number;
  }

  sourceOf(slot: number): number {
    return this.#words[slot * this.#stride + SOURCE] as number;
  }

  positionOf(slot: number): number {
    return this.#doubles[((slot * this.#stride) >>> 1) + 1] as number;
  }

  partOf(slot: number): number {
    return (this.#words[slot * this.#stride + PART] as number) >>> 0;
  }

  /** What tells values of a column apart inside a group; undefined when the row has none. */
  idOf(slot: number, column: number): string | undefined {
    const at = slot * this.#stride;
    const state =
      (this.#words[at + this.#statesAt + Math.floor(column / STATES_PER_WORD)] as number) >>>
      (2 * (column % STATES_PER_WORD));
    if ((state & 3) !== FILLED) return undefined;
    const printAt = at + COLUMNS + 2 * column;
    return `${this.#words[printAt]} ${this.#words[printAt + 1]}`;
  }

  epochOf(slot: number): number {
    return this.#words[slot * this.#stride + EPOCH] as number;
  }

  beforeOf(slot: number): number {
    return this.#words[slot * this.#stride + BEFORE] as number;
  }

  afterOf(slot: number): number {
    return this.#words[slot * this.#stride + AFTER] as number;
  }

  setBefore(slot: number, before: number): void {
    this.#words[slot * this.#stride + BEFORE] = before;
  }

  setAfter(slot: number, after: number): void {
    this.#words[slot * this.#stride + AFTER] = after;
  }

  compare(a: number, b: number): number {
    const words = this.#words;
    const doubles = this.#doubles;
    const atA = a * this.#stride;
    const atB = b * this.#stride;
    return (
      (words[atA + EPOCH] as number) - (words[atB + EPOCH] as number) ||
      (doubles[atA >>> 1] as number) - (doubles[atB >>> 1] as number) ||
      (words[atA + SOURCE] as number) - (words[atB + SOURCE] as number) ||
      (doubles[(atA >>> 1) + 1] as number) - (doubles[(atB >>> 1) + 1] as number) ||
      ((words[atA + PART] as number) >>> 0) - ((words[atB + PART] as number) >>> 0)
    );
  }

  /** Eager mode: puts the row at the end of its key's list. */
  append(slot: number): void {
    const key = this.keyOf(slot);
    while (key >= this.#lastOf.length) this.#growKeys();
    const last = this.#lastOf[key] as number;
    this.setBefore(slot, last);
    this.setAfter(slot, NONE);
    if (last !== NONE) this.setAfter(last, slot);
    this.#lastOf[key] = slot;
  }

  /** Takes the last row of its key's list out again. */
  unlinkLast(slot: number): void {
    const before = this.beforeOf(slot);
    if (before !== NONE) this.setAfter(before, NONE);
    this.#lastOf[this.keyOf(slot)] = before;
  }

  /** Takes the first row of its key's list out. */
  unlinkFirst(slot: number): void {
    const after = this.afterOf(slot);
    if (after !== NONE) this.setBefore(after, NONE);
    else this.#lastOf[this.keyOf(slot)] = NONE;
  }

  #grow(): void {
    const rows = Math.ceil((this.#words.length / this.#stride) * 1.5);
    const words = new Int32Array(rows * this.#stride);
    words.set(this.#words);
    this.#words = words;
    this.#doubles = new Float64Array(words.buffer);
  }

  #growKeys(): void {
    const lastOf = new Int32Array(2 * this.#lastOf.length).fill(NONE);
    lastOf.set(this.#lastOf);
    this.#lastOf = lastOf;
  }
}
