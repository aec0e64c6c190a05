/** Long work as a generator that stops every now and then: done at once, or in pieces between which others on the thread may work. */
import { setImmediate } from 'node:timers/promises';

/** Others wait so long at most, beside the longest step. */
const PIECE_MS = 5;

export function atOnce<T>(work: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

export async function inPieces<T>(work: Generator<unknown, T>): Promise<T> {
  for (;;) {
    const until = performance.now() + PIECE_MS;
    do {
      const { done, value } = work.next();
      if (done === true) return value;
    } while (performance.now() < until);
    await setImmediate();
  }
}
