/** Waiting with an end. */
import { setTimeout } from 'node:timers/promises';

/** True when `work` is done within so many milliseconds; it goes on unheard when it is not. Rejects as it does. */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = setTimeout(ms, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    timer.abort();
    // What fails later is nobody's any more.
    work.catch(() => undefined);
  }
}
