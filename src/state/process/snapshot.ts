/** Process memory as snapshot chunks: one for each of 256 buckets of hosts, written when one of its processes changed. */
import { closing, type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import { PROCESS_BUCKETS, type ProcessMemory, type ProcessRecord } from './process-memory.ts';

/** JSON leaves undefined out, and with it the difference between a key that is undefined and one that is absent. */
type SavedRecord = Partial<ProcessRecord> & Pick<ProcessRecord, 'host' | 'pid' | 'startMs' | 'started' | 'fields'>;

/** Chunks of what changed since the last call; of everything when `full`. Events that wait for a parent are not saved. */
export function snapshotProcesses(memory: ProcessMemory<unknown>, full: boolean): SnapshotChunk[] {
  const buckets: ProcessRecord[][] = Array.from({ length: PROCESS_BUCKETS }, () => []);
  for (const record of memory.records()) buckets[memory.bucketOf(record.host)]?.push(record);
  const chunks = buckets.flatMap((records, bucket) =>
    full || memory.changed.has(bucket) ? [encodeChunk(`process/${bucket}`, records)] : [],
  );
  memory.changed.clear();
  return [...chunks, closing(buckets.map((_, bucket) => `process/${bucket}`))];
}

/** Into a memory that has seen nothing yet. */
export function restoreProcesses(memory: ProcessMemory<unknown>, chunks: ReadonlyMap<string, DecodedChunk>): void {
  for (let bucket = 0; bucket < PROCESS_BUCKETS; bucket++) {
    const records = (chunks.get(`process/${bucket}`)?.head ?? []) as readonly SavedRecord[];
    memory.restore(
      records.map((record) => ({
        guid: undefined,
        endMs: undefined,
        parentPid: undefined,
        parentGuid: undefined,
        place: undefined,
        ...record,
      })),
    );
  }
}
