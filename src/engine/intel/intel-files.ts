/**
 * IntelFiles: the indicators on disk. `store.json` names a base (a compiled indicator file) and a log of what changed since; both count
 * from the moment it is replaced. Whatever else lies in the folder, notes of records that a feed names aside, is left over from a
 * crash and removed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { shared } from '../../core/text-pool.ts';
import { readCheckedJson, writeCheckedJson } from '../../intel/checked-json.ts';
import { readCompiledIntel } from '../../intel/compiled-intel.ts';
import type { IntelSet } from '../../intel/intel-set.ts';
import { seenNameOf } from '../../intel/seen/saved-seen.ts';
import { FrameLog, readFrameLog } from '../../intel/store/frame-log.ts';
import { decodeEntry, type SourceFeeds } from '../../intel/store/store-entry.ts';
import { StoreState } from '../../intel/store/store-state.ts';

interface Manifest {
  readonly version: 1;
  /** Names of files in the folder. */
  readonly base: string;
  readonly log: string;
  /** Digest of the configured sources: with others nothing here holds. */
  readonly configured: string;
  /** As they were when the base was built. */
  readonly sources: readonly SourceFeeds[];
}

export interface IntelFilesOptions {
  readonly folder: string;
  /** Where texts that would take much memory are put. */
  readonly feedFolder: string;
  readonly onProblem: (message: string, reason: string) => void;
}

/** What lies there. */
export interface StoredIntel {
  readonly set: IntelSet;
  /** With the entries, but for their rows. */
  readonly state: StoreState;
  readonly entries: Uint8Array[];
  /** Of the base. */
  readonly number: number;
  /** Absent when the log cannot be appended to. */
  readonly log: FrameLog | undefined;
}

const MANIFEST = 'store.json';

export class IntelFiles {
  readonly #options: IntelFilesOptions;
  #log: FrameLog | undefined;
  #number = 0;

  constructor(options: IntelFilesOptions) {
    this.#options = options;
  }

  /** Bytes of the log. */
  get logBytes(): number {
    return this.#log?.bytes ?? 0;
  }

  /** What is on disk, when it was made for sources with this digest. */
  async read(configured: string): Promise<StoredIntel | undefined> {
    const { folder, feedFolder, onProblem } = this.#options;
    const manifest = await readCheckedJson<Manifest>(join(folder, MANIFEST), 1);
    if (manifest === undefined || manifest.configured !== configured) return undefined;
    const path = join(folder, manifest.base);
    const logPath = join(folder, manifest.log);
    if (!existsSync(path) || !existsSync(logPath)) return undefined;
    const read = readCompiledIntel(path, feedFolder);
    if (!read.ok) {
      onProblem('the stored indicators cannot be read, the sources are', read.diagnostic.message);
      return undefined;
    }
    const content = readFrameLog(logPath);
    const set: IntelSet = { ...read.set, feeds: manifest.sources.flatMap(({ feeds }) => feeds) };
    const state = new StoreState(set, manifest.sources);
    const entries: Uint8Array[] = [];
    for (const bytes of content.entries) {
      const entry = decodeEntry(bytes);
      if (entry === undefined) break;
      state.apply(entry, 'without-rows');
      entries.push(shared(bytes));
    }
    const log = content.end === 0 ? undefined : await FrameLog.resume(logPath, content);
    return { set, state, entries, number: Number(/\d+/.exec(manifest.base)?.[0] ?? 0), log };
  }

  /** Goes on with what was read. */
  resume({ number, log }: StoredIntel): void {
    this.#log = log;
    this.#number = number;
  }

  /** Forced to disk when it resolves; where nothing is saved yet, or no more, it is in nobody's log. */
  async append(entry: Uint8Array): Promise<void> {
    try {
      await this.#log?.append(entry);
    } catch (error) {
      // A full disk, for example: matching goes on; what is not in the log is read from the sources at the next start.
      this.#options.onProblem('a change of the indicators could not be written', String(error));
      const log = this.#log;
      this.#log = undefined;
      await rm(join(this.#options.folder, MANIFEST), { force: true });
      await log?.close();
    }
  }

  /** Entries from now on belong to a base that is not on disk yet. */
  leaveLog(): void {
    const log = this.#log;
    this.#log = undefined;
    void log?.close();
  }

  /** Where the next base is to be written. */
  nextBase(): { readonly number: number; readonly path: string } {
    const number = ++this.#number;
    return { number, path: join(this.#options.folder, baseName(number)) };
  }

  async dropBase(number: number): Promise<void> {
    await rm(join(this.#options.folder, baseName(number)), { force: true });
  }

  /** The base with this number has been written, and counts from now on with these entries. */
  async take(
    number: number,
    entries: readonly Uint8Array[],
    content: Pick<Manifest, 'configured' | 'sources'>,
  ): Promise<void> {
    const { folder } = this.#options;
    const former = this.#log;
    const names = { base: baseName(number), log: `delta.${number}.log` };
    this.#log = await FrameLog.create(join(folder, names.log), entries);
    const manifest: Manifest = { version: 1, ...names, ...content };
    await writeCheckedJson(join(folder, MANIFEST), manifest);
    await former?.close();
    const kept = new Set([MANIFEST, names.base, names.log]);
    await this.#remove((name) => seenNameOf(name) === undefined && !kept.has(name));
  }

  /** Removes notes of records that are none of these. */
  async keepNotes(kept: ReadonlySet<string | undefined>): Promise<void> {
    await this.#remove((name) => {
      const notes = seenNameOf(name);
      return notes !== undefined && !kept.has(notes);
    });
  }

  async close(): Promise<void> {
    await this.#log?.close();
    this.#log = undefined;
  }

  async #remove(isLeftOver: (name: string) => boolean): Promise<void> {
    const { folder } = this.#options;
    for (const name of readdirSync(folder)) if (isLeftOver(name)) await rm(join(folder, name), { force: true });
  }
}

function baseName(number: number): string {
  return `base.${number}.flint`;
}
