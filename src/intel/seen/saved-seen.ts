/** Files with notes of records: `seen.N.flint` in the folder of the store, N by chance; the state of the feed names the one that counts. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SeenFolder } from '../load-intel.ts';
import type { FeedAttempt, FeedContent } from '../read-feed.ts';
import { SeenRecords } from './seen-records.ts';

const SEEN_FILE = /^(seen\.[0-9a-f]{16}\.flint)(?:\.\d+\.tmp)?$/;

/** The name of the notes that a file is of, finished or still being written; undefined for any other file. */
export function seenNameOf(file: string): string | undefined {
  return SEEN_FILE.exec(file)?.[1];
}

/** Writes the notes of a feed that was read as a whole. Returns the name of the file; undefined where there is none. */
export function savedSeen(
  { seen, bytes }: FeedAttempt,
  { folder, minBytes }: SeenFolder,
  content: FeedContent['content'] | undefined,
): string | undefined {
  if (seen === undefined) return undefined;
  const [part] = Array.isArray(content) ? content : [];
  // Records told apart by id stand in a file that is appended to; of a server's collections each has notes, or none is of use.
  if (seen.head.width === 2 && bytes < minBytes) return undefined;
  if (seen.head.width === 4) {
    if (part?.bytes === undefined || part.lines === undefined) return undefined;
    seen.head = { ...seen.head, path: part.path, bytes: part.bytes, lines: part.lines };
  }
  const name = newSeenName();
  seen.save(join(folder, name));
  return name;
}

export function newSeenName(): string {
  return `seen.${randomBytes(8).toString('hex')}.flint`;
}

export function openSeen(name: string | undefined, folder: string): SeenRecords | undefined {
  return name === undefined || seenNameOf(name) !== name ? undefined : SeenRecords.open(join(folder, name));
}
