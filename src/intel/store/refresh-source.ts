/**
 * refreshSource: one source read again, and what that changes as an entry of the store. The result is that of a fresh load of all
 * sources; where it could be another one, because ids that several feeds carry are concerned, patterns or rules, or where so much
 * changes that a table built anew is cheaper, it says `rebuild` and why.
 */
import { idKey } from '../../core/stix-id.ts';
import type { Saying } from '../../core/indicator-rows.ts';
import type { Renewal, TableChange } from '../../core/table-change.ts';
import type { Carried, FeedState, IntelSet } from '../intel-set.ts';
import type { IntelSource } from '../intel-source.ts';
import { type LoadIntelOptions, loadIntel, type SeenFolder } from '../load-intel.ts';
import { amendedRows, type RestoredRow } from './amended-rows.ts';
import { type ChangedRules, changedRules, sigmaOf } from './changed-rules.ts';
import { type ChangedSource, changedSource, renewable } from './changed-source.ts';
import { type DiffOptions, diffTable, type TableDiff } from './diff-table.ts';
import { diffRows } from './diff-rows.ts';
import { isNoChange, NO_PATTERNS, type PatternChange, patternsOf } from './layered-patterns.ts';
import { mergeLayers } from './merge-layers.ts';
import { contestedIds, findSharedIds, type SharedIds } from './shared-ids.ts';
import type { StoreEntry } from './store-entry.ts';
import type { StoreState } from './store-state.ts';

/** Rows of one change; beyond it all is built anew. */
const MAX_CHANGED_ROWS = 20_000;
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
  /** Position of a feed in loading order. */
  readonly #rank: (feed: string) => number;
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
    // All feeds in loading order, those of this source as they are now.
    const order = state.sources.flatMap((one) => (one.source === options.name ? feeds : one.feeds));
    const places = new Map(order.map(({ name }, i) => [name, i]));
    this.#rank = (feed) => places.get(feed) ?? places.size;
  }

  /** `part`: the set is only what changed. */
  async run(source: IntelSource, part?: ChangedSource): Promise<SourceRefresh> {
    this.#part = part;
    const { carried } = this.#state;
    let diffs = this.#diff(NOBODY);
    const rules = this.#changedRules(NOBODY);
    const revoked = this.#fresh.revoked.subarray(carried.revoked.length);
    const { sources, cacheFolder, now } = this.#options;
    const shared = await findSharedIds([diffs.indicators, diffs.benign, rules], {
      ...{ state: this.#state, replaced: this.#replaced, rank: this.#rank, now },
      ...{ revoked: this.#fresh.revoked, newlyRevoked: revoked },
      ...(sources !== undefined && { sources }),
      ...(cacheFolder !== undefined && { cacheFolder }),
    });
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
    const wasContested = contestedIds(this.#state);
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

  #amended(table: 'indicators' | 'benign', diffs: Diffs, shared: SharedIds): TableChange {
    const { displaced, restored, restoredIds } = shared;
    const set = table === 'indicators' ? restored?.indicators : restored?.benign.table;
    const { replaced, rank } = { replaced: this.#replaced, rank: this.#rank };
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
    const ofFeed = (name: string): boolean => !this.#replaced.has(name);
    const gone = [...this.#state.patterns.live({ ids: displaced, ofFeed })];
    const back = restored === undefined ? [] : [...patternsOf(restored, { ids: restoredIds, ofFeed })];
    return {
      removed: [...own.removed, ...gone.map(({ key }) => key)],
      added: [...own.added, ...back.map(({ details: _details, ...pattern }) => pattern)],
    };
  }

  /** Whether a Sigma rule of another feed is among them. */
  #hasSigma(ids: ReadonlySet<string>): boolean {
    if (ids.size === 0) return false;
    const others = new Set(this.#state.feeds.flatMap(({ name }) => (this.#replaced.has(name) ? [] : [name])));
    return sigmaOf(this.#state.set, others, { ids }).size > 0;
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
    const rank = this.#rank;
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

  /** Patterns and Sigma rules of this source that come or go. */
  #changedRules(beaten: ReadonlySet<string>): ChangedRules {
    const ids = this.#part?.changed.ids;
    return changedRules(this.#state, this.#fresh, { replaced: this.#replaced, beaten, ids });
  }
}

interface EntryRest {
  readonly revoked: Uint32Array;
  readonly contested: readonly string[];
  /** As in `RowDiff`. */
  readonly gained: number;
}

type Diffs = Readonly<Record<'indicators' | 'benign', TableDiff & { readonly gained?: number }>>;

const NOBODY: ReadonlySet<string> = new Set();

function numbersOf(table: IntelSet['indicators'], ids: ReadonlySet<string>): Set<number> {
  const numbers = new Set<number>();
  if (ids.size > 0)
    for (let number = 0; number < table.columns.profile.length; number++)
      if (ids.has(table.said(number).id ?? '')) numbers.add(number);
  return numbers;
}
