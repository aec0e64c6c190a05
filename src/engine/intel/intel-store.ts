/**
 * IntelStore: the indicators of a running service, over changes and restarts (docs/design/intel-store.md). The heavy work is done in
 * threads (`intel-jobs.ts`); here the results are put on disk, made live and kept track of, one after the other.
 */
import { shared } from '../../core/text-pool.ts';
import type { IntelSet } from '../../intel/intel-set.ts';
import type { IntelSource } from '../../intel/intel-source.ts';
import { loadIntel } from '../../intel/load-intel.ts';
import type { LaterNotes } from '../../intel/seen/saved-seen.ts';
import { MAX_CHANGED_PATTERNS } from '../../intel/store/refresh-source.ts';
import { changedRows, decodeEntry, type StoreEntry } from '../../intel/store/store-entry.ts';
import { StoreState } from '../../intel/store/store-state.ts';
import { digestOf, feedsBySource, nameOf } from './configured-sources.ts';
import { IntelFiles } from './intel-files.ts';
import { type BuiltIntel, type IntelJob, type IntelJobs, type NotedList, type RunJob, seenIn } from './intel-jobs.ts';
import type { RefreshOutcome } from './intel-refresh.ts';
import type { AppliedRows } from './live-indicators.ts';
import type { LiveSink } from './live-sink.ts';
import { RefreshSum } from './refresh-sum.ts';
import { fromPortable, type PortableState, type PortableTables, portable } from './portable-intel.ts';
import { sourceFingerprint } from './source-fingerprint.ts';
import type { CompiledLayer } from '../rules/pattern-layer.ts';
import { StoreCounts } from './store-counts.ts';
import { StoreWork, type StoreWorkOptions } from './store-work.ts';

export interface IntelStoreOptions extends StoreWorkOptions {
  /** Of the store alone. */
  readonly folder: string;
  readonly feedFolder: string;
  readonly run: RunJob;
  readonly now: () => number;
  /** Rows of the delta beyond which a new base is built. */
  readonly mergeRows?: number;
}

/** What a generation is built from. */
export interface OpenedIntel {
  readonly set: IntelSet;
  readonly built?: BuiltIntel;
  /** To be applied to the set, in this order. */
  readonly entries: readonly Uint8Array[];
}

const MERGE_ROWS = 10_000;
/** Feeds of a source that are taken in one by one; what is left then waits for the next look. */
const MAX_FEEDS_AT_ONCE = 1000;
const MERGE_LOG_BYTES = 64 * 1024 * 1024;

export class IntelStore {
  readonly counts = new StoreCounts();
  readonly #options: IntelStoreOptions;
  #sources: readonly IntelSource[] = [];
  #state: StoreState | undefined;
  /** Entries since the base, as in the log. */
  #entries: Uint8Array[] = [];
  readonly #files: IntelFiles;
  #sink: LiveSink | undefined;
  readonly #work: StoreWork;
  /** Changes with each base; what a job makes of an older one is dropped. */
  #epoch = 0;
  #wantsMerge = false;
  readonly #inUse = new Set<{ readonly state: StoreState }>();
  /** Rows of all entries since the base. */
  #rows = 0;

  constructor(options: IntelStoreOptions) {
    this.#options = options;
    this.#files = new IntelFiles(options);
    this.#work = new StoreWork(options);
  }

  /**
   * All intelligence of the sources: from the store where it holds it, else loaded. The former state stays until `attach`; when it is
   * not called because the rest of the configuration is bad, nothing has changed.
   */
  async open(sources: readonly IntelSource[]): Promise<OpenedIntel & { readonly attach: (sink: LiveSink) => void }> {
    const stored = this.#state === undefined ? await this.#openStored(sources) : undefined;
    if (stored !== undefined) return stored;
    // Where only the content of the sources may be new, it need not wait until everything is built.
    if (digestOf(sources) === digestOf(this.#sources)) await this.#work.inTurn(() => this.#refresh(undefined, 'quick'));
    const fingerprints = await Promise.all(sources.map((one) => sourceFingerprint(one, this.#options.feedFolder)));
    const lists: NotedList[] = [];
    const { set, built, feedCounts } = await this.#load(sources, (notes, i) => {
      lists.push({ notes, source: sources[i] as IntelSource, fingerprint: fingerprints[i] ?? '' });
    });
    const feeds = feedsBySource(sources, set, feedCounts, fingerprints);
    return {
      set,
      ...(built !== undefined && { built }),
      entries: [],
      attach: (sink) => {
        this.#files.leaveLog();
        this.#become(sources, new StoreState(set, feeds), []);
        this.#sink = sink;
        this.#saveLater(built?.tables);
        this.#noteLater(lists);
      },
    };
  }

  /** Takes in sources that changed on disk; `rebuild` asks for all to be built anew, rules included. */
  async refresh(names: readonly string[] | undefined, rebuild: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
    const outcome = await this.#work.inTurn(() => this.#refresh(names));
    return outcome ?? (await rebuild());
  }

  /** Removes what has expired. */
  sweep(): Promise<void> {
    return this.#work.inTurn(async () => {
      if (this.#state === undefined) return;
      const request = { state: this.#portable(this.#state), nowMs: this.#options.now() };
      const { entry } = await this.#run('sweep', request, this.#state);
      if (entry !== undefined) await this.#apply(entry);
    });
  }

  /** A new base now, however little has changed. */
  async merge(): Promise<void> {
    this.#mergeLater();
    await this.settled();
  }

  /** Numbers for the metrics page. */
  get metrics(): Readonly<Record<string, number>> {
    return { ...this.counts.metrics, log_bytes: this.#files.logBytes };
  }

  /** Resolves when everything asked for is done and on disk. */
  async settled(): Promise<void> {
    await this.#work.settled();
  }

  async close(): Promise<void> {
    await this.settled();
    await this.#files.close();
  }

  /** Undefined: all must be built anew; `quick`: which is about to be done. */
  async #refresh(
    names: readonly string[] | undefined,
    how: 'whole' | 'quick' = 'whole',
  ): Promise<RefreshOutcome | undefined> {
    const sum = new RefreshSum();
    // A source of several feeds is looked at again until all that changed have been taken in.
    let again = 0;
    for (let i = 0; i < this.#sources.length; i += again > 0 ? 0 : 1) {
      const source = this.#sources[i] as IntelSource;
      const state = this.#state;
      if (state === undefined) return undefined;
      if (names !== undefined && !names.includes(source.source)) continue;
      const name = nameOf(source, i);
      const fingerprint = await sourceFingerprint(source, this.#options.feedFolder);
      const known = state.sources.find((one) => one.source === name)?.fingerprint;
      if (names === undefined && known === fingerprint) continue;
      const sources = this.#sources;
      const request = { source, sources, name, fingerprint, state: this.#portable(state), ...this.#means };
      const result = await this.#run('refresh', request, state);
      if (result.kind === 'rebuild') {
        // Values are live at once; rules follow when they are built.
        if (result.entry !== undefined) await this.#apply(result.entry);
        if (how === 'quick' || result.why === 'rules' || !(await this.#rebuild())) return undefined;
        sum.rebuilt();
        break;
      }
      sum.add(await this.#apply(result.entry, result.layer));
      if (result.recordsRead !== undefined) this.counts.refreshesPartial++;
      again = result.more === true && again < MAX_FEEDS_AT_ONCE ? again + 1 : 0;
    }
    if (how === 'whole' || sum.way !== 'unchanged') this.counts.refreshed(sum.way);
    await this.#keepNotes();
    return sum.outcome(this.#options.now());
  }

  /** On disk first, then live. */
  async #apply(made: Uint8Array, layer?: CompiledLayer): Promise<AppliedRows> {
    // Every job and every matching thread gets all entries: shared, none of them is copied for it.
    const bytes = shared(made);
    const entry = readEntry(bytes);
    if (this.#state === undefined) throw new Error('the store was not opened');
    await this.#files.append(bytes);
    this.#entries.push(bytes);
    const applied = this.#sink?.applyRows(entry.rows, bytes, layer) ?? NOTHING_APPLIED;
    this.#state.apply(entry, 'without-rows');
    this.#rows += changedRows(entry);
    this.counts.expired += entry.expired;
    this.#sink?.showFeeds(this.#state.feeds);
    const isLarge = this.#rows > (this.#options.mergeRows ?? MERGE_ROWS) || this.#files.logBytes > MERGE_LOG_BYTES;
    if (isLarge || applied.withoutRoom > 0) this.#mergeLater();
    if (layer !== undefined) this.#mergePatternsLater();
    return applied;
  }

  /** All indicators from the sources, in a thread, beside the running ones; false when rules changed too. */
  async #rebuild(): Promise<boolean> {
    const state = this.#state;
    const sink = this.#sink;
    if (state === undefined || sink === undefined) return false;
    const sources = this.#sources;
    const fingerprints = await Promise.all(sources.map((one) => sourceFingerprint(one, this.#options.feedFolder)));
    const request = { sources, state: this.#portable(state), ...this.#means };
    const built = await this.#run('load', request, state);
    const set = fromPortable(built.set, 'owned');
    const { patterns } = built;
    const count = patterns === undefined ? 0 : patterns.change.removed.length + patterns.change.added.length;
    if (built.rulesChanged || count > MAX_CHANGED_PATTERNS) return false;
    this.#files.leaveLog();
    this.#become(sources, new StoreState(set, feedsBySource(sources, set, built.feedCounts, fingerprints)), []);
    sink.swapIntel(set, built, []);
    if (patterns !== undefined) sink.applyPatterns(patterns.change, patterns.layer);
    this.#mergePatternsLater();
    sink.showFeeds(set.feeds);
    this.#saveLater(built.tables);
    return true;
  }

  #become(sources: readonly IntelSource[], state: StoreState, entries: Uint8Array[]): void {
    this.#epoch++;
    this.#sources = sources;
    this.#state = state;
    this.#entries = entries;
    this.#rows = 0;
  }

  /** `later` is told of lists that are yet to be noted, with the position of their source. */
  async #load(
    sources: readonly IntelSource[],
    later: (notes: LaterNotes, source: number) => void,
  ): Promise<{
    readonly set: IntelSet;
    readonly built?: BuiltIntel;
    readonly feedCounts: readonly number[];
  }> {
    const { now, feedFolder, folder } = this.#options;
    const state = this.#state;
    if (state === undefined) {
      const feedCounts: number[] = [];
      const sourceDone = (count: number): void => void feedCounts.push(count);
      // The start does not wait for notes.
      const seen = { ...seenIn(folder), later: (notes: LaterNotes) => later(notes, feedCounts.length) };
      const set = await loadIntel(sources, { now, cacheFolder: feedFolder, seen, urls: 'cached', sourceDone });
      // Now, because nothing waits yet: moving a million indicators takes a moment.
      portable(set);
      return { set, feedCounts };
    }
    const request = { sources, state: this.#portable(state), ...this.#means };
    const built = await this.#run('load', request, state);
    return { set: fromPortable(built.set, 'owned'), built, feedCounts: built.feedCounts };
  }

  /** Files with texts stay open while a job reads them, whatever becomes of the state meanwhile. */
  async #run<K extends IntelJob>(
    kind: K,
    request: IntelJobs[K]['request'],
    state: StoreState,
  ): Promise<IntelJobs[K]['result']> {
    const use = { state };
    this.#inUse.add(use);
    try {
      return await this.#options.run(kind, request);
    } finally {
      this.#inUse.delete(use);
    }
  }

  /** What is on disk, when it was made for these sources. */
  async #openStored(
    sources: readonly IntelSource[],
  ): Promise<(OpenedIntel & { readonly attach: (sink: LiveSink) => void }) | undefined> {
    const stored = await this.#files.read(digestOf(sources));
    if (stored === undefined) return undefined;
    const { set, state, entries } = stored;
    // Now, because nothing waits yet.
    portable(set);
    return {
      set,
      entries,
      attach: (sink) => {
        this.#become(sources, state, entries);
        this.#files.resume(stored);
        this.#sink = sink;
        sink.showFeeds(state.feeds);
        if (stored.log === undefined) this.#saveLater();
      },
    };
  }

  #portable(state: StoreState): PortableState {
    return { set: portable(state.set), sources: state.sources, entries: this.#entries };
  }

  #saveLater(tables?: PortableTables): void {
    this.#work.beside(async () => {
      const state = this.#state;
      if (state !== undefined && this.#sources.length > 0) await this.#save(state, this.#epoch, tables);
    });
  }

  /** Until then, and where a list changed meanwhile, it is read as a whole. */
  #noteLater(lists: readonly NotedList[]): void {
    if (lists.length === 0) return;
    this.#work.beside(async () => {
      const state = this.#state;
      const { folder: seenFolder, feedFolder: cacheFolder } = this.#options;
      if (state === undefined) return;
      await this.#run('note', { lists, cacheFolder, seenFolder }, state);
      // A change may have brought other ones.
      await this.#work.inTurn(() => this.#keepNotes());
    });
  }

  /** What a job that reads sources needs besides them. */
  get #means(): Pick<IntelJobs['load']['request'], 'cacheFolder' | 'seenFolder' | 'mappings'> {
    const { feedFolder: cacheFolder, folder: seenFolder } = this.#options;
    return { cacheFolder, seenFolder, mappings: this.#sink?.stixMappings ?? [] };
  }

  #mergePatternsLater(): void {
    this.#work.beside(async () => {
      const sink = this.#sink;
      const state = this.#state;
      const wanted = sink?.wantedMerge;
      if (sink === undefined || state === undefined || wanted === undefined) return;
      const { parts, ...which } = wanted;
      const layer = await this.#run('join', { parts }, state);
      if (sink === this.#sink) sink.mergePatterns({ ...which, layer });
    });
  }

  #mergeLater(): void {
    if (this.#wantsMerge) return;
    this.#wantsMerge = true;
    this.#work.beside(async () => {
      try {
        await this.#merge();
      } finally {
        this.#wantsMerge = false;
      }
    });
  }

  async #merge(): Promise<void> {
    const state = this.#state;
    const epoch = this.#epoch;
    if (state === undefined || this.#sink === undefined) return;
    const count = this.#entries.length;
    const { now, feedFolder: spillFolder } = this.#options;
    const built = await this.#run('merge', { state: this.#portable(state), nowMs: now(), spillFolder }, state);
    const set = fromPortable(built.set, 'owned');
    const merged = await this.#work.inTurn(async () => {
      const sink = this.#sink;
      if (epoch !== this.#epoch || sink === undefined || this.#state === undefined) return undefined;
      const since = this.#entries.slice(count);
      const next = new StoreState(set, this.#state.sources);
      for (const bytes of since) next.apply(readEntry(bytes), 'without-rows');
      // The old log takes entries until the new base is on disk: a restart goes back to the old base and all of them.
      this.#become(this.#sources, next, since);
      this.#rows = since.reduce((sum, bytes) => sum + changedRows(readEntry(bytes)), 0);
      sink.swapIntel(set, built, since);
      this.counts.merges++;
      return next;
    });
    if (merged !== undefined) await this.#save(merged, this.#epoch, built.tables);
  }

  /** Writes the base of the state, a log with what came since, and then says that these two count. */
  async #save(state: StoreState, epoch: number, tables?: PortableTables): Promise<void> {
    const { number, path } = this.#files.nextBase();
    const sources = state.sources;
    await this.#run('save', { set: portable(state.set), path, ...(tables !== undefined && { tables }) }, state);
    await this.#work.inTurn(async () => {
      if (epoch !== this.#epoch) {
        await this.#files.dropBase(number);
        return;
      }
      // Entries that were there when the sources were looked at are said by these already; saying them again changes nothing.
      await this.#files.take(number, this.#entries, { configured: digestOf(this.#sources), sources });
      await this.#keepNotes();
    });
  }

  async #keepNotes(): Promise<void> {
    await this.#files.keepNotes(new Set(this.#state?.feeds.map(({ seen }) => seen)));
  }
}

const NO_COUNTS = { added: 0, removed: 0, changed: 0 };
const NOTHING_APPLIED: AppliedRows = { indicators: NO_COUNTS, benign: NO_COUNTS, withoutRoom: 0 };

function readEntry(bytes: Uint8Array): StoreEntry {
  const entry = decodeEntry(bytes);
  if (entry === undefined) throw new Error('an entry that was made here cannot be read');
  return entry;
}
