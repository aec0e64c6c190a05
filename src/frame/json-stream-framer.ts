/**
 * JSON values in any arrangement: one per line, back to back, pretty-printed over many lines, the elements of a top-level array,
 * the elements of `Records[]` in a top-level wrapper object (CloudTrail, S3 notifications). What is no JSON is framed as lines.
 *
 * A push-down automaton over raw bytes: it knows brackets, strings and what may follow what, not the values. As soon as the bytes
 * cannot be JSON any more (a torn line shows at the next one, because a raw newline never stands in a string), everything held
 * back becomes line records, so that one broken record never swallows its neighbours. Each byte is looked at once, plus once for
 * newlines when such a fallback happens: linear. Memory is one record and the nesting stack; arrays of any size stream.
 *
 * A wrapper's other members are not lost: with elements taken out (`{"a":1,"Records":[]}`) they make a record of their own.
 */
import { Buffer } from 'node:buffer';
import { isScalarByte, isScalarStart } from './json-scalar-bytes.ts';
import type { DropRecord, EmitRecord, FramerOptions, ResumableFramer, ResumePoint } from './framer.ts';
import { JsonNesting } from './json-nesting.ts';
import { PendingRecord } from './pending-record.ts';
import { RecordsWrapper } from './records-wrapper.ts';
import { StreamPlace } from './stream-place.ts';

const NOTHING = new Uint8Array(0);
/** States between values of the stream. */
const TOP = 0; // line start, or nothing but blanks since
const TOP_AFTER = 1; // on the line on which a value ended
const ELEMENTS = 2; // between elements of a top-level array or of Records[]
const OPENING = 3; // after the bracket of a top-level array that may still turn out to be text
/** States inside a value. */
const VALUE = 4;
const VALUE_OR_END = 5;
const KEY = 6;
const KEY_OR_END = 7;
const COLON = 8;
const AFTER = 9;
const STRING = 10;
const ESCAPED = 11;
const SCALAR = 12;
/** Not JSON: up to the next newline. */
const LINE = 13;
/** Inside the byte order mark that opens some files. */
const MARK = 14;

/** Blanks behind a top-level bracket after which it is an array for certain: keeps what may yet be text small. */
const OPENING_BYTES = 256;

/** What the records are taken from. */
const IN_STREAM = 0;
const IN_ARRAY = 1;
const IN_WRAPPER = 2;

export class JsonStreamFramer implements ResumableFramer {
  readonly #nesting = new JsonNesting();
  readonly #pending: PendingRecord;
  readonly #wrapper = new RecordsWrapper();
  #state = TOP;
  #inside = IN_STREAM;
  readonly #place: StreamPlace;
  #stringIsKey = false;
  #recordsKey = false;
  #recordsOpen = false;

  constructor(options: FramerOptions) {
    this.#pending = new PendingRecord(options.maxRecordBytes);
    this.#place = new StreamPlace(options.position ?? 0, options.line ?? 1);
  }

  get bufferedBytes(): number {
    return this.#pending.carried + this.#wrapper.length;
  }

  /** True between two values of the stream, with nothing held back. */
  get idle(): boolean {
    return this.#state === TOP || this.#state === TOP_AFTER;
  }

  /** True when idle at the beginning of a line. */
  get atLineStart(): boolean {
    return this.#state === TOP;
  }

  /** Line of the next byte. */
  get line(): number {
    return this.#place.line;
  }

  /** Records emitted since the framer was made. */
  get emitted(): number {
    return this.#pending.emitted;
  }

  /** Stream offset of the next byte. */
  get position(): number {
    return this.#place.base;
  }

  resumePoint(): ResumePoint {
    return this.#place.resumePoint(this.#pending.emitted);
  }

  /** Makes the framer as new at the given place of a stream; allocates nothing. */
  restart(position: number, line: number): void {
    this.#pending.clear();
    this.#wrapper.close();
    this.#state = TOP;
    this.#nesting.clear();
    this.#inside = IN_STREAM;
    this.#recordsOpen = false;
    this.#place.move(position, line, this.#pending.emitted);
  }

  push(chunk: Uint8Array, emit: EmitRecord, drop: DropRecord): void {
    this.run(chunk, 0, false, emit, drop);
  }

  /**
   * Takes the bytes from `from` on. With `stopWhenIdle` it returns behind the byte that ended a value of the stream, or a line
   * outside of values; the caller goes on with the rest. Returns the index behind the last byte taken.
   */
  run(chunk: Uint8Array, from: number, stopWhenIdle: boolean, emit: EmitRecord, drop: DropRecord): number {
    const length = chunk.length;
    this.#place.base -= from;
    this.#pending.start = from;
    let i = from;
    while (i < length) {
      const byte = chunk[i] as number;
      switch (this.#state) {
        case STRING: {
          let at = i;
          let b = byte;
          while (b !== 0x22 && b !== 0x5c && b !== 0x0a) {
            if (++at === length) break;
            b = chunk[at] as number;
          }
          i = at;
          if (at === length) break;
          if (b === 0x22) {
            i++;
            if (this.#nesting.depth === 0) {
              this.#pending.finish(chunk, i, emit, drop);
              this.#state = ELEMENTS;
            } else if (this.#stringIsKey) {
              if (this.#nesting.depth === 1)
                this.#recordsKey = this.#inside === IN_STREAM && this.#wrapper.endKey(this.#pending, chunk, i - 1);
              this.#state = COLON;
            } else {
              this.#state = AFTER;
            }
          } else if (b === 0x5c) {
            this.#state = ESCAPED;
            i++;
          } else {
            i = this.#notJson(chunk, i, emit, drop);
          }
          break;
        }
        case ESCAPED:
          if (byte === 0x0a) {
            i = this.#notJson(chunk, i, emit, drop);
          } else {
            this.#state = STRING;
            i++;
          }
          break;
        case SCALAR:
          if (isScalarByte(byte)) i++;
          else if (this.#nesting.depth === 0) {
            this.#pending.finish(chunk, i, emit, drop);
            this.#state = ELEMENTS;
          } else this.#state = AFTER;
          break;
        case LINE: {
          const found = Buffer.from(chunk.buffer, chunk.byteOffset, length).indexOf(0x0a, i);
          if (found === -1) {
            i = length;
            break;
          }
          i = found + 1;
          this.#pending.finishLine(chunk, found, emit, drop);
          this.#place.line++;
          this.#state = TOP;
          this.#place.markTop(i, this.#pending.emitted);
          if (stopWhenIdle) return this.#leave(chunk, i, drop);
          break;
        }
        case TOP:
        case TOP_AFTER:
          i = this.#top(i, byte);
          if (stopWhenIdle && byte === 0x0a) return this.#leave(chunk, i, drop);
          break;
        case MARK:
          if (byte !== (this.#place.base + i === 1 ? 0xbb : 0xbf)) this.#state = LINE;
          else if (this.#place.base + ++i === 3) {
            this.#pending.clear();
            this.#state = TOP;
          }
          break;
        default:
          if (byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a) {
            if (byte === 0x0a) this.#place.line++;
            i++;
            if (this.#state === OPENING && this.#pending.lengthTo(i) >= OPENING_BYTES) {
              this.#inside = IN_ARRAY;
              this.#state = ELEMENTS;
            }
          } else {
            i = this.#structure(chunk, i, byte, emit, drop);
            if (stopWhenIdle && this.#state === TOP_AFTER) return this.#leave(chunk, i, drop);
          }
      }
    }
    return this.#leave(chunk, i, drop);
  }

  end(emit: EmitRecord, drop: DropRecord): void {
    this.#pending.start = 0;
    if (this.#state === SCALAR && this.#nesting.depth === 0) this.#pending.finish(NOTHING, 0, emit, drop);
    else if (this.#state !== TOP && this.#state !== TOP_AFTER && this.#state !== ELEMENTS) {
      if (this.#state !== LINE) this.#notJson(NOTHING, 0, emit, drop);
      this.#pending.finishLine(NOTHING, 0, emit, drop);
    }
    this.#closeBrokenWrapper(emit);
    this.restart(this.#place.base, this.#place.line);
  }

  /** Keeps what is unfinished and moves the base behind the bytes taken. */
  #leave(chunk: Uint8Array, end: number, drop: DropRecord): number {
    if (this.#state !== TOP && this.#state !== TOP_AFTER && this.#state !== ELEMENTS) {
      if (this.#state !== OPENING && this.#pending.isTooLong(end)) this.#pending.giveUp(chunk, end, drop);
      this.#pending.keep(chunk, end);
    }
    this.#place.base += end;
    return end;
  }

  #top(i: number, byte: number): number {
    if (byte === 0x0a) {
      this.#place.line++;
      this.#state = TOP;
      this.#place.markTop(i + 1, this.#pending.emitted);
      return i + 1;
    }
    // NUL ends frames of GELF senders, RS begins records of RFC 7464.
    if (byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x00 || byte === 0x1e) return i + 1;
    if (byte === 0x2c && this.#state === TOP_AFTER) return i + 1;
    this.#place.markTop(i, this.#pending.emitted);
    this.#begin(i);
    if (byte === 0x7b) {
      this.#wrapper.begin();
      this.#nesting.beginObject();
      this.#state = KEY_OR_END;
      return i + 1;
    }
    if (byte === 0x5b) this.#state = OPENING;
    else this.#state = byte === 0xef && this.#place.base + i === 0 ? MARK : LINE;
    return i + 1;
  }

  /** A byte that is neither blank nor inside a string or a number. */
  #structure(chunk: Uint8Array, i: number, byte: number, emit: EmitRecord, drop: DropRecord): number {
    switch (this.#state) {
      case AFTER:
        if (byte === 0x2c) {
          this.#state = this.#nesting.isInObject ? KEY : VALUE;
          return i + 1;
        }
        if (byte === 0x7d || byte === 0x5d) return this.#close(chunk, i, byte, emit, drop);
        break;
      case COLON:
        if (byte === 0x3a) {
          this.#state = VALUE;
          return i + 1;
        }
        break;
      case KEY_OR_END:
        if (byte === 0x7d) return this.#close(chunk, i, byte, emit, drop);
        if (byte === 0x22) return this.#openKey(i);
        break;
      case KEY:
        if (byte === 0x22) return this.#openKey(i);
        break;
      case VALUE_OR_END:
        if (byte === 0x5d) return this.#close(chunk, i, byte, emit, drop);
        if (this.#recordsOpen && byte === 0x7b) return this.#openRecords(chunk, i, emit, drop);
        if (this.#openValue(byte)) return i + 1;
        break;
      case VALUE:
        if (this.#openValue(byte)) return i + 1;
        break;
      case OPENING:
        if (byte === 0x5d) {
          this.#pending.clear();
          this.#state = TOP_AFTER;
          return i + 1;
        }
        if (byte === 0x7b || byte === 0x5b || byte === 0x22) {
          this.#pending.beginValue(i, this.#place.line);
          this.#inside = IN_ARRAY;
          this.#openValue(byte);
          return i + 1;
        }
        break;
      default:
        return this.#element(chunk, i, byte, emit, drop);
    }
    return this.#notJson(chunk, i, emit, drop);
  }

  /** Between the elements of a streamed array. */
  #element(chunk: Uint8Array, i: number, byte: number, emit: EmitRecord, drop: DropRecord): number {
    if (byte === 0x2c) return i + 1;
    if (byte === 0x5d) {
      if (this.#inside === IN_WRAPPER) this.#resumeWrapper(i);
      else this.#state = TOP_AFTER;
      this.#inside = IN_STREAM;
      return i + 1;
    }
    this.#begin(i);
    this.#nesting.clear();
    if (this.#openValue(byte)) return i + 1;
    return this.#notJson(chunk, i, emit, drop);
  }

  #openValue(byte: number): boolean {
    this.#recordsOpen = false;
    if (byte === 0x22) {
      this.#stringIsKey = false;
      this.#state = STRING;
      return true;
    }
    if (byte === 0x7b || byte === 0x5b) {
      const isRecords = byte === 0x5b && this.#recordsKey && this.#nesting.depth === 1;
      if (!this.#nesting.open(byte)) return false;
      this.#recordsOpen = isRecords;
      this.#recordsKey = false;
      this.#state = byte === 0x7b ? KEY_OR_END : VALUE_OR_END;
      return true;
    }
    this.#recordsKey = false;
    this.#state = SCALAR;
    return isScalarStart(byte);
  }

  #openKey(i: number): number {
    this.#stringIsKey = true;
    this.#state = STRING;
    if (this.#nesting.depth === 1) this.#wrapper.beginKey(this.#pending.lengthTo(i + 1));
    return i + 1;
  }

  #close(chunk: Uint8Array, i: number, byte: number, emit: EmitRecord, drop: DropRecord): number {
    if (!this.#nesting.close(byte)) return this.#notJson(chunk, i, emit, drop);
    if (this.#nesting.depth > 0) {
      this.#state = AFTER;
      return i + 1;
    }
    if (this.#wrapper.isOpen && this.#inside === IN_STREAM) {
      this.#wrapper.close();
      if (this.#wrapper.hasMembers) this.#pending.finish(chunk, i + 1, emit, drop);
      this.#pending.clear();
    } else {
      this.#pending.finish(chunk, i + 1, emit, drop);
    }
    this.#state = this.#inside === IN_STREAM ? TOP_AFTER : ELEMENTS;
    return i + 1;
  }

  /** The first object of `Records[]`: the wrapper is put aside, the elements stream. */
  #openRecords(chunk: Uint8Array, i: number, emit: EmitRecord, drop: DropRecord): number {
    this.#recordsOpen = false;
    if (this.#pending.isTooLong(i)) {
      this.#openValue(0x7b);
      return i + 1;
    }
    this.#wrapper.open(this.#pending, chunk, i);
    this.#inside = IN_WRAPPER;
    return this.#element(chunk, i, 0x7b, emit, drop);
  }

  #resumeWrapper(i: number): void {
    this.#begin(i);
    this.#wrapper.resume(this.#pending, i);
    this.#nesting.beginObject();
    this.#state = AFTER;
  }

  #begin(i: number): void {
    this.#pending.begin(i, this.#place.base + i, this.#place.line);
    this.#recordsKey = false;
    this.#recordsOpen = false;
  }

  /**
   * The byte at `i` cannot follow: what is held back are lines of text. The whole ones are records now, the last goes on to its
   * newline. After that the stream counts as a sequence of values again. Returns `i`.
   */
  #notJson(chunk: Uint8Array, i: number, emit: EmitRecord, drop: DropRecord): number {
    // With elements taken out, offsets in the wrapper are none of the stream: its rest stays one record.
    if (this.#wrapper.isOpen && this.#inside === IN_STREAM && !this.#pending.isTooLong(i)) {
      this.#pending.keep(chunk, i);
      if (this.#wrapper.hasMembers) this.#pending.finishHeld(emit);
      this.#begin(i);
    } else this.#pending.becomeText(chunk, i, emit, drop);
    this.#nesting.clear();
    this.#closeBrokenWrapper(emit);
    this.#recordsOpen = false;
    this.#state = LINE;
    return i;
  }

  #closeBrokenWrapper(emit: EmitRecord): void {
    if (this.#inside === IN_WRAPPER) this.#wrapper.giveUp(this.#pending, emit);
    this.#wrapper.close();
    this.#inside = IN_STREAM;
  }
}
