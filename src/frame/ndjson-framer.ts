/**
 * JSON lines at the speed of a newline search: a line that opens with `{` and closes with `}` is a record unseen. Lines that show
 * they are more or less than one object (no closing brace, a seam between two objects, a `Records` wrapper, an array, longer than
 * the limit) go byte by byte through the JSON stream framer, which gives the lines back when it stands at a line start again.
 * `auto` settles on this after a first object on a line of its own. Both framers give the same records for valid input.
 */
import { Buffer } from 'node:buffer';
import { CarryBuffer } from './carry-buffer.ts';
import { emptyRecord } from './emitted-record.ts';
import type { DropRecord, EmitRecord, FramerOptions, ResumableFramer, ResumePoint } from './framer.ts';
import { JsonStreamFramer } from './json-stream-framer.ts';

const SEAMS = [Buffer.from('}{'), Buffer.from('} {')];

export class NdjsonFramer implements ResumableFramer {
  readonly #limit: number;
  readonly #carry = new CarryBuffer();
  readonly #record = emptyRecord();
  readonly #stream: JsonStreamFramer;
  #streaming = false;
  /** Records the stream framer had emitted when it was given the line. */
  #emittedBefore = 0;
  /** Where the unfinished line begins. */
  #position: number;
  #line: number;
  /** For each kind of seam the next place in the chunk. */
  readonly #nextSeam = new Float64Array(SEAMS.length);

  constructor(options: FramerOptions) {
    this.#limit = options.maxRecordBytes;
    this.#position = options.position ?? 0;
    this.#line = options.line ?? 1;
    this.#stream = new JsonStreamFramer(options);
  }

  get bufferedBytes(): number {
    return this.#carry.length + this.#stream.bufferedBytes;
  }

  resumePoint(): ResumePoint {
    const emittedAfter = this.#streaming ? this.#stream.emitted - this.#emittedBefore : 0;
    return { position: this.#position, line: this.#line, framing: 'ndjson', emittedAfter };
  }

  push(chunk: Uint8Array, emit: EmitRecord, drop: DropRecord): void {
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#nextSeam.fill(-1);
    let start = 0;
    while (start < chunk.length) {
      if (this.#streaming) {
        start = this.#continueStream(chunk, start, emit, drop);
        continue;
      }
      const found = view.indexOf(0x0a, start);
      if (this.#carry.length > 0) {
        this.#carry.append(chunk, start, found === -1 ? chunk.length : found + 1);
        if (found === -1) {
          if (this.#carry.length > this.#limit) this.#streamCarry(emit, drop);
          return;
        }
        start = found + 1;
        this.#lineInCarry(emit, drop);
      } else if (found === -1) {
        this.#carry.append(chunk, start, chunk.length);
        if (this.#carry.length > this.#limit) this.#streamCarry(emit, drop);
        return;
      } else if (this.#takeLine(view, start, found, this.#seamBefore(view, start, found), emit)) {
        this.#position += found + 1 - start;
        this.#line++;
        start = found + 1;
      } else {
        this.#beginStream();
      }
    }
  }

  end(emit: EmitRecord, drop: DropRecord): void {
    if (!this.#streaming && this.#carry.length > 0) this.#streamCarry(emit, drop);
    if (this.#streaming) {
      this.#stream.end(emit, drop);
      this.#position = this.#stream.position;
      this.#line = this.#stream.line;
    }
    this.#streaming = false;
  }

  /** A line put together from several chunks, its newline included. */
  #lineInCarry(emit: EmitRecord, drop: DropRecord): void {
    const { bytes, length } = this.#carry;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, length);
    const seam = SEAMS.some((between) => view.indexOf(between) !== -1);
    if (this.#takeLine(view, 0, length - 1, seam, emit)) {
      this.#position += length;
      this.#line++;
      this.#carry.clear();
    } else {
      this.#streamCarry(emit, drop);
    }
  }

  /** Emits the line if it needs no closer look. False: not taken. */
  #takeLine(view: Buffer, lineStart: number, lineEnd: number, seam: boolean, emit: EmitRecord): boolean {
    let start = lineStart;
    let end = lineEnd;
    while (start < end && isBlankByte(view[start] as number)) start++;
    if (start === end) return true;
    if (end - start > this.#limit) return false;
    const first = view[start] as number;
    if (first === 0x7b) {
      while (isBlankByte(view[end - 1] as number)) end--;
      if (view[end - 1] !== 0x7d || seam || isWrapper(view, start)) return false;
    } else {
      if (first === 0x5b || first === 0x00 || first === 0x1e || first === 0xef) return false;
      if (view[end - 1] === 0x0d) end--;
    }
    const record = this.#record;
    record.bytes = view;
    record.start = start;
    record.end = end;
    record.position = this.#position + start - lineStart;
    record.line = this.#line;
    emit(record);
    return true;
  }

  #seamBefore(view: Buffer, start: number, end: number): boolean {
    for (let kind = 0; kind < SEAMS.length; kind++) {
      let next = this.#nextSeam[kind] as number;
      if (next < start) {
        const found = view.indexOf(SEAMS[kind] as Buffer, start);
        next = found === -1 ? view.length : found;
        this.#nextSeam[kind] = next;
      }
      if (next < end) return true;
    }
    return false;
  }

  #beginStream(): void {
    this.#stream.restart(this.#position, this.#line);
    this.#emittedBefore = this.#stream.emitted;
    this.#streaming = true;
  }

  #streamCarry(emit: EmitRecord, drop: DropRecord): void {
    this.#beginStream();
    const held = this.#carry.bytes.subarray(0, this.#carry.length);
    let at = 0;
    while (at < held.length && this.#streaming) at = this.#continueStream(held, at, emit, drop);
    this.#carry.clear();
  }

  #continueStream(chunk: Uint8Array, from: number, emit: EmitRecord, drop: DropRecord): number {
    const next = this.#stream.run(chunk, from, true, emit, drop);
    if (this.#stream.atLineStart) {
      this.#streaming = false;
      this.#position = this.#stream.position;
      this.#line = this.#stream.line;
    }
    return next;
  }
}

/**
 * True when the bytes `[start, end)`, a line without its end, are one record for this framer by their looks alone: an object from the
 * first to the last byte. False says nothing: such a line needs the framer.
 */
export function isPlainObjectLine(view: Buffer, start: number, end: number, maxRecordBytes: number): boolean {
  if (end - start > maxRecordBytes || view[start] !== 0x7b || view[end - 1] !== 0x7d || isWrapper(view, start))
    return false;
  const line = view.subarray(start, end);
  return SEAMS.every((between) => line.indexOf(between) === -1);
}

/** True for an object whose first key is that of a wrapper. */
function isWrapper(view: Buffer, start: number): boolean {
  let at = start + 1;
  while (isBlankByte(view[at] as number)) at++;
  if (view[at] !== 0x22 || ((view[at + 1] as number) | 0x20) !== 0x72) return false;
  return view.toString('latin1', at + 2, at + 9) === 'ecords"';
}

function isBlankByte(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
