/** LineRecorder: hands a list to its loader line by line and notes what came of each (`SeenRecords`). */
import type { FeedLoader } from '../../core/feed.ts';
import type { TableList } from '../../rules/lists/table-list.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { RecordTap } from './record-tap.ts';
import type { SeenRecords } from './seen-records.ts';
import { hasPlainStart, LineDigests, SEVERAL_LINES } from './text-records.ts';

export interface TableRows {
  readonly table: Pick<TableList, 'rowCount' | 'isBetweenRows'>;
  readonly headRows: number;
}

/** Longer lines are no lines of a list. */
const MAX_LINE_BYTES = 1 << 20;

export class LineRecorder implements FeedLoader {
  readonly #loader: FeedLoader;
  readonly #tap: RecordTap;
  readonly #seen: SeenRecords;
  readonly #rows: TableRows | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #isFirst = true;
  /** The records cannot be told apart: from here on the loader is fed and nothing noted. */
  #gaveUp = false;

  /** `rows`: of a table; its first `headRows` are no records. */
  constructor(loader: FeedLoader, tap: RecordTap, seen: SeenRecords, rows?: TableRows) {
    this.#rows = rows;
    this.#loader = loader;
    this.#tap = tap;
    this.#seen = seen;
  }

  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  push(chunk: Uint8Array): void {
    if (this.#isFirst && chunk.length > 0) {
      this.#isFirst = false;
      // Of a first chunk so short nothing can be said.
      if (chunk.length < 3 || !hasPlainStart(chunk)) this.#gaveUp = true;
    }
    if (this.#gaveUp) {
      this.#loader.push(chunk);
      return;
    }
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const digests = new LineDigests(bytes, this.#seen.head.seed);
    let start = 0;
    // Only a whole line is looked at: a carriage return at the end of a chunk may be the first half of a line end.
    for (const limit = bytes.lastIndexOf(0x0a); start <= limit && !this.#gaveUp; )
      start = this.#line(bytes, digests, start);
    const rest = bytes.subarray(start);
    if (!this.#gaveUp && rest.length <= MAX_LINE_BYTES) this.#rest = rest.slice();
    else {
      this.#gaveUp = true;
      this.#loader.push(rest);
    }
  }

  end(): Diagnostic | undefined {
    const rest = this.#rest;
    if (this.#gaveUp || rest.length === 0) return this.#loader.end();
    // A line end more changes nothing, and the loader says at once what comes of the line.
    const line = Buffer.concat([rest, LINE_FEED]);
    if (this.#line(line, new LineDigests(line, this.#seen.head.seed), 0) === 0) this.#loader.push(rest);
    return this.#loader.end();
  }

  /** Start of the next line; the same one again when it is none that can be noted, and was not taken. */
  #line(bytes: Uint8Array, digests: LineDigests, start: number): number {
    const seen = this.#seen;
    const end = digests.read(start);
    if (end === SEVERAL_LINES) {
      this.#gaveUp = true;
      return start;
    }
    const rows = this.#rows;
    const isHead = rows !== undefined && rows.table.rowCount < rows.headRows;
    this.#loader.push(bytes.subarray(start, end + 1));
    const { effect, keys } = this.#tap.take();
    // A row of several lines is no record.
    if (rows?.table.isBetweenRows === false) this.#gaveUp = true;
    if (isHead || this.#gaveUp) return end + 1;
    const record = seen.put(digests.a, digests.b);
    const count = seen.countOf(record);
    if (count === 0) seen.describe(record, effect, keys);
    seen.setCount(record, count + 1);
    return end + 1;
  }
}

const LINE_FEED = Buffer.from('\n');
