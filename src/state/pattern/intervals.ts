/** Intervals of time in nanoseconds, both ends included: an observation lies somewhere in [first, last]. */

export interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * How two intervals meet. `touch_inner`: the first ends where the second begins; `touch_outer`: it begins where the second
 * ends; `touch_point`: both are one and the same instant.
 */
export type Overlap = 'none' | 'overlap' | 'touch_inner' | 'touch_outer' | 'touch_point';

export function overlap(left: Interval, right: Interval): Overlap {
  if (left.last < right.first || right.last < left.first) return 'none';
  const endsAtStart = left.last === right.first;
  const startsAtEnd = left.first === right.last;
  if (endsAtStart && startsAtEnd) return 'touch_point';
  if (endsAtStart) return 'touch_inner';
  return startsAtEnd ? 'touch_outer' : 'overlap';
}

/**
 * True when one instant can be picked from every interval so that all lie within `durationNs` of each other, the ends
 * included: the latest beginning is no further than that from the earliest end.
 */
export function intervalsWithin(intervals: readonly Interval[], durationNs: bigint): boolean {
  let latestFirst: bigint | undefined;
  let earliestLast: bigint | undefined;
  for (const { first, last } of intervals) {
    if (latestFirst === undefined || first > latestFirst) latestFirst = first;
    if (earliestLast === undefined || last < earliestLast) earliestLast = last;
  }
  return latestFirst === undefined || earliestLast === undefined || latestFirst - earliestLast <= durationNs;
}

/** True when some instant of the interval lies in [start, stop). */
export function reaches(interval: Interval, start: bigint, stop: bigint): boolean {
  return start < stop && interval.last >= start && interval.first < stop;
}

/** The later of two instants; where one is not there, the other. */
export function later(a: bigint | undefined, b: bigint): bigint;
export function later(a: bigint | undefined, b: bigint | undefined): bigint | undefined;
export function later(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
}
