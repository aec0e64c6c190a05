/** Sources that can be read without opening a connection: files and folders, and URLs whose content the data directory holds. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { IntelSource } from '../../intel/intel-source.ts';
import { isRemote } from '../../intel/intel-source.ts';
import { storedFeeds } from '../../intel/stored-feeds.ts';

export interface StoredSources {
  readonly stored: readonly IntelSource[];
  readonly missing: readonly IntelSource[];
  /** Absent when there is no such folder: a look must not make one. */
  readonly cacheFolder?: string;
}

/** The part of a data directory that holds feeds. */
export function feedFolderOf(dataDir: string): string {
  return join(dataDir, 'feeds');
}

export async function storedSources(sources: readonly IntelSource[], dataDir: string): Promise<StoredSources> {
  const folder = feedFolderOf(dataDir);
  const isThere = existsSync(folder);
  const stored: IntelSource[] = [];
  const missing: IntelSource[] = [];
  for (const source of sources) {
    const isStored = !isRemote(source) || (isThere && (await storedFeeds(source, folder)) !== undefined);
    (isStored ? stored : missing).push(source);
  }
  return { stored, missing, ...(isThere && { cacheFolder: folder }) };
}
