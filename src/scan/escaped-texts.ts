/**
 * EscapedTexts: records as they stand in JSON, kept as bytes until as many have followed as their room holds: alerts of a record are
 * written soon after it was examined, and its text need not be made for them.
 */
import type { ScanMemory } from './scan-memory.ts';

const ROOM_BYTES = 1 << 20;
/** Longer records are left out. */
const MAX_RECORD_BYTES = 32 << 10;
const SLACK_BYTES = 32;
const QUOTE = 0x22;

/** The kernel's: returns where the text ends, or 0 when it is not all printable ASCII. */
type Escape = (from: number, to: number, out: number) => number;

export class EscapedTexts {
  readonly #memory: ScanMemory;
  readonly #escapeText: Escape;
  #roomAt = 0;
  #room: Uint8Array = new Uint8Array(0);
  /** Where the next text goes, and up to where something may have been written since the room was begun anew. */
  #next = 0;
  #writtenTo = 0;
  /** How often it was begun anew. */
  #round = 0;

  constructor(memory: ScanMemory, escapeText: Escape) {
    this.#memory = memory;
    this.#escapeText = escapeText;
  }

  /** Undefined where the bytes at the addresses `[from, to)` are not all printable ASCII, or too many. */
  add(from: number, to: number): EscapedText | undefined {
    if (to - from > MAX_RECORD_BYTES) return undefined;
    if (this.#roomAt === 0) {
      this.#roomAt = this.#memory.allocate(ROOM_BYTES);
      this.#room = new Uint8Array(this.#memory.memory.buffer, this.#roomAt, ROOM_BYTES);
    }
    if (this.#next + 2 * (to - from) + SLACK_BYTES > ROOM_BYTES) {
      this.#next = 0;
      this.#writtenTo = 0;
      this.#round++;
    }
    const start = this.#next;
    this.#writtenTo = Math.max(this.#writtenTo, start + 2 * (to - from) + SLACK_BYTES);
    const end = this.#escapeText(from, to, this.#roomAt + start + 1);
    if (end === 0) return undefined;
    const length = end - this.#roomAt - start;
    this.#room[start] = QUOTE;
    this.#room[start + length] = QUOTE;
    this.#next = start + length + 1;
    return new EscapedText(this, start, this.#next, this.#round);
  }

  /** Undefined when the place may have been written over. */
  bytes(start: number, end: number, round: number): Uint8Array | undefined {
    const isKept = round === this.#round || (round === this.#round - 1 && start >= this.#writtenTo);
    return isKept ? this.#room.subarray(start, end) : undefined;
  }
}

export class EscapedText {
  readonly #texts: EscapedTexts;
  readonly #start: number;
  readonly #end: number;
  readonly #round: number;

  constructor(texts: EscapedTexts, start: number, end: number, round: number) {
    this.#texts = texts;
    this.#start = start;
    this.#end = end;
    this.#round = round;
  }

  /** The JSON text, with its quotation marks; to be taken at once. Undefined when it is gone. */
  get bytes(): Uint8Array | undefined {
    return this.#texts.bytes(this.#start, this.#end, this.#round);
  }
}
