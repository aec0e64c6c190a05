/**
 * loadIntel: sources to one IntelSet; the start path and the reload path alike. Each file or URL is a feed of its own: streamed,
 * unpacked, recognised, loaded. A feed that breaks changes nothing: its last good content stays, taken from the set that is
 * running or, for URLs, from the cache on disk, and the diagnostics say why.
 */
import { createReadStream } from 'node:fs';
import { FeedReport } from '../core/feed.ts';
import { type Diagnostic, diagnostic, FlintError } from '../errors/diagnostic.ts';
import type { InflateLimits } from '../frame/compression.ts';
import { InflateError, inflateDetected } from '../frame/inflate-stream.ts';
import { isCompiledIntel, readCompiledIntel } from './compiled-intel.ts';
import { FeedCache } from './feed-cache.ts';
import { createLoader, formatOf } from './feed-loaders.ts';
import { fetchFeed } from './fetch-feed.ts';
import type { ResolveHost } from './http/http-get.ts';
import { IntelBuilder } from './intel-builder.ts';
import type { FeedState, FeedStatus, IntelSet } from './intel-set.ts';
import { type IntelSource, policyOf } from './intel-source.ts';
import { listFiles, unreadable } from './list-files.ts';
import { feedNameOf, shownSource } from './shown-source.ts';

export interface LoadIntelOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Where the content of URLs is kept, and texts that would take much memory (`data_dir/feeds`); absent: neither. */
  readonly cacheFolder?: string;
  /** `ask`: ask the servers. `cached`: take what the cache has and ask only for what it has not. */
  readonly urls?: 'ask' | 'cached';
  /** The set that is in use now. */
  readonly previous?: IntelSet;
  readonly resolveHost?: ResolveHost;
  readonly signal?: AbortSignal;
  /** Called after each feed. */
  readonly progress?: (feed: FeedState) => void;
}

type Bytes = AsyncIterable<Uint8Array>;

const HEAD_BYTES = 65_536;
const READ_BYTES = 1024 * 1024;
const MAX_RATIO = 2000;
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;

/** Never rejects for what a source contains or does; each problem is a diagnostic of its feed. */
export async function loadIntel(sources: readonly IntelSource[], options: LoadIntelOptions): Promise<IntelSet> {
  const compiled = compiledAlone(sources, options);
  if (compiled !== undefined) return compiled;
  const loading = new Loading(options);
  for (const source of sources) {
    if (source.isUrl) await loading.url(source);
    else {
      const { files, diagnostics } = listFiles(source.source);
      loading.diagnostics.push(...diagnostics);
      if (files.length === 0) loading.missing(source);
      for (const file of files) await loading.file(source, file);
    }
  }
  return loading.builder.finish(loading.feeds, loading.diagnostics);
}

/** One compiled file and nothing else: used as it lies in memory. */
function compiledAlone(sources: readonly IntelSource[], options: LoadIntelOptions): IntelSet | undefined {
  const [source] = sources;
  if (source === undefined || sources.length !== 1 || source.isUrl || source.role === 'benign') return undefined;
  const { files } = listFiles(source.source);
  const [file] = files;
  if (file === undefined || files.length !== 1) return undefined;
  try {
    const read = readCompiledIntel(file, options.cacheFolder);
    if (!read.ok) return undefined;
    for (const feed of read.set.feeds) options.progress?.(feed);
    return read.set;
  } catch {
    // Not readable: the ordinary way says why.
    return undefined;
  }
}

interface Attempt {
  readonly format: string;
  readonly report: FeedReport;
  readonly bytes: number;
  readonly broken?: Diagnostic;
}

class Loading {
  readonly builder: IntelBuilder;
  readonly feeds: FeedState[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly #options: LoadIntelOptions;
  readonly #cache: FeedCache | undefined;

  constructor(options: LoadIntelOptions) {
    this.#options = options;
    this.builder = new IntelBuilder(options.cacheFolder);
    this.#cache = options.cacheFolder === undefined ? undefined : new FeedCache(options.cacheFolder);
  }

  /** A path that gives no file: what it gave before stays. */
  missing(source: IntelSource): void {
    const { previous } = this.#options;
    for (const { name, container = name } of previous?.feeds ?? [])
      if (container === source.source || container.startsWith(`${source.source}/`)) this.#keep(source, name, [], {});
  }

  async file(source: IntelSource, path: string): Promise<void> {
    this.builder.begin();
    const attempt = await this.#attempt(source, path, path, fileBytes(path));
    const known = this.#knownAs(path);
    if (attempt.broken === undefined || known.length === 0) {
      // The feeds of a compiled file have been listed already.
      if (attempt.format === 'compiled' && attempt.broken === undefined) this.builder.commit();
      else this.#accept(source, path, attempt, {});
      return;
    }
    this.builder.rollback();
    for (const [i, name] of known.entries()) this.#keep(source, name, i === 0 ? [attempt.broken] : [], attempt);
  }

  async url(source: IntelSource): Promise<void> {
    const name = feedNameOf(source.source);
    const cached = await this.#cache?.find(source.source);
    const nowMs = this.#options.now();
    if (cached !== undefined && this.#options.urls === 'cached') {
      await this.#fromCache(source, name, cached.path, cached.fetchedAtMs, []);
      return;
    }
    const fetched = await fetchFeed(
      {
        url: source.source,
        timeoutMs: source.timeoutMs,
        maxBytes: source.maxBytes,
        allowPrivateAddresses: source.allowPrivateAddresses,
        ...(cached?.etag === undefined ? {} : { etag: cached.etag }),
        ...(cached?.lastModified === undefined ? {} : { lastModified: cached.lastModified }),
        ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
      },
      this.#options.resolveHost,
    );
    if (fetched.status === 'not-modified' && cached !== undefined) {
      await this.#cache?.confirm(source.source, { ...withoutPath(cached), fetchedAtMs: nowMs });
      await this.#fromCache(source, name, cached.path, nowMs, []);
    } else if (fetched.status === 'ok') await this.#fromBody(source, name, fetched, cached, nowMs);
    else {
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
    fetched: { readonly body: Bytes; readonly etag?: string; readonly lastModified?: string },
    cached: { readonly path: string; readonly fetchedAtMs: number } | undefined,
    nowMs: number,
  ): Promise<void> {
    let body = fetched.body;
    try {
      const staged = await this.#cache?.stage(source.source, fetched.body);
      if (staged !== undefined) body = fileBytes(staged);
    } catch (error) {
      await this.#withoutBody(source, name, cached, explain(name, error));
      return;
    }
    this.builder.begin();
    const attempt = await this.#attempt(source, name, source.source, body);
    if (attempt.broken === undefined) {
      const { etag, lastModified } = fetched;
      await this.#cache?.accept(source.source, {
        fetchedAtMs: nowMs,
        ...(etag === undefined ? {} : { etag }),
        ...(lastModified === undefined ? {} : { lastModified }),
      });
      this.#accept(source, name, attempt, { fetchedAtMs: nowMs });
    } else {
      await this.#cache?.reject(source.source);
      if (cached === undefined && this.#knownAs(name).length === 0)
        this.#accept(source, name, attempt, { fetchedAtMs: nowMs });
      else {
        this.builder.rollback();
        await this.#withoutBody(source, name, cached, attempt.broken);
      }
    }
  }

  /** The server gave nothing usable: the cache, else what is in use. */
  async #withoutBody(
    source: IntelSource,
    name: string,
    cached: { readonly path: string; readonly fetchedAtMs: number } | undefined,
    why: Diagnostic,
  ): Promise<void> {
    if (cached !== undefined) await this.#fromCache(source, name, cached.path, cached.fetchedAtMs, [why]);
    else this.#keep(source, name, [why], {});
  }

  async #fromCache(
    source: IntelSource,
    name: string,
    path: string,
    fetchedAtMs: number,
    why: readonly Diagnostic[],
  ): Promise<void> {
    this.builder.begin();
    const attempt = await this.#attempt(source, name, source.source, fileBytes(path));
    this.#accept(source, name, attempt, { fetchedAtMs }, why.length === 0 ? undefined : 'kept', why);
  }

  /** Feeds of the set in use that came from this file or URL: itself, or those inside when it is a compiled file. */
  #knownAs(name: string): readonly string[] {
    const feeds = this.#options.previous?.feeds ?? [];
    return feeds.filter((feed) => feed.name === name || feed.container === name).map((feed) => feed.name);
  }

  async #attempt(source: IntelSource, name: string, policyFile: string, content: Bytes): Promise<Attempt> {
    const report = new FeedReport();
    const limits: InflateLimits = { maxBytes: source.maxBytes, maxRatio: MAX_RATIO, maxWindowBytes: MAX_WINDOW_BYTES };
    let bytes = 0;
    let format = 'unknown';
    try {
      const reader = inflateDetected(content, limits)[Symbol.asyncIterator]();
      const head = await headOf(reader);
      if (isCompiledIntel(head)) {
        await reader.return?.(undefined);
        return this.#compiled(name, report);
      }
      const found = formatOf(source, head);
      if (found === undefined) {
        await reader.return?.(undefined);
        const span = { file: name };
        return {
          format,
          report,
          bytes,
          broken: diagnostic('INTEL_UNKNOWN_FORMAT', 'error', `format of "${name}" not recognised`, { span }),
        };
      }
      format = found;
      const feed = this.builder.addFeed(name);
      const loader = createLoader(found, source, {
        builder: this.builder,
        ...feed,
        policy: policyOf(source, policyFile),
        report,
        file: name,
      });
      for (let chunk = head; chunk.length > 0; chunk = await nextChunk(reader)) {
        bytes += chunk.length;
        if (bytes > source.maxBytes)
          throw new FlintError([
            diagnostic('INTEL_TOO_LARGE', 'error', `"${name}" has more than ${source.maxBytes} bytes`),
          ]);
        loader.push(chunk);
      }
      const broken = loader.end() ?? nothingLoaded(name, report);
      return { format, report, bytes, ...(broken === undefined ? {} : { broken }) };
    } catch (error) {
      return { format, report, bytes, broken: explain(name, error) };
    }
  }

  #compiled(path: string, report: FeedReport): Attempt {
    const read = readCompiledIntel(path, this.#options.cacheFolder);
    if (!read.ok) return { format: 'compiled', report, bytes: 0, broken: read.diagnostic };
    this.builder.copyFrom(read.set);
    for (const feed of read.set.feeds) this.feeds.push(feed);
    return { format: 'compiled', report, bytes: 0 };
  }

  #accept(
    source: IntelSource,
    name: string,
    attempt: Attempt,
    times: { readonly fetchedAtMs?: number },
    status?: FeedStatus,
    why: readonly Diagnostic[] = [],
  ): void {
    this.builder.commit();
    const { report, broken } = attempt;
    const isEmpty = report.loadedCount + report.deferredCount === 0;
    this.#push({
      name,
      provider: policyOf(source, source.isUrl ? source.source : name).provider,
      format: attempt.format,
      role: source.role,
      status: status ?? (broken === undefined ? 'loaded' : isEmpty ? 'failed' : 'partial'),
      statistics: report.statistics(),
      bytes: attempt.bytes,
      loadedAtMs: this.#options.now(),
      ...times,
      diagnostics: [...why, ...(broken === undefined ? [] : [broken]), ...report.problems],
      omittedDiagnostics: report.omittedProblems,
    });
  }

  /** The last good content of a feed, out of the set that is in use. */
  #keep(source: IntelSource, name: string, why: readonly Diagnostic[], attempt: Partial<Attempt>): void {
    const { previous } = this.#options;
    const before = previous?.feeds.find((feed) => feed.name === name);
    const copied = previous === undefined ? 0 : this.builder.copyFrom(previous, name);
    const report = attempt.report ?? new FeedReport();
    this.#push({
      name,
      provider: policyOf(source, source.isUrl ? source.source : name).provider,
      format: before?.format ?? attempt.format ?? 'unknown',
      role: source.role,
      ...(before?.container === undefined ? {} : { container: before.container }),
      status: copied > 0 ? 'kept' : 'failed',
      statistics: before?.statistics ?? report.statistics(),
      bytes: before?.bytes ?? 0,
      loadedAtMs: before?.loadedAtMs ?? this.#options.now(),
      ...(before?.fetchedAtMs === undefined ? {} : { fetchedAtMs: before.fetchedAtMs }),
      diagnostics: [...why, ...report.problems],
      omittedDiagnostics: report.omittedProblems,
    });
  }

  #push(feed: FeedState): void {
    this.feeds.push(feed);
    this.#options.progress?.(feed);
  }
}

function nothingLoaded(name: string, report: FeedReport): Diagnostic | undefined {
  if (report.loadedCount + report.deferredCount > 0 || report.badCount === 0) return undefined;
  return diagnostic('INTEL_BROKEN_FEED', 'error', `nothing in "${name}" could be loaded`, { span: { file: name } });
}

function explain(name: string, error: unknown): Diagnostic {
  if (error instanceof FlintError && error.diagnostics[0] !== undefined) return error.diagnostics[0];
  if (error instanceof InflateError) {
    const code = error.problem === 'inflates_too_far' ? 'INTEL_TOO_LARGE' : 'INTEL_UNREADABLE';
    return diagnostic(code, 'error', `"${name}": ${error.message}`, { span: { file: name } });
  }
  // Node's I/O errors carry a code; anything else is a bug and must not be swallowed.
  if (typeof (error as { code?: unknown }).code !== 'string') throw error;
  return unreadable(name, error);
}

async function headOf(reader: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < HEAD_BYTES) {
    const part = await nextChunk(reader);
    if (part.length === 0) break;
    parts.push(part);
    length += part.length;
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}

/** The next bytes, none at the end. */
async function nextChunk(reader: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  for (;;) {
    const next = await reader.next();
    if (next.done === true) return new Uint8Array(0);
    if (next.value.length > 0) return next.value;
  }
}

function fileBytes(path: string): Bytes {
  return createReadStream(path, { highWaterMark: READ_BYTES });
}

function withoutPath<T extends { readonly path: string }>(cached: T): Omit<T, 'path'> {
  const { path: _path, ...rest } = cached;
  return rest;
}
