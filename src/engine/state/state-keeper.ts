/**
 * StateKeeper: saves what spans events together with the input positions it corresponds to, and gives both back at the next start. After
 * kill -9 the inputs are read again from the positions of the snapshot, and every alert found since then is found again, with the id
 * it had: outputs with a key hold each one once.
 *
 * A snapshot begins with a short pause of the intake, so that all that was matched is settled and its position noted; the pictures of
 * all parts are taken in that pause and drawn after it, while events go on. The pause is counted and bounded: when what was taken is not
 * settled in it, because outputs are slow or inputs give all they can, the snapshot waits for another time and may then pause longer.
 */
import { decodeChunk, readSnapshot, type SnapshotChunk } from '../../state/snapshot/chunk.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import type { EvidencePosition } from '../../store/evidence-log.ts';
import { SnapshotFolder } from '../../store/snapshot-folder.ts';
import type { ComponentCounters } from '../../telemetry/component-counters.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { EngineIntake } from '../engine-intake.ts';

/** What must be true at the same moment as the state; plain data. */
export interface SavedMoment {
  readonly version: 1;
  /** As FilePositions gives them. */
  readonly positions: unknown;
  /** Position of the evidence log: what came in since is told by what stands behind it. */
  readonly evidence?: EvidencePosition;
}

export interface StateKeeperOptions {
  readonly folder: string;
  readonly intervalMs: number;
  readonly maxBytes: number;
  readonly intake: Pick<EngineIntake, 'pause'>;
  /** The parts of the present generation; without any, nothing is saved. */
  readonly parts: () => readonly StatefulPart[];
  /** Saved with them. */
  readonly more: () => readonly StatefulPart[];
  /** Called in the pause. */
  readonly moment: () => SavedMoment;
  readonly now: () => number;
  /** Milliseconds that only grow: the clock may be set back, or forward by hours, while a snapshot is due or under way. */
  readonly steadyMs: () => number;
  readonly logger: Logger;
  /** Gauges and counters of the engine. */
  readonly counters: ComponentCounters;
}

interface Begun {
  readonly name: string;
  readonly steps: IterableIterator<SnapshotChunk, void>;
}

export interface Restored {
  readonly moment: SavedMoment;
  /** What starts empty, in words for people. */
  readonly fresh: readonly string[];
}

/** Inputs wait no longer for a snapshot to begin, at first and after it was put off again and again. */
const SHORT_PAUSE_MS = 50;
const LONG_PAUSE_MS = 12_800;
/** So much longer is the pause after one in vain: what waits to be matched where inputs give all they can may be seconds of work. */
const GROWTH = 4;
/** A pause in vain is not followed by another one before so many times its length. */
const REST = 4;
/** After a draw that took this long others have a turn. */
const TURN_MS = 5;
/** What starts empty is named up to here. */
const MAX_NAMED = 10;

export class StateKeeper {
  readonly #options: StateKeeperOptions;
  readonly #folder: SnapshotFolder;
  #full = true;
  #nextMs: number;
  /** How long the last snapshot took. */
  #lastMs = 0;
  #pauseMs = SHORT_PAUSE_MS;
  #saving: Promise<boolean> | undefined;
  #stopped = false;
  /** Parts being drawn. */
  #begun: readonly Begun[] = [];
  /** Raised by `reset`: a snapshot that is under way is of parts that are gone. */
  #turn = 0;

  constructor(options: StateKeeperOptions) {
    this.#options = options;
    this.#nextMs = options.steadyMs() + options.intervalMs;
    this.#folder = new SnapshotFolder(options.folder, {
      maxBytes: options.maxBytes,
      onDamaged: (path) =>
        options.logger.error('the saved state was damaged and has been set aside', { path: `${path}.damaged` }),
    });
  }

  /** True when something spans events: positions are then those of the snapshots. */
  get active(): boolean {
    return this.#options.parts().length > 0;
  }

  /** The last snapshot that was saved. */
  get saved(): { readonly savedMs: number; readonly bytes: number } | undefined {
    const { savedMs, bytes } = this.#folder;
    return savedMs === undefined ? undefined : { savedMs, bytes };
  }

  /** Before the first event. Undefined when nothing was saved; without parts what was saved is forgotten, because it grows wrong. */
  restore(): Restored | undefined {
    const { parts, now, logger } = this.#options;
    if (!this.active) {
      this.#folder.clear();
      return undefined;
    }
    const moment = this.#folder.head as SavedMoment | undefined;
    if (moment === undefined) return undefined;
    const startMs = now();
    const begunMs = this.#options.steadyMs();
    const fresh = [...parts(), ...this.#options.more()].flatMap((part) => {
      if (!this.#folder.parts.includes(part.name)) return part.restore(new Map(), startMs);
      const chunks = readSnapshot(this.#folder.chunks(part.name));
      if (!('severity' in chunks)) return part.restore(chunks, startMs);
      const { code, message: reason } = chunks;
      logger.error('a part of the saved state cannot be used', { part: part.name, code, reason });
      return [`all of ${part.name}`];
    });
    this.#options.counters.set('state_restore_ms', this.#options.steadyMs() - begunMs);
    this.#tell();
    if (fresh.length > 0)
      logger.info('state of these rules begins anew', {
        count: fresh.length,
        rules: fresh.slice(0, MAX_NAMED).join(', '),
      });
    return { moment, fresh };
  }

  /** The parts are about to be exchanged, at a reload: a snapshot under way is given up, the next one is of everything and comes at once. */
  reset(): void {
    for (const { steps } of this.#begun) steps.return?.();
    this.#begun = [];
    this.#turn++;
    this.#full = true;
    this.#nextMs = Number.NEGATIVE_INFINITY;
  }

  /** To be called about every second: saves when it is time. Never throws. */
  async tick(): Promise<void> {
    if (this.#stopped || this.#saving !== undefined || !this.active) return;
    if (this.#options.steadyMs() < this.#nextMs) return;
    await this.save();
  }

  /** Saves now; false when it could not be, which is counted and logged. One at a time: waits for one under way first. */
  async save(): Promise<boolean> {
    while (this.#saving !== undefined) await this.#saving;
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  /** The last snapshot of a service that stops; nothing may come after it. */
  async stop(): Promise<void> {
    if (this.active) await this.save();
    this.#stopped = true;
    await this.#saving;
  }

  async #save(): Promise<boolean> {
    const { intake, now, steadyMs, counters, logger } = this.#options;
    const startMs = now();
    const begunMs = steadyMs();
    this.#nextMs = begunMs + this.#waitMs();
    const release = await intake.pause(this.#pauseMs);
    if (release === undefined) {
      counters.add('state_snapshots_postponed');
      this.#nextMs = begunMs + REST * this.#pauseMs;
      this.#pauseMs = Math.min(LONG_PAUSE_MS, GROWTH * this.#pauseMs);
      return false;
    }
    // The next one may need as long as this one did.
    this.#pauseMs = Math.min(LONG_PAUSE_MS, Math.max(SHORT_PAUSE_MS, 2 * (steadyMs() - begunMs)));
    const turn = this.#turn;
    const full = this.#full || this.#folder.wantsFull;
    let begun: readonly Begun[];
    let moment: SavedMoment;
    const pausedMs = performance.now();
    try {
      moment = this.#options.moment();
      begun = [...this.#options.parts(), ...this.#options.more()].map((part) => ({
        name: part.name,
        steps: part.snapshot(full),
      }));
      this.#begun = begun;
    } finally {
      release();
      counters.set('state_snapshot_pause_ms', performance.now() - pausedMs);
    }
    try {
      const saved = await this.#draw(begun, moment, startMs, turn);
      if (saved) {
        this.#lastMs = steadyMs() - begunMs;
        if (turn === this.#turn) {
          this.#full = false;
          this.#nextMs = begunMs + this.#waitMs();
        }
        counters.set('state_snapshot_ms', this.#lastMs);
        this.#tell();
      }
      return saved;
    } catch (error) {
      for (const { steps } of begun) steps.return?.();
      this.#full = true;
      counters.add('state_snapshots_failed');
      const reason = error instanceof Error ? error.message : String(error);
      logger.error('the state could not be saved; the snapshot before it stays', { reason });
      return false;
    }
  }

  async #draw(begun: readonly Begun[], moment: SavedMoment, startMs: number, turn: number): Promise<boolean> {
    const { counters, logger } = this.#options;
    const writer = await this.#folder.begin();
    let longestMs = 0;
    try {
      for (const { name, steps } of begun) {
        let sinceMs = performance.now();
        for (let step = steps.next(); step.done !== true; step = steps.next()) {
          const drawnMs = performance.now();
          longestMs = Math.max(longestMs, drawnMs - sinceMs);
          const { key, bytes } = step.value;
          if (key === 'closing') writer.complete(name, closingKeys(bytes));
          await writer.add(name, step.value);
          if (performance.now() - sinceMs > TURN_MS) {
            await new Promise<void>((resolve) => {
              setImmediate(resolve);
            });
            sinceMs = performance.now();
          }
        }
      }
    } catch (error) {
      await writer.abort();
      throw error;
    }
    if (turn !== this.#turn) {
      // The rules were loaded anew meanwhile.
      await writer.abort();
      return false;
    }
    counters.set('state_snapshot_step_ms', longestMs);
    const outcome = await writer.commit(moment, startMs);
    if (outcome === 'committed') {
      counters.add('state_snapshots');
      counters.set('state_snapshot_written_bytes', writer.bytes);
      return true;
    }
    this.#full = true;
    counters.add('state_snapshots_failed');
    logger.error('the state is greater than state.snapshot_bytes; the snapshot before it stays', {
      limit: this.#options.maxBytes,
    });
    return false;
  }

  /** A large state is not saved all the time: at most a tenth of it goes into snapshots. */
  #waitMs(): number {
    return Math.max(this.#options.intervalMs, 10 * this.#lastMs);
  }

  #tell(): void {
    this.#options.counters.set('state_saved_ms', this.#folder.savedMs ?? 0);
    this.#options.counters.set('state_snapshot_bytes', this.#folder.bytes);
  }
}

/** The keys that a closing chunk names, and its own. */
function closingKeys(bytes: Uint8Array): readonly string[] {
  const chunk = decodeChunk(bytes);
  if ('severity' in chunk) throw new Error(chunk.message);
  return [...(chunk.head as { readonly keys: readonly string[] }).keys, chunk.key];
}
