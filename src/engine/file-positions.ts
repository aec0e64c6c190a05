/**
 * How far each source was read and settled, kept in one file of the data directory. Written at most once a second and at the
 * end: after a crash the records of the last second are read again, and their alerts have the ids they had before.
 */
import { join } from 'node:path';
import type { PositionStore, SourcePosition } from '../inputs/position-store.ts';
import { readJsonFile, writeAtomic } from './atomic-file.ts';

const VERSION = 1;
/** Sources remembered; the ones not written to for the longest are forgotten first. */
const MAX_SOURCES = 10_000;

export class FilePositions implements PositionStore {
  readonly #path: string;
  readonly #positions = new Map<string, SourcePosition>();
  #changed = false;

  constructor(folder: string, onDamaged: (path: string) => void) {
    this.#path = join(folder, 'positions.json');
    const stored = readJsonFile(this.#path, onDamaged) as { version?: unknown; sources?: unknown } | undefined;
    if (stored?.version !== VERSION || !Array.isArray(stored.sources)) return;
    for (const [id, position] of stored.sources as [string, SourcePosition][]) this.#positions.set(id, position);
  }

  get(sourceId: string): SourcePosition | undefined {
    return this.#positions.get(sourceId);
  }

  set(sourceId: string, position: SourcePosition): void {
    this.#positions.delete(sourceId);
    this.#positions.set(sourceId, position);
    this.#changed = true;
    if (this.#positions.size > MAX_SOURCES) {
      const oldest = this.#positions.keys().next();
      if (oldest.done !== true) this.#positions.delete(oldest.value);
    }
  }

  /** Writes what has changed since the last time. */
  save(): void {
    if (!this.#changed) return;
    writeAtomic(this.#path, JSON.stringify({ version: VERSION, sources: [...this.#positions] }));
    this.#changed = false;
  }
}
