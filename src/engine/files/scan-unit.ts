/** One unit of a scan on whatever thread it was given to: what comes of it is handed on in pieces that others can take. */
import type { InflateLimits } from '../../frame/compression.ts';
import type { Processor } from '../processor.ts';
import type { AlertBlockWriter } from '../workers/alert-block.ts';
import { NOTHING_PREPARED } from '../workers/prepared-records.ts';
import { scanExactly } from './exact-file.ts';
import type { Piece, Unit, UnitEnd } from './scan-jobs.ts';
import { scanRange } from './scan-range.ts';
import type { LeftRecords } from './waiting-records.ts';

export interface UnitTask extends Pick<Unit, 'file' | 'source' | 'range' | 'arrivalMs'> {
  readonly maxRecordBytes: number;
  readonly inflate: InflateLimits;
  /** Whether few candidates of a range are left to who takes what comes of it: many are examined here. */
  readonly leaves: boolean;
}

/** `give` resolves when more may follow. Rejects when the file cannot be read. */
export async function scanUnit(
  processor: Processor,
  alerts: AlertBlockWriter,
  task: UnitTask,
  give: (piece: Piece) => Promise<void>,
): Promise<UnitEnd> {
  const { file, source, range, arrivalMs, maxRecordBytes, inflate, leaves } = task;
  const onFound = async (found: Parameters<AlertBlockWriter['add']>[0]): Promise<void> => alerts.add(found);
  const giveAll = async (left?: LeftRecords): Promise<void> => {
    const piece = { found: alerts.take(), prepared: processor.takePrepared(), ...(left !== undefined && { left }) };
    if (piece.found !== undefined || piece.prepared !== NOTHING_PREPARED || left !== undefined) await give(piece);
  };
  if (range !== undefined) {
    const task = { path: file.path, source, arrivalMs, ...range };
    const { left, ...result } = await scanRange(processor, task, { maxRecordBytes, onFound, leaves });
    await giveAll(left);
    return result;
  }
  const dropped: Record<string, number> = {};
  const counted = await scanExactly(file, source, processor, {
    ...{ maxRecordBytes, inflate, onFound },
    now: () => arrivalMs,
    reportedThrough: -1,
    drop: (reason) => {
      dropped[reason] = (dropped[reason] ?? 0) + 1;
    },
    settle: giveAll,
    onProgress: () => undefined,
  });
  await giveAll();
  return { ...counted, lines: 0, dropped };
}
