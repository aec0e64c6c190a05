/**
 * EvidenceLog: events that stateful rules may have to show, on disk. Append-only segments; bounded in bytes and age, the oldest segment is
 * dropped as a whole and its events counted. Events are found by their reference (source id, position, part) through an index in memory,
 * made anew from the segments at the start; each answer is checked against reference and checksum. Appended events stand in a buffer until
 * `flush`; what was flushed survives kill -9. Texts of events are never part of a name.
 *
 * Segment `evidence-N`: 8 bytes "FLNTEVD1", then records: u32 length of the payload, u32 CRC-32 of length and payload, payload = u16 length of
 * the source id, the id in UTF-8, f64 position, u32 part, body. Little-endian. A torn end is cut off at the start.
 *
 * Index: open addressing, 16 bytes a slot at most half filled: two hash words, segment (0 free), offset.
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
import { crc32 } from 'node:zlib';

/** Names one event for ever. */
export interface EvidenceReference {
  readonly source: string;
  readonly position: number;
  readonly part: number;
}

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
  newestMs: number;
}

const MAGIC = Buffer.from('FLNTEVD1', 'latin1');
const HEADER_BYTES = 8;
const FIXED_BYTES = 14;
const BUFFER_BYTES = 256 << 10;
const MIN_SEGMENT_BYTES = 64 << 10;
const MAX_SEGMENT_BYTES = 32 << 20;
const SEGMENTS = 16;
/** Longer events are not kept. */
const MAX_BODY_BYTES = 4 << 20;

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
    if (this.#last.bytes + this.#bufferBytes + record.length > this.#segmentBytes && this.#last.events > 0) {
      this.flush();
      try {
        this.#begin(this.#last.number + 1);
        this.#keepBounds();
      } catch (error) {
        // Full disk or the like: events go on being matched, this one is not kept.
        this.#fail(1, error);
        return;
      }
    }
    const last = this.#last;
    this.#index.put(reference, last.number, last.bytes + this.#bufferBytes);
    this.#buffer.push(record);
    this.#bufferBytes += record.length;
    this.#bufferEvents++;
    this.counts.events++;
    this.counts.bytes += record.length;
    if (this.#bufferBytes >= BUFFER_BYTES) this.flush();
  }

  /** Hands what is buffered to the operating system. */
  flush(): void {
    if (this.#bufferBytes === 0) return;
    const bytes = Buffer.concat(this.#buffer, this.#bufferBytes);
    const last = this.#last;
    this.#buffer = [];
    this.#bufferBytes = 0;
    last.events += this.#bufferEvents;
    last.newestMs = this.#options.now();
    try {
      let at = 0;
      while (at < bytes.length) at += writeSync(last.handle, bytes, at, bytes.length - at, last.bytes + at);
      last.bytes += bytes.length;
    } catch (error) {
      // Full disk or the like: what stands there in part is written over by the next flush.
      this.#fail(this.#bufferEvents, error);
    }
    this.#bufferEvents = 0;
  }

  /** The body of an event; undefined when it is not there any more. */
  get(reference: EvidenceReference): string | undefined {
    const place = this.#index.find(reference);
    if (place === undefined) return undefined;
    if (this.#bufferBytes > 0) this.flush();
    const segment = this.#segments.find(({ number }) => number === place.segment);
    if (segment === undefined) return undefined;
    const record = this.#read(segment, place.offset);
    const { source, position, part } = reference;
    if (typeof record !== 'object' || record.source !== source) return undefined;
    return record.position === position && record.part === part ? record.body : undefined;
  }

  #read({ handle }: Segment, offset: number): Record | 'damaged' | 'end' {
    try {
      const head = Buffer.alloc(HEADER_BYTES);
      if (readSync(handle, head, 0, HEADER_BYTES, offset) < HEADER_BYTES) return 'end';
      const length = head.readUInt32LE(0);
      if (length > MAX_BODY_BYTES + 0x10000) return 'damaged';
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
    this.flush();
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
    this.flush();
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
    this.#segments.push({ number, handle, bytes: MAGIC.length, events: 0, newestMs: this.#options.now() });
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
    const segment: Segment = { number, handle, bytes: MAGIC.length, events: 0, newestMs: fstatSync(handle).mtimeMs };
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
    const oldestMs = this.#options.now() - this.#options.maxAgeMs;
    let total = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    let dropped = false;
    while (this.#segments.length > 1) {
      const [first] = this.#segments as [Segment];
      if (total + this.#segmentBytes <= this.#options.maxBytes && first.newestMs >= oldestMs) break;
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

type Record = EvidenceReference & { readonly body: string };

function nameOf(segment: number): string {
  return `evidence-${segment}`;
}

function encodeRecord({ source, position, part }: EvidenceReference, body: string): Buffer | undefined {
  const idBytes = Buffer.byteLength(source);
  const bodyBytes = Buffer.byteLength(body);
  if (idBytes > 0xffff || bodyBytes > MAX_BODY_BYTES) return undefined;
  const length = FIXED_BYTES + idBytes + bodyBytes;
  const record = Buffer.allocUnsafe(HEADER_BYTES + length);
  record.writeUInt32LE(length, 0);
  record.writeUInt16LE(idBytes, 8);
  record.write(source, 10);
  record.writeDoubleLE(position, 10 + idBytes);
  record.writeUInt32LE(part, 18 + idBytes);
  record.write(body, 22 + idBytes);
  record.writeUInt32LE(checksumOf(record, 0, length), 4);
  return record;
}

/** `end`: no whole record stands there. */
function decodeRecord(bytes: Buffer, at: number): Record | 'damaged' | 'end' {
  if (at + HEADER_BYTES + FIXED_BYTES > bytes.length) return 'end';
  const length = bytes.readUInt32LE(at);
  const end = at + HEADER_BYTES + length;
  if (length < FIXED_BYTES || end > bytes.length) return 'end';
  const idBytes = bytes.readUInt16LE(at + 8);
  if (checksumOf(bytes, at, length) !== bytes.readUInt32LE(at + 4) || FIXED_BYTES + idBytes > length) return 'damaged';
  const idEnd = at + 10 + idBytes;
  return {
    source: bytes.toString('utf8', at + 10, idEnd),
    position: bytes.readDoubleLE(idEnd),
    part: bytes.readUInt32LE(idEnd + 8),
    body: bytes.toString('utf8', idEnd + 12, end),
  };
}

function checksumOf(bytes: Buffer, at: number, length: number): number {
  return crc32(bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length), crc32(bytes.subarray(at, at + 4)));
}

class EvidenceIndex {
  #lo = new Uint32Array(1024);
  #hi = new Uint32Array(1024);
  #segment = new Uint32Array(1024);
  #offset = new Uint32Array(1024);
  #count = 0;

  find(reference: EvidenceReference): { readonly segment: number; readonly offset: number } | undefined {
    const [lo, hi] = hashOf(reference);
    const slot = this.#slotOf(lo, hi);
    const segment = this.#segment[slot] as number;
    return segment === 0 ? undefined : { segment, offset: this.#offset[slot] as number };
  }

  put(reference: EvidenceReference, segment: number, offset: number): void {
    const [lo, hi] = hashOf(reference);
    this.#put(lo, hi, segment, offset);
  }

  /** A copy without the entries of some segments. */
  without(gone: (segment: number) => boolean): EvidenceIndex {
    const index = new EvidenceIndex();
    this.#segment.forEach((segment, slot) => {
      if (segment !== 0 && !gone(segment))
        index.#put(this.#lo[slot] as number, this.#hi[slot] as number, segment, this.#offset[slot] as number);
    });
    return index;
  }

  #put(lo: number, hi: number, segment: number, offset: number): void {
    if (2 * (this.#count + 1) > this.#segment.length) this.#grow();
    const slot = this.#slotOf(lo, hi);
    if (this.#segment[slot] === 0) this.#count++;
    this.#lo[slot] = lo;
    this.#hi[slot] = hi;
    this.#segment[slot] = segment;
    this.#offset[slot] = offset;
  }

  #slotOf(lo: number, hi: number): number {
    const mask = this.#segment.length - 1;
    let slot = lo & mask;
    while (this.#segment[slot] !== 0 && (this.#lo[slot] !== lo || this.#hi[slot] !== hi)) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [lo, hi, segments, offsets] = [this.#lo, this.#hi, this.#segment, this.#offset];
    const size = segments.length * 2;
    this.#lo = new Uint32Array(size);
    this.#hi = new Uint32Array(size);
    this.#segment = new Uint32Array(size);
    this.#offset = new Uint32Array(size);
    this.#count = 0;
    segments.forEach((segment, slot) => {
      if (segment !== 0) this.#put(lo[slot] as number, hi[slot] as number, segment, offsets[slot] as number);
    });
  }
}

/** Two words of FNV-1a with different starts, finished by multiplication: references are made by us, not by senders. */
function hashOf({ source, position, part }: EvidenceReference): readonly [number, number] {
  const text = `${source}\0${position}\0${part}`;
  let lo = 0x811c9dc5;
  let hi = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    lo = Math.imul(lo ^ unit, 0x01000193);
    hi = Math.imul(hi ^ unit, 0x85ebca6b);
    hi ^= hi >>> 13;
  }
  lo ^= lo >>> 15;
  return [Math.imul(lo, 0x2c1b3c6d) >>> 0, hi >>> 0];
}
