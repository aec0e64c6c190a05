/** How many threads match: what was asked for, or one per processor. */
import { availableParallelism } from 'node:os';

export function workerCount(workers: 'auto' | number, processors = availableParallelism()): number {
  return workers === 'auto' ? processors : workers;
}
