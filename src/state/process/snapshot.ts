/**
 * Process memory as snapshot chunks: pieces of some hundred processes, written when one of them changed, and the events that wait for
 * an ancestor. A piece that is about to change before its turn is written first.
 */
import { closing, type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import { endable } from '../snapshot/endable.ts';
import { PROCESS_BUCKETS, type ProcessMemory, type Waiting } from './process-memory.ts';
import type { SavedProcess } from './process-record.ts';

const BUCKET_KEYS = Array.from({ length: PROCESS_BUCKETS }, (_, bucket) => `process/${bucket}`);
const WAITING = 'waiting/';
/** Waiting events of one chunk: some milliseconds of work. */
const WAITING_PER_CHUNK = 500;

/** Chunks of what changed since the last call; of everything when `full`. The picture is taken by the call. */
export function snapshotProcesses(
  memory: ProcessMemory<unknown>,
  full: boolean,
): IterableIterator<SnapshotChunk, void> {
  const begun = full ? [...BUCKET_KEYS.keys()] : [...memory.changed];
  const pending = new Set(begun);
  memory.changed.clear();
  const early: SnapshotChunk[] = [];
  memory.beforeChange = (bucket) => {
    if (pending.delete(bucket)) early.push(bucketChunk(memory, bucket));
  };
  return endable(steps(memory, begun, pending, early, memory.waiting()), (drawn) => {
    memory.beforeChange = undefined;
    if (!drawn) for (const bucket of begun) memory.changed.add(bucket);
  });
}

function* steps(
  memory: ProcessMemory<unknown>,
  begun: readonly number[],
  pending: Set<number>,
  early: SnapshotChunk[],
  waiting: readonly (readonly [string, Waiting<unknown>])[],
): Generator<SnapshotChunk, void> {
  for (const bucket of begun) {
    if (pending.delete(bucket)) yield bucketChunk(memory, bucket);
    for (let next = early.shift(); next !== undefined; next = early.shift()) yield next;
  }
  const keys: string[] = [];
  for (let from = 0; from < waiting.length; from += WAITING_PER_CHUNK) {
    const key = `${WAITING}${keys.length}`;
    keys.push(key);
    yield encodeChunk(key, waiting.slice(from, from + WAITING_PER_CHUNK));
  }
  yield closing([...BUCKET_KEYS, ...keys]);
}

function bucketChunk(memory: ProcessMemory<unknown>, bucket: number): SnapshotChunk {
  return encodeChunk(BUCKET_KEYS[bucket] as string, memory.bucket(bucket));
}

/** Into a memory that has seen nothing yet. */
export function restoreProcesses<T>(memory: ProcessMemory<T>, chunks: ReadonlyMap<string, DecodedChunk>): void {
  memory.restore(BUCKET_KEYS.flatMap((key) => (chunks.get(key)?.head ?? []) as readonly SavedProcess[]));
  for (const [key, { head }] of chunks)
    if (key.startsWith(WAITING)) memory.restoreWaiting(head as readonly (readonly [string, Waiting<T>])[]);
}
