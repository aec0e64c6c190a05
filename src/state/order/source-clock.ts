/**
 * Event time of each source (design section 4). In a file a jump back of more than an hour starts a new epoch: what was there before is
 * closed, and nothing counts as late. Inside an epoch of a file no event can be more than that hour older than the newest, so an
 * hour behind the newest event everything is settled, even for keys that fell silent. Streams have no such mark.
 */

export type SourceKind = 'file' | 'stream';

/** Jump back that starts a new epoch of a file. */
export const EPOCH_JUMP_MS = 3_600_000;

interface SourceState {
  readonly id: string;
  readonly kind: SourceKind;
  maxMs: number;
  epoch: number;
  /** When something came from it last, by the arrival clock. */
  heardMs: number;
}

export type SavedClock = Omit<SourceState, 'maxMs' | 'heardMs'> & { readonly maxMs: number | null };

export interface SourceCounts {
  sources: number;
  /** Forgotten because nothing was left of them. */
  forgotten: number;
}

/** With more sources than this those that nothing refers to are forgotten, and again when there are twice as many as were left. */
const MANY_SOURCES = 1024;

export class SourceClocks {
  readonly counts: SourceCounts = { sources: 0, forgotten: 0 };
  /** By number; undefined: forgotten. Numbers are given again only after a restart: what is in memory may still name one. */
  readonly #states: (SourceState | undefined)[] = [];
  readonly #byId = new Map<string, number>();
  #free: number[] = [];
  #limit = MANY_SOURCES;

  /**
   * Number of a source, given on first sight. Equal times are merged by this number, so whoever reads sources in parallel
   * registers them first, in one order (files: path order).
   */
  register(id: string, kind: SourceKind): number {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const source = this.#free.pop() ?? this.#states.length;
    this.#byId.set(id, source);
    this.#states[source] = { id, kind, maxMs: Number.NEGATIVE_INFINITY, epoch: 0, heardMs: Number.POSITIVE_INFINITY };
    this.counts.sources++;
    return source;
  }

  /** Many have come and gone: time to say which are in use. */
  get isCrowded(): boolean {
    return this.counts.sources > this.#limit;
  }

  /** Forgets the sources that nothing refers to: receivers have a new name with every start, rotated files with every day. */
  keep(used: ReadonlySet<number>): void {
    this.#states.forEach((state, source) => {
      if (state === undefined || used.has(source)) return;
      this.#states[source] = undefined;
      this.#byId.delete(state.id);
      this.counts.sources--;
      this.counts.forgotten++;
    });
    this.#limit = Math.max(MANY_SOURCES, 2 * this.counts.sources);
  }

  idOf(source: number): string {
    return this.#states[source]?.id ?? '';
  }

  /** Takes notice of an event time of the source; returns the epoch the event belongs to. */
  observe(source: number, timeMs: number, arrivalMs = 0): number {
    const state = this.#states[source];
    if (state === undefined) return 0;
    state.heardMs = arrivalMs;
    if (timeMs > state.maxMs) state.maxMs = timeMs;
    else if (state.kind === 'file' && timeMs < state.maxMs - EPOCH_JUMP_MS) {
      state.epoch++;
      state.maxMs = timeMs;
    }
    return state.epoch;
  }

  /** Nothing older than this can come from the source in this epoch. */
  settledMs(source: number): number {
    const state = this.#states[source];
    return state?.kind === 'file' ? state.maxMs - EPOCH_JUMP_MS : Number.NEGATIVE_INFINITY;
  }

  /** Nothing older than this can come from any source that has given something; minus infinity as soon as one is a stream. */
  allSettledMs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const state of this.#states) {
      if (state === undefined || state.maxMs === Number.NEGATIVE_INFINITY) continue;
      if (state.kind === 'stream') return Number.NEGATIVE_INFINITY;
      least = Math.min(least, state.maxMs - EPOCH_JUMP_MS);
    }
    return least === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : least;
  }

  /** Nothing has come from the source since then: a receiver before a restart, a connection that has ended. */
  isSilent(source: number, sinceMs: number): boolean {
    return (this.#states[source]?.heardMs ?? Number.NEGATIVE_INFINITY) < sinceMs;
  }

  epochOf(source: number): number {
    return this.#states[source]?.epoch ?? 0;
  }

  /** As JSON: null stands for a source that is forgotten, and for the time of one that was never observed. */
  snapshot(): readonly (SavedClock | null)[] {
    return Array.from(this.#states, (state) => (state === undefined ? null : saved(state)));
  }

  /** What was silent before counts as heard of at `nowMs`. */
  restore(states: readonly (SavedClock | null)[], nowMs = 0): void {
    this.#states.length = 0;
    this.#byId.clear();
    this.#free = [];
    this.counts.sources = 0;
    states.forEach((state, source) => {
      if (state === null) {
        this.#states.push(undefined);
        this.#free.push(source);
        return;
      }
      this.#byId.set(state.id, source);
      this.#states.push({ ...state, maxMs: state.maxMs ?? Number.NEGATIVE_INFINITY, heardMs: nowMs });
      this.counts.sources++;
    });
    // The lowest numbers first, as they were given.
    this.#free.reverse();
  }
}

function saved({ id, kind, maxMs, epoch }: SourceState): SavedClock {
  return { id, kind, maxMs: Number.isFinite(maxMs) ? maxMs : null, epoch };
}
