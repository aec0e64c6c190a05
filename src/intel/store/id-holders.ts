/**
 * Which feeds hold the ids that a change is about. An id that several feeds carry counts in its newest version, wherever that comes
 * from; so a change of one feed alone may only decide about ids that no other feed has.
 */
import type { IndicatorTable } from '../../core/indicator-table.ts';
import { idKey, keyHash, NO_ID } from '../../core/stix-id.ts';
import { KeyFilter } from '../seen/seen-records.ts';
import { idHashes } from './detail-texts.ts';
import { isVersioned, profilesOf } from './diff-table.ts';
import type { LivePattern } from './layered-patterns.ts';
import { liveDetails, type StoreState } from './store-state.ts';

export interface Holder {
  readonly modifiedMs: number;
  readonly feed: string;
}

export interface HeldIds {
  /** Of the ids asked for, those that other feeds give: the version that counts. */
  readonly held: ReadonlyMap<string, Holder>;
  /** Ids of other feeds whose keys were asked for. */
  readonly ofKeys: ReadonlySet<string>;
}

/** `replaced`: the feeds that change. `keys` are those of `idKey`, four words each. */
export function heldByOthers(
  state: StoreState,
  replaced: ReadonlySet<string>,
  ids: ReadonlySet<string>,
  keys: Uint32Array,
): HeldIds {
  const held = new Map<string, Holder>();
  const ofKeys = new Set<string>();
  if (ids.size === 0 && keys.length === 0) return { held, ofKeys };
  const texts = keySet(keys);
  const hashes = new KeyFilter();
  for (const id of ids) hashes.add(keyHash(idKey(id)));
  for (let at = 0; at < keys.length; at += 4) hashes.add(keyHash(keys, at));
  const take = (id: string, modifiedMs: number, feed: string): void => {
    if (ids.has(id)) held.set(id, { modifiedMs, feed });
    if (texts.size > 0 && texts.has(keyText(id))) ofKeys.add(id);
  };
  for (const layered of [state.indicators, state.benign]) {
    const { base, delta } = layered;
    const { feeds, modified } = base.columns;
    const foundNumbers = detailsOfOthers(base, replaced, hashes);
    if (foundNumbers.length > 0) {
      const found = foundNumbers.map((number) => [number, base.said(number).id] as const);
      const foundIds = new Set(found.flatMap(([, id]) => id ?? []));
      const patterns =
        layered === state.indicators
          ? [...baseNumbers(state.patterns.live({ ids: foundIds })), ...state.set.sigma]
          : [];
      const live = liveDetails(layered, base, patterns);
      for (const [number, id] of found) {
        if (live[number] === 0 || id === undefined) continue;
        const modifiedMs = modified[number] ?? Number.NaN;
        const feed = feeds[base.feedOf(number)] ?? '';
        take(id, Number.isNaN(modifiedMs) ? Number.NEGATIVE_INFINITY : modifiedMs, feed);
      }
    }
    for (let row = 0; row < delta.size; row++)
      for (const { feed, said } of delta.sayingsAt(row))
        if (!replaced.has(feed) && isVersioned(said)) take(said.id, said.modifiedMs ?? Number.NEGATIVE_INFINITY, feed);
  }
  for (const { feed, said } of state.patterns.added)
    if (!replaced.has(feed) && isVersioned(said)) take(said.id, said.modifiedMs ?? Number.NEGATIVE_INFINITY, feed);
  return { held, ofKeys };
}

function* baseNumbers(patterns: Iterable<LivePattern>): Generator<{ readonly details: number }> {
  for (const { details } of patterns) if (details !== undefined) yield { details };
}

/** Details of other feeds whose ids have one of these hashes. */
function detailsOfOthers(base: IndicatorTable, replaced: ReadonlySet<string>, hashes: KeyFilter): number[] {
  const { profile } = base.columns;
  const isReplaced = profilesOf(base, replaced);
  const found: number[] = [];
  if (!isReplaced.includes(0)) return found;
  const ids = idHashes(base);
  for (let number = 0; number < profile.length; number++) {
    const hash = ids[number] ?? NO_ID;
    if (hash !== NO_ID && hashes.has(hash) && isReplaced[profile[number] ?? 0] === 0) found.push(number);
  }
  return found;
}

/** Keys of four words each, as a set of texts. */
function keySet(words: Uint32Array): Set<string> {
  const keys = new Set<string>();
  for (let at = 0; at < words.length; at += 4) keys.add(words.subarray(at, at + 4).join());
  return keys;
}

function keyText(id: string): string {
  return idKey(id).join();
}
