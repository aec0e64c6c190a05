/**
 * The fast way through a plain file of lines: read straight into the scanner's memory, only candidate lines are ever looked at by
 * anything else. JSON lines that are more or less than one record (found when such a line is a candidate) make the caller read
 * the file again by the exact path; what was reported before is not reported twice.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { RecordOrigin, RecordSource } from '../../core/record.ts';
import { detectCompression } from '../../frame/compression.ts';
import { frameAll } from '../../frame/frame-all.ts';
import { isPlainObjectLine } from '../../frame/ndjson-framer.ts';
import { createFramer } from '../../frame/registry.ts';
import type { FedValues } from '../state/process-feeder.ts';
import type { LinesBefore } from '../workers/prepared-records.ts';
import type { ScanResult } from '../../scan/scanner.ts';
import type { LineScanner } from './line-scanner.ts';
import type { Finding } from '../../alerts/finding.ts';
import type { Processor } from '../processor.ts';
import { type LeftRecords, WaitingRecords } from './waiting-records.ts';

export interface LineFileOptions {
  readonly maxRecordBytes: number;
  readonly arrivalMs: number;
  /** Byte range to take: lines that begin in it. The whole file when absent. */
  readonly range?: { readonly start: number; readonly end: number };
  /** Lines and records of the file in front of the range; absent: those of the range count from its start. */
  readonly before?: LinesBefore;
  readonly onProgress: (bytes: number) => void;
  readonly onDrop: (reason: 'too_long') => void;
  /** Alerts of one chunk; reading waits. */
  readonly onFound: (found: readonly Finding[]) => Promise<void>;
  /** Whether what waits at the end, for indicators only, is left to somebody else. */
  readonly leaves: boolean;
}

export interface LineFileResult {
  /** Records that are not blank. */
  readonly records: number;
  readonly lines: number;
  readonly bytes: number;
  /** Set when a candidate was no single record: the exact path must take the file, leaving out records up to this position. */
  readonly irregularAfter?: number;
  /** What is yet to be examined, behind everything else that was found. */
  readonly left?: LeftRecords;
}

export type LineFraming = 'lines' | 'ndjson';

const SNIFF_BYTES = 65_536;
/** Read at once; small enough to stay in the second-level cache while it is scanned. */
const READ_BYTES = 1 << 19;
const MARGIN_BYTES = 16_384;
/** Alerts that are kept together: more would outlive the youngest part of the heap, and be moved by its collector. */
const MAX_HELD = 64;
const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

/** How the file is framed when it is a plain file of lines; undefined sends it to the exact path. */
export function sniffLines(path: string, maxRecordBytes: number): LineFraming | undefined {
  const file = openSync(path, 'r');
  try {
    // Pipes and devices cannot be read twice.
    if (!fstatSync(file).isFile()) return undefined;
    const head = new Uint8Array(SNIFF_BYTES);
    const bytes = head.subarray(0, readSync(file, head, 0, SNIFF_BYTES, 0));
    if (bytes.length === 0 || detectCompression(bytes) !== undefined || (bytes[0] === 0xef && bytes[1] === 0xbb))
      return undefined;
    const framer = createFramer('auto', { maxRecordBytes });
    framer.push(
      bytes,
      () => undefined,
      () => undefined,
    );
    const { framing } = framer.resumePoint();
    return framing === 'lines' || framing === 'ndjson' ? framing : undefined;
  } finally {
    closeSync(file);
  }
}

export async function scanLineFile(
  path: string,
  framing: LineFraming,
  source: RecordSource,
  processor: Processor,
  options: LineFileOptions,
): Promise<LineFileResult> {
  const file = openSync(path, 'r');
  try {
    return await new LineFileScan(file, framing, source, processor, options).run();
  } finally {
    closeSync(file);
  }
}

class LineFileScan {
  readonly #file: number;
  readonly #framing: LineFraming;
  readonly #source: RecordSource;
  readonly #processor: Processor;
  readonly #options: LineFileOptions;
  readonly #scanner: LineScanner;
  readonly #input: Buffer;
  /** File offset of input[0]. */
  #base: number;
  readonly #end: number;
  #lines = 0;
  #bytes = 0;
  #blank = 0;
  #reported = -1;
  readonly #waiting = new WaitingRecords();
  #found: Finding[] = [];
  /** Of the record that is fed: the same object each time. */
  readonly #origin: { -readonly [K in keyof RecordOrigin]: RecordOrigin[K] };
  #skipping = false;
  /** Blank lines in front of the candidate at hand. */
  #blankBefore = 0;

  constructor(
    file: number,
    framing: LineFraming,
    source: RecordSource,
    processor: Processor,
    options: LineFileOptions,
  ) {
    const scanner = processor.lineScanner(source);
    if (scanner === undefined) throw new Error('the fast path needs a scanner');
    this.#scanner = scanner;
    this.#file = file;
    this.#framing = framing;
    this.#source = source;
    this.#processor = processor;
    this.#options = options;
    this.#origin = { source, position: 0, line: 0, record: 0, part: 0, arrivalMs: options.arrivalMs };
    const { input } = scanner;
    this.#input = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    this.#base = options.range?.start ?? 0;
    this.#end = options.range?.end ?? Number.POSITIVE_INFINITY;
    // A line belongs to the range it begins in: begin one byte early, to see whether a line ends there.
    if (this.#base > 0) {
      this.#base--;
      this.#skipping = true;
    }
  }

  async run(): Promise<LineFileResult> {
    let held = 0;
    while (this.#base < this.#end) {
      const room = Math.min(this.#input.length, held + this.#wantedBytes(held));
      const got = readSync(this.#file, this.#input, held, room - held, this.#base + held);
      const length = held + got;
      const isLast = got === 0;
      if (this.#skipping) {
        held = this.#skip(length);
        if (isLast) break;
        continue;
      }
      const consumed = await this.#scan(length, isLast);
      if (consumed === undefined) return { ...(await this.#atEnd()), irregularAfter: this.#reported };
      if (isLast) break;
      held = length - consumed;
      if (held > this.#options.maxRecordBytes) {
        this.#options.onDrop('too_long');
        this.#base += held;
        held = 0;
        this.#lines++;
        this.#blank++;
        this.#skipping = true;
      }
    }
    return await this.#atEnd();
  }

  /** Little while the first line end is looked for, and behind the end of the range: most of that belongs to others. */
  #wantedBytes(held: number): number {
    if (this.#skipping) return MARGIN_BYTES;
    return Math.min(this.#scanner.readBytes ?? READ_BYTES, Math.max(MARGIN_BYTES, this.#end - this.#base - held));
  }

  async #atEnd(): Promise<LineFileResult> {
    const left = this.#options.leaves ? this.#waiting.leave() : undefined;
    await this.#giveOut();
    const counts = { records: this.#lines - this.#blank, lines: this.#lines, bytes: this.#bytes };
    return { ...counts, ...(left !== undefined && { left }) };
  }

  /** Drops bytes up to the next line end; returns how many are held after it. */
  #skip(length: number): number {
    const found = this.#input.subarray(0, length).indexOf(LF);
    const taken = found < 0 ? length : found + 1;
    if (found >= 0) this.#skipping = false;
    this.#input.copyWithin(0, taken, length);
    this.#base += taken;
    return length - taken;
  }

  /** Scans the whole lines of the first `length` bytes; the rest is moved to the front. Undefined: an irregular record. */
  async #scan(length: number, isLast: boolean): Promise<number | undefined> {
    const scanner = this.#scanner;
    let result = scanner.scanLines(length, isLast);
    // Lines that begin behind the end of the range belong to the next one.
    if (this.#base + result.consumedBytes > this.#end) {
      const last = this.#input.subarray(0, result.consumedBytes).indexOf(LF, Math.max(0, this.#end - this.#base - 1));
      const within = last < 0 ? result.consumedBytes : last + 1;
      if (within < result.consumedBytes) result = scanner.scanLines(within, true);
    }
    const { consumedBytes, candidateCount, encodingOnly, records } = result;
    const { counts } = this.#processor;
    counts.encodingOnly += encodingOnly;
    const mayBeBlank = result.mayHoldBlankLines || (this.#input[0] ?? 0) <= 0x20;
    const blanks = mayBeBlank ? blankLines(this.#input, consumedBytes) : NO_BLANKS;
    this.#blankBefore = 0;
    for (let next: number | undefined = 0; next < candidateCount; ) {
      next = this.#examine(result, blanks, next);
      if (next === undefined) {
        this.#processor.settle();
        return undefined;
      }
      if (this.#found.length >= MAX_HELD) await this.#handOn();
    }
    counts.records += records - blanks.length;
    counts.bytes += consumedBytes;
    this.#lines += records;
    this.#blank += blanks.length;
    this.#base += consumedBytes;
    this.#bytes += consumedBytes;
    this.#options.onProgress(consumedBytes);
    if (this.#found.length > 0) await this.#giveOut();
    this.#processor.settle();
    this.#input.copyWithin(0, consumedBytes, length);
    return consumedBytes;
  }

  /**
   * Takes candidates from number `from` on; returns the number to go on with when alerts have been handed on. Undefined: an irregular record.
   * No part of the asynchronous scan: that is compiled anew with all that is called here whenever it comes to something new.
   */
  #examine(
    { candidateCount, ranges, ordinals }: ScanResult,
    blanks: readonly number[],
    from: number,
  ): number | undefined {
    const scanner = this.#scanner;
    const { lines, records: recordsBefore } = this.#options.before ?? NOTHING_BEFORE;
    for (let i = from; i < candidateCount; i++) {
      const start = ranges[2 * i] ?? 0;
      let end = ranges[2 * i + 1] ?? start;
      const ordinal = ordinals[i] ?? 0;
      while (this.#blankBefore < blanks.length && (blanks[this.#blankBefore] ?? 0) < ordinal) this.#blankBefore++;
      const position = this.#base + start;
      const line = lines + this.#lines + ordinal + 1;
      const record = recordsBefore + this.#lines + ordinal - this.#blank - this.#blankBefore;
      const isLeft = scanner.isLeft?.(i) === true;
      const fed = isLeft ? undefined : scanner.fedOf?.(i);
      // What the sieve has read ends with its brace; its bytes are not in the cache any more.
      if (fed === undefined || !this.#isFed(fed, start, end, line, record)) {
        if (this.#input[end - 1] === CR) end--;
        const wanted = scanner.wantedOf(i);
        if (!this.#isOneRecord(start, end, wanted.isRead === true)) return undefined;
        const origin = { source: this.#source, position, line, record, part: 0, arrivalMs: this.#options.arrivalMs };
        if (isLeft) {
          this.#examineWaiting();
          this.#processor.leave(this.#input, start, end, origin);
          this.#reported = position;
          continue;
        }
        if (this.#waiting.isFullFor(end - start)) this.#examineWaiting();
        if (wanted.rules || !this.#waiting.add(this.#input, start, end, origin, wanted)) {
          this.#examineWaiting();
          this.#processor.examine(this.#input, start, end, origin, wanted, this.#options.arrivalMs, this.#found);
        }
      }
      this.#reported = position;
      if (this.#found.length >= MAX_HELD) return i + 1;
    }
    return candidateCount;
  }

  /** A record that need not be decoded; the sieve has seen that the line is one object and nothing else. */
  #isFed(fed: FedValues, start: number, end: number, line: number, record: number): boolean {
    const { maxRecordBytes, arrivalMs } = this.#options;
    if (end - start > maxRecordBytes || !(fed.hasPlainStart || this.#isOneRecord(start, end, true))) return false;
    this.#examineWaiting();
    const origin = this.#origin;
    origin.position = this.#base + start;
    origin.line = line;
    origin.record = record;
    return this.#processor.feed(fed, origin, start, end, arrivalMs, this.#found);
  }

  /** Whether the exact framing would take the line as one record as well. `isRead`: the sieve has seen that it is one object and nothing else. */
  #isOneRecord(start: number, end: number, isRead: boolean): boolean {
    const { maxRecordBytes } = this.#options;
    if (this.#framing !== 'ndjson') return true;
    // Of the lines that are one object the framer takes those of some kinds apart: their first key begins with an R.
    const isPlain = this.#input[start + 1] === QUOTE && ((this.#input[start + 2] ?? 0) | 0x20) !== 0x72;
    return (isRead && isPlain && end - start <= maxRecordBytes) || isOneRecord(this.#input, start, end, maxRecordBytes);
  }

  #examineWaiting(): void {
    this.#waiting.examine(this.#processor, this.#options.arrivalMs, this.#found);
  }

  /** Examines what waits and hands on all alerts found since the last call. */
  async #giveOut(): Promise<void> {
    this.#examineWaiting();
    await this.#handOn();
  }

  async #handOn(): Promise<void> {
    const found = this.#found;
    this.#found = [];
    if (found.length > 0) await this.#options.onFound(found);
  }
}

const NO_BLANKS: readonly number[] = [];
const NOTHING_BEFORE: LinesBefore = { lines: 0, records: 0 };

/** Ordinals of the lines that hold white space only. */
function blankLines(bytes: Buffer, length: number): readonly number[] {
  const chunk = bytes.subarray(0, length);
  const blanks: number[] = [];
  let ordinal = 0;
  for (let start = 0; start < length; ordinal++) {
    const found = chunk.indexOf(LF, start);
    const end = found < 0 ? length : found;
    let at = start;
    while (at < end && (chunk[at] ?? 0) <= 0x20) at++;
    if (at === end) blanks.push(ordinal);
    start = end + 1;
  }
  return blanks;
}

function isOneRecord(bytes: Buffer, start: number, end: number, maxRecordBytes: number): boolean {
  if (isPlainObjectLine(bytes, start, end, maxRecordBytes)) return true;
  const { records, dropped } = frameAll(createFramer('ndjson', { maxRecordBytes }), [bytes.subarray(start, end)]);
  return records.length === 1 && dropped.length === 0 && records[0]?.position === 0;
}
