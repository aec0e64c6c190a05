/**
 * Rows that wait for their order, or may still be undone: what evaluation needs of a row is extracted when it comes, keys hashed once, into
 * one record of numbers. Its texts are let go: a row that waits for a minute would outlive two collections with them. When its time comes it
 * has left the caches, and its record is one line of them where the plan has few columns and tags.
 *
 * After the head of a record (ItemRecords), for each column of the plan two words, the fingerprint of its value inside the group; then
 * packed into as few words as they take, each within one of them: the state of each column, two bits, and the own tags of each of the plan's words.
 */
import { Fingerprint } from '../memory/fingerprint.ts';
import { AFTER, BEFORE, HEAD_WORDS, ItemRecords, NONE, OWNER, PART, SOURCE } from '../order/item-records.ts';
import type { RowJournal } from './memory.ts';
import { type FluxPlan, TAGS_PER_WORD } from './plan.ts';
import type { FluxRow, TakenRow } from './row.ts';

/** A row has no such column, an empty one, one with text. */
export const [ABSENT, EMPTY, FILLED] = [0, 1, 2];

/** What few rows have: eager mode only. */
export interface RowRevision {
  /** What the row changed in memory. */
  journal: RowJournal | undefined;
  /** Rules that alerted on the row. */
  reported: number[] | undefined;
}

/** Fingerprints and states of a row's columns, as its record has them. */
export interface SavedColumns {
  readonly columns: readonly number[];
}

/** States in a word of what is saved. */
const STATES_PER_WORD = 16;

/** Where the bits of a column's state, or of a word of tags, stand in a record. */
interface Place {
  readonly word: number;
  readonly shift: number;
  readonly mask: number;
}

export interface ItemSizes<T> {
  /** About what an item takes in memory, the same at any time. */
  bytesOf(item: T): number;
}

const NO_SIZES: ItemSizes<unknown> = { bytesOf: () => 0 };

export class RowTable<T> extends ItemRecords {
  readonly items: (T | undefined)[] = [];
  /** What the items take in memory. */
  itemBytes = 0;
  readonly #sizes: ItemSizes<T>;
  readonly revisions: (RowRevision | undefined)[] = [];
  readonly #columns: number;
  /** First packed word, and their number. */
  readonly #packedAt: number;
  readonly #packed: number;
  readonly #states: readonly Place[];
  readonly #tags: readonly Place[];
  /** By packed word: bits that are tags. */
  readonly #tagBits: Int32Array;
  readonly #print = new Fingerprint();
  /** By key: the last row of its list, eager mode. */
  #lastOf = new Int32Array(16).fill(NONE);

  constructor(plan: FluxPlan, sizes: ItemSizes<T> = NO_SIZES) {
    const tagCounts = new Array<number>(plan.words).fill(0);
    for (const { rule, wordOffset, wordCount } of plan.rules)
      for (let w = 0; w < wordCount; w++)
        tagCounts[wordOffset + w] = Math.min(TAGS_PER_WORD, rule.tags.length - w * TAGS_PER_WORD);
    const places = pack([...plan.columns.map(() => 2), ...tagCounts]);
    const packed = 1 + Math.max(-1, ...places.map(({ word }) => word));
    super(2 * plan.columns.length + packed);
    this.#sizes = sizes;
    this.#columns = plan.columns.length;
    this.#packedAt = HEAD_WORDS + 2 * this.#columns;
    this.#packed = packed;
    this.#states = places.slice(0, this.#columns);
    this.#tags = places.slice(this.#columns);
    this.#tagBits = new Int32Array(packed);
    for (const { word, shift, mask } of this.#tags)
      this.#tagBits[word] = (this.#tagBits[word] as number) | (mask << shift);
  }

  /** Takes a row of the group `key`, whose fingerprint is `lo`, `hi`. `enter` is called next, whenever that is. */
  add(row: FluxRow<T>, key: number, lo: number, hi: number): number {
    const slot = this.#place(row, key);
    const { words } = this;
    const at = slot * this.stride;
    const packedAt = at + this.#packedAt;
    const print = this.#print;
    for (let column = 0; column < this.#columns; column++) {
      const text = row.columns[column];
      if (text === undefined) continue;
      print.set(lo, hi).add(text);
      words[at + HEAD_WORDS + 2 * column] = print.lo;
      words[at + HEAD_WORDS + 2 * column + 1] = print.hi;
      const { word, shift } = this.#states[column] as Place;
      words[packedAt + word] = (words[packedAt + word] as number) | ((text === '' ? EMPTY : FILLED) << shift);
    }
    return slot;
  }

  /** Takes a saved row. */
  restore(row: SavedColumns & TakenRow<T>, key: number, epoch: number): number {
    const slot = this.#place(row, key);
    this.enter(slot, epoch);
    const { words } = this;
    const at = slot * this.stride;
    const packedAt = at + this.#packedAt;
    const prints = 2 * this.#columns;
    for (let i = 0; i < prints; i++) words[at + HEAD_WORDS + i] = row.columns[i] as number;
    this.#states.forEach(({ word, shift }, column) => {
      const saved = row.columns[prints + Math.floor(column / STATES_PER_WORD)] as number;
      const state = (saved >>> (2 * (column % STATES_PER_WORD))) & 3;
      words[packedAt + word] = (words[packedAt + word] as number) | (state << shift);
    });
    return slot;
  }

  /** The row as plain data: of its columns the fingerprints, then their states, 16 in each number. */
  save(slot: number): SavedColumns & TakenRow<T> & { readonly own: readonly number[] } {
    const at = slot * this.stride + HEAD_WORDS;
    const states = new Array<number>(Math.ceil(this.#columns / STATES_PER_WORD)).fill(0);
    for (let column = 0; column < this.#columns; column++) {
      const word = Math.floor(column / STATES_PER_WORD);
      states[word] = (states[word] as number) | (this.stateOf(slot, column) << (2 * (column % STATES_PER_WORD)));
    }
    return {
      timeMs: this.timeOf(slot),
      source: this.sourceOf(slot),
      position: this.positionOf(slot),
      part: this.partOf(slot),
      columns: [...this.words.subarray(at, at + 2 * this.#columns), ...states],
      own: this.#tags.map((place) => this.#bitsOf(slot, place)),
      item: this.items[slot] as T,
    };
  }

  /** The row is one of those that wait, or will be told of at once: its item counts from here on. */
  enter(slot: number, epoch: number): void {
    this.setEpoch(slot, epoch);
    const item = this.items.length > slot ? this.items[slot] : undefined;
    if (item !== undefined) this.itemBytes += this.#sizes.bytesOf(item);
  }

  /** What may be undone of the row; made when it is first asked for. */
  revisionOf(slot: number): RowRevision {
    let revision = this.revisions[slot];
    if (revision === undefined) {
      revision = { journal: undefined, reported: undefined };
      this.revisions[slot] = revision;
    }
    return revision;
  }

  #place(row: TakenRow<T>, key: number): number {
    const slot = this.allocate();
    const { words, doubles } = this;
    const at = slot * this.stride;
    doubles[at >>> 1] = row.timeMs;
    doubles[(at >>> 1) + 1] = row.position;
    words[at + SOURCE] = row.source;
    words[at + PART] = row.part;
    words[at + OWNER] = key;
    // An array that nothing was put into is not read either: rows of callers who want nothing back save a line of memory each.
    if (row.item !== undefined) this.items[slot] = row.item;
    const packedAt = at + this.#packedAt;
    for (let word = 0; word < this.#packed; word++) words[packedAt + word] = 0;
    for (let i = 0; i < this.#tags.length; i++) {
      const { word, shift, mask } = this.#tags[i] as Place;
      words[packedAt + word] = (words[packedAt + word] as number) | (((row.own[i] as number) & mask) << shift);
    }
    return slot;
  }

  #bitsOf(slot: number, { word, shift, mask }: Place): number {
    return ((this.words[slot * this.stride + this.#packedAt + word] as number) >>> shift) & mask;
  }

  /** Copies what the row's columns and own tags are. */
  read(slot: number, columnLo: Int32Array, columnHi: Int32Array, columnStates: Uint8Array, own: Int32Array): void {
    const { words } = this;
    const at = slot * this.stride;
    const packedAt = at + this.#packedAt;
    for (let column = 0; column < this.#columns; column++) {
      columnLo[column] = words[at + HEAD_WORDS + 2 * column] as number;
      columnHi[column] = words[at + HEAD_WORDS + 2 * column + 1] as number;
      const { word, shift } = this.#states[column] as Place;
      columnStates[column] = ((words[packedAt + word] as number) >>> shift) & 3;
    }
    for (let i = 0; i < this.#tags.length; i++) {
      const { word, shift, mask } = this.#tags[i] as Place;
      own[i] = ((words[packedAt + word] as number) >>> shift) & mask;
    }
  }

  /** Whether the row has any own tag. */
  hasTags(slot: number): boolean {
    const packedAt = slot * this.stride + this.#packedAt;
    const bits = this.#tagBits;
    for (let word = 0; word < bits.length; word++)
      if (((this.words[packedAt + word] as number) & (bits[word] as number)) !== 0) return true;
    return false;
  }

  /** Of one column: whether the row has it, and the upper half of its value's fingerprint, where it has one. */
  stateOf(slot: number, column: number): number {
    return this.#bitsOf(slot, this.#states[column] as Place);
  }
  printHiOf(slot: number, column: number): number {
    return this.words[slot * this.stride + HEAD_WORDS + 2 * column + 1] as number;
  }

  free(slot: number): void {
    if (this.items.length > slot) this.#drop(slot);
    if (this.revisions.length > slot && this.revisions[slot] !== undefined) this.revisions[slot] = undefined;
    this.release(slot);
  }

  #drop(slot: number): void {
    const item = this.items[slot];
    if (item === undefined) return;
    this.itemBytes -= this.#sizes.bytesOf(item);
    this.items[slot] = undefined;
  }

  /** What tells values of a column apart inside a group; undefined when the row has none. */
  idOf(slot: number, column: number): string | undefined {
    if (this.stateOf(slot, column) !== FILLED) return undefined;
    const printAt = slot * this.stride + HEAD_WORDS + 2 * column;
    return `${this.words[printAt]} ${this.words[printAt + 1]}`;
  }

  /** Eager mode: puts the row at the end of its key's list. */
  append(slot: number): void {
    const key = this.ownerOf(slot);
    while (key >= this.#lastOf.length) this.#growKeys();
    const last = this.#lastOf[key] as number;
    const at = slot * this.stride;
    this.words[at + BEFORE] = last;
    this.words[at + AFTER] = NONE;
    if (last !== NONE) this.setAfter(last, slot);
    this.#lastOf[key] = slot;
  }

  /** Takes the last row of its key's list out again. */
  unlinkLast(slot: number): void {
    const before = this.beforeOf(slot);
    if (before !== NONE) this.setAfter(before, NONE);
    this.#lastOf[this.ownerOf(slot)] = before;
  }

  /** Takes the first row of its key's list out. */
  unlinkFirst(slot: number): void {
    const after = this.afterOf(slot);
    if (after !== NONE) this.setBefore(after, NONE);
    else this.#lastOf[this.ownerOf(slot)] = NONE;
  }

  #growKeys(): void {
    const lastOf = new Int32Array(2 * this.#lastOf.length).fill(NONE);
    lastOf.set(this.#lastOf);
    this.#lastOf = lastOf;
  }
}

/** Places for fields of so many bits, at most 31, one behind the other, none across the end of a word. */
function pack(widths: readonly number[]): Place[] {
  let word = 0;
  let shift = 0;
  return widths.map((width) => {
    if (shift + width > 32) {
      word++;
      shift = 0;
    }
    const place = { word, shift, mask: width === 31 ? 0x7fff_ffff : (1 << width) - 1 };
    shift += width;
    return place;
  });
}
