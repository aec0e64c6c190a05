/**
 * What the data directory holds of a source that is fetched: which feeds, in which files, as of when. One table by kind of source, so that
 * whoever loads need not know how it was fetched. Nothing is fetched here.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { FeedCache } from './feed-cache.ts';
import type { IntelSource, SourceTransport } from './intel-source.ts';
import { readMispIndex } from './misp/misp-index.ts';
import type { FeedPart } from './read-feed.ts';
import { feedNameOf } from './shown-source.ts';
import type { PinnedFormat } from './source-schema.ts';
import { readTaxiiIndex } from './taxii/taxii-index.ts';
import { objectsFile, readTaxiiState } from './taxii/taxii-store.ts';

export interface StoredFeed {
  readonly name: string;
  /** The provider is called after it unless the source has a name. */
  readonly provider: string;
  readonly parts: readonly FeedPart[];
  readonly format: PinnedFormat;
  readonly fetchedAtMs: number;
}

/** Undefined: nothing of the source has been fetched yet. `folder` is the part of the data directory that holds feeds. */
export function storedFeeds(source: IntelSource, folder: string): Promise<readonly StoredFeed[] | undefined> {
  return STORED[source.transport](source, folder);
}

/** Tells sources apart: what is asked for, and where. Credentials and schedules may change without anything being fetched anew. */
export function sourceKey({ transport, source, collections, match, addedAfter }: IntelSource): string {
  const asked = JSON.stringify([transport, source, collections ?? [], match ?? {}, addedAfter ?? '']);
  return createHash('sha256').update(asked, 'utf8').digest('hex').slice(0, 32);
}

export function taxiiFolder(folder: string): string {
  return join(folder, 'taxii');
}

export function mispFolder(source: IntelSource, folder: string): string {
  return join(folder, 'misp', sourceKey(source));
}

type Stored = (source: IntelSource, folder: string) => Promise<readonly StoredFeed[] | undefined>;

const STORED: Readonly<Record<SourceTransport, Stored>> = {
  file: async () => [],
  url: async (source, folder) => {
    const cached = await new FeedCache(folder).find(source.source);
    if (cached === undefined) return undefined;
    const { path, fetchedAtMs } = cached;
    const name = feedNameOf(source.source);
    return [{ name, provider: source.source, parts: [{ path }], format: source.format, fetchedAtMs }];
  },
  taxii: async (source, folder) => {
    const index = await readTaxiiIndex(taxiiFolder(folder), sourceKey(source));
    if (index === undefined) return undefined;
    return await Promise.all(
      index.collections.map(async ({ url, title, folder: name }): Promise<StoredFeed> => {
        const store = join(taxiiFolder(folder), name);
        const state = await readTaxiiState(store);
        return {
          name: feedNameOf(url),
          provider: title === '' ? new URL(url).hostname : title,
          // What lies behind these bytes is not finished yet.
          parts: [
            { path: join(store, objectsFile(state ?? {})), bytes: state?.bytes ?? 0, lines: state?.objects ?? 0 },
          ],
          format: 'stix',
          fetchedAtMs: state?.completedAtMs ?? index.fetchedAtMs,
        };
      }),
    );
  },
  misp: async (source, folder) => {
    const own = mispFolder(source, folder);
    const index = await readMispIndex(own);
    if (index === undefined) return undefined;
    return [
      {
        name: feedNameOf(source.source),
        provider: new URL(source.source).hostname,
        parts: Object.keys(index.events)
          .sort()
          .map((uuid) => ({ path: join(own, `${uuid}.json`) })),
        format: 'misp',
        fetchedAtMs: index.fetchedAtMs,
      },
    ];
  },
};
