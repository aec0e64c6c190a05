/**
 * Which feed of a source is to be taken in by its changed records alone (`seen/`), and the states of its feeds afterwards. Where the notes
 * do not fit what lies there now, the source is read as a whole.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { FeedState } from '../intel-set.ts';
import { type IntelSource, isRemote } from '../intel-source.ts';
import { listFiles } from '../list-files.ts';
import type { FeedPart } from '../read-feed.ts';
import { changedEvents } from '../seen/changed-events.ts';
import { changedLines } from '../seen/changed-lines.ts';
import { changedObjects } from '../seen/changed-objects.ts';
import type { ChangedPart, FeedBefore } from '../seen/changed-part.ts';
import { newSeenName, openSeen } from '../seen/saved-seen.ts';
import type { SeenRecords } from '../seen/seen-records.ts';
import { storedFeeds } from '../stored-feeds.ts';
import type { PinnedFormat } from '../source-schema.ts';
import type { RefreshOptions } from './refresh-source.ts';
import type { StoreState } from './store-state.ts';

/** A feed as it lies on disk. */
interface Place {
  readonly name: string;
  readonly provider: string;
  readonly parts: readonly FeedPart[];
  readonly format: PinnedFormat;
  readonly fetchedAtMs?: number;
  readonly asOfMs?: number;
}

export interface ChangedSource {
  readonly feed: string;
  readonly changed: ChangedPart;
  /** Another feed of the source has changed too. */
  readonly more: boolean;
  /** All feeds of the source as they are then; `gained` as in `RowDiff`. They name notes that `saveNotes` has yet to write. */
  feeds(gained: number): FeedState[];
  /** @throws on I/O problems. Without the notes the source is read as a whole the next time. */
  saveNotes(): void;
}

export async function changedSource(
  state: StoreState,
  source: IntelSource,
  known: readonly FeedState[],
  options: RefreshOptions,
): Promise<ChangedSource | undefined> {
  const { seen: seenFolder } = options;
  if (seenFolder === undefined || known.length === 0) return undefined;
  if (known.some(({ status, container }) => status !== 'loaded' || container !== undefined)) return undefined;
  const places = await placesOf(source, options);
  if (places?.map(({ name }) => name).join('\n') !== known.map(({ name }) => name).join('\n')) return undefined;
  const others = state.sources.filter((one) => one.source !== options.name).flatMap(({ feeds }) => feeds);
  if (others.some(({ name }) => known.some((one) => one.name === name))) return undefined;
  const asOf = renewable(source, known, options.now());
  if (source.expiresAfterMs !== undefined && known.some(({ name }) => !asOf.has(name))) return undefined;
  const opened = places.map((place, i) => ({ place, seen: openSeen(known[i]?.seen, seenFolder.folder) }));
  if (opened.some(({ seen }) => seen === undefined || seen.isWorn)) return undefined;
  const changing = opened.filter(({ place, seen }) => places.length === 1 || hasGrown(place, seen));
  const [first] = changing.length > 0 ? changing : opened;
  const before = known.find(({ name }) => name === first?.place.name);
  if (first?.seen === undefined || before === undefined) return undefined;
  const { place, seen } = first;
  const changed = await CHANGED[seen.head.format]?.({
    source: { ...source, format: place.format },
    name: place.name,
    provider: place.provider,
    parts: place.parts,
    state: before,
    seen,
    asOfMs: asOf.get(place.name),
    carried: state.carried,
  });
  if (changed === undefined) return undefined;
  seen.head = { ...seen.head, changed: (seen.head.changed ?? 0) + changed.recordsRead };
  const waiting = new Set(changing.slice(1).map((one) => one.place.name));
  const notes = newSeenName();
  return {
    feed: place.name,
    changed,
    more: waiting.size > 0,
    feeds: (gained) =>
      known.map((feed, i) => {
        const at = places[i];
        if (waiting.has(feed.name) || at === undefined) return feed;
        const current = feed === before ? { ...afterChange(feed, changed, gained), loadedAtMs: options.now() } : feed;
        return {
          ...current,
          ...(feed === before && { seen: notes }),
          ...(at.fetchedAtMs !== undefined && { fetchedAtMs: at.fetchedAtMs }),
          ...(at.asOfMs !== undefined && { asOfMs: at.asOfMs }),
        };
      }),
    saveNotes: () => changed.seen.save(join(seenFolder.folder, notes)),
  };
}

const CHANGED: Readonly<Record<string, (before: FeedBefore) => Promise<ChangedPart | undefined>>> = {
  plain: changedLines,
  hosts: changedLines,
  table: changedLines,
  misp: changedEvents,
  stix: changedObjects,
};

/** As of when the entries of each feed count, where that need only be moved: none of them has ended meanwhile. */
export function renewable(
  { expiresAfterMs }: IntelSource,
  feeds: readonly FeedState[],
  nowMs: number,
): ReadonlyMap<string, number> {
  return new Map(
    feeds.flatMap(({ name, asOfMs }) =>
      expiresAfterMs !== undefined && asOfMs !== undefined && asOfMs + expiresAfterMs > nowMs
        ? [[name, asOfMs] as const]
        : [],
    ),
  );
}

async function placesOf(source: IntelSource, { cacheFolder }: RefreshOptions): Promise<readonly Place[] | undefined> {
  if (isRemote(source)) {
    const stored = cacheFolder === undefined ? undefined : await storedFeeds(source, cacheFolder);
    return stored?.map((one) => ({
      ...one,
      ...(source.expiresAfterMs !== undefined && { asOfMs: one.fetchedAtMs }),
    }));
  }
  const { files, diagnostics } = listFiles(source.source);
  const [file] = files;
  if (file === undefined || files.length !== 1 || diagnostics.length > 0) return undefined;
  const { path, parts = [{ path }] } = file;
  const asOfMs = source.expiresAfterMs === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return [{ name: path, provider: path, parts, format: source.format, ...(asOfMs !== undefined && { asOfMs }) }];
}

function hasGrown({ parts: [part] }: Place, seen: SeenRecords | undefined): boolean {
  return seen?.head.path !== part?.path || seen?.head.bytes !== part?.bytes;
}

function afterChange(feed: FeedState, { changes }: ChangedPart, gained: number): FeedState {
  const distinct = values(feed) - feed.statistics.known + gained;
  const known = Math.max(0, values(changes) - distinct);
  return { ...feed, ...changes, statistics: { ...changes.statistics, known } };
}

function values({ statistics }: Pick<FeedState, 'statistics'>): number {
  return Object.values(statistics.kinds).reduce((sum, count) => sum + count, 0);
}
