/**
 * RecordLog: records that stateful rules may have to show, as they stand in their files: their bytes in blocks, where they stood in rows. Nothing
 * is decoded before somebody asks. Of records that follow each other in one buffer the bytes are copied together, at the next `settle`.
 *
 * Record n stands in row n % CHUNK_ROWS of its chunk, so that nothing is ever moved; eight words of 8 bytes: position, line, ordinal, time of
 * arrival, event time, the record before it in the same bucket (a chain from the newest to the oldest; what is older than the oldest kept
 * ends it), place of its bytes (block * BLOCK_BYTES + start), and two halves: number of its source, length * 4 + origin of its time.
 * Neighbours in a file are so in the buckets: what comes in order is written in order.
 */
import { TIME_ORIGINS, type TimeOrigin } from '../core/event.ts';
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
const CHUNK_ROWS = 4096;
/** More than half as many as there are records where these are short: a step along a chain is a wait for memory. */
const BUCKETS = 1 << 18;

interface Chunk {
  readonly words: Float64Array;
  readonly halves: Int32Array;
  readonly sources: (RecordSource | undefined)[];
}

export class RecordLog {
  /** Chunks of rows from number `#firstChunk` on. */
  #chunks: Chunk[] = [];
  #firstChunk = 0;
  #chunk: Chunk = { words: new Float64Array(0), halves: new Int32Array(0), sources: [] };
  /** Newest record of each bucket, plus one; made for the first record, and zeros, so that memory is only taken where records are. */
  #buckets = new Float64Array(0);
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
    const row = this.#next % CHUNK_ROWS;
    if (row === 0) this.#addChunk();
    const { bytes, start, end, position, timeOrigin } = record;
    const at = this.#reserve(bytes, start, end);
    const { words, halves, sources } = this.#chunk;
    const word = row * WORDS;
    const bucket = bucketOf(source, position);
    words[word + POSITION] = position;
    words[word + LINE] = record.line;
    words[word + ORDINAL] = record.record;
    words[word + ARRIVAL] = record.arrivalMs;
    words[word + TIME] = record.timeMs;
    words[word + BEFORE] = (this.#buckets[bucket] as number) - 1;
    words[word + PLACE] = (this.#firstBlock + this.#blocks.length - 1) * BLOCK_BYTES + at;
    halves[2 * word + SOURCE] = source;
    halves[2 * word + LENGTH] = 4 * (end - start) + (timeOrigin === 'field' ? 0 : TIME_ORIGINS.indexOf(timeOrigin));
    sources[row] = record.source;
    this.#last.last = this.#next++;
    this.#buckets[bucket] = this.#next;
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
    let number = (this.#buckets[bucketOf(source, position)] ?? 0) - 1;
    while (number >= this.#first) {
      const { words, halves } = this.#chunkOf(number);
      const word = (number % CHUNK_ROWS) * WORDS;
      if (words[word + POSITION] === position && halves[2 * word + SOURCE] === source) return this.#recordAt(number);
      number = words[word + BEFORE] as number;
    }
    return undefined;
  }

  /** Lets the oldest record go. */
  dropOldest(): void {
    this.#bytes -= this.#lengthOf(this.#first) + ROW_BYTES;
    this.#first++;
    if (this.#first % CHUNK_ROWS === 0) {
      this.#chunks.shift();
      this.#firstChunk++;
    }
    while (this.#blocks.length > 1 && (this.#blocks[0] as Block).last < this.#first) {
      this.#blocks.shift();
      this.#firstBlock++;
    }
  }

  #addChunk(): void {
    if (this.#buckets.length === 0) this.#buckets = new Float64Array(BUCKETS);
    const words = new Float64Array(WORDS * CHUNK_ROWS);
    const sources: (RecordSource | undefined)[] = new Array(CHUNK_ROWS).fill(undefined);
    this.#chunk = { words, halves: new Int32Array(words.buffer), sources };
    this.#chunks.push(this.#chunk);
  }

  #chunkOf(number: number): Chunk {
    return this.#chunks[Math.floor(number / CHUNK_ROWS) - this.#firstChunk] as Chunk;
  }

  #lengthOf(number: number): number {
    return (this.#chunkOf(number).halves[2 * (number % CHUNK_ROWS) * WORDS + LENGTH] as number) >>> 2;
  }

  #recordAt(number: number): KeptRecord {
    this.settle();
    const { words, halves, sources } = this.#chunkOf(number);
    const row = number % CHUNK_ROWS;
    const word = row * WORDS;
    const position = words[word + POSITION] as number;
    const line = words[word + LINE] as number;
    const record = words[word + ORDINAL] as number;
    const arrivalMs = words[word + ARRIVAL] as number;
    const timeMs = words[word + TIME] as number;
    const place = words[word + PLACE] as number;
    const block = Math.floor(place / BLOCK_BYTES);
    const start = place - block * BLOCK_BYTES;
    const { bytes } = this.#blocks[block - this.#firstBlock] as Block;
    const timeOrigin = TIME_ORIGINS[(halves[2 * row * WORDS + LENGTH] as number) & 3] ?? 'field';
    const origin = { source: sources[row] as RecordSource, position, line, record, part: 0, arrivalMs };
    return { bytes, start, end: start + this.#lengthOf(number), timeMs, timeOrigin, origin };
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
      this.#last = { bytes: Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, end - start)), last: NONE };
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
}

function bucketOf(source: number, position: number): number {
  return (Math.imul(source, 0x9e3779b1) + Math.floor(position / 8)) & (BUCKETS - 1);
}
