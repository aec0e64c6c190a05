/** Ranges of line files: what a file is cut into, and how one is scanned by the thread that is asked to. */
import type { Finding } from '../../alerts/finding.ts';
import type { RecordSource } from '../../core/record.ts';
import type { Processor } from '../processor.ts';
import type { LinesBefore } from '../workers/prepared-records.ts';
import { type LineFraming, scanLineFile } from './line-file.ts';
import type { LeftRecords } from './waiting-records.ts';

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
  readonly records: number;
  readonly lines: number;
  readonly bytes: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly irregularAfter?: number;
  readonly left?: LeftRecords;
}

export interface RangeOptions {
  readonly maxRecordBytes: number;
  /** Takes the alerts as they are found. */
  readonly onFound: (found: readonly Finding[]) => Promise<void>;
  /** As in `LineFileOptions`. */
  readonly leaves: boolean;
}

/** Large enough that posting a task costs nothing beside it, small enough that alerts come while a large file is read. */
const RANGE_BYTES = 16 << 20;
/** Where rules keep state every event may be handed over, which takes several times its bytes of memory until its turn has come. */
const STATEFUL_RANGE_BYTES = 4 << 20;
const MAX_BYTES = Number.MAX_SAFE_INTEGER;

/** The last range is open to the end: the file may have grown since it was listed. */
export function* cutRanges(
  fileBytes: number,
  isStateful: boolean,
): Generator<{ readonly start: number; readonly end: number; readonly isLast: boolean }> {
  const bytes = isStateful ? STATEFUL_RANGE_BYTES : RANGE_BYTES;
  let start = 0;
  for (; start + bytes < fileBytes; start += bytes) yield { start, end: start + bytes, isLast: false };
  yield { start, end: MAX_BYTES, isLast: true };
}

export async function scanRange(processor: Processor, task: RangeTask, options: RangeOptions): Promise<RangeResult> {
  const { path, framing, source, start, end, arrivalMs, before } = task;
  const dropped: Record<string, number> = {};
  const result = await scanLineFile(path, framing, source, processor, {
    maxRecordBytes: options.maxRecordBytes,
    arrivalMs,
    range: { start, end },
    ...(before !== undefined && { before }),
    onProgress: () => undefined,
    onDrop: (reason) => {
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    },
    onFound: options.onFound,
    leaves: options.leaves,
  });
  return { dropped, ...result };
}
