/**
 * RecordLog: records that stateful rules may have to show, as they stand in their files: their bytes in blocks, where they stood in columns. Nothing
 * is decoded before somebody asks. Of records that follow each other in one buffer the bytes are copied together, at the next `settle`.
 *
 * Record n stands in row n % rows: source and its number, position, line, ordinal, time of arrival, place of its bytes and their length, and
 * the record before it with the same hash of source and position (a chain from the newest to the oldest; what is older than the oldest
 * kept ends it).
 */
import type { RecordOrigin, RecordSource } from '../core/record.ts';

/** What a record costs beside its bytes. */
const ROW_BYTES = 72;
const BLOCK_BYTES = 1 << 20;
/** Bytes between two records that are copied along. */
const GAP_BYTES = 32;
const NONE = -1;

/** Where a record stands now. */
export interface StandingRecord extends Omit<RecordOrigin, 'part'> {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface KeptRecord {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly origin: RecordOrigin;
}

interface Block {
  readonly bytes: Buffer;
  /** Number of its last record. */
  last: number;
}

export class RecordLog {
  #sources: (RecordSource | undefined)[] = new Array(16);
  #numbers = new Int32Array(16);
  #positions = new Float64Array(16);
  #lines = new Float64Array(16);
  #ordinals = new Float64Array(16);
  #arrivals = new Float64Array(16);
  #blockOf = new Float64Array(16);
  #starts = new Uint32Array(16);
  #lengths = new Uint32Array(16);
  #befores = new Float64Array(16);
  /** Newest record of each hash. */
  #newest = new Float64Array(32).fill(NONE);
  /** Numbers of the oldest record that is kept, and of the next one. */
  #first = 0;
  #next = 0;
  #bytes = 0;
  /** Blocks from number `#firstBlock` on; `#used` bytes of the last one are taken. */
  #blocks: Block[] = [];
  #firstBlock = 0;
  #used = 0;
  /** Bytes that are still to be copied, and where in the last block they go. */
  #from: Buffer | undefined;
  #fromStart = 0;
  #fromEnd = 0;
  #to = 0;

  get size(): number {
    return this.#next - this.#first;
  }

  /** Of the records with their rows. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a record of the source with this number; its bytes must stay as they are until `settle`. */
  put(number: number, { bytes, start, end, source, position, line, record, arrivalMs }: StandingRecord): void {
    if (this.size === this.#positions.length) this.#grow();
    const length = end - start;
    const at = this.#reserve(bytes, start, end);
    const row = this.#next & (this.#positions.length - 1);
    this.#sources[row] = source;
    this.#numbers[row] = number;
    this.#positions[row] = position;
    this.#lines[row] = line;
    this.#ordinals[row] = record;
    this.#arrivals[row] = arrivalMs;
    this.#blockOf[row] = this.#firstBlock + this.#blocks.length - 1;
    this.#starts[row] = at;
    this.#lengths[row] = length;
    this.#link(this.#next, row);
    (this.#blocks.at(-1) as Block).last = this.#next;
    this.#next++;
    this.#bytes += length + ROW_BYTES;
  }

  /** Copies what is not copied yet. */
  settle(): void {
    const from = this.#from;
    if (from === undefined) return;
    this.#from = undefined;
    from.copy((this.#blocks.at(-1) as Block).bytes, this.#to, this.#fromStart, this.#fromEnd);
  }

  /** The newest record of the source with this number at the position. */
  get(number: number, position: number): KeptRecord | undefined {
    const mask = this.#positions.length - 1;
    let record = this.#newest[this.#hashOf(number, position)] as number;
    while (record >= this.#first) {
      const row = record & mask;
      if (this.#positions[row] === position && this.#numbers[row] === number) return this.#recordAt(row);
      record = this.#befores[row] as number;
    }
    return undefined;
  }

  /** Lets the oldest record go. */
  dropOldest(): void {
    const row = this.#first & (this.#positions.length - 1);
    this.#bytes -= (this.#lengths[row] as number) + ROW_BYTES;
    this.#sources[row] = undefined;
    this.#first++;
    while (this.#blocks.length > 1 && (this.#blocks[0] as Block).last < this.#first) {
      this.#blocks.shift();
      this.#firstBlock++;
    }
  }

  #recordAt(row: number): KeptRecord {
    this.settle();
    const block = this.#blocks[(this.#blockOf[row] as number) - this.#firstBlock] as Block;
    const start = this.#starts[row] as number;
    const origin = {
      ...{ source: this.#sources[row] as RecordSource, position: this.#positions[row] as number },
      ...{ line: this.#lines[row] as number },
      ...{ record: this.#ordinals[row] as number, part: 0, arrivalMs: this.#arrivals[row] as number },
    };
    return { bytes: block.bytes, start, end: start + (this.#lengths[row] as number), origin };
  }

  /** Where in the last block the bytes will stand. */
  #reserve(bytes: Buffer, start: number, end: number): number {
    const room = this.#blocks.length === 0 ? 0 : (this.#blocks.at(-1) as Block).bytes.length;
    const gap = start - this.#fromEnd;
    if (bytes === this.#from && gap >= 0 && gap <= GAP_BYTES && this.#used + end - this.#fromEnd <= room) {
      this.#used += end - this.#fromEnd;
      this.#fromEnd = end;
      return this.#to + start - this.#fromStart;
    }
    this.settle();
    if (this.#used + end - start > room) {
      this.#blocks.push({ bytes: Buffer.allocUnsafe(Math.max(BLOCK_BYTES, end - start)), last: NONE });
      this.#used = 0;
    }
    this.#from = bytes;
    this.#fromStart = start;
    this.#fromEnd = end;
    this.#to = this.#used;
    this.#used += end - start;
    return this.#to;
  }

  #hashOf(number: number, position: number): number {
    const high = Math.floor(position / 4_294_967_296);
    const mixed = Math.imul(position | 0, 0x9e3779b1) ^ Math.imul(number + high, 0x85ebca77);
    return (mixed ^ (mixed >>> 15)) & (this.#newest.length - 1);
  }

  #link(record: number, row: number): void {
    const hash = this.#hashOf(this.#numbers[row] as number, this.#positions[row] as number);
    this.#befores[row] = this.#newest[hash] as number;
    this.#newest[hash] = record;
  }

  #grow(): void {
    const [size, former] = [2 * this.#positions.length, this.#positions.length];
    const move = (to: Float64Array | Uint32Array, from: Float64Array | Uint32Array): void => {
      for (let n = this.#first; n < this.#next; n++) to[n & (size - 1)] = from[n & (former - 1)] as number;
    };
    const wide = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(size);
      move(to, from);
      return to;
    };
    const narrow = (from: Uint32Array): Uint32Array<ArrayBuffer> => {
      const to = new Uint32Array(size);
      move(to, from);
      return to;
    };
    const numbers = new Int32Array(size);
    const sources: (RecordSource | undefined)[] = new Array(size);
    for (let n = this.#first; n < this.#next; n++) {
      sources[n & (size - 1)] = this.#sources[n & (former - 1)];
      numbers[n & (size - 1)] = this.#numbers[n & (former - 1)] as number;
    }
    this.#sources = sources;
    this.#numbers = numbers;
    this.#positions = wide(this.#positions);
    this.#lines = wide(this.#lines);
    this.#ordinals = wide(this.#ordinals);
    this.#arrivals = wide(this.#arrivals);
    this.#blockOf = wide(this.#blockOf);
    this.#starts = narrow(this.#starts);
    this.#lengths = narrow(this.#lengths);
    this.#befores = new Float64Array(size);
    this.#newest = new Float64Array(2 * size).fill(NONE);
    for (let n = this.#first; n < this.#next; n++) this.#link(n, n & (size - 1));
  }
}
