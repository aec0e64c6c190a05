/**
 * How far each source was read and settled, kept in one file of the data directory. Written at most once a second and at the
 * end: after a crash the records of the last second are read again, and their alerts have the ids they had before.
 *
 * Where state spans events, reading goes on from the positions of the last snapshot instead (`restore`); a source that was seen only after
 * it is read from where it began. The name of a source is written before its first alert goes out, so that alerts found again have
 * the ids of the first time.
 */
import { join } from 'node:path';
import type { PositionStore, SourcePosition } from '../../inputs/position-store.ts';
import { readJsonFile, writeAtomic } from './atomic-file.ts';

const VERSION = 1;
/** Sources remembered; the ones not written to for the longest are forgotten first. */
const MAX_SOURCES = 10_000;

interface Known {
  readonly position: SourcePosition;
  /** Where it was begun. */
  readonly first: SourcePosition;
}

/** Key, position, beginning. */
export type SavedPositions = readonly (readonly [string, SourcePosition, SourcePosition?])[];

export class FilePositions implements PositionStore {
  readonly #path: string;
  readonly #known = new Map<string, Known>();
  #changed = false;
  /** Sources begun so far, and those of them whose names are on disk. */
  #begun = 0;
  #savedBegun = 0;
  /** Texts made so far, and the newest that is on disk. */
  #texts = 0;
  #savedText = 0;

  constructor(folder: string, onDamaged: (path: string) => void) {
    this.#path = join(folder, 'positions.json');
    const stored = readJsonFile(this.#path, onDamaged) as { version?: unknown; sources?: unknown } | undefined;
    if (stored?.version !== VERSION || !Array.isArray(stored.sources)) return;
    for (const [id, position, first] of stored.sources as SavedPositions)
      this.#known.set(id, { position, first: first ?? position });
  }

  get(key: string): SourcePosition | undefined {
    return this.#known.get(key)?.position;
  }

  begin(key: string, position: SourcePosition): void {
    this.#known.delete(key);
    this.#put(key, { position, first: position });
    this.#begun++;
  }

  set(key: string, position: SourcePosition): void {
    const first = this.#known.get(key)?.first ?? position;
    this.#known.delete(key);
    this.#put(key, { position, first });
  }

  /** Positions as they are now, as plain data. */
  snapshot(): SavedPositions {
    return Array.from(this.#known, ([key, { position, first }]) => [key, position, first] as const);
  }

  /** Goes back to the moment of a snapshot. */
  restore(saved: SavedPositions): void {
    const then = new Map(saved.map(([key, position, first]) => [key, { position, first: first ?? position }]));
    for (const [key, now] of this.#known) {
      const known = then.get(key);
      const same = known?.position.fingerprint?.id === now.position.fingerprint?.id;
      if (known === undefined || !same) then.set(key, { position: now.first, first: now.first });
    }
    this.#known.clear();
    for (const [key, known] of then) this.#put(key, known);
  }

  /** Writes the names of sources that have begun since the last time; before their alerts go out. */
  saveBegun(): void {
    // Names of a text that is yet to be written are not on disk either.
    if (this.#begun !== this.#savedBegun) {
      this.#changed = true;
      this.save();
    }
  }

  /** Writes what has changed since the last time. */
  save(): void {
    this.prepare()();
  }

  /** What is to be written now, for later: what is read until then is not part of it. */
  prepare(): () => void {
    if (!this.#changed) return () => undefined;
    const text = JSON.stringify({ version: VERSION, sources: this.snapshot() });
    const number = ++this.#texts;
    const begun = this.#begun;
    this.#changed = false;
    return () => {
      if (this.#savedText > number) return;
      try {
        writeAtomic(this.#path, text);
      } catch (error) {
        this.#changed = true;
        throw error;
      }
      this.#savedText = number;
      this.#savedBegun = begun;
    };
  }

  #put(key: string, known: Known): void {
    this.#known.set(key, known);
    this.#changed = true;
    if (this.#known.size <= MAX_SOURCES) return;
    const oldest = this.#known.keys().next();
    if (oldest.done !== true) this.#known.delete(oldest.value);
  }
}
