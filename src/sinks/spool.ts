/**
 * Disk-backed queue of one sink: append-only segment files (`spool-segment.ts`), a position file, one directory. `append` resolves when its
 * messages are written and, with `sync: 'always'`, forced to the disk; appends that wait for each other go out in one write and one sync.
 * The process may be killed at any point: what `append` confirmed is there after the next `open`, and what was sent is sent again only
 * when the position after it had not been written yet. A segment is deleted when its last message is done.
 * Bounded by `maxBytes` of segment files. One process per directory: the owner of the data directory.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type DeliveryQueue, withinLimits } from './delivery-queue.ts';
import type { OutgoingMessage } from './sink.ts';
import { PositionFile, type SpoolPosition } from './spool-position.ts';
import { encodeRecord, SEGMENT_MAGIC, type ScannedRecord, scanRecords } from './spool-segment.ts';

export interface SpoolOptions {
  readonly directory: string;
  /** Most bytes of segment files. */
  readonly maxBytes: number;
  /** Size at which a new segment is begun; an eighth of `maxBytes`, at most 16 MiB, when absent. */
  readonly segmentBytes?: number;
  /** `always`: a confirmed message survives a power loss; `never`: it survives the end of the process only. */
  readonly sync: 'always' | 'never';
}

interface Segment {
  readonly number: number;
  readonly path: string;
  /** Written and confirmed bytes. */
  bytes: number;
  /** Messages not yet advanced over. */
  pending: number;
}

interface Waiting {
  readonly record: Buffer;
  readonly settle: (error?: unknown) => void;
}

const READ_BYTES = 1024 * 1024;
const MAX_SEGMENT_BYTES = 16 * 1024 * 1024;
const NAME = /^spool-(\d{15})\.seg$/;

export class Spool implements DeliveryQueue {
  readonly #options: Required<SpoolOptions>;
  readonly #position: PositionFile;
  /** Oldest first; the reader is in the first, the writer in the last when `#writer` is open. */
  readonly #segments: Segment[];
  #nextNumber: number;
  #offset: number;
  #peeked: ScannedRecord[] = [];
  #writer: FileHandle | undefined;
  #reader: { readonly segment: Segment; readonly file: FileHandle } | undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #flushing: Promise<void> | undefined;
  #damagedMessages: number;

  private constructor(options: Required<SpoolOptions>, position: PositionFile, found: Found) {
    this.#options = options;
    this.#position = position;
    this.#segments = found.segments;
    this.#offset = found.offset;
    this.#nextNumber = found.nextNumber;
    this.#damagedMessages = found.damaged;
  }

  /** Rejects when the directory cannot be made or read. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const segmentBytes = options.segmentBytes ?? Math.min(MAX_SEGMENT_BYTES, Math.ceil(options.maxBytes / 8));
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const position = await PositionFile.open(join(options.directory, 'position'));
    return new Spool({ ...options, segmentBytes }, position, await findSegments(options.directory, position.found));
  }

  get pendingMessages(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.pending, 0);
  }

  get pendingBytes(): number {
    return this.#diskBytes() - (this.#segments.length === 0 ? 0 : this.#offset);
  }

  /** Records found damaged so far and passed over. */
  get damagedMessages(): number {
    return this.#damagedMessages;
  }

  async append(messages: readonly OutgoingMessage[]): Promise<number> {
    const confirmed: Promise<void>[] = [];
    for (const message of messages) {
      const record = encodeRecord(message);
      const room = this.#options.maxBytes - this.#diskBytes() - this.#waitingBytes - SEGMENT_MAGIC.length;
      if (record.length > room || record.length > MAX_SEGMENT_BYTES) break;
      this.#waitingBytes += record.length;
      confirmed.push(
        new Promise((resolve, reject) => {
          this.#waiting.push({ record, settle: (error) => (error === undefined ? resolve() : reject(error)) });
        }),
      );
    }
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
    const results = await Promise.allSettled(confirmed);
    const failed = results.findIndex((result) => result.status === 'rejected');
    if (failed === 0) throw (results[0] as PromiseRejectedResult).reason;
    return failed < 0 ? confirmed.length : failed;
  }

  async peek(maxMessages: number, maxBytes: number): Promise<readonly OutgoingMessage[]> {
    while (this.#peeked.length === 0) {
      const segment = this.#segments[0];
      if (segment === undefined) return [];
      if (this.#offset < segment.bytes) await this.#read(segment);
      else if (this.#isWritten(segment)) {
        this.#writeOff(segment);
        return [];
      } else await this.#removeFirst(segment);
    }
    const messages = this.#peeked.slice(0, maxMessages).map((record) => record.message);
    return withinLimits(messages, maxMessages, maxBytes);
  }

  async advance(count: number): Promise<void> {
    const segment = this.#segments[0];
    const last = this.#peeked[count - 1];
    if (segment === undefined || last === undefined) return;
    this.#peeked.splice(0, count);
    this.#offset = last.end;
    segment.pending -= count;
    await this.#position.write({ segment: segment.number, offset: this.#offset });
    // A half-full segment without a reader's backlog is finished, so that its space comes back.
    if (this.#isWritten(segment) && segment.pending === 0 && segment.bytes * 2 >= this.#options.segmentBytes)
      await this.#closeWriter();
    if (this.#peeked.length === 0 && this.#offset >= segment.bytes && !this.#isWritten(segment))
      await this.#removeFirst(segment);
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.#closeWriter();
    await this.#reader?.file.close();
    this.#reader = undefined;
    await this.#position.close();
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#write(group);
        for (const { settle } of group) settle();
      } catch (error) {
        // The disk is full or failing: the group is refused, the next one begins a segment of its own.
        await this.#abandonWriter();
        for (const { settle } of group) settle(error);
      }
    }
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let end = 0;
    for (const { record } of this.#waiting) {
      if (end > 0 && bytes + record.length > this.#options.segmentBytes) break;
      bytes += record.length;
      end++;
    }
    return this.#waiting.splice(0, end);
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.concat(group.map(({ record }) => record));
    try {
      const { file, segment } = await this.#writable(bytes.length);
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, segment.bytes + done);
        done += bytesWritten;
      }
      if (this.#options.sync === 'always') await file.datasync();
      segment.bytes += bytes.length;
      segment.pending += group.length;
    } finally {
      this.#waitingBytes -= bytes.length;
    }
  }

  async #writable(bytes: number): Promise<{ readonly file: FileHandle; readonly segment: Segment }> {
    const last = this.#segments.at(-1);
    if (this.#writer !== undefined && last !== undefined) {
      if (last.bytes + bytes <= this.#options.segmentBytes) return { file: this.#writer, segment: last };
      await this.#closeWriter();
    }
    const number = this.#nextNumber++;
    const path = join(this.#options.directory, segmentName(number));
    const file = await open(path, 'wx', 0o600);
    try {
      await file.write(SEGMENT_MAGIC, 0, SEGMENT_MAGIC.length, 0);
      if (this.#options.sync === 'always') await syncDirectory(this.#options.directory);
    } catch (error) {
      await file.close();
      await rm(path, { force: true }).catch(ignoreFailure);
      throw error;
    }
    const segment: Segment = { number, path, bytes: SEGMENT_MAGIC.length, pending: 0 };
    if (this.#segments.length === 0) this.#offset = SEGMENT_MAGIC.length;
    this.#segments.push(segment);
    this.#writer = file;
    return { file, segment };
  }

  async #abandonWriter(): Promise<void> {
    const segment = this.#writer === undefined ? undefined : this.#segments.at(-1);
    await this.#closeWriter();
    if (segment !== undefined) await truncate(segment.path, segment.bytes).catch(ignoreFailure);
  }

  async #closeWriter(): Promise<void> {
    const file = this.#writer;
    this.#writer = undefined;
    await file?.close();
  }

  async #read(segment: Segment): Promise<void> {
    if (this.#reader?.segment !== segment) {
      await this.#reader?.file.close();
      this.#reader = { segment, file: await open(segment.path, 'r') };
    }
    const available = segment.bytes - this.#offset;
    let bytes = await readAt(this.#reader.file, this.#offset, Math.min(available, READ_BYTES));
    let scan = scanRecords(bytes, this.#offset);
    if (scan.records.length === 0 && scan.damagedRecords === 0 && bytes.length < available) {
      bytes = await readAt(this.#reader.file, this.#offset, available);
      scan = scanRecords(bytes, this.#offset);
    }
    this.#peeked = [...scan.records];
    if (scan.records.length > 0) return;
    // Nothing can be read here: behind damaged records the next try goes on, behind a wrong length the segment is at its end.
    this.#offset = scan.end > this.#offset ? scan.end : segment.bytes;
    if (this.#offset >= segment.bytes) await this.#closeWriterOf(segment);
  }

  async #closeWriterOf(segment: Segment): Promise<void> {
    if (this.#isWritten(segment)) await this.#closeWriter();
  }

  /** All of a segment is read; what is still counted as pending in it was damaged. */
  #writeOff(segment: Segment): void {
    this.#damagedMessages += segment.pending;
    segment.pending = 0;
  }

  async #removeFirst(segment: Segment): Promise<void> {
    this.#writeOff(segment);
    this.#segments.shift();
    this.#offset = SEGMENT_MAGIC.length;
    const next = this.#segments[0]?.number ?? this.#nextNumber;
    await this.#position.write({ segment: next, offset: SEGMENT_MAGIC.length });
    if (this.#reader?.segment === segment) {
      await this.#reader.file.close();
      this.#reader = undefined;
    }
    await rm(segment.path, { force: true });
  }

  #isWritten(segment: Segment): boolean {
    return this.#writer !== undefined && segment === this.#segments.at(-1);
  }

  #diskBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }
}

interface Found {
  readonly segments: Segment[];
  readonly offset: number;
  readonly nextNumber: number;
  readonly damaged: number;
}

/** Reads all segments from the position on: counts their messages, cuts torn ends, removes what is done. */
async function findSegments(directory: string, position: SpoolPosition | undefined): Promise<Found> {
  const numbers = (await readdir(directory))
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  let offset = SEGMENT_MAGIC.length;
  let damaged = 0;
  for (const number of numbers) {
    const path = join(directory, segmentName(number));
    if (position !== undefined && number < position.segment) {
      await rm(path, { force: true });
      continue;
    }
    const bytes = await readFile(path);
    if (!bytes.subarray(0, SEGMENT_MAGIC.length).equals(SEGMENT_MAGIC)) {
      // Shorter: the process ended while it began the segment. Else: no file of ours, kept aside for whoever wants to look.
      if (bytes.length < SEGMENT_MAGIC.length) await rm(path, { force: true });
      else await rename(path, `${path}.damaged`);
      continue;
    }
    const start = position?.segment === number ? Math.max(position.offset, SEGMENT_MAGIC.length) : SEGMENT_MAGIC.length;
    const scan = scanRecords(bytes.subarray(start), start);
    damaged += scan.damagedRecords;
    if (scan.torn) await truncate(path, scan.end);
    if (segments.length === 0) offset = Math.min(start, scan.end);
    segments.push({ number, path, bytes: scan.end, pending: scan.records.length });
  }
  const nextNumber = Math.max(position?.segment ?? 0, numbers.at(-1) ?? 0) + 1;
  return { segments, offset, nextNumber, damaged };
}

function segmentName(number: number): string {
  return `spool-${String(number).padStart(15, '0')}.seg`;
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

/** A torn end that could not be cut, or a segment that was only begun, is found and taken away at the next opening. */
function ignoreFailure(): void {}
