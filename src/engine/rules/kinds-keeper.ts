/**
 * KindsKeeper: when a running service keeps what was learnt of kinds of records, beside its end: soon after something was first learnt, so that a
 * crash does not take all of it, and seldom from then on: records wait while the picture of many megabytes is taken.
 */

/** What is asked of the generation in use. */
export interface LearntKinds {
  readonly hasNewKinds: boolean;
}

/** Before it is looked for news. */
export const LOOK_MS = 60_000;
/** Between two writes at least. */
export const KEEP_MS = 3_600_000;

export class KindsKeeper {
  #nextMs: number;

  /** `nowMs`: of a steady clock. */
  constructor(nowMs: number) {
    this.#nextMs = nowMs + LOOK_MS;
  }

  /** True: they are to be kept now. */
  isDue({ hasNewKinds }: LearntKinds, nowMs: number): boolean {
    if (nowMs < this.#nextMs) return false;
    this.#nextMs = nowMs + (hasNewKinds ? KEEP_MS : LOOK_MS);
    return hasNewKinds;
  }
}
