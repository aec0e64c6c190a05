/**
 * PendingRecord: the record that a framer is inside of. What came of it in earlier chunks is in the carry buffer, the rest stands in the
 * present chunk from `start` on; it is put together and emitted when its end is known, or given up when it is longer than the limit.
 */
import { Buffer } from 'node:buffer';
import { CarryBuffer } from './carry-buffer.ts';
import { emptyRecord, isBlank, withoutCarriageReturn } from './emitted-record.ts';
import { type DropRecord, type EmitRecord, SAMPLE_BYTES } from './framer.ts';

export class PendingRecord {
  readonly #limit: number;
  readonly #carry = new CarryBuffer();
  readonly #record = emptyRecord();
  /** Index in the chunk where the record's part in it begins. */
  start = 0;
  #position = 0;
  #line = 0;
  /** Bytes in front of the first element of an array: part of the record only if all of it turns out to be text. */
  #prefix = 0;
  #prefixLine = 0;
  #isDropped = false;
  #emitted = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get position(): number {
    return this.#position;
  }

  get line(): number {
    return this.#line;
  }

  /** It was longer than the limit: its bytes are gone, its end is still looked for. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** Records emitted since it was made. */
  get emitted(): number {
    return this.#emitted;
  }

  /** Bytes of earlier chunks. */
  get carried(): number {
    return this.#carry.length;
  }

  /** A record begins at an index of the chunk, which is `position` in the stream. */
  begin(start: number, position: number, line: number): void {
    this.clear();
    this.start = start;
    this.#position = position;
    this.#line = line;
  }

  /** Forgets the bytes. */
  clear(): void {
    this.#carry.clear();
    this.#prefix = 0;
    this.#isDropped = false;
  }

  /** The value itself begins here: what came before is the bracket of its array, and blanks. */
  beginValue(at: number, line: number): void {
    this.#prefix = this.lengthTo(at);
    this.#prefixLine = line;
  }

  lengthTo(end: number): number {
    return this.#carry.length + end - this.start;
  }

  byteAt(offset: number, chunk: Uint8Array): number | undefined {
    return offset < this.#carry.length ? this.#carry.bytes[offset] : chunk[this.start + offset - this.#carry.length];
  }

  isTooLong(end: number): boolean {
    return this.#isDropped || this.lengthTo(end) - this.#prefix > this.#limit;
  }

  /** Takes the part of the chunk over, before the chunk goes. */
  keep(chunk: Uint8Array, end: number): void {
    if (!this.#isDropped) this.#carry.append(chunk, this.start, end);
  }

  /** Moves what is held up to `end` into `target`. */
  moveTo(target: CarryBuffer, chunk: Uint8Array, end: number): void {
    this.#carry.append(chunk, this.start, end);
    target.clear();
    target.append(this.#carry.bytes, 0, this.#carry.length);
    this.#carry.clear();
  }

  /** Goes on with a record whose bytes were put aside. */
  resume(held: CarryBuffer, start: number, position: number, line: number): void {
    this.begin(start, position, line);
    this.#carry.append(held.bytes, 0, held.length);
  }

  giveUp(chunk: Uint8Array, end: number, drop: DropRecord): void {
    if (this.#isDropped) return;
    this.#carry.append(chunk, this.start, Math.min(end, this.start + this.#prefix + SAMPLE_BYTES));
    const sampleEnd = Math.min(this.#carry.length, this.#prefix + Math.min(SAMPLE_BYTES, this.#limit));
    drop('too_long', this.#carry.bytes.slice(this.#prefix, sampleEnd));
    this.clear();
    this.#isDropped = true;
  }

  /** A value is complete: it ends before `end`. */
  finish(chunk: Uint8Array, end: number, emit: EmitRecord, drop: DropRecord): void {
    // Most records stand whole in their chunk: nothing is to be put together, or forgotten.
    if (this.#carry.length === 0 && this.#prefix === 0 && !this.isTooLong(end)) {
      this.emit(chunk, this.start, end, this.#position, this.#line, emit);
      return;
    }
    const position = this.#position + this.#prefix;
    const line = this.#prefix > 0 ? this.#prefixLine : this.#line;
    if (this.isTooLong(end)) {
      this.giveUp(chunk, end, drop);
    } else if (this.#carry.length === 0) {
      this.emit(chunk, this.start + this.#prefix, end, position, line, emit);
    } else {
      this.#carry.append(chunk, this.start, end);
      this.emit(this.#carry.bytes, this.#prefix, this.#carry.length, position, line, emit);
    }
    this.clear();
  }

  /** A line of text is complete: it ends before `end`. */
  finishLine(chunk: Uint8Array, end: number, emit: EmitRecord, drop: DropRecord): void {
    if (this.isTooLong(end)) this.giveUp(chunk, end, drop);
    else {
      let bytes = chunk;
      let [from, to] = [this.start, end];
      if (this.#carry.length > 0) {
        this.#carry.append(chunk, this.start, end);
        [bytes, from, to] = [this.#carry.bytes, 0, this.#carry.length];
      }
      this.#emitText(bytes, from, to, emit);
    }
    this.#carry.clear();
    this.#isDropped = false;
  }

  /** What is held turns out to be text: its whole lines are records, the last goes on from `at`. */
  becomeText(chunk: Uint8Array, at: number, emit: EmitRecord, drop: DropRecord): void {
    if (this.isTooLong(at)) this.giveUp(chunk, at, drop);
    else {
      this.#carry.append(chunk, this.start, at);
      const held = Buffer.from(this.#carry.bytes.slice(0, this.#carry.length));
      let start = 0;
      for (let end = held.indexOf(0x0a); end !== -1; end = held.indexOf(0x0a, start)) {
        this.#emitText(held, start, end, emit);
        this.#position += end + 1 - start;
        this.#line++;
        start = end + 1;
      }
      this.#carry.clear();
      this.#carry.append(held, start, held.length);
    }
    this.start = at;
    this.#prefix = 0;
  }

  /** What is held is a record as it is. */
  finishHeld(emit: EmitRecord): void {
    this.emit(this.#carry.bytes, 0, this.#carry.length, this.#position, this.#line, emit);
  }

  #emitText(bytes: Uint8Array, start: number, end: number, emit: EmitRecord): void {
    const textEnd = withoutCarriageReturn(bytes, start, end);
    if (!isBlank(bytes, start, textEnd)) this.emit(bytes, start, textEnd, this.#position, this.#line, emit);
  }

  emit(bytes: Uint8Array, start: number, end: number, position: number, line: number, emit: EmitRecord): void {
    const record = this.#record;
    record.bytes = bytes;
    record.start = start;
    record.end = end;
    record.position = position;
    record.line = line;
    this.#emitted++;
    emit(record);
  }
}
