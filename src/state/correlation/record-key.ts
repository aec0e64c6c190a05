/**
 * RecordKey: the text of a key of one or several fields of a record, as bytes where they say it as they are: a single value is found by
 * the bytes of the record, several are put together as `JSON.stringify` of their list would read. Everything else as a text.
 */
import { type MatchedRecord, VERBATIM } from './matched-record.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;

export class RecordKey {
  /** After `read` was true. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** After `read` was false. */
  text = '';
  #scratch = Buffer.alloc(256);

  /** Fields that are all there, by their numbers. True: the key stands in `bytes`, all of ASCII; else in `text`. */
  read(record: MatchedRecord, fields: readonly number[]): boolean {
    const { values } = record;
    if (fields.length === 1) {
      const at = 3 * (fields[0] as number);
      if (values[at] === VERBATIM) {
        this.bytes = record.bytes;
        this.start = values[at + 1] as number;
        this.end = values[at + 2] as number;
        return true;
      }
      this.text = record.textOf(fields[0] as number) ?? '';
      return false;
    }
    if (this.#compose(record, fields)) return true;
    this.text = JSON.stringify(fields.map((field) => record.textOf(field)));
    return false;
  }

  #compose({ values, bytes }: MatchedRecord, fields: readonly number[]): boolean {
    let size = 2;
    for (let i = 0; i < fields.length; i++) {
      const at = 3 * (fields[i] as number);
      if (values[at] !== VERBATIM) return false;
      size += (values[at + 2] as number) - (values[at + 1] as number) + 3;
    }
    if (size > this.#scratch.length) this.#scratch = Buffer.alloc(2 * size);
    const to = this.#scratch;
    let end = 0;
    to[end++] = OPEN;
    for (let i = 0; i < fields.length; i++) {
      const at = 3 * (fields[i] as number);
      if (i > 0) to[end++] = COMMA;
      to[end++] = QUOTE;
      const stop = values[at + 2] as number;
      for (let from = values[at + 1] as number; from < stop; from++) to[end++] = bytes[from] as number;
      to[end++] = QUOTE;
    }
    to[end++] = CLOSE;
    this.bytes = to;
    this.start = 0;
    this.end = end;
    return true;
  }
}
