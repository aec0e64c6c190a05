/**
 * Records that end in one byte: lines (LF, a CR before it is cut off) and NUL-terminated frames (GELF over TCP). Every other
 * byte is data, NUL inside a line included. Blank records are skipped. What follows the last delimiter is a record at the end.
 *
 * The search for the delimiter is the native one (memchr); a record inside one chunk is never copied. O(bytes).
 */
import { Buffer } from 'node:buffer';
import { CarryBuffer } from './carry-buffer.ts';
import { afterByteOrderMark, emptyRecord, isBlank, withoutCarriageReturn } from './emitted-record.ts';
import {
  type DropRecord,
  type EmitRecord,
  type FramerOptions,
  type ResumableFramer,
  type ResumePoint,
  SAMPLE_BYTES,
} from './framer.ts';

const NEWLINE = 0x0a;
const NUL = 0x00;

export class DelimiterFramer implements ResumableFramer {
  readonly #framing: 'lines' | 'nul';
  readonly #delimiter: number;
  readonly #limit: number;
  readonly #carry = new CarryBuffer();
  readonly #record = emptyRecord();
  /** True while the rest of a record that was too long is skipped. */
  #skipping = false;
  /** Where the unfinished record begins. */
  #position: number;
  #line: number;
  /** Bytes of the unfinished record that were seen, kept or not. */
  #seen = 0;

  constructor(framing: 'lines' | 'nul', options: FramerOptions) {
    this.#framing = framing;
    this.#delimiter = framing === 'lines' ? NEWLINE : NUL;
    this.#limit = options.maxRecordBytes;
    this.#position = options.position ?? 0;
    this.#line = framing === 'lines' ? (options.line ?? 1) : 0;
  }

  get bufferedBytes(): number {
    return this.#carry.length;
  }

  resumePoint(): ResumePoint {
    return { position: this.#position, line: this.#line, framing: this.#framing, emittedAfter: 0 };
  }

  push(chunk: Uint8Array, emit: EmitRecord, drop: DropRecord): void {
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const length = chunk.length;
    let start = 0;
    while (start < length) {
      const found = view.indexOf(this.#delimiter, start);
      const end = found === -1 ? length : found;
      this.#seen += end - start;
      if (!this.#skipping && this.#seen > this.#limit) this.#giveUp(chunk, start, end, drop);
      if (found === -1) {
        if (!this.#skipping) this.#carry.append(chunk, start, end);
        return;
      }
      if (!this.#skipping) this.#finish(chunk, start, end, emit);
      this.#next();
      start = found + 1;
    }
  }

  end(emit: EmitRecord, _drop: DropRecord): void {
    if (!this.#skipping && this.#carry.length > 0) {
      const { bytes, length } = this.#carry;
      this.#emit(bytes, 0, length, emit);
    }
    this.#carry.clear();
    this.#position += this.#seen;
    this.#seen = 0;
    this.#skipping = false;
  }

  #finish(chunk: Uint8Array, start: number, end: number, emit: EmitRecord): void {
    if (this.#carry.length === 0) {
      this.#emit(chunk, start, end, emit);
      return;
    }
    this.#carry.append(chunk, start, end);
    this.#emit(this.#carry.bytes, 0, this.#carry.length, emit);
  }

  #emit(bytes: Uint8Array, start: number, end: number, emit: EmitRecord): void {
    const textEnd = this.#framing === 'lines' ? withoutCarriageReturn(bytes, start, end) : end;
    const textStart = this.#position === 0 ? afterByteOrderMark(bytes, start, textEnd) : start;
    if (textStart === textEnd || ((bytes[textStart] as number) <= 0x20 && isBlank(bytes, textStart, textEnd))) return;
    const record = this.#record;
    record.bytes = bytes;
    record.start = textStart;
    record.end = textEnd;
    record.position = this.#position + textStart - start;
    record.line = this.#line;
    emit(record);
  }

  #giveUp(chunk: Uint8Array, start: number, end: number, drop: DropRecord): void {
    this.#carry.append(chunk, start, Math.min(end, start + SAMPLE_BYTES));
    drop('too_long', this.#carry.bytes.slice(0, Math.min(this.#carry.length, SAMPLE_BYTES, this.#limit)));
    this.#carry.clear();
    this.#skipping = true;
  }

  #next(): void {
    this.#position += this.#seen + 1;
    this.#seen = 0;
    this.#skipping = false;
    this.#carry.clear();
    if (this.#framing === 'lines') this.#line++;
  }
}
