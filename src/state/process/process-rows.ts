/**
 * ProcessRows: remembered processes as rows of 24 words, in pages of 4,096 rows that never move; texts stand in them by their number
 * in a TextStore, process ids as `process-ids.ts` writes them. No objects: a row costs 96 bytes and its place in the index. A page is
 * also the piece of a snapshot, so that what was added last is written together.
 *
 * Columns: start, end (NaN while it runs) and order of last news are f64; all others u32, see below.
 */
import { grown } from '../../core/growing-columns.ts';

export const ROWS_PER_PAGE = 4096;
const PAGE_SHIFT = 12;
const PAGE_MASK = ROWS_PER_PAGE - 1;
export const ROW_WORDS = 24;

/** f64 columns, in units of eight bytes. */
export const START = 0;
export const END = 1;
export const NEWS = 2;

/** u32 columns: text of the host in lower case. */
export const HOST = 6;
export const PID = 7;
export const GUID = 8;
export const PARENT_PID = 9;
export const PARENT_GUID = 10;
export const FLAGS = 11;
/** Eight texts, in the order of `FIELD_NAMES`. */
export const FIELDS = 12;
/** Row of the instance of the same id that started before. */
export const OLDER = 20;
/** Row of the instance that started after; of the youngest one, the oldest. See ProcessIndex. */
export const YOUNGER = 23;
/** Neighbours in the list of last news. */
export const BEFORE = 21;
export const AFTER = 22;

/** Its start was told of; not only known from its children. */
export const STARTED = 1;
export const USED = 2;
/** Its start is the time when the record of it arrived, which had none. */
export const ASSUMED = 4;

/** Bits of the flags; above them stands what ProcessIndex counts. */
export const FLAG_BITS = 8;
export const FLAG_MASK = (1 << FLAG_BITS) - 1;

/** Properties kept beside the ids, by their Sigma names. */
export const FIELD_NAMES = [
  'Image',
  'CommandLine',
  'User',
  'CurrentDirectory',
  'IntegrityLevel',
  'LogonId',
  'OriginalFileName',
  'Hashes',
] as const;
export const FIELD_COUNT = FIELD_NAMES.length;

/** Row 0 is none. */
export const NO_ROW = 0;

export class ProcessRows {
  /** Rows in use. */
  count = 0;
  /** Set while a snapshot is taken: called before a row of the page changes. */
  beforeChange: ((page: number) => void) | undefined;
  readonly #words: Uint32Array[] = [];
  readonly #numbers: Float64Array[] = [];
  readonly #free: number[] = [];
  #next = 1;
  /** 1 for pages whose rows changed since the last snapshot. */
  #changed = new Uint8Array(16);

  /** Pages that were ever used. */
  get pages(): number {
    return this.#words.length;
  }

  get(row: number, column: number): number {
    return (this.#words[row >>> PAGE_SHIFT] as Uint32Array)[(row & PAGE_MASK) * ROW_WORDS + column] as number;
  }

  set(row: number, column: number, value: number): void {
    (this.#words[row >>> PAGE_SHIFT] as Uint32Array)[(row & PAGE_MASK) * ROW_WORDS + column] = value;
  }

  /** `START`, `END` or `NEWS`. */
  number(row: number, column: number): number {
    return (this.#numbers[row >>> PAGE_SHIFT] as Float64Array)[((row & PAGE_MASK) * ROW_WORDS) / 2 + column] as number;
  }

  setNumber(row: number, column: number, value: number): void {
    (this.#numbers[row >>> PAGE_SHIFT] as Float64Array)[((row & PAGE_MASK) * ROW_WORDS) / 2 + column] = value;
  }

  /** Words of the row's page, in which it begins at `offsetOf`. */
  wordsAround(row: number): Uint32Array {
    return this.#words[row >>> PAGE_SHIFT] as Uint32Array;
  }

  static offsetOf(row: number): number {
    return (row & PAGE_MASK) * ROW_WORDS;
  }

  /** Words of a page, for reading. */
  wordsOf(page: number): Uint32Array {
    return this.#words[page] as Uint32Array;
  }

  numbersOf(page: number): Float64Array {
    return this.#numbers[page] as Float64Array;
  }

  isStarted(row: number): boolean {
    return (this.get(row, FLAGS) & STARTED) !== 0;
  }

  isAssumed(row: number): boolean {
    return (this.get(row, FLAGS) & ASSUMED) !== 0;
  }

  /** An empty row; its page is told of the change. */
  add(): number {
    const freed = this.#free.pop();
    const row = freed ?? this.#next++;
    const page = row >>> PAGE_SHIFT;
    if (page === this.#words.length) this.#addPage();
    this.touch(row);
    const words = this.#words[page] as Uint32Array;
    const at = (row & PAGE_MASK) * ROW_WORDS;
    // Those that nobody had are empty. Faster than `fill`, which costs a call into the engine.
    if (freed !== undefined) for (let i = at; i < at + ROW_WORDS; i++) words[i] = 0;
    words[at + FLAGS] = USED;
    (this.#numbers[page] as Float64Array)[at / 2 + END] = Number.NaN;
    this.count++;
    return row;
  }

  remove(row: number): void {
    this.touch(row);
    this.set(row, FLAGS, 0);
    this.#free.push(row);
    this.count--;
  }

  /** To be called before a row changes. */
  touch(row: number): void {
    const page = row >>> PAGE_SHIFT;
    this.beforeChange?.(page);
    this.#changed[page] = 1;
  }

  /** Pages that changed since the last call. */
  takeChanged(): number[] {
    const pages: number[] = [];
    for (let page = 0; page < this.pages; page++) if (this.#changed[page] === 1) pages.push(page);
    this.#changed.fill(0);
    return pages;
  }

  markChanged(pages: Iterable<number>): void {
    for (const page of pages) this.#changed[page] = 1;
  }

  #addPage(): void {
    const words = new Uint32Array(ROWS_PER_PAGE * ROW_WORDS);
    this.#words.push(words);
    this.#numbers.push(new Float64Array(words.buffer));
    this.#changed = grown(this.#changed, this.#words.length);
  }
}

/** Rows in the order of their last news, the oldest first. A row stands in one list at a time. */
export class NewsList {
  readonly #rows: ProcessRows;
  #first = NO_ROW;
  #last = NO_ROW;

  constructor(rows: ProcessRows) {
    this.#rows = rows;
  }

  get first(): number {
    return this.#first;
  }

  /** Of a row that stands in no list. */
  push(row: number): void {
    const rows = this.#rows;
    rows.set(row, BEFORE, this.#last);
    rows.set(row, AFTER, NO_ROW);
    if (this.#last === NO_ROW) this.#first = row;
    else rows.set(this.#last, AFTER, row);
    this.#last = row;
  }

  /** Of a row that stands in this list. */
  moveToEnd(row: number): void {
    if (this.#last === row) return;
    this.remove(row);
    this.push(row);
  }

  remove(row: number): void {
    const rows = this.#rows;
    const before = rows.get(row, BEFORE);
    const after = rows.get(row, AFTER);
    if (before === NO_ROW) this.#first = after;
    else rows.set(before, AFTER, after);
    if (after === NO_ROW) this.#last = before;
    else rows.set(after, BEFORE, before);
  }
}
