/**
 * One file: read from where it was left to its present end, again and again while it is followed. Compressed files (by their first
 * bytes) are inflated and read once. The position is saved when the records before it are settled; on resuming, framing starts at
 * the last place where it can, and records behind it that are settled already are passed over: none lost, none doubled.
 */
import { Buffer } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { detectCompression, type InflateLimits } from '../frame/compression.ts';
import type { EmitRecord, ResumableFramer } from '../frame/framer.ts';
import { InflateError, inflateDetected } from '../frame/inflate-stream.ts';
import { createFramer } from '../frame/registry.ts';
import { BatchWriter } from './batch-writer.ts';
import { countDrop } from './drop-reasons.ts';
import { type Fingerprint, fileKey, hasFingerprint, takeFingerprint } from './file-fingerprint.ts';
import type { InputContext } from './input.ts';
import type { PositionStore, SourcePosition } from './position-store.ts';
import { type RecordOptions, recordSource } from './record-source.ts';

const CHUNK_BYTES = 1 << 20;
const PRESSURE_POLL_MS = 20;

export interface FileReaderOptions {
  readonly path: string;
  readonly framing: string;
  readonly maxRecordBytes: number;
  readonly pendingBytes: number;
  readonly inflate: InflateLimits;
  readonly record: RecordOptions;
  readonly positions: PositionStore;
  /** True: a file without saved position is taken from its present end. */
  readonly fromEnd: boolean;
}

export class FileReader {
  readonly key: string;
  readonly #context: InputContext;
  readonly #options: FileReaderOptions;
  readonly #handle: FileHandle;
  #fingerprint: Fingerprint;
  #framer: ResumableFramer;
  #writer: BatchWriter;
  /** Bytes of the file that were taken; of a compressed file, plain bytes. */
  #offset: number;
  /** Records still to be passed over after resuming. */
  #settledAlready: number;
  readonly #compressed: boolean;
  #inflated = false;
  #stopping = false;
  readonly #saves = new Set<Promise<void>>();

  private constructor(
    context: InputContext,
    options: FileReaderOptions,
    handle: FileHandle,
    key: string,
    compressed: boolean,
    fingerprint: Fingerprint,
    position: SourcePosition | undefined,
  ) {
    this.#context = context;
    this.#options = options;
    this.#handle = handle;
    this.key = key;
    this.#compressed = compressed;
    this.#fingerprint = fingerprint;
    this.#offset = position?.offset ?? 0;
    this.#settledAlready = position?.settledAfter ?? 0;
    this.#framer = this.#newFramer(position);
    this.#writer = this.#newWriter(position?.record ?? 0);
  }

  /** @returns undefined for an empty file. @throws the error of the file system. */
  static async open(context: InputContext, options: FileReaderOptions): Promise<FileReader | undefined> {
    const handle = await open(options.path, 'r');
    try {
      const stats = await handle.stat();
      if (stats.size === 0 || !stats.isFile()) {
        await handle.close();
        return undefined;
      }
      const key = fileKey(stats);
      const head = Buffer.alloc(4);
      const { bytesRead } = await handle.read(head, 0, 4, 0);
      const compression = detectCompression(head.subarray(0, bytesRead));
      const compressed =
        compression !== undefined && (compression !== 'zlib' || (head[0] === 0x78 && head[1] !== 0x5e));
      const saved = options.positions.get(key);
      const known = saved?.fingerprint !== undefined && (await hasFingerprint(handle, saved.fingerprint));
      const fits = known && (compressed || saved.offset <= stats.size);
      const fingerprint = fits && saved.fingerprint ? saved.fingerprint : await takeFingerprint(handle, stats);
      const start = fits ? saved : options.fromEnd && !compressed ? endOf(stats.size) : undefined;
      if (!fits) options.positions.begin?.(key, { ...(start ?? endOf(0)), fingerprint });
      return new FileReader(context, options, handle, key, compressed, fingerprint, start);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get path(): string {
    return this.#options.path;
  }

  /** Reads to the present end, or about `limitBytes`: `more` is left then. `grew`: there was something new. */
  async pump(limitBytes: number): Promise<{ readonly grew: boolean; readonly more: boolean }> {
    if (this.#inflated) return { grew: false, more: false };
    if (this.#compressed) return this.#inflateOnce();
    let taken = 0;
    while (taken < limitBytes) {
      const { size } = await this.#handle.stat();
      if (size !== this.#offset && !(await this.#isSame(size))) await this.#startOver();
      if (size <= this.#offset || this.#stopping) return { grew: taken > 0, more: false };
      const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, size - this.#offset));
      const { bytesRead } = await this.#handle.read(chunk, 0, chunk.length, this.#offset);
      if (bytesRead === 0) return { grew: taken > 0, more: false };
      this.#offset += bytesRead;
      taken += bytesRead;
      this.#take(chunk.subarray(0, bytesRead));
      await this.#hold();
    }
    return { grew: true, more: true };
  }

  /** Makes `pump` return at the next chunk. */
  interrupt(): void {
    this.#stopping = true;
  }

  /** Ends the file: what is unfinished becomes records now. */
  end(): void {
    if (this.#stopping) return;
    this.#framer.end(this.#emit, this.#drop);
    this.#writer.flush();
    this.#save();
  }

  /** Resolves when all that was read is settled and saved. Rejects when the intake failed. */
  async close(): Promise<void> {
    try {
      await this.#writer.settled();
      await Promise.all(this.#saves);
    } finally {
      await this.#handle.close();
    }
  }

  async #inflateOnce(): Promise<{ readonly grew: boolean; readonly more: boolean }> {
    this.#inflated = true;
    const chunks = this.#handle.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
    let skip = this.#offset;
    try {
      for await (const chunk of inflateDetected(chunks, this.#options.inflate)) {
        if (this.#stopping) break;
        const rest = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - rest.length;
        this.#offset += rest.length;
        if (rest.length > 0) this.#take(rest);
        await this.#hold();
      }
    } catch (error) {
      if (!(error instanceof InflateError)) throw error;
      countDrop(this.#context, error.problem);
    } finally {
      chunks.destroy();
    }
    this.end();
    return { grew: true, more: false };
  }

  #take(chunk: Uint8Array): void {
    this.#context.counters.add('received_bytes', chunk.length);
    this.#writer.begin(chunk);
    this.#framer.push(chunk, this.#emit, this.#drop);
    this.#writer.flush();
    this.#save();
  }

  async #hold(): Promise<void> {
    await this.#writer.room(this.#options.pendingBytes);
    while (this.#context.intake.pressure >= 1 && !this.#stopping) await pause(PRESSURE_POLL_MS);
  }

  /** False when the file was truncated, or truncated and written anew. */
  async #isSame(size: number): Promise<boolean> {
    // Nothing was known of a file that was truncated to nothing: what comes is new.
    if (this.#fingerprint.bytes === 0) return false;
    return size >= this.#offset && (await hasFingerprint(this.#handle, this.#fingerprint));
  }

  async #startOver(): Promise<void> {
    if (this.#fingerprint.bytes > 0) this.#context.counters.add('truncated_files');
    this.end();
    await this.#writer.settled();
    this.#fingerprint = await takeFingerprint(this.#handle, await this.#handle.stat());
    this.#offset = 0;
    this.#settledAlready = 0;
    this.#framer = this.#newFramer(undefined);
    this.#writer = this.#newWriter(0);
    this.#options.positions.begin?.(this.key, { ...endOf(0), fingerprint: this.#fingerprint });
  }

  #save(): void {
    const { position, line, framing, emittedAfter } = this.#framer.resumePoint();
    const settledAfter = emittedAfter + this.#settledAlready;
    const saved: SourcePosition = {
      offset: position,
      line,
      record: this.#writer.nextRecord - settledAfter,
      framing,
      settledAfter,
      fingerprint: this.#fingerprint,
    };
    const save = this.#writer
      .settled()
      .then(
        () => this.#options.positions.set(this.key, saved),
        // The intake failed: the position stays where it was, `close` reports.
        () => {},
      )
      .finally(() => this.#saves.delete(save));
    this.#saves.add(save);
  }

  #newFramer(position: SourcePosition | undefined): ResumableFramer {
    return createFramer(position?.framing || this.#options.framing, {
      maxRecordBytes: this.#options.maxRecordBytes,
      position: position?.offset ?? 0,
      line: position?.line ?? 1,
    });
  }

  #newWriter(firstRecord: number): BatchWriter {
    const source = recordSource(this.#context, this.#options.record, {
      path: this.#options.path,
      id: this.#fingerprint.id,
      replayable: true,
    });
    return new BatchWriter(this.#context, source, { firstRecord: firstRecord + this.#settledAlready });
  }

  readonly #emit: EmitRecord = (record) => {
    if (this.#settledAlready > 0) this.#settledAlready--;
    else this.#writer.emit(record);
  };

  readonly #drop = (reason: 'too_long' | 'incomplete', sample: Uint8Array): void => {
    countDrop(this.#context, reason, sample);
  };
}

/** The position behind all there is: the unfinished line at the end counts as new. */
function endOf(size: number): SourcePosition {
  return { offset: size, line: 1, record: 0, framing: '', settledAfter: 0 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
