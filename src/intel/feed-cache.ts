/**
 * FeedCache: the last good content of each URL on disk, with what is needed to ask whether it changed. A new body is written beside
 * the old one and takes its place only when it has been loaded; a feed that breaks therefore keeps what it had, over restarts too.
 * Names of files are digests of the URL: nothing from a feed becomes a path.
 */
import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface CachedFeed {
  /** File with the body. */
  readonly path: string;
  readonly etag?: string;
  readonly lastModified?: string;
  /** Of the body. */
  readonly sha256?: string;
  readonly fetchedAtMs: number;
}

interface CacheEntry {
  readonly etag?: string;
  readonly lastModified?: string;
  /** Of the body. */
  readonly sha256?: string;
  readonly fetchedAtMs: number;
}

export class FeedCache {
  readonly #folder: string;

  /** `folder` is created when something is stored. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async find(url: string): Promise<CachedFeed | undefined> {
    const path = this.#path(url, 'body');
    try {
      await stat(path);
      const entry = JSON.parse(await readFile(this.#path(url, 'json'), 'utf8')) as CacheEntry;
      return { path, ...entry };
    } catch {
      // Missing, or cut off by a crash between the two files: fetched anew.
      return undefined;
    }
  }

  /** Writes the body beside the stored one and returns where, and its digest. Rejects when the body does. */
  async stage(
    url: string,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly path: string; readonly sha256: string }> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#path(url, 'new');
    const file = createWriteStream(path, { mode: 0o600 });
    try {
      const hash = createHash('sha256');
      await pipeline(Readable.from(hashed(body, hash)), file);
      return { path, sha256: hash.digest('hex') };
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /** The staged body becomes the stored one. */
  async accept(url: string, entry: CacheEntry): Promise<void> {
    await rename(this.#path(url, 'new'), this.#path(url, 'body'));
    await writeFile(this.#path(url, 'json'), JSON.stringify(entry), { mode: 0o600 });
  }

  async reject(url: string): Promise<void> {
    await rm(this.#path(url, 'new'), { force: true });
  }

  /** The stored body is still the current one. */
  async confirm(url: string, entry: CacheEntry): Promise<void> {
    await writeFile(this.#path(url, 'json'), JSON.stringify(entry), { mode: 0o600 });
  }

  #path(url: string, extension: string): string {
    const digest = createHash('sha256').update(url, 'utf8').digest('hex').slice(0, 32);
    return join(this.#folder, `${digest}.${extension}`);
  }
}

async function* hashed(body: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    hash.update(chunk);
    yield chunk;
  }
}
