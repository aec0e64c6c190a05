/**
 * EvidenceLog: events that stateful rules may have to show, on disk. Append-only segments; bounded in bytes and age, the oldest segment is
 * dropped as a whole and its events counted. Events are found by their reference (source id, position, part) through an index in memory,
 * made anew from the segments at the start; each answer is checked against reference and checksum. Appended events stand in a buffer until
 * `flush`; what was flushed survives kill -9. Texts of events are never part of a name.
 *
 * Segment `evidence-N`: 8 bytes "FLNTEVD1", then records (evidence-record.ts). A torn end is cut off at the start. A segment ends when it is
 * full, or a sixteenth of the greatest age after its first event, so that no event outlives that age by more.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { EvidenceIndex } from './evidence-index.ts';
import {
  decodeRecord,
  type EvidenceRecord,
  type EvidenceReference,
  encodeRecord,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
} from './evidence-record.ts';

export interface EvidenceOptions {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly now: () => number;
  /** The disk refused: what was to be written is lost to later alerts, which then show a reference only. */
  readonly onFailure: (reason: string) => void;
}

export interface EvidenceCounts {
  events: number;
  bytes: number;
  /** Events of segments that were dropped. */
  dropped: number;
  /** Events that could not be written. */
  failed: number;
  /** Damaged records met at the start. */
  damaged: number;
}

/** Everything before it is in the log. */
export interface EvidencePosition {
  readonly segment: number;
  readonly offset: number;
}

interface Segment {
  readonly number: number;
  readonly handle: number;
  bytes: number;
  events: number;
  /** When its first and its last event were put. */
  oldestMs: number;
  newestMs: number;
}

const MAGIC = Buffer.from('FLNTEVD1', 'latin1');
const BUFFER_BYTES = 256 << 10;
const MIN_SEGMENT_BYTES = 64 << 10;
const MAX_SEGMENT_BYTES = 32 << 20;
const SEGMENTS = 16;

export class EvidenceLog {
  readonly counts: EvidenceCounts = { events: 0, bytes: 0, dropped: 0, failed: 0, damaged: 0 };
  readonly #folder: string;
  readonly #options: EvidenceOptions;
  readonly #segmentBytes: number;
  /** Oldest first; the last one is appended to. */
  #segments: Segment[] = [];
  #buffer: Buffer[] = [];
  #bufferBytes = 0;
  #bufferEvents = 0;
  #index = new EvidenceIndex();

  /** Throws the error of the file system. */
  constructor(folder: string, options: EvidenceOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#segmentBytes = Math.min(
      MAX_SEGMENT_BYTES,
      Math.max(MIN_SEGMENT_BYTES, Math.floor(options.maxBytes / SEGMENTS)),
    );
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const numbers = readdirSync(folder)
      .flatMap((name) => /^evidence-(\d{1,9})$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
    try {
      for (const number of numbers) this.#load(number);
      if (this.#segments.length === 0) this.#begin(1);
      this.#keepBounds();
    } catch (error) {
      for (const { handle } of this.#segments) closeSync(handle);
      throw error;
    }
  }

  /** Where the next record will stand, what is buffered counted in. */
  get position(): EvidencePosition {
    const last = this.#last;
    return { segment: last.number, offset: last.bytes + this.#bufferBytes };
  }

  has(reference: EvidenceReference): boolean {
    return this.#index.find(reference) !== undefined;
  }

  /** Appends an event unless it is there already. `body` is called only when it is not. What cannot be written is counted, never thrown. */
  put(reference: EvidenceReference, body: () => string): void {
    if (this.has(reference)) return;
    const record = encodeRecord(reference, body());
    if (record === undefined) {
      this.counts.failed++;
      return;
    }
    const isFull = this.#last.bytes + this.#bufferBytes + record.length > this.#segmentBytes;
    if (this.#heldByLast > 0 && (isFull || this.#isOver(this.#last)) && !this.#turnOver()) {
      // Full disk or the like: events go on being matched, this one is not kept.
      this.counts.failed++;
      return;
    }
    const last = this.#last;
    if (this.#heldByLast === 0) last.oldestMs = this.#options.now();
    this.#index.put(reference, last.number, last.bytes + this.#bufferBytes);
    this.#buffer.push(record);
    this.#bufferBytes += record.length;
    this.#bufferEvents++;
    this.counts.events++;
    this.counts.bytes += record.length;
    if (this.#bufferBytes >= BUFFER_BYTES) this.flush();
  }

  /** Hands what is buffered to the operating system, and drops what has grown too old. */
  flush(): void {
    this.#write();
    if (this.#heldByLast > 0 && this.#isOver(this.#last)) this.#turnOver();
    else if (this.#segments.length > 1 && this.#isOld(this.#segments[0])) this.#keepBounds();
  }

  /** Events of the last segment, those in the buffer included. */
  get #heldByLast(): number {
    return this.#last.events + this.#bufferEvents;
  }

  #isOver({ oldestMs }: Segment): boolean {
    return oldestMs < this.#options.now() - this.#options.maxAgeMs / SEGMENTS;
  }

  #isOld(segment: Segment | undefined): boolean {
    return segment !== undefined && segment.newestMs < this.#options.now() - this.#options.maxAgeMs;
  }

  /** Begins the next segment; false when the disk refuses. */
  #turnOver(): boolean {
    this.#write();
    try {
      this.#begin(this.#last.number + 1);
      this.#keepBounds();
      return true;
    } catch (error) {
      this.#options.onFailure((error as NodeJS.ErrnoException).code ?? 'unknown error');
      return false;
    }
  }

  #write(): void {
    if (this.#bufferBytes === 0) return;
    const bytes = Buffer.concat(this.#buffer, this.#bufferBytes);
    const events = this.#bufferEvents;
    const last = this.#last;
    this.#buffer = [];
    this.#bufferBytes = 0;
    this.#bufferEvents = 0;
    try {
      let at = 0;
      while (at < bytes.length) at += writeSync(last.handle, bytes, at, bytes.length - at, last.bytes + at);
    } catch (error) {
      // Full disk or the like: what stands there in part is written over by the next flush.
      this.counts.events -= events;
      this.counts.bytes -= bytes.length;
      this.#fail(events, error);
      return;
    }
    last.bytes += bytes.length;
    last.events += events;
    last.newestMs = this.#options.now();
  }

  /** The body of an event; undefined when it is not there any more. */
  get(reference: EvidenceReference): string | undefined {
    const place = this.#index.find(reference);
    if (place === undefined) return undefined;
    if (this.#bufferBytes > 0) this.#write();
    const segment = this.#segments.find(({ number }) => number === place.segment);
    if (segment === undefined) return undefined;
    const record = this.#read(segment, place.offset);
    const { source, position, part } = reference;
    if (typeof record !== 'object' || record.source !== source) return undefined;
    return record.position === position && record.part === part ? record.body : undefined;
  }

  #read({ handle }: Segment, offset: number): EvidenceRecord | 'damaged' | 'end' {
    try {
      const head = Buffer.alloc(HEADER_BYTES);
      if (readSync(handle, head, 0, HEADER_BYTES, offset) < HEADER_BYTES) return 'end';
      const length = head.readUInt32LE(0);
      if (length > MAX_PAYLOAD_BYTES) return 'damaged';
      const bytes = Buffer.alloc(HEADER_BYTES + length);
      readSync(handle, bytes, 0, bytes.length, offset);
      return decodeRecord(bytes, 0);
    } catch (error) {
      // A failing disk: the alert goes out with a reference in place of the event.
      this.#options.onFailure((error as NodeJS.ErrnoException).code ?? 'unknown error');
      return 'damaged';
    }
  }

  #fail(events: number, error: unknown): void {
    this.counts.failed += events;
    this.#options.onFailure((error as NodeJS.ErrnoException).code ?? 'unknown error');
  }

  /** Bodies of all events from a position on, oldest first; of what is gone by now nothing. */
  *since({ segment: from, offset }: EvidencePosition): Generator<string, void> {
    this.#write();
    for (const segment of [...this.#segments]) {
      if (segment.number < from) continue;
      const bytes = readFileSync(join(this.#folder, nameOf(segment.number))).subarray(0, segment.bytes);
      let at = segment.number === from ? Math.max(offset, MAGIC.length) : MAGIC.length;
      for (let record = decodeRecord(bytes, at); record !== 'end'; record = decodeRecord(bytes, at)) {
        if (record !== 'damaged') yield record.body;
        at += HEADER_BYTES + bytes.readUInt32LE(at);
      }
    }
  }

  close(): void {
    this.#write();
    for (const { handle } of this.#segments) closeSync(handle);
    this.#segments = [];
  }

  get #last(): Segment {
    const last = this.#segments.at(-1);
    if (last === undefined) throw new Error('the evidence log is closed');
    return last;
  }

  #begin(number: number): void {
    const handle = openSync(join(this.#folder, nameOf(number)), 'w+', 0o600);
    try {
      writeSync(handle, MAGIC, 0, MAGIC.length, 0);
    } catch (error) {
      closeSync(handle);
      throw error;
    }
    const nowMs = this.#options.now();
    this.#segments.push({ number, handle, bytes: MAGIC.length, events: 0, oldestMs: nowMs, newestMs: nowMs });
  }

  /** Reads a segment into the index; a torn end is cut off. A file that is none is left out and replaced when its turn comes. */
  #load(number: number): void {
    const path = join(this.#folder, nameOf(number));
    const bytes = readFileSync(path);
    if (bytes.length < MAGIC.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
      this.counts.damaged++;
      rmSync(path, { force: true });
      return;
    }
    const handle = openSync(path, 'r+');
    const { birthtimeMs, mtimeMs } = fstatSync(handle);
    // Some file systems know no birth.
    const oldestMs = birthtimeMs > 0 && birthtimeMs < mtimeMs ? birthtimeMs : mtimeMs;
    const segment: Segment = { number, handle, bytes: MAGIC.length, events: 0, oldestMs, newestMs: mtimeMs };
    for (
      let record = decodeRecord(bytes, segment.bytes);
      record !== 'end';
      record = decodeRecord(bytes, segment.bytes)
    ) {
      const length = HEADER_BYTES + bytes.readUInt32LE(segment.bytes);
      if (record === 'damaged') this.counts.damaged++;
      else {
        this.#index.put(record, number, segment.bytes);
        segment.events++;
        this.counts.events++;
        this.counts.bytes += length;
      }
      segment.bytes += length;
    }
    if (segment.bytes < bytes.length) {
      this.counts.damaged++;
      ftruncateSync(handle, segment.bytes);
    }
    this.#segments.push(segment);
  }

  #keepBounds(): void {
    let total = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    let dropped = false;
    while (this.#segments.length > 1) {
      const [first] = this.#segments as [Segment];
      if (total + this.#segmentBytes <= this.#options.maxBytes && !this.#isOld(first)) break;
      this.#segments.shift();
      total -= first.bytes;
      closeSync(first.handle);
      rmSync(join(this.#folder, nameOf(first.number)), { force: true });
      this.counts.dropped += first.events;
      this.counts.events -= first.events;
      this.counts.bytes -= first.bytes - MAGIC.length;
      dropped = true;
    }
    if (dropped) this.#index = this.#index.without((segment) => segment < (this.#segments[0]?.number ?? 0));
  }
}

function nameOf(segment: number): string {
  return `evidence-${segment}`;
}
