/**
 * Records that a worker leaves to the thread that learns kinds of records, because it has not met their kind before: as they stand, with
 * where they stood. They are few: that thread writes the kind into the tables that all share.
 */
import type { RecordOrigin, RecordSource } from '../../core/record.ts';

/** Plain data. */
export interface LeftBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each ends in `bytes`; it begins where the one before ends. */
  readonly ends: Uint32Array;
  /** Position, line, record, arrival and number of the source of each. */
  readonly places: Float64Array;
  readonly sources: readonly RecordSource[];
}

export interface LeftRecord {
  readonly bytes: Uint8Array;
  readonly origin: RecordOrigin;
}

const PLACE = 5;
const FIRST_BYTES = 1 << 14;

export class LeftWriter {
  #bytes = new Uint8Array(0);
  #used = 0;
  #ends: number[] = [];
  #places: number[] = [];
  #sources: RecordSource[] = [];

  add(
    bytes: Uint8Array,
    start: number,
    end: number,
    { source, position, line, record, arrivalMs }: RecordOrigin,
  ): void {
    const used = this.#used + end - start;
    if (used > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(used, 2 * this.#bytes.length, FIRST_BYTES));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#used);
    this.#used = used;
    this.#ends.push(used);
    let number = this.#sources.lastIndexOf(source);
    if (number < 0) number = this.#sources.push(source) - 1;
    this.#places.push(position, line, record, arrivalMs, number);
  }

  /** All since the last call; undefined for none. */
  take(): LeftBatch | undefined {
    if (this.#ends.length === 0) return undefined;
    const batch = {
      bytes: this.#bytes.slice(0, this.#used),
      ends: Uint32Array.from(this.#ends),
      places: Float64Array.from(this.#places),
      sources: this.#sources,
    };
    this.#bytes = new Uint8Array(0);
    this.#used = 0;
    this.#ends = [];
    this.#places = [];
    this.#sources = [];
    return batch;
  }
}

/** Record `index` of the batch. `before`: what lies in front of what it counts from. */
export function leftRecord(
  { bytes, ends, places, sources }: LeftBatch,
  index: number,
  before: { readonly lines: number; readonly records: number },
): LeftRecord {
  const at = PLACE * index;
  const [position = 0, line = 0, record = 0, arrivalMs = 0, number = 0] = places.subarray(at, at + PLACE);
  const source = sources[number];
  if (source === undefined) throw new Error('a record was left without its source');
  const origin = { source, position, line: line === 0 ? 0 : before.lines + line, record: before.records + record };
  return {
    bytes: bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]),
    origin: { ...origin, part: 0, arrivalMs },
  };
}
