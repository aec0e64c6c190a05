/**
 * `scan`: the same engine over files and standard input. Plain files of lines are cut into ranges of bytes, compressed and other files are
 * taken as a whole through the framers; threads take both from one queue, the calling thread among them.
 * Alerts come in the order of the input whatever the number of threads, because results are taken in the order of the jobs and lines
 * are numbered by prefix sums. Where nobody has said how many threads, the scan begins on one, and goes over to more when they pay.
 */
import { availableParallelism } from 'node:os';
import type { Finding } from '../../alerts/finding.ts';
import type { FoundAlert } from '../../alerts/found-alert.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { diagnostic } from '../../errors/diagnostic.ts';
import type { InflateLimits } from '../../frame/compression.ts';
import type { Processor } from '../processor.ts';
import { AlertBlockWriter, alertsWith } from '../workers/alert-block.ts';
import type { LinesBefore, PreparedRecords } from '../workers/prepared-records.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import { scanExactly } from './exact-file.ts';
import type { ListedFile } from './list-files.ts';
import { MoreThreads } from './more-threads.ts';
import { scanRange } from './scan-range.ts';
import { Job, type Piece, type Unit, type UnitEnd } from './scan-jobs.ts';
import { type ScanSummary, ScanTotals } from './scan-totals.ts';
import { scanUnit, type UnitTask } from './scan-unit.ts';
import { type UnitOptions, UnitQueue } from './unit-queue.ts';
import { examineLeft } from './waiting-records.ts';

export interface ScanOptions extends UnitOptions {
  readonly inflate: InflateLimits;
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
  /** Alerts of what workers have prepared; in the order of the input. */
  complete(prepared: PreparedRecords, nowMs: number, before: LinesBefore): readonly Finding[];
  readonly processor: Processor;
  readonly moreThreads?: FurtherThreads | undefined;
}

/** Threads that the scan may take to its help. */
export interface FurtherThreads {
  /** `at once`, or when it pays. */
  readonly when: 'at once' | 'when it pays';
  /** Sigma rules that each takes over. */
  readonly rules: number;
  /** Begins to open them; called once at most. */
  readonly open: () => WorkerPool;
}

/** Jobs that may be begun before the oldest is taken, for each thread: bounds what waits in memory. */
const AHEAD = 4;
/** Blocks of alerts of a file that the calling thread keeps until their turn has come. */
const KEPT_PIECES = 16;
/**
 * So many threads leave candidates to the calling one where they are few: what decodes and matches them is slow until the engine has
 * compiled it, for each thread anew. More of them would wait for it.
 */
const MAX_LEAVING = 3;
const NOTHING_BEFORE: LinesBefore = { lines: 0, records: 0 };

export async function scanFiles(
  files: readonly ListedFile[],
  engine: ScanEngine,
  options: ScanOptions,
): Promise<ScanSummary> {
  const scan = new Scan(files, engine, options);
  engine.hold(files.length > 1);
  await scan.run();
  return scan.summary(files.length);
}

class Scan {
  readonly #engine: ScanEngine;
  readonly #options: ScanOptions;
  readonly #units: UnitQueue;
  readonly #totals = new ScanTotals();
  readonly #isStateful: boolean;
  /** Begun and not taken, the oldest first. */
  readonly #jobs: Job[] = [];
  readonly #threads: MoreThreads;
  /** Of all files. */
  readonly #bytes: number;
  #pool: WorkerPool | undefined;
  #failure: { readonly by: unknown } | undefined;

  constructor(files: readonly ListedFile[], engine: ScanEngine, options: ScanOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#isStateful = engine.processor.isStateful;
    this.#units = new UnitQueue(files, engine.processor, options, (...why) => this.#reportUnreadable(...why));
    this.#bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const rules = engine.moreThreads?.rules ?? 0;
    const resources = { rules, isStateful: this.#isStateful, processors: availableParallelism() };
    this.#threads = new MoreThreads(this.#bytes, resources, () => performance.now());
  }

  async run(): Promise<void> {
    if (this.#engine.moreThreads?.when === 'at once') this.#open();
    this.#units.begin();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.by;
      this.#give();
      const [head] = this.#jobs;
      if (head?.isReady === true) await this.#take(head);
      else if (this.#isMine()) await this.#workHere();
      else if (head !== undefined) await this.#takeOldest();
      else break;
    }
    this.#engine.hold(false);
    const found = this.#engine.end(this.#options.now());
    if (found.length > 0) await this.#options.onFound(found);
  }

  summary(files: number): ScanSummary {
    return this.#totals.summary(files);
  }

  #open(): void {
    const pool = this.#engine.moreThreads?.open();
    if (pool === undefined) return;
    this.#pool = pool;
    // A file may keep this thread busy for long: the others are given work when they can take it.
    pool.ready.then(
      () => this.#give(),
      (error: unknown) => {
        this.#failure = { by: error };
      },
    );
  }

  get #hasRoom(): boolean {
    return this.#units.next !== undefined && this.#jobs.length < AHEAD * (1 + (this.#pool?.size ?? 0));
  }

  /** Whether the next unit is for this thread now. */
  #isMine(): boolean {
    if (this.#units.next === undefined) return false;
    return this.#jobs.length === 0 || (this.#hasRoom && this.#units.next.file.path !== '-');
  }

  /** Standard input can only be read here, when its turn has come. */
  get #isForOthers(): boolean {
    return this.#pool?.isReady === true && this.#units.next?.file.path !== '-';
  }

  /** Gives the next units to threads that can take more. */
  #give(): void {
    const pool = this.#pool;
    if (pool === undefined) return;
    while (this.#hasRoom && this.#isForOthers && pool.hasRoom) {
      const unit = this.#units.take();
      if (unit === undefined) return;
      this.#totals.addPart('another');
      const job = new Job(unit);
      this.#jobs.push(job);
      const { file, source, range, arrivalMs } = unit;
      pool
        .scan({ kind: 'unit', file, source, range, arrivalMs, ...this.#limits }, (piece) => job.add(piece))
        .then(
          (end) => job.end(end),
          (error: unknown) => job.fail(error),
        )
        .finally(() => this.#give());
    }
  }

  /** The next unit on this thread; its alerts go out at once when it is the oldest. */
  async #workHere(): Promise<void> {
    const unit = this.#units.take();
    if (unit === undefined) return;
    this.#totals.addPart('this thread');
    const startedMs = performance.now();
    if (this.#jobs.length === 0) await this.#workDirectly(unit);
    else await this.#workAside(unit);
    this.#threads.add(unit.bytes, performance.now() - startedMs);
    const { moreThreads } = this.#engine;
    if (this.#pool === undefined && moreThreads?.when === 'when it pays' && this.#threads.pay) this.#open();
    // What others have said is heard between two units.
    if (this.#pool !== undefined)
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
  }

  async #workDirectly(unit: Unit): Promise<void> {
    const { totals, range } = unit;
    try {
      if (range === undefined) await this.#takeExactly(unit);
      else {
        const task = {
          path: unit.file.path,
          source: unit.source,
          arrivalMs: unit.arrivalMs,
          ...range,
          before: { ...totals },
        };
        const result = await scanRange(this.#engine.processor, task, { ...this.#options, leaves: false });
        await this.#options.settle?.();
        await this.#endOf(unit, result);
      }
    } catch (error) {
      this.#reportUnreadable(unit.file, error);
    }
    this.#totals.unitDone(unit);
  }

  /** As other threads do it: what is found waits until its turn has come, and state hears of it then. */
  async #workAside(unit: Unit): Promise<void> {
    const { processor } = this.#engine;
    const job = new Job(unit);
    this.#jobs.push(job);
    processor.prepares = true;
    const give = async (piece: Piece): Promise<void> => {
      void job.add(piece);
      // What others have found meanwhile goes out: they wait for it.
      for (let [head] = this.#jobs; head !== job && head?.isReady === true; [head] = this.#jobs) await this.#take(head);
      while (job.waiting > KEPT_PIECES && this.#jobs[0] !== job) await this.#takeOldest();
      if (this.#jobs[0] === job) await this.#take(job);
    };
    try {
      const alerts = new AlertBlockWriter(true);
      job.end(await scanUnit(processor, alerts, { ...unit, ...this.#limits }, give));
    } catch (error) {
      job.fail(error);
    }
    processor.prepares = false;
  }

  async #takeOldest(): Promise<void> {
    const [head] = this.#jobs;
    if (head === undefined) return;
    await head.ready();
    await this.#take(head);
  }

  /** What the oldest job has given: its alerts go out, and at its end its counts are added. */
  async #take(job: Job): Promise<void> {
    const { unit } = job;
    const { totals, file, arrivalMs } = unit;
    const { processor } = this.#engine;
    // In the middle of a unit that this thread works at aside.
    const { prepares } = processor;
    processor.prepares = false;
    try {
      for (let piece = job.piece(); piece !== undefined; piece = job.piece()) {
        if (totals.isExact && unit.range !== undefined) continue;
        const before = unit.range === undefined ? NOTHING_BEFORE : { ...totals };
        const completed = this.#engine.complete(piece.prepared, arrivalMs, before);
        const left = piece.left === undefined ? [] : examineLeft(processor, piece.left, unit.source, before, arrivalMs);
        const found = [...alertsWith(piece.found, completed, before), ...left];
        if (found.length > 0) await this.#options.onFound(found);
        await this.#options.settle?.();
      }
      const { result } = job;
      if (result === undefined) return;
      this.#jobs.shift();
      if (unit.range === undefined || !totals.isExact) await this.#endOf(unit, result);
    } catch (error) {
      if (this.#jobs[0] === job) this.#jobs.shift();
      this.#reportUnreadable(file, error);
    } finally {
      processor.prepares = prepares;
    }
    this.#totals.unitDone(unit);
  }

  async #endOf(unit: Unit, { dropped, irregularAfter, records, lines, bytes }: UnitEnd): Promise<void> {
    const { totals, range } = unit;
    for (const [reason, count] of Object.entries(dropped)) this.#totals.drop(reason, count);
    if (irregularAfter !== undefined) {
      totals.reportedThrough = Math.max(irregularAfter, (range?.start ?? 0) - 1);
      return this.#takeExactly(unit);
    }
    totals.records += records;
    totals.lines += lines;
    totals.bytes += bytes;
    this.#options.onProgress(
      this.#totals.fileBytes + Math.min(totals.bytes, unit.file.bytes),
      this.#totals.records + totals.records,
    );
  }

  /** The whole file, as it comes. */
  async #takeExactly({ file, source, totals }: Unit): Promise<void> {
    this.#units.leaveOut(totals);
    const counted = await scanExactly(file, source, this.#engine.processor, {
      ...this.#options,
      reportedThrough: totals.reportedThrough,
      drop: (reason) => this.#totals.drop(reason, 1),
      onProgress: (bytes, records) =>
        this.#options.onProgress(this.#totals.fileBytes + bytes, this.#totals.records + records),
    });
    totals.records = counted.records;
    totals.bytes = counted.bytes;
  }

  get #limits(): Pick<UnitTask, 'maxRecordBytes' | 'inflate' | 'leaves'> {
    const { maxRecordBytes, inflate } = this.#options;
    return { maxRecordBytes, inflate, leaves: !this.#isStateful && (this.#pool?.size ?? 0) <= MAX_LEAVING };
  }

  /** Errors of the operating system belong to the file; anything else is a bug. */
  #reportUnreadable(file: ListedFile, error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    this.#totals.addUnreadable();
    this.#options.onDiagnostic(
      diagnostic('ENV_FILE_UNREADABLE', 'error', `file "${file.path}" cannot be read: ${code}`),
    );
  }
}
