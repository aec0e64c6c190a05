/**
 * GuidSpellings: which texts are one GUID, and which are nobody's: Sysmon writes zeros where it does not know the parent. Sysmon writes
 * `{5770385F-C22A-43E0-BF4C-06F5698FFBD9}`, shippers write it in small letters or without braces. The text met first stands for all of
 * them. While all GUIDs are spelled alike nothing is kept at all: two texts are two GUIDs then. Once there are two ways of spelling, a
 * table leads from the GUID to its text: open addressing, at most half full, with a keyed hash of the 36 characters in small letters.
 */
import { keyedHash, type TextSeed } from './text-hashes.ts';

/** The text that is none. */
const NO_TEXT = 0;
const LENGTH = 36;
const [OPEN, CLOSE, DASH, ZERO] = [0x7b, 0x7d, 0x2d, 0x30];
/** How a GUID is spelled; 0: it is none. */
const BARE = 1;
const BRACED = 2;
const SMALL = 4;
const CAPITAL = 8;

/** The bytes spell a GUID of zeros. */
export function isNilGuid(spelling: Uint8Array): boolean {
  const way = wayOf(spelling);
  if (way !== BARE && way !== BRACED) return false;
  const from = way === BARE ? 0 : 1;
  for (let i = 0; i < LENGTH; i++) {
    const byte = spelling[from + i] as number;
    if (byte !== ZERO && byte !== DASH) return false;
  }
  return true;
}

const NIL = /^(?:0{8}(?:-0{4}){3}-0{12}|\{0{8}(?:-0{4}){3}-0{12}\})$/;

/** The text is a GUID of zeros. */
export function isNilText(text: string): boolean {
  return text.length <= LENGTH + 2 && NIL.test(text);
}

/** The bytes of a text; valid until the next call. */
type SpellingOf = (text: number) => Uint8Array;

export class GuidSpellings {
  readonly #seed: TextSeed;
  readonly #spellingOf: SpellingOf;
  readonly #wanted = new DataView(new ArrayBuffer(LENGTH));
  readonly #other = new DataView(new ArrayBuffer(LENGTH));
  #met = 0;
  #table = new Uint32Array(0);
  #count = 0;

  constructor(seed: TextSeed, spellingOf: SpellingOf) {
    this.#seed = seed;
    this.#spellingOf = spellingOf;
  }

  /** `known`: all texts that stand for themselves so far. Returns the text that stands for the GUID: this one where it is the first, or no GUID. */
  textFor(text: number, known: () => Iterable<number>): number {
    const spelling = this.#spellingOf(text);
    if (!this.#isToBeFound(spelling, known)) return text;
    const first = this.#find(this.#spellingOf(text));
    if (first === NO_TEXT) this.#add(text);
    return first || text;
  }

  /** As `textFor`, for a spelling that no text has; 0 where nobody has met the GUID. */
  find(spelling: Uint8Array, known: () => Iterable<number>): number {
    return this.#isToBeFound(spelling, known) ? this.#find(spelling) : NO_TEXT;
  }

  /** A text that stands for itself goes; its spelling is still to be had. */
  drop(text: number): void {
    if (this.#count === 0 || wayOf(this.#spellingOf(text)) === 0) return;
    const table = this.#table;
    const mask = table.length - 1;
    let hole = this.#slotOf(this.#spellingOf(text));
    if (table[hole] !== text) return;
    for (let slot = (hole + 1) & mask; table[slot] !== NO_TEXT; slot = (slot + 1) & mask) {
      const home = this.#hash(this.#spellingOf(table[slot] as number), this.#wanted) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      table[hole] = table[slot] as number;
      hole = slot;
    }
    table[hole] = NO_TEXT;
    this.#count--;
  }

  /** False: no GUID, or none that another text may spell. */
  #isToBeFound(spelling: Uint8Array, known: () => Iterable<number>): boolean {
    const way = wayOf(spelling);
    if (way === 0) return false;
    const met = this.#met | way;
    if (isMixed(met) && !isMixed(this.#met)) {
      this.#table = new Uint32Array(1024);
      for (const text of known()) if (wayOf(this.#spellingOf(text)) !== 0) this.#add(text);
    }
    this.#met = met;
    return isMixed(met);
  }

  #find(spelling: Uint8Array): number {
    return this.#table[this.#slotOf(spelling)] as number;
  }

  /** Where the GUID stands, or would. */
  #slotOf(spelling: Uint8Array): number {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = this.#hash(spelling, this.#wanted) & mask;
    for (; table[slot] !== NO_TEXT; slot = (slot + 1) & mask)
      if (isSame(this.#wanted, fold(this.#spellingOf(table[slot] as number), this.#other))) return slot;
    return slot;
  }

  #add(text: number): void {
    this.#table[this.#slotOf(this.#spellingOf(text))] = text;
    if (2 * ++this.#count <= this.#table.length) return;
    const former = this.#table;
    this.#table = new Uint32Array(2 * former.length);
    for (const one of former) if (one !== NO_TEXT) this.#table[this.#slotOf(this.#spellingOf(one))] = one;
  }

  #hash(spelling: Uint8Array, to: DataView): number {
    return keyedHash(this.#seed, fold(spelling, to), 0, LENGTH);
  }
}

function isMixed(met: number): boolean {
  return (met & (BARE | BRACED)) === (BARE | BRACED) || (met & (SMALL | CAPITAL)) === (SMALL | CAPITAL);
}

/** How the bytes spell a GUID; 0: they spell none. */
function wayOf(spelling: Uint8Array): number {
  const { length } = spelling;
  if (length !== LENGTH && length !== LENGTH + 2) return 0;
  const from = length === LENGTH ? 0 : 1;
  if (from === 1 && (spelling[0] !== OPEN || spelling[length - 1] !== CLOSE)) return 0;
  let way = from === 0 ? BARE : BRACED;
  for (let i = 0; i < LENGTH; i++) {
    const byte = spelling[from + i] as number;
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (byte !== DASH) return 0;
    } else if (byte >= 0x61 && byte <= 0x66) way |= SMALL;
    else if (byte >= 0x41 && byte <= 0x46) way |= CAPITAL;
    else if (byte < 0x30 || byte > 0x39) return 0;
  }
  return way;
}

/** The 36 characters in small letters. */
function fold(spelling: Uint8Array, to: DataView): DataView {
  const from = spelling.length === LENGTH ? 0 : 1;
  // Digits and dashes have the bit already.
  for (let i = 0; i < LENGTH; i++) to.setUint8(i, (spelling[from + i] as number) | 0x20);
  return to;
}

function isSame(a: DataView, b: DataView): boolean {
  for (let i = 0; i < LENGTH; i += 4) if (a.getUint32(i) !== b.getUint32(i)) return false;
  return true;
}
