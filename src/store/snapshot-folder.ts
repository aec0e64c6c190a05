/**
 * Snapshots of state on disk. A snapshot is a set of chunks by part and key; an incremental one writes what changed into a new file and
 * refers to older files for the rest. The manifest, replaced as a whole, says which chunks belong to it, and carries what must be true at
 * the same moment (input positions). Killed at any moment, the folder holds the last snapshot that was committed; files that no
 * manifest refers to are removed. Chunks check themselves; the manifest has a checksum of its own.
 *
 * Files: `manifest` (first line "flint-snapshot 1 CRC32 BYTES", then JSON), `chunks-N` (chunks one after the other). Nothing that comes from a
 * log is ever part of a name.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder } from './sync-folder.ts';

export interface StoredChunk {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** File number, offset, length. */
type Place = readonly [file: number, offset: number, length: number];

interface Manifest {
  readonly savedMs: number;
  readonly head: unknown;
  readonly parts: readonly { readonly name: string; readonly chunks: readonly (readonly [string, ...Place])[] }[];
}

export interface SnapshotFolderOptions {
  /** Bound of all chunks of one snapshot; a greater one is given up. */
  readonly maxBytes: number;
  /** A manifest that could not be read was set aside. */
  readonly onDamaged: (path: string) => void;
}

export type CommitOutcome = 'committed' | 'too_large';

const MAGIC = 'flint-snapshot 1';
/** Chunks are gathered before they are written. */
const WRITE_BYTES = 1 << 20;
/** Dead bytes that are borne without a full snapshot. */
const SLACK_BYTES = 64 << 20;

export class SnapshotFolder {
  readonly #path: string;
  readonly #options: SnapshotFolderOptions;
  #manifest: Manifest | undefined;
  #nextFile = 1;
  /** Bytes of each file that stands. */
  readonly #files = new Map<number, number>();

  constructor(path: string, options: SnapshotFolderOptions) {
    this.#path = path;
    this.#options = options;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#manifest = this.#readManifest();
    this.#removeOrphans();
  }

  /** What was saved beside the chunks; undefined when there is no snapshot. */
  get head(): unknown {
    return this.#manifest?.head;
  }

  get savedMs(): number | undefined {
    return this.#manifest?.savedMs;
  }

  /** Bytes of the chunks that belong to the snapshot. */
  get bytes(): number {
    return bytesOf(this.#manifest);
  }

  /** True when more is dead than alive on disk: the next snapshot should be full. */
  get wantsFull(): boolean {
    let total = 0;
    for (const bytes of this.#files.values()) total += bytes;
    return total > 2 * this.bytes + SLACK_BYTES;
  }

  get parts(): readonly string[] {
    return this.#manifest?.parts.map(({ name }) => name) ?? [];
  }

  /** Bytes of a part's chunks, unchecked: whoever decodes them checks. Of a file that cannot be read they are empty, which is damage too. */
  *chunks(part: string): Generator<Uint8Array, void> {
    const entries = this.#manifest?.parts.find(({ name }) => name === part)?.chunks ?? [];
    const handles = new Map<number, number>();
    try {
      for (const [, file, offset, length] of entries) {
        yield this.#chunk(handles, file, offset, length);
      }
    } finally {
      for (const handle of handles.values()) closeSync(handle);
    }
  }

  #chunk(handles: Map<number, number>, ...[file, offset, length]: Place): Uint8Array {
    const bytes = new Uint8Array(length);
    try {
      let handle = handles.get(file);
      if (handle === undefined) {
        handle = openSync(this.#file(file), 'r');
        handles.set(file, handle);
      }
      return bytes.subarray(0, readSync(handle, bytes, 0, length, offset));
    } catch (error) {
      // Deleted by somebody, not ours to read, or on a failing disk: a service must start all the same.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return bytes.subarray(0, 0);
    }
  }

  /** Forgets the snapshot. */
  clear(): void {
    rmSync(join(this.#path, 'manifest'), { force: true });
    this.#manifest = undefined;
    this.#removeOrphans();
  }

  /** Begins a snapshot; one at a time. */
  async begin(): Promise<SnapshotWriter> {
    const number = this.#nextFile++;
    const handle = await open(this.#file(number), 'w', 0o600);
    return new SnapshotWriter(handle, number, {
      maxBytes: this.#options.maxBytes,
      former: new Map(
        (this.#manifest?.parts ?? []).map(({ name, chunks }) => [
          name,
          new Map(chunks.map(([key, ...place]) => [key, place])),
        ]),
      ),
      commit: (manifest, bytes) => this.#commit(manifest, number, bytes),
      abort: async () => {
        // Already the snapshot: what failed came after.
        if (!this.#files.has(number)) await rm(this.#file(number), { force: true });
      },
    });
  }

  async #commit(manifest: Manifest, number: number, bytes: number): Promise<void> {
    const json = Buffer.from(JSON.stringify(manifest));
    const path = join(this.#path, 'manifest');
    const handle = await open(`${path}.new`, 'w', 0o600);
    try {
      // Writes again what a full disk took in part only, so that it fails instead of being cut off.
      await handle.writeFile(
        Buffer.concat([Buffer.from(`${MAGIC} ${crc32(json).toString(16)} ${json.length}\n`), json]),
      );
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(`${path}.new`, path);
    this.#manifest = manifest;
    this.#files.set(number, bytes);
    await syncFolder(this.#path);
    const live = liveFiles(manifest);
    for (const file of [...this.#files.keys()]) {
      if (live.has(file)) continue;
      this.#files.delete(file);
      await rm(this.#file(file), { force: true });
    }
  }

  #readManifest(): Manifest | undefined {
    const path = join(this.#path, 'manifest');
    let content: Buffer;
    try {
      content = readFileSync(path);
    } catch (error) {
      // The first start.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const end = content.indexOf(0x0a);
    const json = content.subarray(end + 1);
    const expected = `${MAGIC} ${crc32(json).toString(16)} ${json.length}`;
    if (content.subarray(0, Math.max(0, end)).toString('latin1') === expected)
      return JSON.parse(json.toString('utf8')) as Manifest;
    renameSync(path, `${path}.damaged`);
    this.#options.onDamaged(path);
    return undefined;
  }

  #removeOrphans(): void {
    const live = liveFiles(this.#manifest);
    this.#files.clear();
    for (const name of readdirSync(this.#path)) {
      const number = /^chunks-(\d{1,15})$/.exec(name)?.[1];
      if (number === undefined) continue;
      const file = Number(number);
      this.#nextFile = Math.max(this.#nextFile, file + 1);
      if (live.has(file)) this.#files.set(file, statSync(join(this.#path, name)).size);
      else rmSync(join(this.#path, name), { force: true });
    }
  }

  #file(number: number): string {
    return join(this.#path, `chunks-${number}`);
  }
}

interface WriterContext {
  readonly maxBytes: number;
  /** Chunks of the snapshot before, by part. */
  readonly former: ReadonlyMap<string, ReadonlyMap<string, Place>>;
  readonly commit: (manifest: Manifest, bytes: number) => Promise<void>;
  readonly abort: () => Promise<void>;
}

class SnapshotWriter {
  readonly #handle: FileHandle;
  readonly #number: number;
  readonly #context: WriterContext;
  readonly #written = new Map<string, Map<string, Place>>();
  readonly #complete = new Map<string, readonly string[]>();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #bytes = 0;

  constructor(handle: FileHandle, number: number, context: WriterContext) {
    this.#handle = handle;
    this.#number = number;
    this.#context = context;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a chunk; rejects with the error of the file system. */
  async add(part: string, { key, bytes }: StoredChunk): Promise<void> {
    let chunks = this.#written.get(part);
    if (chunks === undefined) {
      chunks = new Map();
      this.#written.set(part, chunks);
    }
    chunks.set(key, [this.#number, this.#bytes, bytes.length]);
    this.#bytes += bytes.length;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= WRITE_BYTES) await this.#flush();
  }

  /** All keys that a part consists of, those of earlier snapshots included. */
  complete(part: string, keys: readonly string[]): void {
    this.#complete.set(part, keys);
  }

  /** Makes it the snapshot. Parts that are not complete are left out. Rejects with the error of the file system; nothing is left then. */
  async commit(head: unknown, savedMs: number): Promise<CommitOutcome> {
    try {
      return await this.#commit(head, savedMs);
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async #commit(head: unknown, savedMs: number): Promise<CommitOutcome> {
    await this.#flush();
    const parts = [...this.#complete].map(([name, keys]) => ({
      name,
      chunks: keys.flatMap((key): [string, ...Place][] => {
        const place = this.#written.get(name)?.get(key) ?? this.#context.former.get(name)?.get(key);
        return place === undefined ? [] : [[key, ...place]];
      }),
    }));
    const manifest: Manifest = { savedMs, head, parts };
    if (bytesOf(manifest) > this.#context.maxBytes) {
      await this.abort();
      return 'too_large';
    }
    await this.#handle.datasync();
    await this.#handle.close();
    await this.#context.commit(manifest, this.#bytes);
    return 'committed';
  }

  async abort(): Promise<void> {
    await this.#handle.close();
    await this.#context.abort();
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const bytes of waiting) {
      let at = 0;
      while (at < bytes.length) at += (await this.#handle.write(bytes, at, bytes.length - at)).bytesWritten;
    }
  }
}

function bytesOf(manifest: Manifest | undefined): number {
  let bytes = 0;
  for (const { chunks } of manifest?.parts ?? []) for (const [, , , length] of chunks) bytes += length;
  return bytes;
}

/** Files that the snapshot refers to. */
function liveFiles(manifest: Manifest | undefined): ReadonlySet<number> {
  return new Set((manifest?.parts ?? []).flatMap(({ chunks }) => chunks.map(([, file]) => file)));
}
