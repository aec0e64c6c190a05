/**
 * Syslog over TCP (RFC 6587): each frame is either octet-counted, `123 <34>1 …`, or a line. Senders mix them in practice, so that
 * the first byte of each frame decides: a digit 1-9 counts octets, everything else is a line. A count that is malformed or has
 * more than ten digits makes its frame a line. A frame cut off by the end of the stream is dropped as `incomplete`.
 */
import { Buffer } from 'node:buffer';
import { CarryBuffer } from './carry-buffer.ts';
import { emptyRecord, isBlank, withoutCarriageReturn } from './emitted-record.ts';
import {
  type DropRecord,
  type EmitRecord,
  type FramerOptions,
  type ResumableFramer,
  type ResumePoint,
  SAMPLE_BYTES,
} from './framer.ts';

const MAX_DIGITS = 10;

export class OctetCountingFramer implements ResumableFramer {
  readonly #limit: number;
  readonly #carry = new CarryBuffer();
  readonly #record = emptyRecord();
  #phase: 'start' | 'count' | 'octets' | 'line' = 'start';
  #count = 0;
  #digits = 0;
  /** Octets of the frame still to come. */
  #missing = 0;
  #dropping = false;
  /** Stream offset where the frame begins, and where its data begins. */
  #framePosition: number;
  #dataPosition = 0;
  /** Stream offset of the chunk's first byte. */
  #base: number;

  constructor(options: FramerOptions) {
    this.#limit = options.maxRecordBytes;
    this.#base = options.position ?? 0;
    this.#framePosition = this.#base;
  }

  get bufferedBytes(): number {
    return this.#carry.length;
  }

  resumePoint(): ResumePoint {
    return { position: this.#framePosition, line: 0, framing: 'octet-counting', emittedAfter: 0 };
  }

  push(chunk: Uint8Array, emit: EmitRecord, drop: DropRecord): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#phase === 'start') at = this.#start(chunk, at);
      else if (this.#phase === 'count') at = this.#countDigits(chunk, at);
      else if (this.#phase === 'octets') at = this.#octets(chunk, at, emit, drop);
      else at = this.#text(chunk, at, emit, drop);
    }
    this.#base += chunk.length;
  }

  end(emit: EmitRecord, drop: DropRecord): void {
    if (this.#phase === 'octets' && !this.#dropping) {
      drop('incomplete', this.#carry.bytes.slice(0, Math.min(this.#carry.length, SAMPLE_BYTES)));
    } else if ((this.#phase === 'line' || this.#phase === 'count') && !this.#dropping) {
      const { bytes, length } = this.#carry;
      this.#emit(bytes, 0, withoutCarriageReturn(bytes, 0, length), emit);
    }
    this.#next(this.#base);
  }

  #start(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number;
    this.#framePosition = this.#base + at;
    this.#dataPosition = this.#framePosition;
    if (byte === 0x0a || byte === 0x0d || byte === 0x00) return at + 1;
    this.#phase = byte >= 0x31 && byte <= 0x39 ? 'count' : 'line';
    return at;
  }

  #countDigits(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number;
    if (byte >= 0x30 && byte <= 0x39 && this.#digits < MAX_DIGITS) {
      this.#count = this.#count * 10 + byte - 0x30;
      this.#digits++;
      this.#carry.append(chunk, at, at + 1);
      return at + 1;
    }
    if (byte !== 0x20) {
      this.#phase = 'line';
      return at;
    }
    this.#carry.clear();
    this.#missing = this.#count;
    this.#dataPosition = this.#base + at + 1;
    this.#phase = 'octets';
    return at + 1;
  }

  #octets(chunk: Uint8Array, at: number, emit: EmitRecord, drop: DropRecord): number {
    const end = Math.min(chunk.length, at + this.#missing);
    this.#missing -= end - at;
    if (this.#count > this.#limit) {
      if (!this.#dropping) {
        const sampleBytes = Math.min(SAMPLE_BYTES, this.#limit);
        this.#carry.append(chunk, at, Math.min(end, at + sampleBytes - this.#carry.length));
        if (this.#carry.length === sampleBytes || this.#missing === 0) this.#giveUp(drop);
      }
      if (this.#missing === 0) this.#next(this.#base + end);
      return end;
    }
    if (this.#missing > 0) {
      this.#carry.append(chunk, at, end);
      return end;
    }
    if (this.#carry.length === 0) this.#emit(chunk, at, end, emit);
    else {
      this.#carry.append(chunk, at, end);
      this.#emit(this.#carry.bytes, 0, this.#carry.length, emit);
    }
    this.#next(this.#base + end);
    return end;
  }

  #text(chunk: Uint8Array, at: number, emit: EmitRecord, drop: DropRecord): number {
    const found = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).indexOf(0x0a, at);
    const end = found === -1 ? chunk.length : found;
    if (!this.#dropping) {
      const tooLong = this.#carry.length + end - at > this.#limit;
      if (!tooLong && found !== -1 && this.#carry.length === 0) {
        this.#emit(chunk, at, withoutCarriageReturn(chunk, at, end), emit);
      } else {
        this.#carry.append(chunk, at, tooLong ? Math.min(end, at + SAMPLE_BYTES) : end);
        const { bytes, length } = this.#carry;
        if (tooLong) this.#giveUp(drop);
        else if (found !== -1) this.#emit(bytes, 0, withoutCarriageReturn(bytes, 0, length), emit);
      }
    }
    if (found === -1) return end;
    this.#next(this.#base + found + 1);
    return found + 1;
  }

  #giveUp(drop: DropRecord): void {
    drop('too_long', this.#carry.bytes.slice(0, Math.min(this.#carry.length, SAMPLE_BYTES, this.#limit)));
    this.#carry.clear();
    this.#dropping = true;
  }

  #emit(bytes: Uint8Array, start: number, end: number, emit: EmitRecord): void {
    if (isBlank(bytes, start, end)) return;
    const record = this.#record;
    record.bytes = bytes;
    record.start = start;
    record.end = end;
    record.position = this.#dataPosition;
    record.line = 0;
    emit(record);
  }

  #next(position: number): void {
    this.#carry.clear();
    this.#phase = 'start';
    this.#count = 0;
    this.#digits = 0;
    this.#missing = 0;
    this.#dropping = false;
    this.#framePosition = position;
  }
}
