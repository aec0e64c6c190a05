/**
 * TextPages: the bytes of texts, packed one behind the other in pages of 256 KiB. Freed texts leave holes; when these take more than a
 * third of all, the page with most of them is emptied into the others, so that memory stays within one and a half times what is live
 * and no step takes longer than copying one page.
 *
 * A block is two words (its text's number, length in bytes) and the bytes, filled up with zeros to whole words. Its address counts
 * words: page << 16 | word of the first byte. A longer text than a page has a page of its own.
 */

const PAGE_WORDS = 65_536;
const HEADER_WORDS = 2;
/** Pages emptied in one step. */
const MAX_EMPTIED = 8;
/** Machines that store the high byte first read words of texts accordingly. */
export const IS_LITTLE = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

const NO_WORDS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);

/** Told where a text has moved to. */
export type Moved = (text: number, address: number) => void;

export class TextPages {
  readonly #words: Int32Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  /** Words of each page in use, freed blocks included, and words of freed blocks. */
  readonly #used: number[] = [];
  readonly #dead: number[] = [];
  /** Pages without memory. */
  readonly #spare: number[] = [];
  #current = -1;
  #usedWords = 0;
  #deadWords = 0;

  /** Bytes of a block for a text of so many bytes. */
  static blockBytes(length: number): number {
    return 4 * (HEADER_WORDS + ((length + 3) >>> 2));
  }

  /** Bytes of all pages. */
  get bytes(): number {
    return this.#words.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Copies `bytes[start, end)` into a new block; returns its address. */
  add(text: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const words = HEADER_WORDS + ((length + 3) >>> 2);
    const page = this.#roomFor(words);
    const at = this.#used[page] as number;
    this.#used[page] = at + words;
    this.#usedWords += words;
    const target = this.#words[page] as Int32Array;
    target[at] = text;
    target[at + 1] = length;
    if (length > 0) target[at + words - 1] = 0;
    (this.#bytes[page] as Uint8Array).set(bytes.subarray(start, end), 4 * (at + HEADER_WORDS));
    return ((page << 16) | (at + HEADER_WORDS)) >>> 0;
  }

  /** Whether the block holds the bytes of `view` from `start` on; both are of the length. */
  isSame(address: number, view: DataView, start: number, length: number): boolean {
    const words = this.#words[address >>> 16] as Int32Array;
    let at = address & 0xffff;
    const whole = start + (length & ~3);
    for (let i = start; i < whole; i += 4) if (words[at++] !== view.getInt32(i, IS_LITTLE)) return false;
    if ((length & 3) === 0) return true;
    const rest = words[at] as number;
    for (let i = whole; i < start + length; i++) {
      const shift = IS_LITTLE ? 8 * (i - whole) : 24 - 8 * (i - whole);
      if (((rest >>> shift) & 0xff) !== view.getUint8(i)) return false;
    }
    return true;
  }

  /** A view; valid until the next call that adds or frees. */
  bytesAt(address: number, length: number): Uint8Array {
    const start = 4 * (address & 0xffff);
    return (this.#bytes[address >>> 16] as Uint8Array).subarray(start, start + length);
  }

  free(address: number, length: number): void {
    const page = address >>> 16;
    const words = HEADER_WORDS + ((length + 3) >>> 2);
    this.#dead[page] = (this.#dead[page] as number) + words;
    this.#deadWords += words;
    if (this.#dead[page] === this.#used[page]) this.#clear(page);
  }

  /** Empties pages when holes take too much; `addressOf` tells where a text stands now, `moved` where it stands from here on. */
  compact(addressOf: (text: number) => number, moved: Moved): void {
    for (let i = 0; i < MAX_EMPTIED && this.#deadWords > PAGE_WORDS && 3 * this.#deadWords > this.#usedWords; i++) {
      const page = this.#worst();
      if (page < 0) return;
      this.#empty(page, addressOf, moved);
    }
  }

  #worst(): number {
    let worst = -1;
    for (let page = 0; page < this.#dead.length; page++)
      if (page !== this.#current && (this.#dead[page] as number) > (this.#dead[worst] ?? 0)) worst = page;
    return worst;
  }

  #empty(page: number, addressOf: (text: number) => number, moved: Moved): void {
    const words = this.#words[page] as Int32Array;
    const bytes = this.#bytes[page] as Uint8Array;
    const used = this.#used[page] as number;
    for (let at = 0; at < used; ) {
      const text = words[at] as number;
      const length = words[at + 1] as number;
      const first = at + HEADER_WORDS;
      if (addressOf(text) === ((page << 16) | first) >>> 0)
        moved(text, this.add(text, bytes, 4 * first, 4 * first + length));
      at = first + ((length + 3) >>> 2);
    }
    this.#clear(page);
  }

  #roomFor(words: number): number {
    const current = this.#current;
    if (current >= 0 && (this.#used[current] as number) + words <= PAGE_WORDS) return current;
    const page = this.#spare.pop() ?? this.#words.length;
    const target = new Int32Array(Math.max(words, PAGE_WORDS));
    this.#words[page] = target;
    this.#bytes[page] = new Uint8Array(target.buffer);
    this.#used[page] = 0;
    this.#dead[page] = 0;
    if (words <= PAGE_WORDS) this.#current = page;
    return page;
  }

  /** Gives the page's memory up; the page that is being filled begins anew. */
  #clear(page: number): void {
    this.#usedWords -= this.#used[page] as number;
    this.#deadWords -= this.#dead[page] as number;
    this.#used[page] = 0;
    this.#dead[page] = 0;
    if (page === this.#current) return;
    this.#words[page] = NO_WORDS;
    this.#bytes[page] = NO_BYTES;
    this.#spare.push(page);
  }
}
