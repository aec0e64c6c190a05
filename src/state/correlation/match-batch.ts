/**
 * MatchBatch: matched records on their way from the thread that read them to the one that keeps the state: the bytes of the records, one after
 * the other, and columns of numbers.
 *
 * `words`: for each record its start and end in `bytes`, the place of its source, whether its time is that of its arrival or was held back,
 * how many rules hold for it, then the words of its values; `numbers`: time, position, line, ordinal, time of arrival; `rules`: those
 * of all records, in order.
 */
import { TIME_ORIGINS } from '../../core/event.ts';
import type { RecordSource } from '../../core/record.ts';
import { ABSENT, MatchedRecord } from './matched-record.ts';

export interface MatchBatch {
  readonly count: number;
  readonly fields: number;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly numbers: Float64Array;
  readonly rules: Uint32Array;
  readonly sources: readonly RecordSource[];
}

const HEAD = 5;
const NUMBERS = 5;

export class MatchWriter {
  #bytes = Buffer.alloc(0);
  #words: number[] = [];
  #numbers: number[] = [];
  #rules: number[] = [];
  #sources: RecordSource[] = [];
  #used = 0;
  #count = 0;
  #fields = 0;

  get count(): number {
    return this.#count;
  }

  /** A record that these rules hold for. */
  add(record: MatchedRecord, rules: Uint32Array): void {
    const { bytes, start, end, values, source } = record;
    if (this.#sources.at(-1) !== source) this.#sources.push(source);
    if (this.#used + end - start > this.#bytes.length) this.#grow(end - start);
    bytes.copy(this.#bytes, this.#used, start, end);
    const moved = this.#used - start;
    this.#words.push(this.#used, this.#used + end - start, this.#sources.length - 1);
    this.#words.push(TIME_ORIGINS.indexOf(record.timeOrigin), rules.length);
    for (let at = 0; at < values.length; at += 3) {
      const kind = values[at] as number;
      if (kind === ABSENT) this.#words.push(ABSENT, 0, 0);
      else this.#words.push(kind, (values[at + 1] as number) + moved, (values[at + 2] as number) + moved);
    }
    this.#numbers.push(record.timeMs, record.position, record.line, record.record, record.arrivalMs);
    for (const rule of rules) this.#rules.push(rule);
    this.#used += end - start;
    this.#fields = values.length / 3;
    this.#count++;
  }

  take(): MatchBatch {
    const batch = {
      count: this.#count,
      fields: this.#fields,
      bytes: Uint8Array.prototype.slice.call(this.#bytes, 0, this.#used),
      words: Uint32Array.from(this.#words),
      numbers: Float64Array.from(this.#numbers),
      rules: Uint32Array.from(this.#rules),
      sources: this.#sources,
    };
    this.#words = [];
    this.#numbers = [];
    this.#rules = [];
    this.#sources = [];
    this.#used = 0;
    this.#count = 0;
    return batch;
  }

  #grow(size: number): void {
    const longer = Buffer.allocUnsafe(Math.max(65_536, 2 * this.#bytes.length, this.#used + size));
    this.#bytes.copy(longer, 0, 0, this.#used);
    this.#bytes = longer;
  }
}

/** The records of a batch, one after the other, in one object. */
export class MatchBatchReader {
  readonly record: MatchedRecord;
  /** That hold for the record. */
  rules: Uint32Array = new Uint32Array(0);
  readonly #batch: MatchBatch;
  readonly #bytes: Buffer;
  #next = 0;
  #nextRule = 0;

  constructor(batch: MatchBatch) {
    const { bytes, fields } = batch;
    this.#batch = batch;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.record = new MatchedRecord(fields);
  }

  /** Goes on to the next record, of which there must be one. `lines` and `records` of the file stand in front of the batch. */
  read(lines: number, records: number): void {
    const { record } = this;
    const { words, numbers, sources, rules } = this.#batch;
    const { values } = record;
    const word = this.#next * (HEAD + values.length);
    const number = this.#next++ * NUMBERS;
    record.bytes = this.#bytes;
    record.start = words[word] as number;
    record.end = words[word + 1] as number;
    record.source = sources[words[word + 2] as number] as RecordSource;
    record.timeOrigin = TIME_ORIGINS[words[word + 3] as number] ?? 'field';
    const count = words[word + 4] as number;
    values.set(words.subarray(word + HEAD, word + HEAD + values.length));
    record.timeMs = numbers[number] as number;
    record.position = numbers[number + 1] as number;
    record.line = (numbers[number + 2] as number) + lines;
    record.record = (numbers[number + 3] as number) + records;
    record.arrivalMs = numbers[number + 4] as number;
    record.isKept = false;
    this.rules = rules.subarray(this.#nextRule, this.#nextRule + count);
    this.#nextRule += count;
  }
}
