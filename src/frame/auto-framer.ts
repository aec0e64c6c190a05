/**
 * Framing found out from the stream itself. The first byte that is not blank says JSON or text. After a first JSON value, a newline
 * behind an object on one line means JSON lines, a NUL (where the sender may use it) NUL frames, all else a JSON stream. Text is
 * lines, or NUL frames when a NUL comes before the first newline. Every choice still takes what does not fit it as lines.
 * The choice depends on the bytes only, never on how they were cut into chunks.
 */
import { CarryBuffer } from './carry-buffer.ts';
import { DelimiterFramer } from './delimiter-framer.ts';
import type { DropRecord, EmitRecord, FramerOptions, ResumableFramer, ResumePoint } from './framer.ts';
import { JsonStreamFramer } from './json-stream-framer.ts';
import { NdjsonFramer } from './ndjson-framer.ts';

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

export class AutoFramer implements ResumableFramer {
  readonly #options: FramerOptions;
  /** Bytes that belong to no framing yet: a beginning of a byte order mark, the first text before its delimiter. */
  readonly #held = new CarryBuffer();
  readonly #first: JsonStreamFramer;
  #settled: ResumableFramer | undefined;
  #phase: 'start' | 'mark' | 'text' | 'value' | 'after' = 'start';
  #firstIsArray = false;
  #position: number;
  #line: number;
  #valueLine = 0;

  constructor(options: FramerOptions) {
    this.#options = options;
    this.#first = new JsonStreamFramer(options);
    this.#position = options.position ?? 0;
    this.#line = options.line ?? 1;
  }

  get bufferedBytes(): number {
    return this.#settled?.bufferedBytes ?? this.#held.length + this.#first.bufferedBytes;
  }

  resumePoint(): ResumePoint {
    if (this.#settled !== undefined) return this.#settled.resumePoint();
    if (this.#phase === 'value' || this.#phase === 'after') return { ...this.#first.resumePoint(), framing: 'auto' };
    return { position: this.#position, line: this.#line, framing: 'auto', emittedAfter: 0 };
  }

  push(chunk: Uint8Array, emit: EmitRecord, drop: DropRecord): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#settled !== undefined) {
        this.#settled.push(at === 0 ? chunk : chunk.subarray(at), emit, drop);
        return;
      }
      at = this.#look(chunk, at, emit, drop);
    }
  }

  end(emit: EmitRecord, drop: DropRecord): void {
    if (this.#phase === 'value' || this.#phase === 'after') this.#settled ??= this.#first;
    this.#settled ??= this.#settleHeld('lines', emit, drop);
    this.#settled.end(emit, drop);
  }

  /** Takes bytes in the present phase; returns the index of the next byte to take. */
  #look(chunk: Uint8Array, at: number, emit: EmitRecord, drop: DropRecord): number {
    switch (this.#phase) {
      case 'start':
        return this.#start(chunk, at);
      case 'mark':
        return this.#mark(chunk, at);
      case 'text':
        return this.#text(chunk, at, emit, drop);
      case 'value':
        return this.#value(chunk, at, emit, drop);
      default:
        return this.#after(chunk, at, emit, drop);
    }
  }

  #start(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number;
    if (byte === 0x0a || byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x00 || byte === 0x1e) {
      this.#position++;
      if (byte === 0x0a) this.#line++;
      return at + 1;
    }
    if (byte === BYTE_ORDER_MARK[0] && this.#position === 0) {
      this.#phase = 'mark';
    } else if (byte === 0x7b || byte === 0x5b) {
      this.#phase = 'value';
      this.#firstIsArray = byte === 0x5b;
      this.#valueLine = this.#line;
      this.#first.restart(this.#position, this.#line);
    } else {
      this.#phase = 'text';
    }
    return at;
  }

  #mark(chunk: Uint8Array, at: number): number {
    if (chunk[at] !== BYTE_ORDER_MARK[this.#held.length]) {
      this.#phase = 'text';
      return at;
    }
    this.#held.append(chunk, at, at + 1);
    if (this.#held.length === BYTE_ORDER_MARK.length) {
      this.#position = BYTE_ORDER_MARK.length;
      this.#held.clear();
      this.#phase = 'start';
    }
    return at + 1;
  }

  #text(chunk: Uint8Array, at: number, emit: EmitRecord, drop: DropRecord): number {
    if (this.#options.nulFrames !== true) {
      this.#settled = this.#settleHeld('lines', emit, drop);
      return at;
    }
    const room = this.#options.maxRecordBytes + 1 - this.#held.length;
    const end = Math.min(chunk.length, at + room);
    let next = at;
    while (next < end && chunk[next] !== 0x0a && chunk[next] !== 0x00) next++;
    this.#held.append(chunk, at, next);
    if (next < chunk.length) {
      this.#settled = this.#settleHeld(next < end && chunk[next] === 0x00 ? 'nul' : 'lines', emit, drop);
    }
    return next;
  }

  #value(chunk: Uint8Array, at: number, emit: EmitRecord, drop: DropRecord): number {
    const next = this.#first.run(chunk, at, true, emit, drop);
    if (this.#first.atLineStart) {
      const options = { ...this.#options, position: this.#first.position, line: this.#first.line };
      this.#settled = this.#firstIsArray ? new DelimiterFramer('lines', options) : new NdjsonFramer(options);
    } else if (this.#first.idle) {
      this.#phase = 'after';
    }
    return next;
  }

  /** Behind the first value, on its line. */
  #after(chunk: Uint8Array, at: number, emit: EmitRecord, drop: DropRecord): number {
    const byte = chunk[at] as number;
    if (byte === 0x20 || byte === 0x09 || byte === 0x0d) {
      return this.#first.run(chunk.subarray(0, at + 1), at, true, emit, drop);
    }
    const { position, line } = this.#first;
    if (byte === 0x00 && this.#options.nulFrames === true) {
      this.#settled = new DelimiterFramer('nul', { ...this.#options, position: position + 1, line });
      return at + 1;
    }
    const oneLine = !this.#firstIsArray && line === this.#valueLine;
    this.#settled = byte === 0x0a && oneLine ? new NdjsonFramer({ ...this.#options, position, line }) : this.#first;
    return at;
  }

  #settleHeld(framing: 'lines' | 'nul', emit: EmitRecord, drop: DropRecord): ResumableFramer {
    const framer = new DelimiterFramer(framing, { ...this.#options, position: this.#position, line: this.#line });
    if (this.#held.length > 0) framer.push(this.#held.bytes.slice(0, this.#held.length), emit, drop);
    this.#held.clear();
    return framer;
  }
}
