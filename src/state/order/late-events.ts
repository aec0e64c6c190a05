/**
 * What becomes of events that are later than the lateness allows. All are counted. Unless something is asked for, correlations and patterns
 * leave them out, because their windows have been judged, and flux specifications evaluate them against what is remembered.
 */

/**
 * `drop`: left out. `evaluate`: taken as of now: by correlations as if it were as old as is still allowed, by flux specifications and
 * patterns against what is remembered. Results then depend on the order of arrival.
 */
export type LateEvents = 'drop' | 'evaluate';

export interface Lateness {
  /** Events may be this much older than the newest of their key, in milliseconds; an hour at most, see source-clock.ts. */
  readonly latenessMs: number;
  /** Undefined: what suits each engine, see above. */
  readonly lateEvents?: LateEvents;
}
