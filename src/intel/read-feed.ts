/**
 * Reads the content of one feed into a builder: unpacked, recognised, loaded, within limits. A feed may consist of several parts (the
 * events of a MISP feed): a part that cannot be read is one bad entry, the others count. Nothing is thrown for what a feed contains.
 */
import { createReadStream } from 'node:fs';
import { type FeedLoader, FeedReport } from '../core/feed.ts';
import { type Diagnostic, diagnostic, FlintError } from '../errors/diagnostic.ts';
import type { InflateLimits } from '../frame/compression.ts';
import { InflateError, inflateDetected } from '../frame/inflate-stream.ts';
import type { FeedFormat } from '../rules/lists/feed-format.ts';
import { isCompiledIntel } from './compiled-intel.ts';
import { createLoader, type FeedTarget, formatOf } from './feed-loaders.ts';
import type { IntelBuilder } from './intel-builder.ts';
import { type IntelSource, policyOf } from './intel-source.ts';
import { unreadable } from './list-files.ts';
import { FeedRecorder, type ListNotes, partDigest } from './seen/feed-recorder.ts';
import type { SeenRecords } from './seen/seen-records.ts';

export type Bytes = AsyncIterable<Uint8Array>;

export interface FeedPart {
  readonly path: string;
  /** Where it begins; absent: at the start of the file. */
  readonly start?: number;
  /** Bytes from the start that count; absent: all. */
  readonly bytes?: number;
  /** Lines in these bytes, where somebody counted. */
  readonly lines?: number;
}

/** One feed to be read. */
export interface FeedContent {
  /** Under which its indicators stand in the table. */
  readonly name: string;
  /** The provider is called after it unless the source has a name. */
  readonly provider: string;
  readonly content: Bytes | readonly FeedPart[];
  /** When it was known to be current. */
  readonly asOfMs?: number;
  /** Ids of the STIX objects that are asked for; of other formats nothing is. Absent: everything. */
  readonly only?: ReadonlySet<string>;
}

export interface FeedAttempt {
  readonly format: string;
  readonly report: FeedReport;
  readonly bytes: number;
  readonly broken?: Diagnostic;
  /** What is known of its records, where that was asked for and the format has such. */
  readonly seen?: SeenRecords;
  /** They are known when the feed is read once more. */
  readonly seenLater?: boolean;
}

export const HEAD_BYTES = 65_536;
const READ_BYTES = 1024 * 1024;
const MAX_RATIO = 2000;
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;

/** `notes`: of the records, for changes to come, and when those of lists are taken; absent: none are. */
export async function readFeed(
  builder: IntelBuilder,
  source: IntelSource,
  feed: FeedContent,
  notes?: ListNotes,
): Promise<FeedAttempt> {
  const reading = new FeedReading(builder, source, feed, notes);
  if (!Array.isArray(feed.content)) return await reading.whole(feed.content as Bytes, feed.name);
  const parts = feed.content as readonly FeedPart[];
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return await reading.whole(partBytes(only), feed.name);
  return await reading.parts(parts);
}

/** As `readFeed` with notes, each part on its own however many there are. */
export function readParts(
  builder: IntelBuilder,
  source: IntelSource,
  feed: FeedContent & { readonly content: readonly FeedPart[] },
): Promise<FeedAttempt> {
  return new FeedReading(builder, source, feed, 'now').parts(feed.content);
}

export function inflateLimits({ maxBytes }: IntelSource): InflateLimits {
  return { maxBytes, maxRatio: MAX_RATIO, maxWindowBytes: MAX_WINDOW_BYTES };
}

export function fileBytes(path: string): Bytes {
  return createReadStream(path, { highWaterMark: READ_BYTES });
}

export async function* partBytes({ path, start = 0, bytes }: FeedPart): AsyncGenerator<Uint8Array> {
  if (bytes !== undefined && bytes <= start) return;
  yield* createReadStream(path, {
    start,
    highWaterMark: READ_BYTES,
    ...(bytes === undefined ? {} : { end: bytes - 1 }),
  });
}

/** Why a feed, or a part of one, gave nothing; bugs are thrown on. */
export function explainFeed(name: string, error: unknown): Diagnostic {
  if (error instanceof FlintError && error.diagnostics[0] !== undefined) return error.diagnostics[0];
  if (error instanceof InflateError) {
    const code = error.problem === 'inflates_too_far' ? 'INTEL_TOO_LARGE' : 'INTEL_UNREADABLE';
    return diagnostic(code, 'error', `"${name}": ${error.message}`, { span: { file: name } });
  }
  // Node's I/O errors carry a code; anything else is a bug and must not be swallowed.
  if (typeof (error as { code?: unknown }).code !== 'string') throw error;
  return unreadable(name, error);
}

class FeedReading {
  readonly #source: IntelSource;
  readonly #builder: IntelBuilder;
  readonly #feed: FeedContent;
  readonly #report = new FeedReport();
  #target: FeedTarget | undefined;
  #bytes = 0;
  #format = 'unknown';

  readonly #recorder: FeedRecorder | undefined;

  constructor(builder: IntelBuilder, source: IntelSource, feed: FeedContent, notes?: ListNotes) {
    this.#source = source;
    this.#builder = builder;
    this.#feed = feed;
    this.#recorder = notes === undefined ? undefined : new FeedRecorder(this.#report, builder, notes);
  }

  async whole(content: Bytes, file: string): Promise<FeedAttempt> {
    try {
      const broken = (await this.#load(content, file)) ?? this.#nothingLoaded();
      return this.#attempt(broken);
    } catch (error) {
      return this.#attempt(explainFeed(file, error));
    } finally {
      this.#recorder?.stop();
    }
  }

  async parts(parts: readonly FeedPart[]): Promise<FeedAttempt> {
    for (const part of parts) {
      let broken: Diagnostic | undefined;
      // Before it is read: what is written meanwhile makes it another one.
      const id = this.#recorder === undefined ? undefined : partDigest(part);
      try {
        broken = await this.#load(partBytes(part), part.path, part);
      } catch (error) {
        broken = explainFeed(part.path, error);
      }
      if (broken !== undefined) {
        const problem = broken;
        this.#report.entry();
        this.#report.bad(() => problem);
      }
      if (id !== undefined) this.#recorder?.partEnded(id);
    }
    this.#recorder?.stop();
    return this.#attempt(this.#nothingLoaded());
  }

  #attempt(broken: Diagnostic | undefined): FeedAttempt {
    const seen = this.#recorder?.seen;
    return {
      format: this.#format,
      report: this.#report,
      bytes: this.#bytes,
      ...(broken === undefined ? {} : { broken }),
      ...(seen === undefined || broken !== undefined ? {} : { seen }),
      ...(this.#recorder?.leavesLines === true && broken === undefined && { seenLater: true }),
    };
  }

  async #load(content: Bytes, file: string, part?: FeedPart): Promise<Diagnostic | undefined> {
    const source = this.#source;
    const reader = inflateDetected(content, inflateLimits(source))[Symbol.asyncIterator]();
    const head = await headOf(reader);
    const found = isCompiledIntel(head) ? 'compiled' : formatOf(source, head);
    if (found === undefined || found === 'compiled') {
      await reader.return?.(undefined);
      this.#format = found ?? this.#format;
      if (found === 'compiled') return undefined;
      return diagnostic('INTEL_UNKNOWN_FORMAT', 'error', `format of "${file}" not recognised`, { span: { file } });
    }
    this.#format = found;
    const loader = this.#loader(found, file, part);
    for (let chunk = head; chunk.length > 0; chunk = await nextChunk(reader)) {
      this.#bytes += chunk.length;
      if (this.#bytes > source.maxBytes) {
        await reader.return?.(undefined);
        throw new FlintError([
          diagnostic('INTEL_TOO_LARGE', 'error', `"${this.#feed.name}" has more than ${source.maxBytes} bytes`),
        ]);
      }
      loader.push(chunk);
    }
    return loader.end();
  }

  #loader(format: FeedFormat, file: string, part: FeedPart | undefined): FeedLoader {
    const target = { ...this.#targetOf(), file };
    const { only } = this.#feed;
    if (only !== undefined)
      return format === 'stix' ? createLoader(format, this.#source, { ...target, only }) : NOTHING_WANTED;
    const make = (more: Partial<FeedTarget>): FeedLoader => createLoader(format, this.#source, { ...target, ...more });
    return this.#recorder?.loader(format, this.#source, part, make) ?? make({});
  }

  #targetOf(): FeedTarget {
    const { name, provider, asOfMs } = this.#feed;
    this.#target ??= {
      builder: this.#builder,
      ...this.#builder.addFeed(name),
      policy: policyOf(this.#source, provider, asOfMs),
      report: this.#report,
      file: name,
    };
    return this.#target;
  }

  #nothingLoaded(): Diagnostic | undefined {
    const { loadedCount, deferredCount, badCount } = this.#report;
    if (loadedCount + deferredCount > 0 || badCount === 0) return undefined;
    const { name } = this.#feed;
    return diagnostic('INTEL_BROKEN_FEED', 'error', `nothing in "${name}" could be loaded`, { span: { file: name } });
  }
}

const NOTHING_WANTED: FeedLoader = { push: () => undefined, end: () => undefined };

export async function headOf(reader: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
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
