/**
 * StatefulPart: one piece of state that spans events and must survive a restart (correlations, one flux specification, patterns over
 * several observations, process memory). Whoever keeps state gives the engine one of these; saving to disk, the input positions
 * that belong to a snapshot, and the hand-over at a reload are the engine's business.
 */
import type { DecodedChunk, SnapshotChunk } from './chunk.ts';

export interface StatefulPart {
  /** Stable over restarts and unique in one engine: `correlation`, `flux/PATH`, `pattern`, `process`. */
  readonly name: string;
  /**
   * Chunks of what changed since the last snapshot; of everything when `full`. The call itself takes the picture: chunks drawn later
   * show the state as it was at the call, although events go on meanwhile. No call and no draw may take longer than some ten
   * milliseconds. The last chunk is the `closing` one, which names every key of the state. One snapshot at a time; one that is given
   * up is told so by the iterator's `return`, and what was not drawn counts as changed.
   */
  snapshot(full: boolean): IterableIterator<SnapshotChunk, void>;
  /**
   * Before the first event. `nowMs` is the arrival clock: it stood still while nothing ran, so idle times begin anew with it. Returns what
   * starts empty because its rule is new or was changed, in words for people (`correlation "id"`).
   */
  restore(chunks: ReadonlyMap<string, DecodedChunk>, nowMs: number): readonly string[];
  /**
   * Takes the state of the former part over as it is, at a reload, before the first event: nothing is copied, so that a large state takes no
   * longer than a small one. The former part must not be used any more. Returns what starts empty and what is given up, in words for
   * people; undefined when it cannot, and a snapshot must do. Absent: never can.
   */
  takeOver?(former: StatefulPart): readonly string[] | undefined;
  /** What the state consists of, for people and metrics; cheap. */
  report(): readonly StateReport[];
  /** Groups of the rule, for people; undefined when it is none of this part's. Absent where groups cannot be listed (fingerprints). */
  groups?(ruleId: string, query: GroupQuery): readonly GroupReport[] | undefined;
}

/** Memory of one rule's state. */
export interface StateReport {
  readonly engine: 'correlation' | 'flux' | 'pattern' | 'process';
  readonly rule: string;
  readonly name: string;
  /** Names of the rules that share this memory; absent: it is that of one rule. */
  readonly sharedBy?: readonly string[];
  readonly groups: number;
  /** Facts in windows, remembered tags, kept events, processes. */
  readonly entries: number;
  readonly bytes: number;
  /** Bytes that all rules of the engine may take together; absent where memory is of a fixed size. */
  readonly budgetBytes?: number;
  /** Entries that one group (for processes: one process id of a host) may have. */
  readonly groupLimit?: number;
  /** Events that wait for older ones. */
  readonly waiting: number;
  readonly late: number;
  /** Events that were not waited with until older ones could come no more, because too many waited. Absent: none can be. */
  readonly early?: number;
  /** Flux only: events with a tag but without a value in the group field, so that nothing remembers them. */
  readonly ungrouped?: number;
  /** Given up because a bound was reached. */
  readonly evicted: number;
  /** Patterns only: searches for events that belong together which took too many steps; neither match nor none. */
  readonly undecided?: number;
  /** Flux with Bloom memory only: alerts dropped after a second look, kept without proof, raised against memory. */
  readonly refuted?: number;
  readonly unconfirmed?: number;
  readonly restored?: number;
}

/** Whether the memory is that of the rule, or of several with it; `rule`: its id, or where it has none its name. */
export function isMemoryOf({ rule, sharedBy }: StateReport, id: string): boolean {
  return rule === id || sharedBy?.includes(id) === true;
}

export interface GroupQuery {
  readonly limit: number;
  /** Only groups with this text in a value of their key. */
  readonly filter?: string;
}

/** Names one event for ever, see `eventKey`. */
export interface EventReference {
  readonly source: string;
  readonly position: number;
  readonly part: number;
  readonly timeMs: number;
  /** Where the event was read, when that is known: file and line, from 1. */
  readonly path?: string;
  readonly line?: number;
}

/** One group's window: what is in it, and why its rule has not fired. */
export interface GroupReport {
  /** Fields and values of the group key. */
  readonly group: Readonly<Record<string, string>>;
  /** Event times of the oldest and newest entry, milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly entries: number;
  /** What the condition is about and what it asks: `event_count 3, needs >= 10`. */
  readonly state: string;
  /** What is missing, one phrase each; empty when the condition holds. */
  readonly missing: readonly string[];
  /** References of the newest events, newest first. */
  readonly events: readonly EventReference[];
}
