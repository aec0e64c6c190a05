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
}

export type SavedClock = Omit<SourceState, 'maxMs'> & { readonly maxMs: number | null };

export class SourceClocks {
  readonly #states: SourceState[] = [];
  readonly #byId = new Map<string, number>();

  /**
   * Number of a source, given on first sight. Equal times are merged by this number, so whoever reads sources in parallel
   * registers them first, in one order (files: path order).
   */
  register(id: string, kind: SourceKind): number {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    this.#byId.set(id, this.#states.length);
    this.#states.push({ id, kind, maxMs: Number.NEGATIVE_INFINITY, epoch: 0 });
    return this.#states.length - 1;
  }

  idOf(source: number): string {
    return this.#states[source]?.id ?? '';
  }

  /** Takes notice of an event time of the source; returns the epoch the event belongs to. */
  observe(source: number, timeMs: number): number {
    const state = this.#states[source];
    if (state === undefined) return 0;
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
    for (const { kind, maxMs } of this.#states) {
      if (maxMs === Number.NEGATIVE_INFINITY) continue;
      least = kind === 'file' ? Math.min(least, maxMs - EPOCH_JUMP_MS) : Number.NEGATIVE_INFINITY;
      if (kind === 'stream') break;
    }
    return least === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : least;
  }

  epochOf(source: number): number {
    return this.#states[source]?.epoch ?? 0;
  }

  /** As JSON: null stands for a source that was never observed. */
  snapshot(): readonly SavedClock[] {
    return this.#states.map((state) => ({ ...state, maxMs: Number.isFinite(state.maxMs) ? state.maxMs : null }));
  }

  restore(states: readonly SavedClock[]): void {
    this.#states.length = 0;
    this.#byId.clear();
    for (const state of states) {
      this.#byId.set(state.id, this.#states.length);
      this.#states.push({ ...state, maxMs: state.maxMs ?? Number.NEGATIVE_INFINITY });
    }
  }
}
