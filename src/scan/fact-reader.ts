/**
 * FactReader: what the kernel knows of facts: where in which list of values what stands, and numbers of texts
 * (`kernel/sieve-facts.ts`, `kernel/sieve-known.ts`). Whoever reads the lists tells it both. Texts that have none yet are open: facts
 * name them by their place in a list of the scan, where each stands once nearly always, until their reader gives them a number.
 *
 * Numbers die when their owner drops texts. A scan lists many records before the first is read, so those of a scan during which that
 * happened count for nothing.
 */
import type { ScanMemory } from './scan-memory.ts';
import { MAX_OPEN, OPEN_BYTES, OPEN_TEXT } from './sieve-memory.ts';

/** Where in a list what stands: places in the order in which they are asked, texts of ASCII that JSON never escapes. */
export interface FactLayout {
  readonly times: readonly number[];
  readonly hosts: readonly number[];
  /** In the order in which they are tried. */
  readonly shapes: readonly FactShape[];
}

export interface FactShape {
  readonly kind: 'start' | 'exit' | 'other';
  readonly when: readonly { readonly places: readonly number[]; readonly texts: readonly string[] }[];
  readonly pid: readonly number[];
  readonly guid: readonly number[];
  readonly parentPid: readonly number[];
  readonly parentGuid: readonly number[];
  /** By the number of the field, at most `FACT_FIELDS`. */
  readonly fields: readonly { readonly field: number; readonly places: readonly number[] }[];
}

/** Who gives the numbers. */
export interface TextOwner {
  /** How often texts were dropped: their numbers may stand for others from then on. */
  readonly drops: number;
  /** Drops texts that nobody needs, when they are many. */
  sweep(): void;
}

/** Calls into the kernel, and its tables; addresses are those of its memory. */
export interface FactKernel {
  /** Numbers and lengths of texts, and where they begin. */
  readonly heads: Uint32Array;
  readonly headsAt: number;
  /** Open texts: start, end, kind, address of the head that stands for it. */
  readonly open: Uint32Array;
  readonly inputAt: number;
  /** How many texts the last scan has left open; to be set to 0 before the next. */
  openCount: number;
  addLayout(words: number, count: number, program: number): void;
  /** `start` is that of the input. */
  noteText(start: number, length: number, number: number): void;
  /** Times without a zone are not for it. */
  refuseZoneless(): void;
}

const KINDS: Readonly<Record<FactShape['kind'], number>> = { start: 0, exit: 1, other: 2 };
/** Lists that are told of: names in them are log content. */
const MAX_LAYOUTS = 1024;
const NOTED = 1024;
const OPEN_WORDS = OPEN_BYTES / 4;

export class FactReader {
  readonly #memory: ScanMemory;
  readonly #kernel: FactKernel;
  /** Numbers noted since the last scan, by their last bits: records listed before that have the same texts. */
  readonly #noted = new Uint32Array(NOTED);
  #hasNoted = false;
  #layouts = 0;
  #owner: TextOwner | undefined;
  #drops = 0;
  #scans = 0;
  /** The scan whose numbers count for nothing. */
  #stale = 0;
  /** Of the open texts of the last scan, as far as they were given; 0: none. */
  readonly #given = new Uint32Array(MAX_OPEN);

  constructor(memory: ScanMemory, kernel: FactKernel) {
    this.#memory = memory;
    this.#kernel = kernel;
  }

  /** To be called before each scan. */
  beginScan(): void {
    this.#scans++;
    if (this.#hasNoted) this.#noted.fill(0);
    this.#hasNoted = false;
    this.#closeTexts();
    const owner = this.#owner;
    if (owner === undefined) return;
    owner.sweep();
    if (owner.drops !== this.#drops) this.#forget(owner);
  }

  /** Whether the numbers of the last scan are those of `owner`; to be asked for each record, before it is read. */
  isValid(owner: TextOwner): boolean {
    if (owner !== this.#owner || owner.drops !== this.#drops) {
      this.#forget(owner);
      this.#stale = this.#scans;
    }
    return this.#stale !== this.#scans;
  }

  #forget(owner: TextOwner): void {
    this.#owner = owner;
    this.#drops = owner.drops;
    this.#kernel.heads.fill(0);
  }

  /** Texts that nobody has given a number are known to the kernel no longer. */
  #closeTexts(): void {
    const { openCount } = this.#kernel;
    const given = this.#given;
    for (let text = 0; text < openCount; text++) {
      if (given[text] === 0) this.#setHead(text, 0);
      given[text] = 0;
    }
    if (openCount > 0) this.#kernel.openCount = 0;
  }

  #setHead(text: number, number: number): void {
    const { heads, headsAt, open } = this.#kernel;
    const address = open[OPEN_WORDS * text + 3] as number;
    if (address === 0) return;
    const head = (address - headsAt) >>> 2;
    // Another text may have taken its place.
    if (heads[head] !== OPEN_TEXT + text) return;
    heads[head] = number;
    if (number === 0) heads[head + 1] = 0;
  }

  /** Number that the open text was given; 0: none yet. Open texts are those of the last scan. */
  numberOf(text: number): number {
    return this.#given[text] as number;
  }

  /** Where the open text begins in the input. */
  startOf(text: number): number {
    return (this.#kernel.open[OPEN_WORDS * text] as number) - this.#kernel.inputAt;
  }

  endOf(text: number): number {
    return (this.#kernel.open[OPEN_WORDS * text + 1] as number) - this.#kernel.inputAt;
  }

  /** Kind of the value that the open text is. */
  kindOf(text: number): number {
    return this.#kernel.open[OPEN_WORDS * text + 2] as number;
  }

  /** The open text has this number from now on; `isValid` was asked since its owner dropped any. */
  give(text: number, number: number): void {
    this.#given[text] = number;
    this.#setHead(text, number);
  }

  /** The text in `input[start, start + length)` has this number; `isValid` was asked since its owner dropped any. */
  note(start: number, length: number, number: number): void {
    const place = number & (NOTED - 1);
    if (this.#noted[place] === number) return;
    this.#noted[place] = number;
    this.#hasNoted = true;
    this.#kernel.noteText(start, length, number);
  }

  /** Of a list with these words of slot and kind. */
  addLayout(words: Uint32Array, layout: FactLayout): void {
    if (this.#layouts >= MAX_LAYOUTS) return;
    this.#layouts++;
    const program = programOf(layout);
    const size = 4 * (words.length + program.words.length);
    const at = this.#memory.allocate(size + program.texts.reduce((sum, { text }) => sum + text.length, 0) + 16);
    const { buffer } = this.#memory.memory;
    new Uint32Array(buffer, at, words.length).set(words);
    const target = new Uint32Array(buffer, at + 4 * words.length, program.words.length);
    target.set(program.words);
    let end = at + size;
    const bytes = new Uint8Array(buffer);
    for (const { word, text } of program.texts) {
      target[word] = end;
      for (let i = 0; i < text.length; i++) bytes[end++] = text.charCodeAt(i);
    }
    this.#kernel.addLayout(at, words.length, at + 4 * words.length);
  }

  /** The source of the last scan has a time zone: times without one are not read from now on. */
  refuseZoneless(): void {
    this.#kernel.refuseZoneless();
  }
}

interface Program {
  readonly words: readonly number[];
  /** Words that are to hold the address of a text. */
  readonly texts: readonly { readonly word: number; readonly text: string }[];
}

/** Lists have their length in front; a shape has its length in words, itself included. */
function programOf({ times, hosts, shapes }: FactLayout): Program {
  const words: number[] = [];
  const texts: { word: number; text: string }[] = [];
  const places = (list: readonly number[]): void => void words.push(list.length, ...list);
  places(times);
  places(hosts);
  words.push(shapes.length);
  for (const { kind, when, pid, guid, parentPid, parentGuid, fields } of shapes) {
    const first = words.push(0) - 1;
    words.push(KINDS[kind], when.length);
    for (const condition of when) {
      places(condition.places);
      words.push(condition.texts.length);
      for (const text of condition.texts) texts.push({ word: words.push(text.length, 0) - 1, text });
    }
    for (const list of [pid, guid, parentPid, parentGuid]) places(list);
    words.push(fields.length);
    for (const { field, places: list } of fields) {
      words.push(field);
      places(list);
    }
    words[first] = words.length - first;
  }
  return { words, texts };
}
