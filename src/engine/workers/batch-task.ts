/** A batch as the task of a worker; its bytes are written to the worker's scanner input. */
import type { RecordBatch } from '../../core/record.ts';
import type { BatchTask } from './worker-messages.ts';

export function batchTask(batch: RecordBatch): BatchTask {
  const { source, count, basePosition, baseRecord, arrivalMs, positions, lines } = batch;
  return {
    kind: 'batch',
    source,
    count,
    basePosition,
    baseRecord,
    arrivalMs,
    byteLength: batch.bytes.length,
    // A view is posted with its whole buffer: slices carry only what is needed.
    ranges: batch.ranges.slice(0, 2 * count),
    ...(positions !== undefined && { positions: positions.slice(0, count) }),
    ...(lines !== undefined && { lines: lines.slice(0, count) }),
  };
}
