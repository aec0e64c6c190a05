/** Ranges of line files, scanned by the workers of a pool or, without one, by the calling thread when asked for. */
import type { RecordSource } from '../../core/record.ts';
import { type LineFraming, scanLineFile } from './line-file.ts';
import type { Finding } from '../../alerts/finding.ts';
import type { Processor } from '../processor.ts';
import type { AlertBlock } from '../workers/alert-block.ts';
import type { LinesBefore, PreparedRecords } from '../workers/prepared-records.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';

export interface RangeTask {
  readonly path: string;
  readonly framing: LineFraming;
  readonly source: RecordSource;
  readonly start: number;
  readonly end: number;
  readonly arrivalMs: number;
  /** Lines and records of the file in front of the range, when they are known; absent: its own count from 0. */
  readonly before?: LinesBefore;
}

export interface RangeResult {
  /** Alerts of a range that a worker has scanned; their lines and records count from its start. */
  readonly found?: AlertBlock | undefined;
  /** What the thread that keeps state is to complete, in the order of ranges. */
  readonly prepared: PreparedRecords;
  readonly records: number;
  readonly lines: number;
  readonly bytes: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly irregularAfter?: number;
}

export type OnFound = (found: readonly Finding[]) => Promise<void>;

/** Large enough that posting a task costs nothing beside it, small enough that alerts come while a large file is read. */
const RANGE_BYTES = 16 << 20;
/** Where rules keep state every event may be handed over, which takes several times its bytes of memory until its turn has come. */
const STATEFUL_RANGE_BYTES = 4 << 20;
const MAX_BYTES = Number.MAX_SAFE_INTEGER;

export class RangeScanner {
  readonly #processor: Processor;
  readonly #pool: WorkerPool | undefined;
  readonly #maxRecordBytes: number;

  constructor(processor: Processor, pool: WorkerPool | undefined, maxRecordBytes: number) {
    this.#processor = processor;
    this.#pool = pool;
    this.#maxRecordBytes = maxRecordBytes;
  }

  /** Jobs that may be begun before the oldest is taken: bounds what waits in memory. */
  get ahead(): number {
    return this.#pool === undefined ? 0 : 2 * this.#pool.size;
  }

  /** The last range is open to the end: the file may have grown since it was listed. */
  *cut(fileBytes: number): Generator<{ readonly start: number; readonly end: number; readonly isLast: boolean }> {
    const bytes = this.#processor.isStateful ? STATEFUL_RANGE_BYTES : RANGE_BYTES;
    let start = 0;
    for (; start + bytes < fileBytes; start += bytes) yield { start, end: start + bytes, isLast: false };
    yield { start, end: MAX_BYTES, isLast: true };
  }

  /** `onFound` takes the alerts as they are found, where the range is scanned here; those of a pool are in the result. */
  async scan(task: RangeTask, onFound: OnFound): Promise<RangeResult> {
    return this.#pool === undefined
      ? this.#scanHere(task, onFound)
      : scanOnPool(this.#pool, task, this.#maxRecordBytes);
  }

  async #scanHere(task: RangeTask, onFound: OnFound): Promise<RangeResult> {
    const { path, framing, source, start, end, arrivalMs, before } = task;
    const dropped: Record<string, number> = {};
    const result = await scanLineFile(path, framing, source, this.#processor, {
      maxRecordBytes: this.#maxRecordBytes,
      arrivalMs,
      range: { start, end },
      ...(before !== undefined && { before }),
      onProgress: () => undefined,
      onDrop: (reason) => {
        dropped[reason] = (dropped[reason] ?? 0) + 1;
      },
      onFound,
    });
    return { prepared: this.#processor.takePrepared(), dropped, ...result };
  }
}

async function scanOnPool(pool: WorkerPool, task: RangeTask, maxRecordBytes: number): Promise<RangeResult> {
  const { range, found } = await pool.run({ kind: 'file', ...task, maxRecordBytes });
  if (range === undefined) throw new Error('a worker answered a file task with a batch');
  return { ...range, found };
}
