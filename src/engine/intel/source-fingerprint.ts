/** What tells whether the content of a source on disk is what it was: names, sizes and times of its files. Nothing is read. */
import { storedFeeds } from '../../intel/stored-feeds.ts';
import { type IntelSource, isRemote } from '../../intel/intel-source.ts';
import { fingerprint } from '../files/watch-files.ts';

/** Empty when nothing of the source is on disk. */
export async function sourceFingerprint(source: IntelSource, feedFolder: string): Promise<string> {
  if (!isRemote(source)) return fingerprint([source.source]);
  const feeds = await storedFeeds(source, feedFolder);
  return fingerprint((feeds ?? []).flatMap(({ parts }) => parts.map(({ path }) => path)));
}
