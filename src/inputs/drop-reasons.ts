/**
 * Why an input gives records up: a closed set, each with the code and text it is reported under. Counting here keeps the sum that
 * every input holds to: received = pushed + dropped by reason.
 */
import type { ErrorCode } from '../errors/table.ts';
import type { InputContext } from './input.ts';

const REASONS = {
  too_long: ['DATA_TOO_LONG', 'record longer than the limit'],
  incomplete: ['DATA_INCOMPLETE', 'frame cut off by the end of the stream'],
  bad_compression: ['DATA_BAD_COMPRESSION', 'compressed data is damaged or cut off'],
  inflates_too_far: ['DATA_INFLATES_TOO_FAR', 'compressed data inflates beyond the limit'],
  bad_chunk: ['DATA_BAD_CHUNK', 'GELF chunk with a header that cannot be right'],
  duplicate_chunk: ['DATA_BAD_CHUNK', 'GELF chunk that came before'],
  chunks_expired: ['DATA_CHUNKS_LOST', 'GELF message not whole after five seconds'],
  chunks_evicted: ['DATA_CHUNKS_LOST', 'unfinished GELF message given up to make room'],
  empty: ['DATA_EMPTY', 'message without content'],
  pressure: ['ENV_OVERLOADED', 'datagram dropped because too many records are waiting'],
  buffers_full: ['ENV_CLIENT_GIVEN_UP', 'unfinished record given up because all clients together hold too much'],
} as const satisfies Readonly<Record<string, readonly [ErrorCode, string]>>;

export type DropReason = keyof typeof REASONS;

const NO_SAMPLE = new Uint8Array(0);

export function countDrop(context: InputContext, reason: DropReason, sample: Uint8Array = NO_SAMPLE): void {
  context.counters.add('received_records');
  context.counters.drop(reason);
  const [code, message] = REASONS[reason];
  if (sample.length > 0) context.report(code, message, sample);
  else context.report(code, message);
}
