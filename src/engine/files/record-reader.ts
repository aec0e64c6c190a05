/**
 * Reads one file or stream to its end: inflates it when its first bytes say so, cuts it into records, hands over each record. The
 * exact path of `scan`; plain line files have a faster one in `line-file.ts`.
 */
import { createReadStream } from 'node:fs';
import type { InflateLimits, InflateProblem } from '../../frame/compression.ts';
import type { EmitRecord } from '../../frame/framer.ts';
import { InflateError, inflateDetected } from '../../frame/inflate-stream.ts';
import { createFramer } from '../../frame/registry.ts';

export interface RecordReaderOptions {
  readonly maxRecordBytes: number;
  readonly inflate: InflateLimits;
}

export type ReadProblem = InflateProblem | 'too_long' | 'incomplete';

export interface RecordHandler {
  /** The chunk that records are about to be emitted from. */
  readonly begin?: (chunk: Uint8Array) => void;
  readonly emit: EmitRecord;
  readonly drop: (reason: ReadProblem, sample: Uint8Array) => void;
  /** Bytes taken from the source so far, as they are stored (compressed). */
  readonly progress?: (bytes: number) => void;
  /** Called between chunks; reading waits for it. */
  readonly settle?: () => Promise<void>;
}

const READ_BYTES = 1 << 20;

/** Resolves at the end of the data; damaged compression ends it early, counted. Rejects when the file cannot be read. */
export async function readRecords(
  source: string | AsyncIterable<Uint8Array>,
  options: RecordReaderOptions,
  handler: RecordHandler,
): Promise<void> {
  const chunks = typeof source === 'string' ? createReadStream(source, { highWaterMark: READ_BYTES }) : source;
  const framer = createFramer('auto', { maxRecordBytes: options.maxRecordBytes });
  const counted = (async function* (): AsyncIterable<Uint8Array> {
    let taken = 0;
    for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
      taken += chunk.length;
      yield chunk;
      handler.progress?.(taken);
    }
  })();
  try {
    for await (const chunk of inflateDetected(counted, options.inflate)) {
      handler.begin?.(chunk);
      framer.push(chunk, handler.emit, handler.drop);
      if (handler.settle !== undefined) await handler.settle();
    }
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    handler.drop(error.problem, new Uint8Array(0));
  }
  framer.end(handler.emit, handler.drop);
}
