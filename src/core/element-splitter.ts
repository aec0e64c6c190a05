/**
 * ElementSplitter: the elements of a list inside JSON, one by one, from raw bytes in chunks of any size. The list is a top-level
 * array, or the array under one key of a top-level object (`objects` of a bundle or TAXII envelope); a top-level object without
 * that key is an element itself, so that files with one object a line are read too. Everything else in the wrapper is skipped.
 *
 * It knows brackets, strings and keys, not values: an element is validated by parsing it. Linear; memory is one element.
 */

export type SplitProblem = 'too_long' | 'too_deep' | 'malformed' | 'incomplete';

export interface ElementSplitterOptions {
  readonly key: string;
  /** Longer elements are skipped and reported as `too_long`; those nested more than MAX_DEPTH deep as `too_deep`. */
  readonly maxElementBytes: number;
  /** `line` is where the element starts, from 1. The text is one JSON value, not yet parsed. */
  readonly element: (text: string, line: number) => void;
  /** `malformed` ends the reading: brackets do not pair. */
  readonly problem: (reason: SplitProblem, line: number) => void;
}

/** Brackets below it are counted only: one element of somebody's making must not cost all that stand behind it. */
export const MAX_DEPTH = 1024;
const OBJECT = 1;
const ARRAY = 2;

export class ElementSplitter {
  readonly #options: ElementSplitterOptions;
  readonly #stack = new Uint8Array(MAX_DEPTH);
  #depth = 0;
  /** Levels below MAX_DEPTH. */
  #beyond = 0;
  #inString = false;
  #escaped = false;
  #line = 1;
  #failed = false;
  /** Depth at which elements stand: 0 outside a list, 1 in a top-level array, 2 under the key. */
  #listDepth = 0;
  /** The wrapper had the key: it is no element itself. */
  #wrapperOpened = false;

  /** Key of the wrapper being read, while it can still be the one looked for. */
  #keyText = '';
  #stringIsKey = false;
  #expectKey = false;
  #keyMatched = false;

  /** An element is being taken: it began in this chunk at `#start`, or earlier with its first bytes in `#carried`. */
  #taking = false;
  #start = 0;
  #startLine = 1;
  #carried: Buffer[] = [];
  #carriedBytes = 0;
  #tooLong = false;
  #tooDeep = false;

  constructor(options: ElementSplitterOptions) {
    this.#options = options;
  }

  push(chunk: Uint8Array): void {
    if (this.#failed) return;
    this.#start = 0;
    const { length } = chunk;
    for (let i = 0; i < length && !this.#failed; i++) {
      if (this.#inString) {
        i = this.#string(chunk, i);
        continue;
      }
      const byte = chunk[i] as number;
      if (byte === 0x0a) this.#line++;
      if (byte === 0x22) this.#openString(i);
      else if (byte === 0x7b || byte === 0x5b) this.#open(byte === 0x7b ? OBJECT : ARRAY, i);
      else if (byte === 0x7d || byte === 0x5d) this.#close(byte === 0x7d ? OBJECT : ARRAY, chunk, i);
      else if (byte === 0x2c) this.#comma(chunk, i);
      else if (byte > 0x20 && byte !== 0x3a) this.#scalar(i, byte);
    }
    if (this.#taking) this.#carry(chunk, this.#start, length);
  }

  end(): void {
    if (this.#failed) return;
    if (this.#depth > 0 || this.#inString) this.#options.problem('incomplete', this.#line);
    this.#failed = true;
  }

  /** Position of the last byte looked at: the closing quote, or the end of the chunk. */
  #string(chunk: Uint8Array, from: number): number {
    let i = from;
    for (; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (this.#escaped) this.#escaped = false;
      else if (byte === 0x5c) this.#escaped = true;
      else if (byte === 0x22) break;
      if (this.#stringIsKey && this.#keyText.length <= this.#options.key.length)
        this.#keyText += String.fromCharCode(byte);
    }
    if (i < chunk.length) {
      this.#inString = false;
      if (this.#stringIsKey) this.#keyMatched = this.#keyText === this.#options.key;
      this.#stringIsKey = false;
    }
    return i;
  }

  #openString(at: number): void {
    if (this.#depth === this.#listDepth && this.#depth > 0) this.#begin(at);
    else if (this.#depth === 0) {
      this.#fail();
      return;
    }
    this.#inString = true;
    this.#stringIsKey = this.#depth === 1 && this.#listDepth === 0 && this.#expectKey;
    this.#keyText = '';
    this.#expectKey = false;
  }

  #open(bracket: number, at: number): void {
    if (this.#depth === MAX_DEPTH) {
      this.#beyond++;
      this.#tooDeep = true;
      return;
    }
    const atTop = this.#depth === 0;
    if (atTop || (this.#depth === this.#listDepth && !this.#taking)) {
      if (!(atTop && bracket === ARRAY)) this.#begin(at);
      if (atTop && bracket === ARRAY) this.#listDepth = 1;
      this.#expectKey = atTop && bracket === OBJECT;
    } else if (this.#depth === 1 && this.#listDepth === 0 && this.#keyMatched && bracket === ARRAY) {
      this.#listDepth = 2;
      this.#wrapperOpened = true;
      this.#abandon();
    }
    this.#keyMatched = false;
    this.#stack[this.#depth++] = bracket;
  }

  #close(bracket: number, chunk: Uint8Array, at: number): void {
    if (this.#beyond > 0) {
      this.#beyond--;
      return;
    }
    if (this.#depth === 0 || this.#stack[this.#depth - 1] !== bracket) {
      this.#fail();
      return;
    }
    if (this.#depth === this.#listDepth) {
      this.#finish(chunk, at);
      this.#listDepth = 0;
      this.#depth--;
      return;
    }
    this.#depth--;
    if (this.#depth === this.#listDepth && !(this.#depth === 0 && this.#wrapperOpened)) this.#finish(chunk, at + 1);
    if (this.#depth === 0) {
      this.#abandon();
      this.#wrapperOpened = false;
    }
  }

  #comma(chunk: Uint8Array, at: number): void {
    if (this.#depth === this.#listDepth && this.#depth > 0) this.#finish(chunk, at);
    if (this.#depth === 1 && this.#listDepth === 0) {
      this.#expectKey = true;
      this.#keyMatched = false;
    }
  }

  #scalar(at: number, byte: number): void {
    // A byte order mark may stand in front.
    if (this.#depth === 0) {
      if (byte !== 0xef && byte !== 0xbb && byte !== 0xbf) this.#fail();
    } else if (this.#depth === this.#listDepth) this.#begin(at);
  }

  #begin(at: number): void {
    if (this.#taking) return;
    this.#taking = true;
    this.#start = at;
    this.#startLine = this.#line;
    this.#tooLong = false;
    this.#tooDeep = false;
  }

  #finish(chunk: Uint8Array, end: number): void {
    if (!this.#taking) return;
    this.#carry(chunk, this.#start, end);
    if (this.#tooLong || this.#tooDeep) this.#options.problem(this.#tooDeep ? 'too_deep' : 'too_long', this.#startLine);
    else {
      const only = this.#carried.length === 1 ? this.#carried[0] : undefined;
      const text = (only ?? Buffer.concat(this.#carried)).toString('utf8');
      this.#abandon();
      this.#options.element(text, this.#startLine);
    }
    this.#abandon();
  }

  /** Keeps a copy only at the end of a chunk or of an element; too long ones are let go. */
  #carry(chunk: Uint8Array, start: number, end: number): void {
    this.#carriedBytes += end - start;
    if (this.#carriedBytes > this.#options.maxElementBytes) {
      // A wrapper grows with what stands in front of its list; only an element can be too long.
      this.#tooLong = true;
      this.#carried = [];
      return;
    }
    this.#carried.push(Buffer.from(chunk.subarray(start, end)));
    this.#start = 0;
  }

  #abandon(): void {
    this.#taking = false;
    this.#carried = [];
    this.#carriedBytes = 0;
  }

  #fail(): void {
    this.#failed = true;
    this.#options.problem('malformed', this.#line);
  }
}
