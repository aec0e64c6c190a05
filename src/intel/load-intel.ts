/**
 * loadIntel: sources to one IntelSet; the start path and the reload path alike. Each file, document, collection or MISP feed is a feed
 * of its own: streamed, unpacked, recognised, loaded. A feed that breaks changes nothing: its last good content stays, taken from the
 * set that is running or, for what is fetched, from the disk, and the diagnostics say why.
 */
import type { FeedReport } from '../core/feed.ts';
import { statSync } from 'node:fs';
import { type Diagnostic, diagnostic } from '../errors/diagnostic.ts';
import { readCompiledIntel } from './compiled-intel.ts';
import { type CachedFeed, FeedCache } from './feed-cache.ts';
import { fetchFeed } from './fetch-feed.ts';
import type { ResolveHost } from './http/http-get.ts';
import { IntelBuilder } from './intel-builder.ts';
import type { Carried, FeedState, FeedStatus, IntelSet } from './intel-set.ts';
import { type IntelSource, isRemote, policyOf } from './intel-source.ts';
import { type ListedFile, listFiles } from './list-files.ts';
import { explainFeed, type FeedAttempt, type FeedContent, readFeed } from './read-feed.ts';
import { feedNameOf, shownSource } from './shown-source.ts';
import { credentialsOf, plainAddress } from './source-credentials.ts';
import { type LaterNotes, savedSeen } from './seen/saved-seen.ts';
import { storedFeeds } from './stored-feeds.ts';

export interface LoadIntelOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Where the content of URLs is kept, and texts that would take much memory (`data_dir/feeds`); absent: neither. */
  readonly cacheFolder?: string;
  /** Where TAXII collections and MISP feeds lie when nothing is to be written there; default: `cacheFolder`. */
  readonly storedFolder?: string;
  /** `ask`: ask the servers of documents. `cached`: take what the disk has. TAXII servers and MISP feeds are never asked here. */
  readonly urls?: 'ask' | 'cached';
  /** The set that is in use now. */
  readonly previous?: IntelSet;
  /** What an earlier load leaves behind: ids withdrawn for good; for a part of the sources also names and markings. */
  readonly carried?: Partial<Carried>;
  readonly resolveHost?: ResolveHost;
  readonly signal?: AbortSignal;
  /** Called after each feed. */
  readonly progress?: (feed: FeedState) => void;
  /** Called after each source, in their order, with the number of feeds it gave. */
  readonly sourceDone?: (feeds: number) => void;
  /** Where notes of the records of feeds are kept, for changes to come (`seen/`), and how large a feed must be; absent: nowhere. */
  readonly seen?: SeenFolder;
  /** As of when the entries of a feed count that state no time; absent: of its content. */
  readonly asOf?: (feed: string) => number | undefined;
  /** Only STIX objects with these ids; absent: everything. */
  readonly only?: ReadonlySet<string>;
  /** A server asked to be left alone for so long. */
  readonly retryAfter?: (ms: number) => void;
}

export interface SeenFolder {
  readonly folder: string;
  /** Smaller feeds are read as a whole in less time than notes take. */
  readonly minBytes: number;
  /** Lists are noted later, by `takeNotes`, so that nothing waits for it; absent: while they are read. */
  readonly later?: (notes: LaterNotes) => void;
}

/** Never rejects for what a source contains or does; each problem is a diagnostic of its feed. */
export async function loadIntel(sources: readonly IntelSource[], options: LoadIntelOptions): Promise<IntelSet> {
  const compiled = compiledAlone(sources, options);
  if (compiled !== undefined) return compiled;
  const loading = new Loading(options);
  for (const source of sources) {
    const before = loading.feeds.length;
    if (source.transport === 'url' && options.urls !== 'cached') await loading.ask(source);
    else if (isRemote(source)) await loading.stored(source);
    else {
      const { files, diagnostics } = listFiles(source.source);
      loading.diagnostics.push(...diagnostics);
      if (files.length === 0) loading.missing(source);
      for (const file of files) await loading.file(source, file);
    }
    options.sourceDone?.(loading.feeds.length - before);
  }
  return loading.builder.finish(loading.feeds, loading.diagnostics);
}

/** One compiled file and nothing else: used as it lies in memory. */
function compiledAlone(sources: readonly IntelSource[], options: LoadIntelOptions): IntelSet | undefined {
  const [source] = sources;
  if (source === undefined || sources.length !== 1 || isRemote(source) || source.role === 'benign') return undefined;
  const { files } = listFiles(source.source);
  const [file] = files;
  if (file === undefined || files.length !== 1 || file.parts !== undefined) return undefined;
  try {
    const read = readCompiledIntel(file.path, options.cacheFolder);
    if (!read.ok) return undefined;
    for (const feed of read.set.feeds) options.progress?.(feed);
    options.sourceDone?.(read.set.feeds.length);
    return read.set;
  } catch {
    // Not readable: the ordinary way says why.
    return undefined;
  }
}

class Loading {
  readonly builder: IntelBuilder;
  readonly feeds: FeedState[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly #options: LoadIntelOptions;
  readonly #cache: FeedCache | undefined;

  constructor(options: LoadIntelOptions) {
    this.#options = options;
    this.builder = new IntelBuilder(options.cacheFolder, options.carried);
    this.#cache = options.cacheFolder === undefined ? undefined : new FeedCache(options.cacheFolder);
  }

  /** A path that gives no file: what it gave before stays. */
  missing(source: IntelSource): void {
    const { previous } = this.#options;
    for (const { name, container = name } of previous?.feeds ?? [])
      if (container === source.source || container.startsWith(`${source.source}/`)) this.#keep(source, name, [], {});
  }

  async file(source: IntelSource, { path, parts }: ListedFile): Promise<void> {
    this.builder.begin();
    const asOfMs = source.expiresAfterMs === undefined ? undefined : modifiedMs(path);
    const content = {
      ...{ name: path, provider: path, content: parts ?? [{ path }] },
      ...(asOfMs === undefined ? {} : { asOfMs }),
    };
    const attempt = await this.#attempt(source, content, path);
    const times = asOfMs === undefined ? {} : { asOfMs };
    const known = this.#knownAs(path);
    if (attempt.broken === undefined || known.length === 0) {
      // The feeds of a compiled file have been listed already.
      if (attempt.format === 'compiled' && attempt.broken === undefined) this.builder.commit();
      else this.#accept(source, content, attempt, times);
      return;
    }
    this.builder.rollback();
    for (const [i, name] of known.entries()) this.#keep(source, name, i === 0 ? [attempt.broken] : [], attempt);
  }

  /** What the disk has of a source that is fetched elsewhere. */
  async stored(source: IntelSource): Promise<void> {
    const { cacheFolder, storedFolder = cacheFolder } = this.#options;
    const feeds = storedFolder === undefined ? undefined : await storedFeeds(source, storedFolder);
    if (feeds === undefined) {
      const message = `"${shownSource(source.source)}" has not been fetched yet`;
      this.#keep(source, feedNameOf(source.source), [diagnostic('INTEL_NOT_FETCHED', 'error', message)], {});
    }
    for (const { name, provider, parts, format, fetchedAtMs } of feeds ?? []) {
      const content = { name, provider, content: parts, asOfMs: fetchedAtMs };
      const read = { ...source, format };
      this.builder.begin();
      const attempt = await this.#attempt(read, content, parts[0]?.path ?? '');
      if (attempt.broken === undefined || this.#knownAs(name).length === 0)
        this.#accept(read, content, attempt, { fetchedAtMs });
      else {
        this.builder.rollback();
        this.#keep(source, name, [attempt.broken], attempt);
      }
    }
  }

  async ask(source: IntelSource): Promise<void> {
    const name = feedNameOf(source.source);
    const cached = await this.#cache?.find(source.source);
    const nowMs = this.#options.now();
    const { timeoutMs, maxBytes, allowPrivateAddresses } = source;
    let credentials: ReturnType<typeof credentialsOf>;
    try {
      credentials = credentialsOf(source);
    } catch (error) {
      await this.#withoutBody(source, name, cached, explainFeed(name, error));
      return;
    }
    const fetched = await fetchFeed(
      {
        url: plainAddress(source),
        ...credentials,
        timeoutMs,
        maxBytes,
        allowPrivateAddresses,
        ...(source.proxy === undefined ? {} : { proxy: source.proxy }),
        ...(cached?.etag === undefined ? {} : { etag: cached.etag }),
        ...(cached?.lastModified === undefined ? {} : { lastModified: cached.lastModified }),
        ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
      },
      this.#options.resolveHost,
    );
    if (fetched.status === 'not-modified' && cached !== undefined) {
      const { path: _path, ...entry } = cached;
      await this.#cache?.confirm(source.source, { ...entry, fetchedAtMs: nowMs });
      await this.#fromCache(source, name, { ...cached, fetchedAtMs: nowMs }, []);
    } else if (fetched.status === 'ok') await this.#fromBody(source, name, fetched, cached, nowMs);
    else {
      if (fetched.status === 'failed' && fetched.retryAfterMs !== undefined)
        this.#options.retryAfter?.(fetched.retryAfterMs);
      const why =
        fetched.status === 'failed'
          ? fetched.diagnostic
          : diagnostic('INTEL_FETCH_FAILED', 'error', `"${shownSource(source.source)}" answers 304 to a first request`);
      await this.#withoutBody(source, name, cached, why);
    }
  }

  async #fromBody(
    source: IntelSource,
    name: string,
    fetched: { readonly body: AsyncIterable<Uint8Array>; readonly etag?: string; readonly lastModified?: string },
    cached: CachedFeed | undefined,
    nowMs: number,
  ): Promise<void> {
    let staged: { readonly path: string; readonly sha256: string } | undefined;
    try {
      staged = await this.#cache?.stage(source.source, fetched.body);
    } catch (error) {
      await this.#withoutBody(source, name, cached, explainFeed(name, error));
      return;
    }
    const content = { name, provider: source.source, asOfMs: nowMs };
    this.builder.begin();
    const attempt = await this.#attempt(
      source,
      { ...content, content: staged === undefined ? fetched.body : [{ path: staged.path }] },
      staged?.path ?? '',
    );
    if (attempt.broken === undefined) {
      const { etag, lastModified } = fetched;
      if (staged !== undefined)
        await this.#cache?.accept(source.source, {
          fetchedAtMs: nowMs,
          sha256: staged.sha256,
          ...(etag === undefined ? {} : { etag }),
          ...(lastModified === undefined ? {} : { lastModified }),
        });
      this.#accept(source, content, attempt, { fetchedAtMs: nowMs });
      return;
    }
    await this.#cache?.reject(source.source);
    if (cached === undefined && this.#knownAs(name).length === 0)
      this.#accept(source, content, attempt, { fetchedAtMs: nowMs });
    else {
      this.builder.rollback();
      await this.#withoutBody(source, name, cached, attempt.broken);
    }
  }

  /** The server gave nothing usable: the cache, else what is in use. */
  async #withoutBody(
    source: IntelSource,
    name: string,
    cached: CachedFeed | undefined,
    why: Diagnostic,
  ): Promise<void> {
    if (cached !== undefined) await this.#fromCache(source, name, cached, [why]);
    else this.#keep(source, name, [why], {});
  }

  async #fromCache(source: IntelSource, name: string, cached: CachedFeed, why: readonly Diagnostic[]): Promise<void> {
    const { path, fetchedAtMs } = cached;
    const content = { name, provider: source.source, content: [{ path }], asOfMs: fetchedAtMs };
    this.builder.begin();
    const attempt = await this.#attempt(source, content, path);
    this.#accept(source, content, attempt, { fetchedAtMs }, why.length === 0 ? undefined : 'kept', why);
  }

  /** Feeds of the set in use that came from this file or URL: itself, or those inside when it is a compiled file. */
  #knownAs(name: string): readonly string[] {
    const feeds = this.#options.previous?.feeds ?? [];
    return feeds.filter((feed) => feed.name === name || feed.container === name).map((feed) => feed.name);
  }

  /** `path`: the file that a compiled file is read from again. */
  async #attempt(source: IntelSource, feed: FeedContent, path: string): Promise<FeedAttempt> {
    const asOfMs = this.#options.asOf?.(feed.name) ?? feed.asOfMs;
    const current = asOfMs === undefined ? feed : { ...feed, asOfMs };
    const { seen, only } = this.#options;
    const notes = seen === undefined ? undefined : seen.later === undefined ? 'now' : 'later';
    const asked = only === undefined ? current : { ...current, only };
    const attempt = await readFeed(this.builder, source, asked, notes);
    return attempt.format === 'compiled' && attempt.broken === undefined
      ? this.#compiled(path, attempt.report)
      : attempt;
  }

  #compiled(path: string, report: FeedReport): FeedAttempt {
    const read = readCompiledIntel(path, this.#options.cacheFolder);
    if (!read.ok) return { format: 'compiled', report, bytes: 0, broken: read.diagnostic };
    this.builder.copyFrom(read.set);
    for (const feed of read.set.feeds) this.feeds.push(feed);
    return { format: 'compiled', report, bytes: 0 };
  }

  #accept(
    source: IntelSource,
    { name, provider, content }: Pick<FeedContent, 'name' | 'provider'> & Partial<Pick<FeedContent, 'content'>>,
    attempt: FeedAttempt,
    times: { readonly fetchedAtMs?: number; readonly asOfMs?: number },
    status?: FeedStatus,
    why: readonly Diagnostic[] = [],
  ): void {
    this.builder.commit();
    const { report, broken } = attempt;
    const isEmpty = report.loadedCount + report.deferredCount === 0;
    const { asOfMs = source.expiresAfterMs === undefined ? undefined : times.fetchedAtMs, ...others } = times;
    const notes = this.#options.seen;
    const feed = { name, provider, content: Array.isArray(content) ? content : [] };
    const seen = notes === undefined ? undefined : savedSeen(attempt, notes, source, feed);
    this.#push({
      name,
      provider: policyOf(source, provider).provider,
      format: attempt.format,
      role: source.role,
      status: status ?? (broken === undefined ? 'loaded' : isEmpty ? 'failed' : 'partial'),
      statistics: report.statistics(),
      bytes: attempt.bytes,
      loadedAtMs: this.#options.now(),
      ...others,
      ...(asOfMs === undefined ? {} : { asOfMs }),
      ...(seen === undefined ? {} : { seen }),
      diagnostics: [...why, ...(broken === undefined ? [] : [broken]), ...report.problems],
      omittedDiagnostics: report.omittedProblems,
    });
  }

  /** The last good content of a feed, out of the set that is in use. */
  #keep(source: IntelSource, name: string, why: readonly Diagnostic[], attempt: Partial<FeedAttempt>): void {
    const { previous } = this.#options;
    const before = previous?.feeds.find((feed) => feed.name === name);
    const copied = previous === undefined ? 0 : this.builder.copyFrom(previous, name);
    const { report } = attempt;
    this.#push({
      name,
      provider: policyOf(source, isRemote(source) ? source.source : name).provider,
      format: before?.format ?? attempt.format ?? 'unknown',
      role: source.role,
      ...(before?.container === undefined ? {} : { container: before.container }),
      status: copied > 0 ? 'kept' : 'failed',
      statistics: before?.statistics ?? report?.statistics() ?? NO_STATISTICS,
      bytes: before?.bytes ?? 0,
      loadedAtMs: before?.loadedAtMs ?? this.#options.now(),
      ...(before?.fetchedAtMs === undefined ? {} : { fetchedAtMs: before.fetchedAtMs }),
      ...(before?.asOfMs === undefined ? {} : { asOfMs: before.asOfMs }),
      diagnostics: [...why, ...(report?.problems ?? [])],
      omittedDiagnostics: report?.omittedProblems ?? 0,
    });
  }

  #push(feed: FeedState): void {
    this.feeds.push(feed);
    this.#options.progress?.(feed);
  }
}

const NO_STATISTICS: FeedState['statistics'] = {
  entries: 0,
  kinds: {},
  known: 0,
  deferred: {},
  skipped: {},
  notes: {},
  bad: 0,
};

function modifiedMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
