/**
 * The tables of an evidence log as chunks of a snapshot. Each table has two halves, and the older one changes no more: it is saved once, and
 * later snapshots only name its chunks.
 */
import type { HalfPicture } from '../memory/recent-table.ts';
import { type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import { savedEntry } from './evidence-rows.ts';

/** Entries of one chunk of a snapshot: some milliseconds of work. */
const ENTRIES_PER_CHUNK = 2000;
const CHUNK = 'evidence/';
/** Which tables have forgotten nothing yet; only beside Bloom memory. */
const WHOLE_CHUNK = 'evidence-whole';

/** Entries of one table, oldest chunks first. */
interface SavedEntries<V> {
  readonly table: string;
  readonly entries: readonly (readonly [lo: number, hi: number, value: V])[];
}

/** A table with the words that name it over restarts. */
export interface NamedTable {
  readonly name: string;
  readonly table: { readonly lost: boolean };
  picture(): readonly HalfPicture<unknown>[];
}

interface Picture {
  readonly name: string;
  readonly halves: readonly HalfPicture<unknown>[];
}

export class EvidenceChunks {
  /** Whether it is saved which tables have forgotten nothing yet. */
  readonly #tellsWhole: boolean;
  /** Chunks of halves that were saved, by prefix of their keys. */
  #saved = new Map<string, number>();

  constructor(tellsWhole: boolean) {
    this.#tellsWhole = tellsWhole;
  }

  /** Chunks of what changed since the last call; of everything when `full`. The picture is taken by the call. */
  snapshot(tables: readonly NamedTable[], full: boolean): Generator<SnapshotChunk, void> {
    if (full) this.#saved.clear();
    const pictures = tables.map(({ name, picture }) => ({ name, halves: picture() }));
    const whole = tables.flatMap(({ name, table }) => (table.lost ? [] : [name]));
    return this.#draw(pictures, whole);
  }

  /** Keys of all chunks, once the picture has been drawn. */
  keys(): string[] {
    const keys = [...this.#saved].flatMap(([prefix, count]) =>
      Array.from({ length: count }, (_, part) => `${prefix}/${part}`),
    );
    return this.#tellsWhole ? [WHOLE_CHUNK, ...keys] : keys;
  }

  *#draw(pictures: readonly Picture[], whole: readonly string[]): Generator<SnapshotChunk, void> {
    const before = this.#saved;
    this.#saved = new Map();
    if (this.#tellsWhole) yield encodeChunk(WHOLE_CHUNK, { whole });
    for (const [table, { name, halves }] of pictures.entries()) {
      for (const { id, sealed, keys, values } of halves) {
        // A half that was saved before it was sealed has had puts since.
        const prefix = `${CHUNK}${table}/${id}${sealed ? '' : '+'}`;
        const known = before.get(prefix);
        if (sealed && known !== undefined) {
          this.#saved.set(prefix, known);
          continue;
        }
        let part = 0;
        let entries: [number, number, unknown][] = [];
        for (let slot = 0; slot < values.length; slot++) {
          const value = values[slot];
          if (value !== undefined)
            entries.push([keys[2 * slot] as number, keys[2 * slot + 1] as number, savedEntry(value)]);
          if (entries.length < ENTRIES_PER_CHUNK && (slot + 1 < values.length || entries.length === 0)) continue;
          yield encodeChunk(`${prefix}/${part++}`, { table: name, entries });
          entries = [];
        }
        this.#saved.set(prefix, part);
      }
    }
  }
}

/** Names of the tables that had forgotten nothing. */
export function wholeTables(chunks: ReadonlyMap<string, DecodedChunk>): readonly string[] {
  return ((chunks.get(WHOLE_CHUNK)?.head ?? { whole: [] }) as { readonly whole: readonly string[] }).whole;
}

/** Tables by name with their entries, as saved. */
export function* savedTables(chunks: ReadonlyMap<string, DecodedChunk>): Generator<SavedEntries<unknown>, void> {
  for (const [key, { head }] of chunks) if (key.startsWith(CHUNK)) yield head as SavedEntries<unknown>;
}
