/** Files with notes of records: `seen.N.flint` in the folder of the store, N by chance; the state of the feed names the one that counts. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FeedStatistics } from '../../core/feed.ts';
import { IntelBuilder } from '../intel-builder.ts';
import type { IntelSource } from '../intel-source.ts';
import type { SeenFolder } from '../load-intel.ts';
import { type FeedAttempt, type FeedContent, type FeedPart, readFeed } from '../read-feed.ts';
import { SeenRecords } from './seen-records.ts';

const SEEN_FILE = /^(seen\.[0-9a-f]{16}\.flint)(?:\.\d+\.tmp)?$/;

/** The name of the notes that a file is of, finished or still being written; undefined for any other file. */
export function seenNameOf(file: string): string | undefined {
  return SEEN_FILE.exec(file)?.[1];
}

/** A feed as it was read, of which notes are yet to be taken. Plain data. */
export interface LaterNotes {
  /** Of the file that they are to be in. */
  readonly file: string;
  readonly source: IntelSource;
  readonly feed: NotedFeed;
  /** What was read. */
  readonly statistics: FeedStatistics;
  readonly bytes: number;
}

type NotedFeed = FeedContent & { readonly content: readonly FeedPart[] };

/**
 * Writes the notes of a feed that was read as a whole, or leaves them for later. Returns the name of the file, which need not be there
 * yet; undefined where there is none.
 */
export function savedSeen(
  { seen, seenLater, bytes, report }: FeedAttempt,
  { folder, minBytes, later }: SeenFolder,
  source: IntelSource,
  feed: NotedFeed,
): string | undefined {
  if (seenLater === true) {
    if (bytes < minBytes || feed.content.length !== 1) return undefined;
    const file = newSeenName();
    later?.({ file, source, feed, statistics: report.statistics(), bytes });
    return file;
  }
  if (seen === undefined) return undefined;
  const [part] = feed.content;
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

/**
 * Reads a feed once more and writes notes of its records. Returns whether it did: not where the feed gives something else now. That it
 * is the same although all counts are equal is for `isSame` to know, which is asked when it has been read.
 * @throws on I/O problems while writing.
 */
export async function takeNotes(
  { file, source, feed, statistics, bytes }: LaterNotes,
  folder: string,
  isSame: () => Promise<boolean>,
): Promise<boolean> {
  const attempt = await readFeed(new IntelBuilder(), source, feed, 'now');
  const counts = (of: FeedStatistics): string => JSON.stringify({ ...of, known: 0 });
  const { seen, report } = attempt;
  if (seen === undefined || attempt.bytes !== bytes || counts(report.statistics()) !== counts(statistics)) return false;
  if (!(await isSame())) return false;
  seen.save(join(folder, file));
  return true;
}

export function newSeenName(): string {
  return `seen.${randomBytes(8).toString('hex')}.flint`;
}

export function openSeen(name: string | undefined, folder: string): SeenRecords | undefined {
  return name === undefined || seenNameOf(name) !== name ? undefined : SeenRecords.open(join(folder, name));
}
