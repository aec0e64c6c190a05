/**
 * `scan`: the same engine over files and standard input. Plain files of lines are cut into ranges of bytes that threads take from
 * a queue; all else goes through the framers on the calling thread. Alerts come in the order of the input whatever the number of
 * threads, because results are taken in the order of the jobs and lines are numbered by prefix sums.
 */
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { diagnostic } from '../../errors/diagnostic.ts';
import type { InflateLimits } from '../../frame/compression.ts';
import { scanExactly } from './exact-file.ts';
import { type FileSource, type FileSourceOptions, sourceOf } from './file-source.ts';
import { type LineFraming, sniffLines } from './line-file.ts';
import type { ListedFile } from './list-files.ts';
import type { FoundAlert } from '../../alerts/found-alert.ts';
import type { Processor } from '../processor.ts';
import { type RangeResult, RangeScanner } from './range-scanner.ts';
import { alertsOf } from '../workers/alert-block.ts';
import type { LinesBefore, PreparedRecords } from '../workers/prepared-records.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';

export interface ScanOptions extends FileSourceOptions {
  readonly maxRecordBytes: number;
  readonly inflate: InflateLimits;
  readonly now: () => number;
  /** Alerts in the order of the input; the scan waits for slow readers of the output. */
  readonly onFound: (found: readonly FoundAlert[]) => Promise<void>;
  /** Waits for slow readers of what else comes out; called between chunks. */
  readonly settle?: () => Promise<void>;
  readonly onProgress: (doneBytes: number, records: number) => void;
  readonly onDiagnostic: (problem: Diagnostic) => void;
}

export interface ScanEngine {
  /** Rules that span events settle nothing while held. */
  hold(held: boolean): void;
  /** Alerts of rules that span events, when the input is at its end. */
  end(nowMs: number): readonly FoundAlert[];
  /** Alerts of what workers have prepared, where rules keep state; in the order of the input. */
  complete(prepared: PreparedRecords, nowMs: number, before: LinesBefore): readonly FoundAlert[];
  readonly processor: Processor;
  readonly pool: WorkerPool | undefined;
}

export interface ScanSummary {
  readonly files: number;
  readonly filesWithoutRecords: number;
  readonly filesUnreadable: number;
  readonly records: number;
  /** Bytes of records, inflated. */
  readonly recordBytes: number;
  /** Bytes of the files as stored. */
  readonly fileBytes: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** What one file has given so far. */
interface FileTotals {
  records: number;
  bytes: number;
  lines: number;
  /** Position up to which alerts were given out, -1 for none. */
  reportedThrough: number;
  /** The exact path has taken the file: results of ranges still on their way are left out. */
  isExact: boolean;
}

/** One piece of work, in the order of the input. */
interface Job {
  readonly file: ListedFile;
  readonly totals: FileTotals;
  readonly isLast: boolean;
  /** Range of a line file, at work on a thread; undefined: the exact path, begun when its turn has come. */
  readonly range: Promise<RangeResult> | undefined;
  readonly start: number;
  readonly arrivalMs: number;
}

export async function scanFiles(
  files: readonly ListedFile[],
  engine: ScanEngine,
  options: ScanOptions,
): Promise<ScanSummary> {
  const scan = new Scan(engine, options);
  engine.hold(files.length > 1);
  for (const file of files) await scan.add(file);
  await scan.finish();
  return scan.summary(files.length);
}

class Scan {
  readonly #engine: ScanEngine;
  readonly #options: ScanOptions;
  readonly #ranges: RangeScanner;
  readonly #jobs: Job[] = [];
  readonly #dropped = new Map<string, number>();
  #records = 0;
  #recordBytes = 0;
  #fileBytes = 0;
  #withoutRecords = 0;
  #unreadable = 0;

  constructor(engine: ScanEngine, options: ScanOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#ranges = new RangeScanner(engine.processor, engine.pool, options.maxRecordBytes);
  }

  async add(file: ListedFile): Promise<void> {
    const totals: FileTotals = { records: 0, bytes: 0, lines: 0, reportedThrough: -1, isExact: false };
    const framing = this.#framingOf(file);
    if (framing === 'unreadable') return;
    const arrivalMs = this.#options.now();
    if (framing === undefined) return this.#push({ file, totals, isLast: true, range: undefined, start: 0, arrivalMs });
    const source = sourceOf(file, this.#options);
    for (const { start, end, isLast } of this.#ranges.cut(file.bytes)) {
      const task = { path: file.path, framing, source, start, end, arrivalMs };
      // Alone, each range is at its end before the next begins: alerts go out at once instead of waiting for it.
      const range = this.#ranges.scan(this.#isAlone ? { ...task, before: { ...totals } } : task, this.#options.onFound);
      await this.#push({ file, totals, isLast, range, start, arrivalMs });
      if (totals.isExact) break;
    }
  }

  async finish(): Promise<void> {
    while (this.#jobs.length > 0) await this.#take();
    this.#engine.hold(false);
    const found = this.#engine.end(this.#options.now());
    if (found.length > 0) await this.#options.onFound(found);
  }

  summary(files: number): ScanSummary {
    return {
      files,
      filesWithoutRecords: this.#withoutRecords,
      filesUnreadable: this.#unreadable,
      records: this.#records,
      recordBytes: this.#recordBytes,
      fileBytes: this.#fileBytes,
      dropped: Object.fromEntries(this.#dropped),
    };
  }

  /** Ranges are scanned one after the other on this thread: the lines in front of each are known, and state hears the true numbers. */
  get #isAlone(): boolean {
    return this.#engine.pool === undefined;
  }

  #framingOf(file: ListedFile): LineFraming | 'unreadable' | undefined {
    const { pool, processor } = this.#engine;
    if (file.path === '-' || (pool ?? processor.lineScanner(this.#options)) === undefined) return undefined;
    try {
      return sniffLines(file.path, this.#options.maxRecordBytes);
    } catch (error) {
      this.#reportUnreadable(file, error);
      return 'unreadable';
    }
  }

  async #push(job: Job): Promise<void> {
    // A range that fails while others are waited for must not be an unhandled rejection.
    job.range?.catch(() => undefined);
    this.#jobs.push(job);
    while (this.#jobs.length > this.#ranges.ahead) await this.#take();
  }

  /** Takes the oldest job: its alerts go out, its counts are added. */
  async #take(): Promise<void> {
    const job = this.#jobs.shift();
    if (job === undefined) return;
    try {
      if (!job.totals.isExact) await this.#takeRange(job);
    } catch (error) {
      this.#reportUnreadable(job.file, error);
    }
    if (job.isLast || job.totals.isExact) this.#finishFile(job);
  }

  async #takeRange({ file, totals, range, start, arrivalMs }: Job): Promise<void> {
    if (range === undefined) return this.#takeExactly(file, totals);
    const result = await range;
    for (const [reason, count] of Object.entries(result.dropped)) this.#drop(reason, count);
    const completed = this.#engine.complete(result.prepared, arrivalMs, totals);
    const found = [...alertsOf(result.found, { ...totals }), ...completed];
    if (found.length > 0) await this.#options.onFound(found);
    await this.#options.settle?.();
    if (result.irregularAfter !== undefined) {
      totals.reportedThrough = Math.max(result.irregularAfter, start - 1);
      return this.#takeExactly(file, totals);
    }
    totals.records += result.records;
    totals.lines += result.lines;
    totals.bytes += result.bytes;
    this.#options.onProgress(this.#fileBytes + totals.bytes, this.#records + totals.records);
  }

  async #takeExactly(file: ListedFile, totals: FileTotals): Promise<void> {
    totals.isExact = true;
    const source: FileSource = sourceOf(file, this.#options);
    const counted = await scanExactly(file, source, this.#engine.processor, {
      ...this.#options,
      reportedThrough: totals.reportedThrough,
      drop: (reason) => this.#drop(reason, 1),
      onProgress: (bytes, records) => this.#options.onProgress(this.#fileBytes + bytes, this.#records + records),
    });
    totals.records = counted.records;
    totals.bytes = counted.bytes;
  }

  #finishFile({ file, totals }: Job): void {
    if (totals.records === 0 && totals.bytes >= 0) this.#withoutRecords++;
    this.#records += totals.records;
    this.#recordBytes += Math.max(0, totals.bytes);
    this.#fileBytes += file.bytes;
    // Ranges of the same file that were begun before it turned out to be irregular.
    while (totals.isExact && this.#jobs[0]?.totals === totals) this.#jobs.shift();
  }

  #drop(reason: string, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  /** Errors of the operating system belong to the file; anything else is a bug. */
  #reportUnreadable(file: ListedFile, error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code !== 'string') throw error;
    this.#unreadable++;
    this.#options.onDiagnostic(
      diagnostic('ENV_FILE_UNREADABLE', 'error', `file "${file.path}" cannot be read: ${code}`),
    );
  }
}
