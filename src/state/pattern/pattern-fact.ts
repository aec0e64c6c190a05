/** What a stream of patterns is told and tells, its bounds, and what it counts. */
import type { LateEvents } from '../order/late-events.ts';

export interface PatternFact<E> {
  /** Position in the list of plans. */
  readonly pattern: number;
  readonly key: string;
  /** Milliseconds since the epoch, may carry a fraction. */
  readonly timeMs: number;
  /** Brackets that the event satisfies, at least one. */
  readonly brackets: readonly number[];
  readonly event: E;
  /** The source is read from the past (a file): a jump back of more than an hour begins a new epoch there, and nothing is late. */
  readonly isReplay?: boolean;
}

export interface PatternStreamMatch<E> {
  readonly pattern: number;
  readonly key: string;
  /** Events of the binding, oldest first. */
  readonly events: readonly E[];
}

export interface PatternStreamOptions {
  /** How long events are kept for plans that set no limit themselves. Default 24 hours. */
  readonly retentionMs?: number;
  /** Events may be this much older than the newest of their key. Default 60 seconds. */
  readonly latenessMs?: number;
  /** Default: late events are left out. */
  readonly lateEvents?: LateEvents;
  /** Events kept for one pattern and key; beyond it the oldest are dropped. Default 1,000. */
  readonly maxPerKey?: number;
  /** Events kept over all; beyond it the key that was quiet for longest is dropped. Default 1,000,000. */
  readonly maxTotal?: number;
  /** Memory of all kept events, as the codec weighs them; beyond it likewise. Default 256 MiB. */
  readonly budgetBytes?: number;
  readonly maxSteps?: number;
}

export interface PatternStreamCounts {
  matches: number;
  /** Older than the lateness allows. */
  late: number;
  /** Jumps back in replayed sources: the events kept for the key were dropped. */
  epochs: number;
  /** Dropped because a pattern's key held too many. */
  evictedEvents: number;
  /** Dropped because there were too many over all. */
  evictedKeys: number;
  /** Searches that used up their budget: neither match nor none. */
  undecided: number;
}

/** How events become JSON and back, and how they weigh. */
export interface EventCodec<E> {
  save(event: E): unknown;
  load(saved: unknown): E;
  /** About the bytes that it takes in memory. */
  size(event: E): number;
}
