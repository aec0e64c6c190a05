/** How many threads match: what was asked for, or one per processor. */
import { availableParallelism } from 'node:os';

/**
 * What pays for one more thread in a scan: it takes over the rules and compiles for itself what the records need, some two seconds of
 * processor time with thousands of Sigma rules (bench/record/sigma.md).
 */
const BYTES_PER_THREAD = 512 << 20;

/** `inputBytes`: all there is to read, where that is known; a little input is not spread over many threads unless asked for. */
export function workerCount(
  workers: 'auto' | number,
  inputBytes = Number.POSITIVE_INFINITY,
  processors = availableParallelism(),
): number {
  if (workers !== 'auto') return workers;
  return Math.max(1, Math.min(processors, Math.floor(inputBytes / BYTES_PER_THREAD)));
}
