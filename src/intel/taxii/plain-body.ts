/**
 * The text of an answer that a server, or a proxy before it, compressed although nobody asked for that: told by its first bytes,
 * unpacked within limits.
 */
import { InflateError, inflateDetected } from '../../frame/inflate-stream.ts';
import { HttpProblem } from '../http/http-get.ts';

/** Text packs a hundred times at most; a thousand is a bomb. */
const MAX_RATIO = 1000;
const MAX_WINDOW_BYTES = 8 * 1024 * 1024;

/** @throws HttpProblem in the iteration: what breaks off may be asked for again, what is too large may not. */
export async function* plainBody(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  try {
    yield* inflateDetected(body, { maxBytes, maxRatio: MAX_RATIO, maxWindowBytes: MAX_WINDOW_BYTES });
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    const isTooLarge = error.problem === 'inflates_too_far';
    throw new HttpProblem(isTooLarge ? 'INTEL_TOO_LARGE' : 'INTEL_FETCH_FAILED', error.message, !isTooLarge, error);
  }
}
