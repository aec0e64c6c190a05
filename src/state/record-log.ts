/**
 * RecordLog: records that stateful rules may have to show, as they stand in their files: their bytes in blocks, where they stood in rows. Nothing
 * is decoded before somebody asks. Of records that follow each other in one buffer the bytes are copied together, at the next `settle`.
 *
 * Record n stands in row n % rows, eight words of 8 bytes: position, line, ordinal, time of arrival, event time, the record before it in the
 * same bucket (a chain from the newest to the oldest; what is older than the oldest kept ends it), place of its bytes (block *
 * BLOCK_BYTES + start), and two halves: number of its source, length * 4 + origin of its time. Neighbours in a file are so in the
 * buckets: what comes in order is written in order.
 */
import type { TimeOrigin } from '../core/event.ts';
import type { RecordOrigin, RecordSource } from '../core/record.ts';

/** A record as it stands in a buffer. */
export interface StandingRecord extends Omit<RecordOrigin, 'part'> {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly timeMs: number;
  readonly timeOrigin: TimeOrigin;
}

/** A record that was kept; its bytes never change. */
export interface KeptRecord extends Pick<StandingRecord, 'bytes' | 'start' | 'end' | 'timeMs' | 'timeOrigin'> {
  readonly origin: RecordOrigin;
}

interface Block {
  readonly bytes: Buffer;
  /** Number of its last record. */
  last: number;
}

const WORDS = 8;
const ROW_BYTES = 8 * WORDS + 8;
const [POSITION, LINE, ORDINAL, ARRIVAL, TIME, BEFORE, PLACE] = [0, 1, 2, 3, 4, 5, 6];
/** In halves of words. */
const [SOURCE, LENGTH] = [14, 15];
const BLOCK_BYTES = 1 << 20;
/** Bytes between two records that are copied along. */
const GAP_BYTES = 32;
const NONE = -1;
const ORIGINS: readonly TimeOrigin[] = ['field', 'arrival', 'clamped'];

export class RecordLog {
  #size = 16;
  #words = new Float64Array(WORDS * 16);
  #halves = new Int32Array(this.#words.buffer);
  #sources: (RecordSource | undefined)[] = new Array(16);
  /** Newest record of each bucket. */
  #buckets = new Float64Array(32).fill(NONE);
  /** Numbers of the oldest record that is kept, and of the next one. */
  #first = 0;
  #next = 0;
  #bytes = 0;
  /** Blocks from number `#firstBlock` on; `#used` bytes of the last one are taken. */
  #blocks: Block[] = [];
  #last: Block = { bytes: Buffer.alloc(0), last: NONE };
  #firstBlock = 0;
  #used = 0;
  /** Bytes that are still to be copied, and where in the last block they go. */
  #from: Buffer | undefined;
  #fromStart = 0;
  #fromEnd = 0;
  #to = 0;

  /** Of the records with their rows. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a record of the source with this number; its bytes must stay as they are until `settle`. */
  put(source: number, record: StandingRecord): void {
    if (this.#next - this.#first === this.#size) this.#grow();
    const { bytes, start, end, position, timeOrigin } = record;
    const at = this.#reserve(bytes, start, end);
    const row = this.#next & (this.#size - 1);
    const word = row * WORDS;
    const words = this.#words;
    words[word + POSITION] = position;
    words[word + LINE] = record.line;
    words[word + ORDINAL] = record.record;
    words[word + ARRIVAL] = record.arrivalMs;
    words[word + TIME] = record.timeMs;
    words[word + PLACE] = (this.#firstBlock + this.#blocks.length - 1) * BLOCK_BYTES + at;
    this.#halves[2 * word + SOURCE] = source;
    this.#halves[2 * word + LENGTH] = 4 * (end - start) + ORIGINS.indexOf(timeOrigin);
    this.#sources[row] = record.source;
    this.#link(this.#next, word);
    this.#last.last = this.#next++;
    this.#bytes += end - start + ROW_BYTES;
  }

  /** Copies what is not copied yet. */
  settle(): void {
    const from = this.#from;
    if (from === undefined) return;
    this.#from = undefined;
    from.copy(this.#last.bytes, this.#to, this.#fromStart, this.#fromEnd);
  }

  /** The newest record of the source with this number at the position. */
  get(source: number, position: number): KeptRecord | undefined {
    let number = this.#buckets[this.#bucketOf(source, position)] as number;
    while (number >= this.#first) {
      const row = number & (this.#size - 1);
      const word = row * WORDS;
      if (this.#words[word + POSITION] === position && this.#halves[2 * word + SOURCE] === source)
        return this.#recordAt(row);
      number = this.#words[word + BEFORE] as number;
    }
    return undefined;
  }

  /** Lets the oldest record go. */
  dropOldest(): void {
    const row = this.#first & (this.#size - 1);
    this.#bytes -= this.#lengthAt(row) + ROW_BYTES;
    this.#sources[row] = undefined;
    this.#first++;
    while (this.#blocks.length > 1 && (this.#blocks[0] as Block).last < this.#first) {
      this.#blocks.shift();
      this.#firstBlock++;
    }
  }

  #lengthAt(row: number): number {
    return (this.#halves[2 * row * WORDS + LENGTH] as number) >>> 2;
  }

  #recordAt(row: number): KeptRecord {
    this.settle();
    const words = this.#words.subarray(row * WORDS, (row + 1) * WORDS);
    const [position = 0, line = 0, record = 0, arrivalMs = 0, timeMs = 0, , place = 0] = words;
    const block = Math.floor(place / BLOCK_BYTES);
    const start = place - block * BLOCK_BYTES;
    const { bytes } = this.#blocks[block - this.#firstBlock] as Block;
    const source = this.#sources[row] as RecordSource;
    const timeOrigin = ORIGINS[(this.#halves[2 * row * WORDS + LENGTH] as number) & 3] ?? 'field';
    const origin = { source, position, line, record, part: 0, arrivalMs };
    return { bytes, start, end: start + this.#lengthAt(row), timeMs, timeOrigin, origin };
  }

  /** Where in the last block the bytes will stand. */
  #reserve(bytes: Buffer, start: number, end: number): number {
    const room = this.#last.bytes.length;
    const gap = start - this.#fromEnd;
    if (bytes === this.#from && gap >= 0 && gap <= GAP_BYTES && this.#used + end - this.#fromEnd <= room) {
      this.#used += end - this.#fromEnd;
      this.#fromEnd = end;
      return this.#to + start - this.#fromStart;
    }
    this.settle();
    if (this.#used + end - start > room) {
      this.#last = { bytes: Buffer.allocUnsafe(Math.max(BLOCK_BYTES, end - start)), last: NONE };
      this.#blocks.push(this.#last);
      this.#used = 0;
    }
    this.#from = bytes;
    this.#fromStart = start;
    this.#fromEnd = end;
    this.#to = this.#used;
    this.#used += end - start;
    return this.#to;
  }

  #bucketOf(source: number, position: number): number {
    return (Math.imul(source, 0x9e3779b1) + Math.floor(position / 8)) & (this.#buckets.length - 1);
  }

  #link(number: number, word: number): void {
    const bucket = this.#bucketOf(this.#halves[2 * word + SOURCE] as number, this.#words[word + POSITION] as number);
    this.#words[word + BEFORE] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = number;
  }

  #grow(): void {
    const [former, size] = [this.#size, 2 * this.#size];
    const words = new Float64Array(WORDS * size);
    const sources: (RecordSource | undefined)[] = new Array(size);
    for (let n = this.#first; n < this.#next; n++) {
      const from = n & (former - 1);
      const to = n & (size - 1);
      words.set(this.#words.subarray(from * WORDS, (from + 1) * WORDS), to * WORDS);
      sources[to] = this.#sources[from];
    }
    this.#size = size;
    this.#words = words;
    this.#halves = new Int32Array(words.buffer);
    this.#sources = sources;
    this.#buckets = new Float64Array(2 * size).fill(NONE);
    for (let n = this.#first; n < this.#next; n++) this.#link(n, (n & (size - 1)) * WORDS);
  }
}
