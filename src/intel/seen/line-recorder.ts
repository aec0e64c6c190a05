/** LineRecorder: hands a list to its loader line by line and notes what came of each (`SeenRecords`). */
import type { FeedLoader } from '../../core/feed.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { RecordTap } from './record-tap.ts';
import type { SeenRecords } from './seen-records.ts';
import { contentEnd, hasPlainStart, lineDigest } from './text-records.ts';

/** Longer lines are no lines of a list. */
const MAX_LINE_BYTES = 1 << 20;

export class LineRecorder implements FeedLoader {
  readonly #loader: FeedLoader;
  readonly #tap: RecordTap;
  readonly #seen: SeenRecords;
  #rest: Uint8Array = new Uint8Array(0);
  #isFirst = true;
  /** The records cannot be told apart: from here on the loader is fed and nothing noted. */
  #gaveUp = false;

  constructor(loader: FeedLoader, tap: RecordTap, seen: SeenRecords) {
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
    let start = 0;
    for (
      let end = bytes.indexOf(0x0a);
      end >= 0 && this.#line(bytes, start, end, end + 1);
      end = bytes.indexOf(0x0a, start)
    )
      start = end + 1;
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
    if (!this.#line(Buffer.concat([rest, LINE_FEED]), 0, rest.length, rest.length + 1)) this.#loader.push(rest);
    return this.#loader.end();
  }

  /** False: it is none that can be noted, and was not taken. */
  #line(bytes: Uint8Array, start: number, end: number, next: number): boolean {
    const seen = this.#seen;
    const digest = lineDigest(bytes, start, contentEnd(bytes, start, end), seen.head.seed);
    if (digest === undefined) {
      this.#gaveUp = true;
      return false;
    }
    const [a, b] = [digest[0] ?? 0, digest[1] ?? 0];
    this.#loader.push(bytes.subarray(start, next));
    const { effect, keys } = this.#tap.take();
    const record = seen.put(a, b);
    const count = seen.countOf(record);
    if (count === 0) seen.describe(record, effect, keys);
    seen.setCount(record, count + 1);
    return true;
  }
}

const LINE_FEED = Buffer.from('\n');
