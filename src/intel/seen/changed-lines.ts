/**
 * What changed in a list of lines or a table of one row a line, in any order and place: its lines are compared with those that were there by digests, and only lines
 * that came are read, with those that give the same values as lines that came or went.
 */
import { FeedReport } from '../../core/feed.ts';
import { inflateDetected } from '../../frame/inflate-stream.ts';
import { type TableLayout, TableList } from '../../rules/lists/table-list.ts';
import { createLoader, formatOf } from '../feed-loaders.ts';
import { IntelBuilder } from '../intel-builder.ts';
import { policyOf } from '../intel-source.ts';
import { HEAD_BYTES, inflateLimits, partBytes } from '../read-feed.ts';
import { type ChangedPart, type FeedBefore, MAX_CHANGED_RECORDS, MAX_HELD_BYTES } from './changed-part.ts';
import { layoutIn, probeOf } from './table-recorder.ts';
import { RecordTap } from './record-tap.ts';
import { KeyFilter } from './seen-records.ts';
import { hasPlainStart, LineDigests, SEVERAL_LINES } from './text-records.ts';
import { WordList } from './word-list.ts';

const LINE_FEED = Buffer.from('\n');
const NEW = 0;

/** Undefined where the list must be read as a whole: it became another one, or too much changed. */
export async function changedLines(before: FeedBefore): Promise<ChangedPart | undefined> {
  const bytes = await contentOf(before);
  if (bytes === undefined || !hasPlainStart(bytes)) return undefined;
  if (formatOf(before.source, bytes.subarray(0, HEAD_BYTES)) !== before.seen.head.format) return undefined;
  const head = headOf(before, bytes);
  if (head === undefined) return undefined;
  const lines = new ListLines(before, bytes, head);
  return lines.compare() ? lines.read() : undefined;
}

/** What stands before the records, and how they are laid out. */
interface Head {
  readonly bytes: number;
  readonly lines: number;
  readonly layout?: TableLayout;
}

/** Undefined where a table has become another one. */
function headOf({ source, seen: { head } }: FeedBefore, bytes: Buffer): Head | undefined {
  if (head.format !== 'table') return { bytes: 0, lines: 0 };
  const layout = layoutIn(source, bytes);
  if (layout === undefined || JSON.stringify(layout) !== head.layout) return undefined;
  if (!layout.skipsFirst) return { bytes: 0, lines: 0, layout };
  const probe = probeOf(source, layout);
  const digests = new LineDigests(bytes, head.seed);
  let [start, lines] = [0, 0];
  for (; start < bytes.length && probe.rowCount === 0; lines++) {
    const end = digests.read(start);
    if (end === SEVERAL_LINES || end === bytes.length) return undefined;
    probe.push(bytes.subarray(start, end + 1));
    if (!probe.isBetweenRows) return undefined;
    start = end + 1;
  }
  return { bytes: start, lines, layout };
}

async function contentOf({ source, parts, state }: FeedBefore): Promise<Buffer | undefined> {
  const maxBytes = Math.min(source.maxBytes, MAX_HELD_BYTES);
  // Of the former size and some more, so that it is seldom moved.
  let bytes = Buffer.allocUnsafe(Math.min(maxBytes, state.bytes + (state.bytes >> 3)) + HEAD_BYTES);
  let length = 0;
  for (const part of parts)
    for await (const chunk of inflateDetected(partBytes(part), inflateLimits(source))) {
      if (length + chunk.length > maxBytes) return undefined;
      if (length + chunk.length > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(2 * bytes.length, length + chunk.length));
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      bytes.set(chunk, length);
      length += chunk.length;
    }
  return bytes.subarray(0, length);
}

class ListLines {
  readonly #before: FeedBefore;
  readonly #bytes: Buffer;
  readonly #head: Head;
  readonly #digests: LineDigests;
  readonly #starts = new WordList();
  /** Number of the record of each line + 1; `NEW` where it has none yet. */
  readonly #records = new WordList();
  #isTorn = false;
  readonly #chosen = new Set<number>();
  readonly #keys = new KeyFilter();
  /** By effect, how many records more have it. */
  readonly #effects = new Map<number, number>();

  constructor(before: FeedBefore, bytes: Buffer, head: Head) {
    this.#before = before;
    this.#head = head;
    this.#bytes = bytes;
    this.#digests = new LineDigests(bytes, before.seen.head.seed);
  }

  /** False when too much changed. */
  compare(): boolean {
    const { seen } = this.#before;
    const [bytes, digests] = [this.#bytes, this.#digests];
    const left = new Uint32Array(seen.size);
    for (let record = 0; record < left.length; record++) left[record] = seen.countOf(record);
    let next = 0;
    for (let start = this.#head.bytes; start < bytes.length; ) {
      const end = digests.read(start);
      if (end === SEVERAL_LINES) return false;
      const { a, b } = digests;
      // Most lines follow each other as they did, so that few are looked up.
      const record = seen.is(next, a, b) ? next : seen.find(a, b);
      if (record >= 0) next = record + 1;
      const isKnown = record >= 0 && (left[record] ?? 0) > 0;
      if (isKnown) left[record] = (left[record] ?? 0) - 1;
      if (!isKnown || seen.effects.hasProblem(seen.effectOf(record))) this.#chosen.add(this.#starts.length);
      if (this.#chosen.size > MAX_CHANGED_RECORDS) return false;
      this.#starts.push(start);
      this.#records.push(isKnown ? record + 1 : NEW);
      start = end + 1;
    }
    return this.#giveUp(left);
  }

  /** Takes out the lines that are not there any more. */
  #giveUp(left: Uint32Array): boolean {
    const { seen } = this.#before;
    let gone = 0;
    for (let record = 0; record < left.length; record++) {
      const copies = left[record] ?? 0;
      if (copies === 0) continue;
      if (++gone > MAX_CHANGED_RECORDS) return false;
      for (const key of seen.keysOf(record)) this.#keys.add(key);
      this.#count(seen.effectOf(record), -copies);
      seen.setCount(record, seen.countOf(record) - copies);
    }
    return true;
  }

  read(): ChangedPart | undefined {
    const { seen, state } = this.#before;
    // First what the new lines give, then all lines that give the same.
    this.#parse((line, { keys }) => {
      if (this.#records.at(line) === NEW) for (const key of keys) this.#keys.add(key);
    });
    if (this.#isTorn) return undefined;
    for (let line = 0; line < this.#records.length; line++) {
      const record = this.#records.at(line) - 1;
      if (record >= 0 && seen.hasKey(record, this.#keys)) this.#chosen.add(line);
      if (this.#chosen.size > 2 * MAX_CHANGED_RECORDS) return undefined;
    }
    const { builder, report } = this.#parse((line, { effect, keys }) => {
      if (this.#records.at(line) !== NEW) return;
      this.#note(line, effect, keys);
      this.#count(effect, 1);
    });
    const statistics = seen.effects.added(state.statistics, this.#effects);
    const isNothing = Object.keys(statistics.kinds).length + Object.keys(statistics.deferred).length === 0;
    if (seen.effects.isFull || (isNothing && statistics.bad > 0)) return undefined;
    return {
      set: builder.finish([], []),
      keys: this.#keys,
      keeps: () => false,
      ids: new Set(),
      changes: {
        statistics,
        bytes: this.#bytes.length,
        diagnostics: report.problems,
        omittedDiagnostics: report.omittedProblems,
      },
      seen,
      recordsRead: this.#chosen.size,
    };
  }

  #note(line: number, effect: number, keys: readonly number[]): void {
    const { seen } = this.#before;
    this.#digests.read(this.#starts.at(line));
    const record = seen.put(this.#digests.a, this.#digests.b);
    const count = seen.countOf(record);
    if (count === 0) seen.describe(record, effect, keys);
    seen.setCount(record, count + 1);
  }

  /** The chosen lines in their order, in tables of their own. */
  #parse(taken: (line: number, what: ReturnType<RecordTap['take']>) => void): {
    readonly builder: IntelBuilder;
    readonly report: FeedReport;
  } {
    const { source, name, provider, seen, asOfMs, carried } = this.#before;
    const builder = new IntelBuilder(undefined, carried);
    const report = new FeedReport();
    const tap = new RecordTap(seen.effects);
    const stop = tap.listen(report, builder);
    const policy = policyOf(source, provider, asOfMs);
    const { layout, lines } = this.#head;
    const loader = createLoader(seen.head.format as 'plain' | 'hosts' | 'table', source, {
      ...{ builder, ...builder.addFeed(name), policy, report, file: name },
      ...(layout !== undefined && { layout: { ...layout, skipsFirst: false } }),
    });
    loader.skip?.(lines);
    let next = 0;
    for (const line of [...this.#chosen].sort((a, b) => a - b)) {
      loader.skip?.(line - next);
      next = line + 1;
      const [start, end] = this.#range(line);
      loader.push(end < this.#bytes.length ? this.#bytes.subarray(start, end + 1) : this.#lastLine(start));
      taken(line, tap.take());
      // The row goes on in lines that are not read here.
      if (loader instanceof TableList && !loader.isBetweenRows) this.#isTorn = true;
    }
    loader.end();
    stop();
    return { builder, report };
  }

  #lastLine(start: number): Buffer {
    return Buffer.concat([this.#bytes.subarray(start), LINE_FEED]);
  }

  /** Start, and where its line feed is or would be. */
  #range(line: number): readonly [number, number] {
    const isLast = line + 1 === this.#starts.length;
    const after = isLast ? this.#bytes.length + Number(this.#bytes.at(-1) !== 0x0a) : this.#starts.at(line + 1);
    return [this.#starts.at(line), after - 1];
  }

  #count(effect: number, times: number): void {
    this.#effects.set(effect, (this.#effects.get(effect) ?? 0) + times);
  }
}
