/** Files with notes of records: `seen.N.flint` in the folder of the store, N by chance; the state of the feed names the one that counts. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SeenFolder } from '../load-intel.ts';
import type { FeedAttempt, FeedContent } from '../read-feed.ts';
import { SeenRecords } from './seen-records.ts';

const SEEN_FILE = /^seen\.[0-9a-f]{16}\.flint$/;

export function isSeenFile(name: string): boolean {
  return SEEN_FILE.test(name);
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
  return saveSeen(seen, folder);
}

/** Returns the name of the file. @throws on I/O problems. */
export function saveSeen(seen: SeenRecords, folder: string): string {
  const name = `seen.${randomBytes(8).toString('hex')}.flint`;
  seen.save(join(folder, name));
  return name;
}

export function openSeen(name: string | undefined, folder: string): SeenRecords | undefined {
  return name === undefined || !isSeenFile(name) ? undefined : SeenRecords.open(join(folder, name));
}
