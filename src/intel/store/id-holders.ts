/**
 * Which feeds hold the ids that a change is about. An id that several feeds carry counts in its newest version, wherever that comes
 * from; so a change of one feed alone may only decide about ids that no other feed has.
 */
import type { IndicatorTable } from '../../core/indicator-table.ts';
import { idKey } from '../../rules/stix/version-index.ts';
import { detailTexts, idOfText } from './detail-texts.ts';
import { isVersioned } from './diff-table.ts';
import { liveDetails, type StoreState } from './store-state.ts';

export interface Holder {
  readonly modifiedMs: number;
  readonly feed: string;
}

export interface HeldIds {
  /** Of the ids asked for, those that other feeds give: the version that counts. */
  readonly held: ReadonlyMap<string, Holder>;
  /** Whether one of the keys asked for is that of an id of another feed. */
  readonly holdsKey: boolean;
}

/** `replaced`: the feeds that change. `keys` are those of `idKey`, joined. */
export function heldByOthers(
  state: StoreState,
  replaced: ReadonlySet<string>,
  ids: ReadonlySet<string>,
  keys: ReadonlySet<string>,
): HeldIds {
  const held = new Map<string, Holder>();
  let holdsKey = false;
  if (ids.size === 0 && keys.size === 0) return { held, holdsKey };
  const take = (id: string, modifiedMs: number, feed: string): void => {
    if (ids.has(id)) held.set(id, { modifiedMs, feed });
    if (keys.size > 0 && keys.has(keyText(id))) holdsKey = true;
  };
  for (const layered of [state.indicators, state.benign]) {
    const { base, delta } = layered;
    const { feeds, modified } = base.columns;
    if (hasIdsOfOthers(base, replaced)) {
      const patterns = layered === state.indicators ? [...state.set.deferred, ...state.set.sigma] : [];
      const live = liveDetails(layered, base, patterns);
      for (const [number, text] of detailTexts(base)) {
        const feed = feeds[base.feedOf(number)] ?? '';
        if (live[number] === 0 || replaced.has(feed)) continue;
        const id = idOfText(text);
        const modifiedMs = modified[number] ?? Number.NaN;
        if (id !== undefined) take(id, Number.isNaN(modifiedMs) ? Number.NEGATIVE_INFINITY : modifiedMs, feed);
      }
    }
    for (let row = 0; row < delta.size; row++)
      for (const { feed, said } of delta.sayingsAt(row))
        if (!replaced.has(feed) && isVersioned(said)) take(said.id, said.modifiedMs ?? Number.NEGATIVE_INFINITY, feed);
  }
  return { held, holdsKey };
}

/** Lists and tables give no ids: texts of theirs need not be read. */
function hasIdsOfOthers(base: IndicatorTable, replaced: ReadonlySet<string>): boolean {
  const { feeds, profile, textStart } = base.columns;
  const isOther = feeds.map((feed) => !replaced.has(feed));
  for (let number = 0; isOther.includes(true) && number < profile.length; number++)
    if (textStart[number] !== textStart[number + 1] && isOther[base.feedOf(number)] === true) return true;
  return false;
}

/** Keys of four words each, as a set of texts. */
export function keySet(words: Uint32Array): Set<string> {
  const keys = new Set<string>();
  for (let at = 0; at < words.length; at += 4) keys.add(words.subarray(at, at + 4).join());
  return keys;
}

export function keyText(id: string): string {
  return idKey(id).join();
}
