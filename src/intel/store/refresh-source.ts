/**
 * refreshSource: one source read again, and what that changes as an entry of the store. The result is that of a fresh load of all
 * sources; where it could be another one, because ids that several feeds carry are concerned, patterns or rules, or where so much
 * changes that a table built anew is cheaper, it says `rebuild` and why.
 */
import { idKey, keyHash, NO_ID } from '../../core/stix-id.ts';
import type { Renewal } from '../../core/table-change.ts';
import { WordKeys } from '../../core/word-keys.ts';
import type { Carried, FeedState, IntelSet } from '../intel-set.ts';
import type { IntelSource } from '../intel-source.ts';
import { type LoadIntelOptions, loadIntel, type SeenFolder } from '../load-intel.ts';
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
    const result = diff.run(source, part);
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
  return new SourceDiff(state, fresh, replaced, markings, options, fresh.feeds).run(source);
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
  run(source: IntelSource, part?: ChangedSource): SourceRefresh {
    this.#part = part;
    const { carried } = this.#state;
    let diffs = this.#diff(new Set());
    const rules = this.#changedRules(new Set());
    const touched = joined([diffs.indicators.touched, diffs.benign.touched, rules.touched]);
    const revoked = this.#fresh.revoked.subarray(carried.revoked.length);
    const expired = new Map([...diffs.indicators.expired, ...diffs.benign.expired]);
    const asked = new Set([...touched.keys(), ...expired.keys()]);
    const { held, holdsKey } = heldByOthers(this.#state, this.#replaced, asked, revoked);
    const overrules = (modifiedMs: number | undefined, other: Holder): boolean =>
      modifiedMs === undefined ||
      modifiedMs > other.modifiedMs ||
      // At equal times the first one in loading order counts.
      (modifiedMs === other.modifiedMs && this.#isBefore(other.feed));
    const isForExpired = [...expired].some(([id, modifiedMs]) => {
      const other = held.get(id);
      return other !== undefined && overrules(modifiedMs, other);
    });
    if (holdsKey || isForExpired) return { kind: 'rebuild', why: 'versions' };
    const contestedKeys = new WordKeys(carried.contested, 4);
    const wasContested = (id: string): boolean => {
      const [a = 0, b = 0, c = 0, d = 0] = idKey(id);
      return contestedKeys.find(a, b, c, d) >= 0;
    };
    const beaten = new Set<string>();
    for (const [id, modifiedMs] of touched) {
      const other = held.get(id);
      // The other feed's version counts and goes on counting.
      if (other !== undefined && !overrules(modifiedMs, other)) beaten.add(id);
      else if (other !== undefined || wasContested(id)) return { kind: 'rebuild', why: 'versions' };
    }
    if (beaten.size > 0) diffs = this.#diff(beaten);
    const changed = diffs.indicators.change.rows.length + diffs.benign.change.rows.length;
    if (changed > (this.#options.maxRows ?? MAX_CHANGED_ROWS)) return { kind: 'rebuild', why: 'size' };
    const contested = [...beaten].filter((id) => !wasContested(id));
    const { sigmaChanged, patterns } = beaten.size > 0 ? this.#changedRules(beaten) : rules;
    if (sigmaChanged || patterns.removed.length + patterns.added.length > MAX_CHANGED_PATTERNS) {
      this.#waitsForRules = true;
      return { kind: 'rebuild', why: 'rules', entry: this.#entry(source, diffs, NO_PATTERNS, revoked, contested) };
    }
    return { kind: 'entry', entry: this.#entry(source, diffs, patterns, revoked, contested) };
  }

  #entry(
    source: IntelSource,
    diffs: Diffs,
    patterns: PatternChange,
    revoked: Uint32Array,
    contested: readonly string[],
  ): StoreEntry {
    const { name, fingerprint } = this.#options;
    const gained = (diffs.indicators.gained ?? 0) + (diffs.benign.gained ?? 0);
    const feeds = this.#feedsAfter(gained);
    const renewed = this.#renewals(source, feeds);
    const hasPatterns = !isNoChange(patterns);
    return {
      version: hasPatterns ? 2 : 1,
      atMs: this.#nowMs,
      rows: {
        indicators: diffs.indicators.change,
        benign: diffs.benign.change,
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
    const order = new Map(this.#order().map((name, i) => [name, i]));
    const rank = (feed: string): number => order.get(feed) ?? order.size;
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

  /** Whether this source is loaded before a feed of another one. */
  #isBefore(feed: string): boolean {
    const { sources } = this.#state;
    return (
      sources.findIndex(({ source }) => source === this.#options.name) <
      sources.findIndex(({ feeds }) => feeds.some(({ name }) => name === feed))
    );
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
    for (const { key, said } of before) if (removed.has(key)) touched.set(said.id ?? '', undefined);
    for (const { said } of patterns.added) touched.set(said.id ?? '', said.modifiedMs ?? Number.NEGATIVE_INFINITY);
    let sigmaChanged = false;
    for (const [key, { id }] of sigmaBefore)
      if (!sigmaAfter.has(key)) {
        touched.set(id, touched.get(id));
        sigmaChanged = true;
      }
    for (const [key, { id, modifiedMs }] of sigmaAfter)
      if (!sigmaBefore.has(key)) {
        touched.set(id, modifiedMs);
        sigmaChanged = true;
      }
    return { patterns, sigmaChanged, touched };
  }
}

interface ChangedRules {
  readonly patterns: PatternChange;
  readonly sigmaChanged: boolean;
  /** As in `TableDiff`. */
  readonly touched: ReadonlyMap<string, number | undefined>;
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
