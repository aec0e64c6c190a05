/**
 * Compressed streams (files, HTTP bodies): chunks in, plain chunks out, pulled by the reader so that nothing piles up. What came
 * out before an error is given; then `InflateError` says why. gzip members and zstd frames may follow each other.
 */
import { Readable } from 'node:stream';
import { createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import {
  type Compression,
  detectCompression,
  type InflateLimits,
  type InflateProblem,
  RATIO_FLOOR_BYTES,
} from './compression.ts';
import { ZstdFrames, ZstdProblem } from './zstd-frames.ts';

export class InflateError extends Error {
  readonly problem: InflateProblem;

  constructor(problem: InflateProblem, cause?: unknown) {
    super(
      problem === 'bad_compression' ? 'compressed data is damaged or cut off' : 'compressed data inflates too far',
      {
        cause,
      },
    );
    this.name = 'InflateError';
    this.problem = problem;
  }
}

export type Chunks = AsyncIterable<Uint8Array>;

/** Inflates if the first bytes say so. */
export async function* inflateDetected(source: Chunks, limits: InflateLimits): Chunks {
  const iterator = source[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  let done = false;
  while (head.length < 4 && !done) {
    const next = await iterator.next();
    done = next.done === true;
    if (!done) head = joined(head, next.value as Uint8Array);
  }
  const whole = followedBy(head, iterator);
  const compression = detectCompression(head);
  // Only a window of 32 KiB counts in a stream: other zlib headers are far more often text.
  if (compression === undefined || (compression === 'zlib' && (head[0] !== 0x78 || head[1] === 0x5e))) yield* whole;
  else yield* inflateStream(whole, compression, limits);
}

/** @throws InflateError in the iteration. `deflate` is what HTTP calls so: zlib, or raw as some clients send it. */
export async function* inflateStream(
  source: Chunks,
  compression: Compression | 'deflate',
  limits: InflateLimits,
): Chunks {
  let taken = 0;
  let given = 0;
  const counted = (async function* (): Chunks {
    for await (const chunk of source) {
      taken += chunk.length;
      yield chunk;
    }
  })();
  const plain = compression === 'zstd' ? zstdChunks(counted, limits) : zlibChunks(counted, compression);
  for await (const chunk of plain) {
    given += chunk.length;
    if (given > limits.maxBytes || (given > RATIO_FLOOR_BYTES && given > taken * limits.maxRatio))
      throw new InflateError('inflates_too_far');
    yield chunk;
  }
}

async function* zlibChunks(source: Chunks, compression: 'gzip' | 'zlib' | 'deflate'): Chunks {
  let input = source;
  let raw = false;
  if (compression === 'deflate') {
    const iterator = source[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (first.done === true) return;
    raw = detectCompression(first.value) !== 'zlib';
    input = followedBy(first.value, iterator);
  }
  const inflater =
    compression === 'gzip' ? createGunzip(OUTPUT) : raw ? createInflateRaw(OUTPUT) : createInflate(OUTPUT);
  const reader = Readable.from(input, { objectMode: false, highWaterMark: 1 << 16 });
  let sourceError: unknown;
  reader.on('error', (error) => {
    sourceError = error;
    inflater.destroy(error);
  });
  reader.pipe(inflater);
  try {
    for await (const chunk of inflater) yield chunk as Uint8Array;
  } catch (error) {
    if (sourceError !== undefined) throw sourceError;
    throw new InflateError('bad_compression', error);
  } finally {
    reader.destroy();
    inflater.destroy();
  }
}

async function* zstdChunks(source: Chunks, limits: InflateLimits): Chunks {
  let pieces: Uint8Array[] = [];
  let held = 0;
  const frames = new ZstdFrames(limits.maxWindowBytes, Number.POSITIVE_INFINITY, (data) => {
    pieces.push(new Uint8Array(data));
    held += data.length;
    // A small chunk can hold blocks that inflate 30,000 fold: the limit counts before they pile up.
    if (held > Math.min(limits.maxBytes, MOST_HELD_BYTES)) throw new ZstdProblem('inflates_too_far');
  });
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; at += ZSTD_STEP_BYTES) {
        frames.push(chunk.subarray(at, at + ZSTD_STEP_BYTES));
        yield* pieces;
        pieces = [];
        held = 0;
      }
    }
    frames.end();
  } catch (error) {
    if (error instanceof ZstdProblem) throw new InflateError(error.problem, error);
    throw error;
  }
}

const OUTPUT = { chunkSize: 1 << 16 };

/** 1 KiB of blocks can hold at most 256 of 128 KiB. */
const ZSTD_STEP_BYTES = 1024;
const MOST_HELD_BYTES = 64 << 20;

async function* followedBy(head: Uint8Array, rest: AsyncIterator<Uint8Array>): Chunks {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
