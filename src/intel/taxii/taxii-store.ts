/**
 * What one collection gave, on disk: the objects as NDJSON (a source that the intelligence loader reads), the keys of their versions,
 * and the state. A page is durable when the state names it: the files are written first, then the state takes its place in one
 * step; what lies in the files beyond the state was not finished and is cut off at the next start. So nothing is lost and
 * nothing stands twice, wherever the process ends.
 *
 * Layout of a folder: `objects.ndjson`, one object a line, after a clean-up `objects.N.ndjson`, as the state says; `keys`, 17 bytes for
 * each version that was ever fetched (16 characters of a digest over id and version, line feed); `state.json` with a checksum. Its name
 * is a digest, nothing of the server becomes a path.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { readCheckedJson, writeCheckedJson } from '../checked-json.ts';
import { compactObjects } from './compact-objects.ts';
import { KEY_BYTES, KeySet } from './key-set.ts';
import type { PageObject } from './taxii-page.ts';
import type { TaxiiCursor } from './taxii-cursor.ts';

export interface TaxiiState {
  readonly version: 1;
  readonly cursor: TaxiiCursor;
  /** In the file of objects. */
  readonly objects: number;
  readonly bytes: number;
  /** Versions that were ever fetched; absent: as many as objects. */
  readonly keys?: number;
  /** Number of the file of objects; absent: 0. */
  readonly generation?: number;
  /** Objects in the file when no version in it was superseded. */
  readonly base?: number;
  /** Milliseconds since the epoch; absent: no sync has come to its end yet. */
  readonly completedAtMs?: number;
}

export interface StoredPage {
  readonly added: number;
  /** Versions that were there already. */
  readonly known: number;
}

/** In base64, and a line feed. */
const KEY_LINE_BYTES = 17;
/** Objects of a page are written in pieces of this length. */
const WRITE_CHARS = 1 << 20;
/** Smaller files are never cleaned up. */
const MIN_TIDY_OBJECTS = 10_000;
const OBJECTS_FILE = /^objects(?:\.\d+)?\.ndjson$/;
const EMPTY: TaxiiState = { version: 1, cursor: {}, objects: 0, bytes: 0 };

export class TaxiiStore {
  readonly folder: string;
  #state: TaxiiState;
  /** Read with the first objects that come: most polls bring none. */
  #keys: KeySet | undefined;
  #objectsFile: FileHandle;
  readonly #keysFile: FileHandle;

  private constructor(folder: string, state: TaxiiState, files: readonly [FileHandle, FileHandle]) {
    this.folder = folder;
    this.#state = state;
    [this.#objectsFile, this.#keysFile] = files;
  }

  /** `name` tells collections apart: root address, id and filters. A damaged state begins anew, as if nothing had been fetched. */
  static async open(parent: string, name: string): Promise<TaxiiStore> {
    const folder = collectionFolder(parent, name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const state = (await readTaxiiState(folder)) ?? EMPTY;
    const objects = await open(join(folder, objectsFile(state)), 'a+', 0o600);
    const keys = await open(join(folder, 'keys'), 'a+', 0o600);
    const isShort =
      (await objects.stat()).size < state.bytes || (await keys.stat()).size < keysOf(state) * KEY_LINE_BYTES;
    const generation = state.generation ?? 0;
    const kept = isShort ? { ...EMPTY, generation } : state;
    await truncate(join(folder, objectsFile(kept)), kept.bytes);
    await truncate(join(folder, 'keys'), keysOf(kept) * KEY_LINE_BYTES);
    // Of the clean-up before: only now, because somebody may have been reading it.
    for (const name of await readdir(folder))
      if (OBJECTS_FILE.test(name) && name !== objectsFile(kept)) await rm(join(folder, name));
    return new TaxiiStore(folder, kept, [objects, keys]);
  }

  get state(): TaxiiState {
    return this.#state;
  }

  /** NDJSON of all objects in the order in which they came; of an id there may be several versions. */
  get objectsPath(): string {
    return join(this.folder, objectsFile(this.#state));
  }

  /** Resolves when objects and cursor are durable. `completedAtMs` with the last page of a sync. */
  async append(objects: readonly PageObject[], cursor: TaxiiCursor, completedAtMs?: number): Promise<StoredPage> {
    let text = '';
    let keys = '';
    let [added, bytes] = [0, 0];
    const write = async (): Promise<void> => {
      const written = Buffer.from(text, 'utf8');
      await this.#objectsFile.appendFile(written);
      await this.#keysFile.appendFile(keys, 'latin1');
      bytes += written.length;
      text = keys = '';
    };
    if (objects.length > 0) this.#keys ??= await this.#knownKeys();
    for (const object of objects) {
      const key = keyOf(object);
      if (this.#keys?.add(key) !== true) continue;
      added++;
      keys += `${key.toString('base64', 0, KEY_BYTES)}\n`;
      // An object may be printed over several lines; line feeds inside its strings are escaped.
      text += `${object.text.replaceAll(/[\r\n]+/g, ' ')}\n`;
      if (text.length > WRITE_CHARS) await write();
    }
    if (added > 0) {
      await write();
      await this.#objectsFile.datasync();
      await this.#keysFile.datasync();
    }
    const completed = completedAtMs ?? this.#state.completedAtMs;
    this.#state = {
      ...this.#state,
      cursor,
      objects: this.#state.objects + added,
      bytes: this.#state.bytes + bytes,
      keys: keysOf(this.#state) + added,
      ...(completed === undefined ? {} : { completedAtMs: completed }),
    };
    await this.#save();
    return { added, known: objects.length - added };
  }

  /**
   * At the end of a sync: when the file has grown to twice what it was, versions that others have superseded are left out. Returns whether
   * it was rewritten.
   */
  async tidy(minObjects = MIN_TIDY_OBJECTS): Promise<boolean> {
    const { objects, bytes, base, generation = 0 } = this.#state;
    if (base === undefined) {
      // The first sync gives each object once.
      this.#state = { ...this.#state, base: objects };
      await this.#save();
      return false;
    }
    if (objects < Math.max(minObjects, 2 * base)) return false;
    const path = join(this.folder, objectsFile({ generation: generation + 1 }));
    const compacted = await compactObjects(this.objectsPath, bytes, path);
    await this.#objectsFile.close();
    this.#objectsFile = await open(path, 'a+', 0o600);
    this.#state = {
      ...this.#state,
      ...compacted,
      keys: keysOf(this.#state),
      generation: generation + 1,
      base: compacted.objects,
    };
    await this.#save();
    return true;
  }

  async #save(): Promise<void> {
    await writeCheckedJson(join(this.folder, 'state.json'), this.#state);
  }

  async #knownKeys(): Promise<KeySet> {
    const keys = new KeySet();
    // Line feeds mean nothing in base64, and a key fills whole groups of it.
    const digests = Buffer.from(await readFile(join(this.folder, 'keys'), 'latin1'), 'base64');
    for (let at = 0; at + KEY_BYTES <= digests.length; at += KEY_BYTES) keys.add(digests, at);
    return keys;
  }

  async close(): Promise<void> {
    await this.#objectsFile.close();
    await this.#keysFile.close();
  }
}

/** Name of the file of objects that a state is about. */
export function objectsFile({ generation = 0 }: Pick<TaxiiState, 'generation'>): string {
  return generation === 0 ? 'objects.ndjson' : `objects.${generation}.ndjson`;
}

function keysOf({ keys, objects }: TaxiiState): number {
  return keys ?? objects;
}

export function collectionFolder(parent: string, name: string): string {
  return join(parent, createHash('sha256').update(name, 'utf8').digest('hex').slice(0, 32));
}

/** Undefined when there is none, or none that can be trusted. */
export function readTaxiiState(folder: string): Promise<TaxiiState | undefined> {
  return readCheckedJson<TaxiiState>(join(folder, 'state.json'), 1);
}

function keyOf({ id, version, text }: PageObject): Buffer {
  // Objects without an id are told apart by what they are.
  const name = id === '' ? text : `${id}\n${version}`;
  return createHash('sha256').update(name, 'utf8').digest();
}
