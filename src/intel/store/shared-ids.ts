/**
 * What becomes of ids that feeds of several sources carry when one source changes: whose version counts, and which versions of others
 * count again, because the newer one is gone. Of equal versions the first one in loading order counts (STIX 2.1, section 3.6, says only
 * that the later `modified` does).
 */
import { idKey } from '../../core/stix-id.ts';
import { WordKeys } from '../../core/word-keys.ts';
import type { IntelSet } from '../intel-set.ts';
import type { IntelSource } from '../intel-source.ts';
import { type LoadIntelOptions, loadIntel } from '../load-intel.ts';
import { type Holder, heldByOthers } from './id-holders.ts';
import type { StoreState } from './store-state.ts';

/** Ids that a change of a source is about, as in `TableDiff` (`diff-table.ts`). */
export interface TouchedIds {
  readonly touched: ReadonlyMap<string, number | undefined>;
  readonly before: ReadonlyMap<string, number>;
  readonly expired?: ReadonlyMap<string, number>;
}

/** Ids that more feeds than one carry, by what becomes of them. */
export interface SharedIds {
  /** Another feed's version counts, not this source's. */
  readonly beaten: ReadonlySet<string>;
  /** The other feed's version counts no more. */
  readonly displaced: ReadonlySet<string>;
  /** What other feeds say of ids of which this source's version counts no more. */
  readonly restored?: IntelSet;
  /** Those of them whose version there counts again. */
  readonly restoredIds: ReadonlySet<string>;
}

export interface SharedIdsOptions extends Pick<LoadIntelOptions, 'now' | 'cacheFolder'> {
  readonly state: StoreState;
  /** The feeds that change. */
  readonly replaced: ReadonlySet<string>;
  /** Hashes of all ids that were withdrawn, those of this change included, and of these alone. */
  readonly revoked: Uint32Array;
  readonly newlyRevoked: Uint32Array;
  /** Position of a feed in loading order. */
  readonly rank: (feed: string) => number;
  /** All sources, in the order of `StoreState.sources`; absent: what other feeds say of an id cannot be looked up. */
  readonly sources?: readonly IntelSource[];
}

const NOBODY: ReadonlySet<string> = new Set();

/** Undefined: only a load of all can tell. */
export async function findSharedIds(
  changes: readonly TouchedIds[],
  options: SharedIdsOptions,
): Promise<SharedIds | undefined> {
  const { state, replaced, newlyRevoked } = options;
  const touched = joined(changes.map((one) => one.touched));
  const before = new Map(changes.flatMap((one) => [...one.before]));
  const expired = new Map(changes.flatMap((one) => [...(one.expired ?? [])]));
  const asked = new Set([...touched.keys(), ...expired.keys()]);
  const { held, ofKeys } = heldByOthers(state, replaced, asked, newlyRevoked);
  const first = Math.min(...[...replaced].map(options.rank));
  const overrules = (modifiedMs: number | undefined, other: Holder): boolean =>
    modifiedMs === undefined ||
    modifiedMs > other.modifiedMs ||
    // The other feed may be one of the same source.
    (modifiedMs === other.modifiedMs && first < options.rank(other.feed));
  const beaten = new Set<string>();
  const displaced = new Set(ofKeys);
  for (const [id, modifiedMs] of expired) {
    const other = held.get(id);
    // What has expired gives nothing, and yet is newer.
    if (other !== undefined && overrules(modifiedMs, other)) displaced.add(id);
  }
  const wasContested = contestedIds(state);
  const open = new Map<string, number | undefined>();
  for (const [id, modifiedMs] of touched) {
    const other = held.get(id);
    if (other !== undefined && modifiedMs === undefined) continue;
    // The other feed's version counts and goes on counting, or no longer does.
    if (other !== undefined) (overrules(modifiedMs, other) ? displaced : beaten).add(id);
    // A version no older than the one that counted counts as well.
    else if (wasContested(id) && !((modifiedMs ?? Number.NaN) >= (before.get(id) ?? Number.NaN)))
      open.set(id, modifiedMs);
  }
  if (open.size === 0) return { beaten, displaced, restoredIds: NOBODY };
  const restored = await versionsElsewhere(new Set(open.keys()), options);
  if (restored === undefined) return undefined;
  const restoredIds = new Set<string>();
  for (const [id, { modifiedMs, feed }] of versionsOf(restored)) {
    const own = open.get(id);
    if (!open.has(id) || replaced.has(feed)) continue;
    if (own !== undefined && overrules(own, { modifiedMs, feed })) continue;
    restoredIds.add(id);
    if (own !== undefined) beaten.add(id);
  }
  return { beaten, displaced, restored, restoredIds };
}

/** Whether an id was carried by several feeds at some time. */
export function contestedIds({ carried }: StoreState): (id: string) => boolean {
  const keys = new WordKeys(carried.contested, 4);
  return (id) => {
    const [a = 0, b = 0, c = 0, d = 0] = idKey(id);
    return keys.find(a, b, c, d) >= 0;
  };
}

/** What the other feeds of STIX objects say of the ids: their content is read, all else in it passed over. Undefined where it is not that in use. */
async function versionsElsewhere(
  ids: ReadonlySet<string>,
  { state, replaced, revoked, sources, cacheFolder, now }: SharedIdsOptions,
): Promise<IntelSet | undefined> {
  const others = state.sources.map(({ feeds }) => feeds.filter(({ name }) => !replaced.has(name)));
  if (sources === undefined || others.flat().some((feed) => feed.status !== 'loaded' || feed.container !== undefined))
    return undefined;
  const asOf = new Map(others.flat().map(({ name, asOfMs }) => [name, asOfMs]));
  const found = await loadIntel(
    sources.filter((_, i) => others[i]?.some(({ format }) => format === 'stix') === true),
    {
      ...{ now, urls: 'cached' as const, only: ids, asOf: (feed) => asOf.get(feed) },
      // With what this source has withdrawn now.
      carried: { ...state.carried, revoked },
      ...(cacheFolder !== undefined && { cacheFolder }),
    },
  );
  return found.feeds.every(({ name, status }) => status === 'loaded' || replaced.has(name)) ? found : undefined;
}

/** The version of each id that counts in a set. */
function* versionsOf({ indicators, benign, deferred, sigma }: IntelSet): Generator<[id: string, version: Holder]> {
  const numbers = new Set([...deferred, ...sigma].map(({ details }) => details));
  for (const details of indicators.columns.sources) numbers.add(details);
  for (const [table, list] of [
    [indicators, numbers],
    [benign.table, new Set(benign.table.columns.sources)],
  ] as const)
    for (const number of list) {
      const { id, modifiedMs = Number.NEGATIVE_INFINITY } = table.said(number);
      if (id !== undefined) yield [id, { modifiedMs, feed: table.columns.feeds[table.feedOf(number)] ?? '' }];
    }
}

/** An id that goes in one place and comes in another, as a pattern that was a value, is given on. */
function joined(maps: readonly ReadonlyMap<string, number | undefined>[]): Map<string, number | undefined> {
  const all = new Map<string, number | undefined>();
  for (const map of maps) for (const [id, modifiedMs] of map) all.set(id, modifiedMs ?? all.get(id));
  return all;
}
