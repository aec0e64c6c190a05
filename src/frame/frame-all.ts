/** Frames bytes that are wholly in memory: records as copies, with what was given up. For small inputs and for tests. */
import type { ResumableFramer } from './framer.ts';

export interface FramedRecord {
  readonly bytes: Uint8Array;
  readonly position: number;
  readonly line: number;
}

export interface FramedBytes {
  readonly records: readonly FramedRecord[];
  readonly dropped: readonly { readonly reason: 'too_long' | 'incomplete'; readonly sample: Uint8Array }[];
}

export function frameAll(framer: ResumableFramer, chunks: Iterable<Uint8Array>): FramedBytes {
  const records: FramedRecord[] = [];
  const dropped: { reason: 'too_long' | 'incomplete'; sample: Uint8Array }[] = [];
  const emit: Parameters<ResumableFramer['push']>[1] = ({ bytes, start, end, position, line }) => {
    records.push({ bytes: Uint8Array.prototype.slice.call(bytes, start, end), position, line });
  };
  const drop: Parameters<ResumableFramer['push']>[2] = (reason, sample) => {
    dropped.push({ reason, sample });
  };
  for (const chunk of chunks) framer.push(chunk, emit, drop);
  framer.end(emit, drop);
  return { records, dropped };
}
