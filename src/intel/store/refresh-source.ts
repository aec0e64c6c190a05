/**
 * refreshSource: one source read again, and what that changes as an entry of the store. The result is that of a fresh load of all
 * sources; where it could be another one, because ids that several feeds carry are concerned, patterns or rules, or where so much
 * changes that a table built anew is cheaper, it says `rebuild` and why.
 */
import { idKey, keyHash, NO_ID } from '../../core/stix-id.ts';
import type { Saying } from '../../core/indicator-rows.ts';
import type { Renewal, TableChange } from '../../core/table-change.ts';
import { WordKeys } from '../../core/word-keys.ts';
import type { Carried, FeedState, IntelSet } from '../intel-set.ts';
import type { IntelSource } from '../intel-source.ts';
import { type LoadIntelOptions, loadIntel, type SeenFolder } from '../load-intel.ts';
import { amendedRows, type RestoredRow } from './amended-rows.ts';
import { type ChangedSource, changedSource, renewable } from './changed-source.ts';
import { type DiffOptions, diffTable, type TableDiff } from './diff-table.ts';
import { diffRows } from './diff-rows.ts';
import { type Holder, heldByOthers } from './id-holders.ts';
import {
  isNoChange,
  NO_PATTERNS,
  type PatternChange,
  patternChange,
  patternsOf,
  type StoredPattern,
} from './layered-patterns.ts';
import { mergeLayers } from './merge-layers.ts';
import type { StoreEntry } from './store-entry.ts';
import type { StoreState } from './store-state.ts';

/** Rows of one change; beyond it all is built anew. */
export const MAX_CHANGED_ROWS = 20_000;
/** Patterns of one change; beyond it the rules are built anew. */
export const MAX_CHANGED_PATTERNS = 2_000;

export type RebuildReason = 'rules' | 'versions' | 'markings' | 'size' | 'same-feed';

export type SourceRefresh =
  | {
      readonly kind: 'entry';
      readonly entry: StoreEntry;
      /** Records read, where only those that changed were; absent: the source was read as a whole. */
      readonly recordsRead?: number;
      /** More of the source is to be looked at: call again. */
      readonly more?: boolean;
      /** Writes the notes that the entry names; there is time for it once the change is live. @throws on I/O problems. */
      readonly saveNotes?: () => void;
    }
  | {
      readonly kind: 'rebuild';
      readonly why: RebuildReason;
      /** Of `rules`: the values, which need not wait until rules are built. The source counts as yet to be looked at. */
      readonly entry?: StoreEntry;
    };

export interface RefreshOptions extends Pick<LoadIntelOptions, 'now' | 'cacheFolder'> {
  /** The source as it stands in `StoreState.sources`. */
  readonly name: string;
  /** Of its content on disk, taken before this call. */
  readonly fingerprint: string;
  readonly maxRows?: number;
  /** All sources, in the order of `StoreState.sources`; absent: what other feeds say of an id cannot be looked up. */
  readonly sources?: readonly IntelSource[];
  /** Where notes of records are kept; absent: sources are always read as a whole. */
  readonly seen?: SeenFolder;
}

export async function refreshSource(
  state: StoreState,
  source: IntelSource,
  options: RefreshOptions,
): Promise<SourceRefresh> {
  const known = state.sources.find((one) => one.source === options.name)?.feeds ?? [];
  const part = await changedSource(state, source, known, options);
  if (part !== undefined) {
    const { set, recordsRead } = part.changed;
    const diff = new SourceDiff(state, set, new Set([part.feed]), changedMarkings(state.carried, set), options, known);
    const result = await diff.run(source, part);
    return result.kind === 'rebuild' ? result : { ...result, recordsRead, more: part.more, saveNotes: part.saveNotes };
  }
  const asOf = renewable(source, known, options.now());
  const fresh = await loadIntel([source], {
    now: options.now,
    urls: 'cached',
    carried: state.carried,
    previous: previousOf(state, options),
    asOf: (feed) => asOf.get(feed),
    ...(options.cacheFolder !== undefined && { cacheFolder: options.cacheFolder }),
    ...(options.seen !== undefined && { seen: options.seen }),
  });
  const others = state.sources.filter((one) => one.source !== options.name).flatMap(({ feeds }) => feeds);
  const replaced = new Set([...known, ...fresh.feeds].map(({ name }) => name));
  if (others.some(({ name }) => replaced.has(name))) return { kind: 'rebuild', why: 'same-feed' };
  const markings = changedMarkings(state.carried, fresh);
  // What waits for a definition in another feed is known to nobody but a load of all.
  if (markings.some(([, level]) => level !== null) && others.length > 0) return { kind: 'rebuild', why: 'markings' };
  return await new SourceDiff(state, fresh, replaced, markings, options, fresh.feeds).run(source);
}

/** For feeds that break: what is in use, put together only when one does. */
export function previousOf(state: StoreState, options: Pick<LoadIntelOptions, 'cacheFolder'>): IntelSet {
  let merged: IntelSet | undefined;
  const now = (): IntelSet => {
    merged ??= mergeLayers(state, {
      nowMs: Number.NEGATIVE_INFINITY,
      ...(options.cacheFolder !== undefined && { spillFolder: options.cacheFolder }),
    });
    return merged;
  };
  return {
    ...state.carried,
    feeds: state.feeds,
    diagnostics: [],
    extra: new Map(),
    get indicators() {
      return now().indicators;
    },
    get benign() {
      return now().benign;
    },
    get deferred() {
      return now().deferred;
    },
    get sigma() {
      return now().sigma;
    },
  };
}

function changedMarkings(before: Carried, after: Carried): Carried['markings'] {
  const known = new Map(before.markings);
  return after.markings.filter(([id, level]) => known.get(id) !== level);
}

class SourceDiff {
  readonly #state: StoreState;
  readonly #fresh: IntelSet;
  readonly #replaced: ReadonlySet<string>;
  readonly #markings: Carried['markings'];
  readonly #options: RefreshOptions;
  readonly #nowMs: number;
  /** Of the source, in order. */
  readonly #feeds: readonly FeedState[];
  #part: ChangedSource | undefined;
  /** What the source gives is not all in use yet. */
  #waitsForRules = false;

  constructor(
    state: StoreState,
    fresh: IntelSet,
    replaced: ReadonlySet<string>,
    markings: Carried['markings'],
    options: RefreshOptions,
    feeds: readonly FeedState[],
  ) {
    this.#state = state;
    this.#feeds = feeds;
    this.#fresh = fresh;
    this.#replaced = replaced;
    this.#markings = markings;
    this.#options = options;
    this.#nowMs = options.now();
  }

  /** `part`: the set is only what changed. */
  async run(source: IntelSource, part?: ChangedSource): Promise<SourceRefresh> {
    this.#part = part;
    const { carried } = this.#state;
    let diffs = this.#diff(new Set());
    const rules = this.#changedRules(new Set());
    const revoked = this.#fresh.revoked.subarray(carried.revoked.length);
    const shared = await this.#sharedIds(diffs, rules, revoked);
    if (shared === undefined) return { kind: 'rebuild', why: 'versions' };
    const { beaten, displaced, restored } = shared;
    if (beaten.size > 0) diffs = this.#diff(beaten);
    const { sigmaChanged, patterns: own } = beaten.size > 0 ? this.#changedRules(beaten) : rules;
    const change = {
      indicators: this.#amended('indicators', diffs, shared),
      benign: this.#amended('benign', diffs, shared),
    };
    const patterns = this.#amendedPatterns(own, shared);
    const changed = change.indicators.rows.length + change.benign.rows.length;
    if (changed > (this.#options.maxRows ?? MAX_CHANGED_ROWS)) return { kind: 'rebuild', why: 'size' };
    const wasContested = this.#contestedIds();
    const contested = [...beaten, ...displaced].filter((id) => !wasContested(id));
    const gained = (diffs.indicators.gained ?? 0) + (diffs.benign.gained ?? 0);
    const rest = { revoked, contested, gained };
    const sigmaElsewhere = this.#hasSigma(displaced) || (restored?.sigma.length ?? 0) > 0;
    if (sigmaChanged || sigmaElsewhere || patterns.removed.length + patterns.added.length > MAX_CHANGED_PATTERNS) {
      this.#waitsForRules = true;
      return { kind: 'rebuild', why: 'rules', entry: this.#entry(source, change, NO_PATTERNS, rest) };
    }
    return { kind: 'entry', entry: this.#entry(source, change, patterns, rest) };
  }

  /** What becomes of ids that other feeds carry too; undefined: only a load of all can tell. */
  async #sharedIds(diffs: Diffs, rules: ChangedRules, revoked: Uint32Array): Promise<SharedIds | undefined> {
    const touched = joined([diffs.indicators.touched, diffs.benign.touched, rules.touched]);
    const before = new Map([...diffs.indicators.before, ...diffs.benign.before, ...rules.before]);
    const expired = new Map([...diffs.indicators.expired, ...diffs.benign.expired]);
    const asked = new Set([...touched.keys(), ...expired.keys()]);
    const { held, ofKeys } = heldByOthers(this.#state, this.#replaced, asked, revoked);
    const beaten = new Set<string>();
    const displaced = new Set(ofKeys);
    for (const [id, modifiedMs] of expired) {
      const other = held.get(id);
      // What has expired gives nothing, and yet is newer.
      if (other !== undefined && this.#overrules(modifiedMs, other)) displaced.add(id);
    }
    const wasContested = this.#contestedIds();
    const open = new Map<string, number | undefined>();
    for (const [id, modifiedMs] of touched) {
      const other = held.get(id);
      if (other !== undefined && modifiedMs === undefined) continue;
      // The other feed's version counts and goes on counting, or no longer does.
      if (other !== undefined) (this.#overrules(modifiedMs, other) ? displaced : beaten).add(id);
      // A version no older than the one that counted counts as well.
      else if (wasContested(id) && !((modifiedMs ?? Number.NaN) >= (before.get(id) ?? Number.NaN)))
        open.set(id, modifiedMs);
    }
    if (open.size === 0) return { beaten, displaced, restoredIds: NOBODY };
    const restored = await this.#versionsElsewhere(new Set(open.keys()));
    if (restored === undefined) return undefined;
    const restoredIds = new Set<string>();
    for (const [id, { modifiedMs, feed }] of versionsOf(restored)) {
      const own = open.get(id);
      if (!open.has(id) || this.#replaced.has(feed)) continue;
      if (own !== undefined && this.#overrules(own, { modifiedMs, feed })) continue;
      restoredIds.add(id);
      if (own !== undefined) beaten.add(id);
    }
    return { beaten, displaced, restored, restoredIds };
  }

  #overrules(modifiedMs: number | undefined, other: Holder): boolean {
    return (
      modifiedMs === undefined ||
      modifiedMs > other.modifiedMs ||
      // At equal times the first one in loading order counts.
      (modifiedMs === other.modifiedMs && this.#isBefore(other.feed))
    );
  }

  #contestedIds(): (id: string) => boolean {
    const keys = new WordKeys(this.#state.carried.contested, 4);
    return (id) => {
      const [a = 0, b = 0, c = 0, d = 0] = idKey(id);
      return keys.find(a, b, c, d) >= 0;
    };
  }

  /** What the other feeds of STIX objects say of the ids: their content is read, all else in it passed over. Undefined where it is not that in use. */
  async #versionsElsewhere(ids: ReadonlySet<string>): Promise<IntelSet | undefined> {
    const { sources: all, cacheFolder, now } = this.#options;
    const others = this.#state.sources.map(({ feeds }) => feeds.filter(({ name }) => !this.#replaced.has(name)));
    if (all === undefined || others.flat().some((feed) => feed.status !== 'loaded' || feed.container !== undefined))
      return undefined;
    // With what this source has withdrawn now.
    const carried = { ...this.#state.carried, revoked: this.#fresh.revoked };
    const asOf = new Map(others.flat().map(({ name, asOfMs }) => [name, asOfMs]));
    const found = await loadIntel(
      all.filter((_, i) => others[i]?.some(({ format }) => format === 'stix') === true),
      {
        ...{ now, urls: 'cached' as const, only: ids, carried, asOf: (feed) => asOf.get(feed) },
        ...(cacheFolder !== undefined && { cacheFolder }),
      },
    );
    return found.feeds.every(({ name, status }) => status === 'loaded' || this.#replaced.has(name)) ? found : undefined;
  }

  #amended(table: 'indicators' | 'benign', diffs: Diffs, shared: SharedIds): TableChange {
    const { displaced, restored, restoredIds } = shared;
    const set = table === 'indicators' ? restored?.indicators : restored?.benign.table;
    const { replaced, rank } = { replaced: this.#replaced, rank: this.#rank() };
    const isBack = ({ feed, said }: Saying): boolean =>
      !replaced.has(feed) &&
      restoredIds.has(said.id ?? '') &&
      !(said.validUntilMs !== undefined && said.validUntilMs <= this.#nowMs);
    const rows: RestoredRow[] = [];
    for (let row = 0; set !== undefined && row < set.size; row++)
      for (const saying of set.sayingsAt(row))
        if (isBack(saying)) rows.push([set.shapeAt(row), set.valueAt(row), saying]);
    return amendedRows(this.#state[table], diffs[table].change, { replaced, displaced, restored: rows, rank });
  }

  #amendedPatterns(own: PatternChange, { displaced, restored, restoredIds }: SharedIds): PatternChange {
    const isOther = ({ feed }: StoredPattern): boolean => !this.#replaced.has(feed);
    const gone = [...this.#state.patterns.live(displaced)].filter(isOther);
    const back = restored === undefined ? [] : [...patternsOf(restored, restoredIds)].filter(isOther);
    return {
      removed: [...own.removed, ...gone.map(({ key }) => key)],
      added: [...own.added, ...back.map(({ details: _details, ...pattern }) => pattern)],
    };
  }

  /** Whether a Sigma rule of another feed is among them. */
  #hasSigma(ids: ReadonlySet<string>): boolean {
    if (ids.size === 0) return false;
    const others = new Set(this.#state.feeds.flatMap(({ name }) => (this.#replaced.has(name) ? [] : [name])));
    return sigmaOf(this.#state.set, others, NOBODY, ids).size > 0;
  }

  #entry(
    source: IntelSource,
    change: Pick<StoreEntry['rows'], 'indicators' | 'benign'>,
    patterns: PatternChange,
    { revoked, contested, gained }: EntryRest,
  ): StoreEntry {
    const { name, fingerprint } = this.#options;
    const feeds = this.#feedsAfter(gained);
    const renewed = this.#renewals(source, feeds);
    const hasPatterns = !isNoChange(patterns);
    return {
      version: hasPatterns ? 2 : 1,
      atMs: this.#nowMs,
      rows: {
        ...change,
        ...(renewed.length > 0 && { renewed }),
        ...(hasPatterns && { patterns }),
      },
      // What else has changed is still to be found, also by the next start.
      sources: [
        { source: name, fingerprint: this.#part?.more === true || this.#waitsForRules ? '' : fingerprint, feeds },
      ],
      revoked: [...revoked],
      contested: contested.flatMap((id) => [...idKey(id)]),
      ordinals: [...this.#fresh.ordinals.subarray(this.#state.carried.ordinals.length)],
      markings: this.#markings,
      expired: 0,
    };
  }

  /** Notes must not say that rules were read that are not in use: the former ones stay, or none. */
  #feedsAfter(gained: number): readonly FeedState[] {
    if (!this.#waitsForRules) return this.#part?.feeds(gained) ?? this.#feeds;
    return this.#part === undefined ? this.#feeds.map(({ seen: _seen, ...feed }) => feed) : this.#feeds;
  }

  /** Where nothing but the end of what states no time has moved. */
  #renewals(source: IntelSource, feeds: readonly FeedState[]): Renewal[] {
    const { expiresAfterMs } = source;
    if (expiresAfterMs === undefined) return [];
    const known = this.#state.sources.find((one) => one.source === this.#options.name)?.feeds ?? [];
    const before = renewable(source, known, this.#nowMs);
    return feeds.flatMap(({ name: feed, asOfMs }) => {
      const [from, to] = [before.get(feed), asOfMs];
      if (from === undefined || to === undefined || from === to) return [];
      return [{ feed, fromMs: from + expiresAfterMs, toMs: to + expiresAfterMs }];
    });
  }

  /** `beaten`: ids whose version in this source does not count, because another feed has a newer one. */
  #diff(beaten: ReadonlySet<string>): Diffs {
    const rank = this.#rank();
    const nowMs = this.#nowMs;
    const { indicators, benign } = this.#fresh;
    const part = this.#part;
    if (part !== undefined) {
      const { keys, keeps } = part.changed;
      const rows = { feed: part.feed, keys, keeps, rank, nowMs };
      return {
        indicators: diffRows(this.#state.indicators, indicators, { ...rows, leftOut: numbersOf(indicators, beaten) }),
        benign: diffRows(this.#state.benign, benign.table, { ...rows, leftOut: numbersOf(benign.table, beaten) }),
      };
    }
    const shared: Omit<DiffOptions, 'leftOut'> = { replaced: this.#replaced, rank, nowMs };
    return {
      indicators: diffTable(this.#state.indicators, indicators, { ...shared, leftOut: numbersOf(indicators, beaten) }),
      benign: diffTable(this.#state.benign, benign.table, { ...shared, leftOut: numbersOf(benign.table, beaten) }),
    };
  }

  /** Whether what changes is loaded before another feed, which may be one of the same source. */
  #isBefore(feed: string): boolean {
    const rank = this.#rank();
    return Math.min(...[...this.#replaced].map(rank)) < rank(feed);
  }

  /** Position of a feed in loading order. */
  #rank(): (feed: string) => number {
    const order = new Map(this.#order().map((name, i) => [name, i]));
    return (feed) => order.get(feed) ?? order.size;
  }

  /** All feeds in loading order, those of this source as they are now. */
  #order(): string[] {
    return this.#state.sources.flatMap(({ source, feeds }) =>
      (source === this.#options.name ? this.#feeds : feeds).map(({ name }) => name),
    );
  }

  /** Patterns and Sigma rules of this source that come or go. */
  #changedRules(beaten: ReadonlySet<string>): ChangedRules {
    const ids = this.#part?.changed.ids;
    const isOwn = ({ feed }: StoredPattern): boolean => this.#replaced.has(feed);
    const before = [...this.#state.patterns.live(ids)].filter(isOwn);
    const after = [...patternsOf(this.#fresh)].filter((one) => isOwn(one) && !beaten.has(one.said.id ?? ''));
    const patterns = patternChange(before, after);
    const removed = new Set(patterns.removed);
    const sigmaBefore = sigmaOf(this.#state.set, this.#replaced, NOBODY, ids);
    const sigmaAfter = sigmaOf(this.#fresh, this.#replaced, beaten);
    const touched = new Map<string, number | undefined>();
    const formerly = new Map<string, number>();
    for (const { key, said } of before)
      if (removed.has(key)) {
        touched.set(said.id ?? '', undefined);
        formerly.set(said.id ?? '', said.modifiedMs ?? Number.NEGATIVE_INFINITY);
      }
    for (const { said } of patterns.added) touched.set(said.id ?? '', said.modifiedMs ?? Number.NEGATIVE_INFINITY);
    let sigmaChanged = false;
    for (const [key, { id, modifiedMs }] of sigmaBefore)
      if (!sigmaAfter.has(key)) {
        formerly.set(id, modifiedMs);
        touched.set(id, touched.get(id));
        sigmaChanged = true;
      }
    for (const [key, { id, modifiedMs }] of sigmaAfter)
      if (!sigmaBefore.has(key)) {
        touched.set(id, modifiedMs);
        sigmaChanged = true;
      }
    return { patterns, sigmaChanged, touched, before: formerly };
  }
}

interface ChangedRules {
  readonly patterns: PatternChange;
  readonly sigmaChanged: boolean;
  /** As in `TableDiff`. */
  readonly touched: ReadonlyMap<string, number | undefined>;
  readonly before: ReadonlyMap<string, number>;
}

/** Ids that more feeds than one carry, by what becomes of them. */
interface SharedIds {
  /** Another feed's version counts, not this source's. */
  readonly beaten: ReadonlySet<string>;
  /** The other feed's version counts no more. */
  readonly displaced: ReadonlySet<string>;
  /** What other feeds say of ids of which this source's version counts no more. */
  readonly restored?: IntelSet;
  /** Those of them whose version there counts again. */
  readonly restoredIds: ReadonlySet<string>;
}

interface EntryRest {
  readonly revoked: Uint32Array;
  readonly contested: readonly string[];
  /** As in `RowDiff`. */
  readonly gained: number;
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

type Diffs = Readonly<Record<'indicators' | 'benign', TableDiff & { readonly gained?: number }>>;

const NOBODY: ReadonlySet<string> = new Set();

interface Rule {
  readonly id: string;
  readonly modifiedMs: number;
}

/** Sigma rules of the feeds, by all that makes them what they are; the number of the name is no part of that. */
function sigmaOf(
  { sigma, indicators }: Pick<IntelSet, 'indicators' | 'sigma'>,
  feeds: ReadonlySet<string>,
  without: ReadonlySet<string>,
  only?: ReadonlySet<string>,
): Map<string, Rule> {
  const rules = new Map<string, Rule>();
  if (only?.size === 0) return rules;
  const hashes = only === undefined ? undefined : new Set([...only].map((id) => keyHash(idKey(id))));
  const { idHash } = indicators.columns;
  for (const { text, details } of sigma) {
    // Without a look at the text where that can be.
    if (idHash !== undefined && hashes?.has(idHash[details] ?? NO_ID) === false) continue;
    if (!feeds.has(indicators.columns.feeds[indicators.feedOf(details)] ?? '')) continue;
    const { ordinal: _ordinal, ...said } = indicators.said(details);
    if (without.has(said.id ?? '') || only?.has(said.id ?? '') === false) continue;
    rules.set(JSON.stringify([text, said]), {
      id: said.id ?? '',
      modifiedMs: said.modifiedMs ?? Number.NEGATIVE_INFINITY,
    });
  }
  return rules;
}

function numbersOf(table: IntelSet['indicators'], ids: ReadonlySet<string>): Set<number> {
  const numbers = new Set<number>();
  if (ids.size > 0)
    for (let number = 0; number < table.columns.profile.length; number++)
      if (ids.has(table.said(number).id ?? '')) numbers.add(number);
  return numbers;
}
