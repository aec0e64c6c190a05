/**
 * TextStore: each distinct text once, under a small number. Values of logs repeat (hosts, programs, users, command lines), so a value
 * costs a hash and a comparison of bytes, and no string is made until somebody asks for it.
 *
 * A text is kept as the UTF-8 of its JSON spelling (`JSON.stringify` without the quotes): what stands in a record is that spelling
 * nearly always, and is compared as it is. Other spellings are brought to it first, so that a number stands for a text, not for bytes.
 * A small table of recent texts, two to a place, hashed fast, is asked before the full one, which is hashed with a key: nobody can
 * prepare texts that collide there. Texts that nobody holds are dropped at the next `sweep`.
 */
import { lengthened } from '../../core/growing-columns.ts';
import { GuidSpellings, isNilGuid } from './guid-spellings.ts';
import { keyedHash, sampledHash, type TextSeed } from './text-hashes.ts';
import { TextPages } from './text-pages.ts';
import { isPlainSpelling, jsonSpelling, textOfSpelling } from './text-spelling.ts';

/** Numbers of texts that are always there; 0 is none. */
export const NO_TEXT = 0;
export const EMPTY_TEXT = 1;
/** `-`, which Windows writes for nothing. */
export const DASH_TEXT = 2;

const FREE = 0xffff_ffff;
/** In place of a text: a GUID of zeros. */
const NIL = 0xffff_ffff;
const RECENT = 16_384;
const RECENT_WORDS = 4;
/** Longer values are not looked for among the recent ones. */
const RECENT_BYTES = 8192;
/** Texts that nobody held when they were last looked at, before they are dropped. */
const MAX_UNHELD = 1024;
const STRINGS = 1024;
/** A text's columns and its place in the table, about. */
const TEXT_BYTES = 44;
export class TextStore {
  /** Bytes of the texts that somebody holds, about. */
  heldBytes = 0;
  /** Texts that somebody holds. */
  held = 0;
  /** How often texts were dropped: their numbers may stand for others since. */
  drops = 0;
  readonly #seed: TextSeed;
  readonly #pages = new TextPages();
  #hashes = new Uint32Array(1024);
  #lengths = new Uint32Array(1024).fill(FREE);
  #addresses = new Uint32Array(1024);
  #references = new Uint32Array(1024);
  /** Who keeps it without holding it: texts of which it is the lower case, facts on their way. */
  #pins = new Uint32Array(1024);
  /** Text in lower case, once it was asked for. */
  #lower = new Uint32Array(1024);
  /** Text that stands for the GUID that it spells, itself where it spells none, once it was asked for. */
  #guid = new Uint32Array(1024);
  readonly #guids: GuidSpellings;
  /** Two numbers that the owner of the store keeps with a text. */
  #notes: readonly [Uint32Array<ArrayBuffer>, Uint32Array<ArrayBuffer>] = [
    new Uint32Array(1024),
    new Uint32Array(1024),
  ];
  #free: number[] = [];
  #next = 1;
  #count = 0;
  /** Open addressing, at most half full. */
  #table = new Uint32Array(2048);
  /** Number, length and address of each; forgotten when a text is dropped or moved. */
  readonly #recent = new Uint32Array(RECENT * RECENT_WORDS);
  #unheld: number[] = [];
  /** Of the spelling looked for last. */
  #lastHash = 0;
  readonly #strings: (string | undefined)[] = new Array<string | undefined>(STRINGS).fill(undefined);
  readonly #stringOf = new Uint32Array(STRINGS);
  #scratch = Buffer.alloc(1024);
  #scratchView = new DataView(this.#scratch.buffer, this.#scratch.byteOffset, this.#scratch.length);

  constructor(seed: TextSeed) {
    this.#seed = seed;
    this.#guids = new GuidSpellings(seed, (text) => this.spellingOf(text));
    this.hold(this.idOf(''));
    this.hold(this.idOf('-'));
    this.held = 0;
    this.heldBytes = 0;
  }

  /** Bytes of memory that the texts themselves take, holes included. */
  get pageBytes(): number {
    return this.#pages.bytes;
  }

  /** Number of the text that a JSON string spells between `start` and `end`; the bytes must be valid there. */
  idOfJson(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const length = end - start;
    if (length > RECENT_BYTES) return this.#idOfSpelling(bytes, view, start, end);
    const recent = this.#recent;
    const at = RECENT_WORDS * (sampledHash(view, start, length) & (RECENT - 1));
    const first = recent[at] as number;
    if (
      recent[at + 1] === length &&
      first !== NO_TEXT &&
      this.#pages.isSame(recent[at + 2] as number, view, start, length)
    )
      return first;
    // The last one met is asked first; the one before it moves into the other place.
    const other = at ^ RECENT_WORDS;
    const second = recent[other] as number;
    const isSecond = second !== NO_TEXT && this.#isSpelled(second, view, start, length);
    const text = isSecond ? second : this.#idOfSpelling(bytes, view, start, end);
    recent.copyWithin(other, at, at + RECENT_WORDS);
    recent[at] = text;
    recent[at + 1] = this.#lengths[text] as number;
    recent[at + 2] = this.#addresses[text] as number;
    return text;
  }

  idOf(text: string): number {
    return this.#idOfScratch(this.#spell(text));
  }

  /** 0 when the text is not there. */
  find(text: string): number {
    return this.#find(this.#scratchView, 0, this.#spell(text));
  }

  /** The text as a string; of the last ones asked for the string is kept. */
  textOf(text: number): string {
    const slot = text & (STRINGS - 1);
    if (this.#stringOf[slot] === text) return this.#strings[slot] ?? '';
    const bytes = this.#pages.bytesAt(this.#addresses[text] as number, this.#lengths[text] as number);
    const string = textOfSpelling(bytes);
    this.#stringOf[slot] = text;
    this.#strings[slot] = string;
    return string;
  }

  /** Bytes of the text's JSON spelling; 0 for none. */
  spellingLength(text: number): number {
    return text === NO_TEXT ? 0 : (this.#lengths[text] as number);
  }

  /** A view of the text's spelling; valid until a text is added or dropped. */
  spellingOf(text: number): Uint8Array {
    return this.#pages.bytesAt(this.#addresses[text] as number, this.#lengths[text] as number);
  }

  /** The same text in lower case. */
  lowerOf(text: number): number {
    let lower = this.#lower[text] as number;
    if (lower === 0) {
      lower = this.#fold(text);
      this.#lower[text] = lower;
      if (lower !== text) this.pin(lower);
    }
    return lower;
  }

  #fold(text: number): number {
    const spelling = this.spellingOf(text);
    const { length } = spelling;
    if (!isPlainSpelling(spelling, 0, length)) {
      const string = this.textOf(text);
      const folded = string.toLowerCase();
      return folded === string ? text : this.idOf(folded);
    }
    this.#reserve(length);
    const scratch = this.#scratch;
    let isLower = true;
    for (let i = 0; i < length; i++) {
      const byte = spelling[i] as number;
      const isCapital = byte >= 0x41 && byte <= 0x5a;
      if (isCapital) isLower = false;
      scratch[i] = isCapital ? byte | 0x20 : byte;
    }
    return isLower ? text : this.#idOfScratch(length);
  }

  /** The text that stands for the GUID that this one spells, in whichever way; another text, and 0, stand for themselves; 0 for a GUID of zeros. */
  guidOf(text: number): number {
    if (text === NO_TEXT) return NO_TEXT;
    const known = this.#guid[text] as number;
    if (known !== 0) return known === NIL ? NO_TEXT : known;
    if (isNilGuid(this.spellingOf(text))) {
      this.#guid[text] = NIL;
      return NO_TEXT;
    }
    const guid = this.#guids.textFor(text, this.#ownGuids);
    this.#guid[text] = guid;
    if (guid !== text) this.pin(guid);
    return guid;
  }

  /** As `guidOf`; 0 when nothing like it is there. */
  findGuid(text: string): number {
    const length = this.#spell(text);
    const found = this.#find(this.#scratchView, 0, length);
    return found === NO_TEXT ? this.#guids.find(this.#scratch.subarray(0, length), this.#ownGuids) : this.guidOf(found);
  }

  readonly #ownGuids = (): number[] => {
    const own: number[] = [];
    for (let text = 1; text < this.#next; text++) if (this.#guid[text] === text) own.push(text);
    return own;
  };

  /** A number that the owner keeps with a text; 0 at first. */
  noteOf(kind: 0 | 1, text: number): number {
    return this.#notes[kind][text] as number;
  }

  setNote(kind: 0 | 1, text: number, note: number): void {
    this.#notes[kind][text] = note;
  }

  hold(text: number): void {
    if (text === NO_TEXT) return;
    const references = this.#references[text] as number;
    this.#references[text] = references + 1;
    if (references > 0) return;
    this.held++;
    this.heldBytes += this.#bytesOf(text);
  }

  /** The text stays until the next `sweep` at least. */
  release(text: number): void {
    if (text === NO_TEXT) return;
    const references = (this.#references[text] as number) - 1;
    this.#references[text] = references;
    if (references > 0) return;
    this.held--;
    this.heldBytes -= this.#bytesOf(text);
    this.#unheld.push(text);
  }

  /** Keeps a text without counting its bytes. */
  pin(text: number): void {
    this.#pins[text] = (this.#pins[text] as number) + 1;
  }

  unpin(text: number): void {
    this.#pins[text] = (this.#pins[text] as number) - 1;
    if (this.#isUnused(text)) this.#unheld.push(text);
  }

  /** Drops texts that nobody holds, when they are many: to be called while no number of such a text is in use. */
  sweep(): void {
    if (this.#unheld.length <= MAX_UNHELD) return;
    const unheld = this.#unheld;
    this.#unheld = [];
    // Dropping one may leave its lower case unheld, which stands in the next list.
    const count = this.#count;
    for (const text of unheld) if (this.#isUnused(text) && this.#lengths[text] !== FREE) this.#drop(text);
    if (this.#count < count) this.drops++;
    this.#pages.compact(this.#addressOf, this.#moved);
    this.#recent.fill(NO_TEXT);
  }

  #isUnused(text: number): boolean {
    return this.#references[text] === 0 && this.#pins[text] === 0;
  }

  readonly #addressOf = (text: number): number =>
    this.#lengths[text] === FREE ? 0 : (this.#addresses[text] as number);

  readonly #moved = (text: number, address: number): void => {
    this.#addresses[text] = address;
  };

  #isSpelled(text: number, view: DataView, start: number, length: number): boolean {
    return this.#lengths[text] === length && this.#pages.isSame(this.#addresses[text] as number, view, start, length);
  }

  #bytesOf(text: number): number {
    return TEXT_BYTES + TextPages.blockBytes(this.#lengths[text] as number);
  }

  #idOfSpelling(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const found = this.#find(view, start, end - start);
    if (found !== 0) return found;
    if (isPlainSpelling(bytes, start, end)) return this.#add(bytes, start, end);
    return this.#idOfScratch(this.#spell(textOfSpelling(bytes.subarray(start, end))));
  }

  #idOfScratch(length: number): number {
    return this.#find(this.#scratchView, 0, length) || this.#add(this.#scratch, 0, length);
  }

  #find(view: DataView, start: number, length: number): number {
    const hash = keyedHash(this.#seed, view, start, length);
    this.#lastHash = hash;
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const text = this.#table[slot] as number;
      if (text === 0) return 0;
      if (this.#hashes[text] === hash && this.#isSpelled(text, view, start, length)) return text;
    }
  }

  /** Of bytes that are a text's spelling, and that `#find` has just not found. */
  #add(bytes: Uint8Array, start: number, end: number): number {
    const text = this.#free.pop() ?? this.#next++;
    if (text >= this.#lengths.length) this.#growColumns();
    this.#hashes[text] = this.#lastHash;
    this.#lengths[text] = end - start;
    this.#addresses[text] = this.#pages.add(text, bytes, start, end);
    this.#references[text] = 0;
    this.#unheld.push(text);
    if (2 * ++this.#count > this.#table.length) this.#growTable();
    else this.#place(text);
    return text;
  }

  #place(text: number): void {
    const mask = this.#table.length - 1;
    let slot = (this.#hashes[text] as number) & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = text;
  }

  #drop(text: number): void {
    const lower = this.#lower[text] as number;
    if (lower !== 0 && lower !== text) {
      this.unpin(lower);
    }
    const guid = this.#guid[text] as number;
    if (guid === text) this.#guids.drop(text);
    else if (guid !== 0 && guid !== NIL) this.unpin(guid);
    this.#guid[text] = 0;
    this.#unplace(text);
    this.#pages.free(this.#addresses[text] as number, this.#lengths[text] as number);
    this.#lengths[text] = FREE;
    this.#lower[text] = 0;
    this.#notes[0][text] = 0;
    this.#notes[1][text] = 0;
    if (this.#stringOf[text & (STRINGS - 1)] === text) this.#stringOf[text & (STRINGS - 1)] = 0;
    this.#free.push(text);
    this.#count--;
  }

  /** Takes the text out of the table; those behind it move up, so that no search ends too early. */
  #unplace(text: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = (this.#hashes[text] as number) & mask;
    while (table[hole] !== text) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; table[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (this.#hashes[table[slot] as number] as number) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      table[hole] = table[slot] as number;
      hole = slot;
    }
    table[hole] = 0;
  }

  #growTable(): void {
    this.#table = new Uint32Array(2 * this.#table.length);
    for (let text = 1; text < this.#next; text++) if (this.#lengths[text] !== FREE) this.#place(text);
  }

  #growColumns(): void {
    const size = this.#lengths.length;
    this.#hashes = lengthened(this.#hashes, 2 * size);
    this.#lengths = lengthened(this.#lengths, 2 * size).fill(FREE, size);
    this.#addresses = lengthened(this.#addresses, 2 * size);
    this.#references = lengthened(this.#references, 2 * size);
    this.#pins = lengthened(this.#pins, 2 * size);
    this.#lower = lengthened(this.#lower, 2 * size);
    this.#guid = lengthened(this.#guid, 2 * size);
    this.#notes = [lengthened(this.#notes[0], 2 * size), lengthened(this.#notes[1], 2 * size)];
  }

  /** Writes the text's spelling into the scratch; returns its length. */
  #spell(text: string): number {
    const spelling = jsonSpelling(text);
    this.#reserve(3 * spelling.length);
    return this.#scratch.write(spelling);
  }

  #reserve(length: number): void {
    if (length <= this.#scratch.length) return;
    this.#scratch = Buffer.alloc(2 * length);
    this.#scratchView = new DataView(this.#scratch.buffer, this.#scratch.byteOffset, this.#scratch.length);
  }
}
