/**
 * Texts with numbers: which number has this text, which text has this number. A million of them as strings in a Map take a hundred bytes each
 * and are walked by every run of the collector; here they are bytes in 256 arenas, each with a hash table of its own, so that none
 * takes long to grow. Hashes are keyed: log content is hostile.
 *
 * Number n: `#places[2n]`, its hash; `#places[2n + 1]`, where its text stands in the arena of its segment (NOWHERE: it has none). A text: one byte, twice its
 * length in UTF-16 units (254 when it is 127 or more, then four bytes of length follow) plus one when units take two bytes; then the
 * units. Segment: `slots` holds numbers plus one, 0 free, linear probing from the place that the hash gives; removed ones are closed up.
 */
import { Fingerprint } from './fingerprint.ts';
import { GrowingBuffer } from './growing-buffer.ts';

interface Segment {
  slots: Int32Array;
  count: number;
  bytes: Uint8Array;
  end: number;
  /** Bytes before `end` of texts that are gone. */
  garbage: number;
}

const SEGMENTS = 256;
const NOWHERE = -1;
const PLACE_BYTES = 8;
const LONG = 127;
/** A shorter arena doubles: 256 of them that grow by little are many copies. */
const SMALL_ARENA = 1024;
/** Numbers of one segment: some upper bits of its texts' fingerprints. */
type Hashed = { readonly lo: number; readonly hi: number };

export class TextTable {
  readonly #seed: Hashed;
  readonly #print = new Fingerprint();
  readonly #segments: Segment[] = [];
  readonly #placeRecords = new GrowingBuffer(16 * PLACE_BYTES);
  #places = new Int32Array(this.#placeRecords.buffer).fill(NOWHERE);
  #segmentOf = new Uint8Array(16);
  #bound = 0;
  #size = 0;

  constructor(seed: Hashed) {
    this.#seed = seed;
    this.clear();
  }

  /** Forgets all texts. */
  clear(): void {
    this.#places.fill(NOWHERE);
    this.#bound = 0;
    this.#size = 0;
    for (let i = 0; i < SEGMENTS; i++)
      this.#segments[i] = { slots: new Int32Array(4), count: 0, bytes: new Uint8Array(32), end: 0, garbage: 0 };
  }

  get size(): number {
    return this.#size;
  }

  get byteLength(): number {
    let bytes = this.#places.byteLength + this.#segmentOf.length;
    for (const segment of this.#segments) bytes += segment.slots.byteLength + segment.bytes.length;
    return bytes;
  }

  /** Number of the text, -1 when it has none. */
  find(text: string): number {
    const { lo, hi } = this.#print.set(this.#seed.lo, this.#seed.hi).add(text);
    const segment = this.#segments[hi & 255] as Segment;
    const { slots } = segment;
    const places = this.#places;
    let slot = startOf(lo, slots.length);
    for (;;) {
      const number = (slots[slot] as number) - 1;
      if (number < 0) return -1;
      if (places[2 * number] === lo && isAt(segment.bytes, places[2 * number + 1] as number, text)) return number;
      if (++slot === slots.length) slot = 0;
    }
  }

  /** As `find` of the text whose units are these bytes; `add` may follow all the same. */
  findBytes(bytes: Uint8Array, start: number, end: number): number {
    const { lo, hi } = this.#print.set(this.#seed.lo, this.#seed.hi).addBytes(bytes, start, end);
    const segment = this.#segments[hi & 255] as Segment;
    const { slots } = segment;
    const places = this.#places;
    let slot = startOf(lo, slots.length);
    for (;;) {
      const number = (slots[slot] as number) - 1;
      if (number < 0) return -1;
      if (places[2 * number] === lo && areAt(segment.bytes, places[2 * number + 1] as number, bytes, start, end))
        return number;
      if (++slot === slots.length) slot = 0;
    }
  }

  /** Gives the text a number that has none. To be called after `find` has said that the text has no number. */
  add(text: string, number: number): void {
    const { lo, hi } = this.#print;
    if (2 * number >= this.#places.length) this.#grow(number + 1);
    const segment = this.#segments[hi & 255] as Segment;
    if ((segment.count + 1) * 4 > segment.slots.length * 3) this.#growSlots(segment);
    this.#places[2 * number] = lo;
    this.#segmentOf[number] = hi & 255;
    this.#places[2 * number + 1] = this.#write(segment, text);
    segment.count++;
    this.#place(segment, number);
    this.#bound = Math.max(this.#bound, number + 1);
    this.#size++;
  }

  /** The text of a number, undefined when it has none. */
  textOf(number: number): string | undefined {
    if (!this.has(number)) return undefined;
    const { bytes } = this.#segments[this.#segmentOf[number] as number] as Segment;
    const at = this.#places[2 * number + 1] as number;
    const length = lengthAt(bytes, at);
    const isWide = ((bytes[at] as number) & 1) !== 0;
    const start = bytes.byteOffset + at + headOf(length);
    return Buffer.from(bytes.buffer, start, isWide ? 2 * length : length).toString(isWide ? 'utf16le' : 'latin1');
  }

  has(number: number): boolean {
    return number < this.#bound && this.#places[2 * number + 1] !== NOWHERE;
  }

  delete(number: number): void {
    if (!this.has(number)) return;
    const segment = this.#segments[this.#segmentOf[number] as number] as Segment;
    segment.garbage += sizeAt(segment.bytes, this.#places[2 * number + 1] as number);
    segment.count--;
    this.#remove(segment, number);
    this.#places[2 * number + 1] = NOWHERE;
    this.#size--;
  }

  /** All numbers that have a text. */
  *numbers(): Generator<number> {
    for (let number = 0; number < this.#bound; number++) if (this.has(number)) yield number;
  }

  #place({ slots }: Segment, number: number): void {
    let slot = startOf(this.#places[2 * number] as number, slots.length);
    while (slots[slot] !== 0) if (++slot === slots.length) slot = 0;
    slots[slot] = number + 1;
  }

  /** Takes the number out, and moves those that follow it up where they may stand nearer to their place. */
  #remove({ slots }: Segment, number: number): void {
    const size = slots.length;
    let hole = startOf(this.#places[2 * number] as number, size);
    while (slots[hole] !== number + 1) if (++hole === size) hole = 0;
    for (let at = (hole + 1) % size; slots[at] !== 0; at = (at + 1) % size) {
      const start = startOf(this.#places[2 * ((slots[at] as number) - 1)] as number, size);
      // Distances round the table: the one at `at` may not come before its place.
      if ((at - start + size) % size < (at - hole + size) % size) continue;
      slots[hole] = slots[at] as number;
      hole = at;
    }
    slots[hole] = 0;
  }

  #growSlots(segment: Segment): void {
    const old = segment.slots;
    segment.slots = new Int32Array(Math.ceil(old.length * 1.5));
    for (const entry of old) if (entry !== 0) this.#place(segment, entry - 1);
  }

  #write(segment: Segment, text: string): number {
    const { length } = text;
    let isWide = false;
    for (let i = 0; i < length && !isWide; i++) isWide = text.charCodeAt(i) > 255;
    const head = headOf(length);
    const size = head + (isWide ? 2 * length : length);
    if (segment.end + size > segment.bytes.length) this.#makeRoom(segment, size);
    const { bytes, end } = segment;
    bytes[end] = 2 * Math.min(length, LONG) + (isWide ? 1 : 0);
    if (head > 1) new DataView(bytes.buffer).setUint32(end + 1, length, true);
    for (let i = 0, at = end + head; i < length; i++) {
      const unit = text.charCodeAt(i);
      bytes[at++] = unit & 255;
      if (isWide) bytes[at++] = unit >>> 8;
    }
    segment.end = end + size;
    return end;
  }

  /** Moves the texts that are left together, into a longer arena unless that alone makes room. */
  #makeRoom(segment: Segment, size: number): void {
    const { bytes } = segment;
    const live = segment.end - segment.garbage + size;
    const room = live < SMALL_ARENA ? 2 * live : Math.ceil(live * 1.3);
    const to = new Uint8Array(Math.max(room, Math.min(bytes.length, live * 2)));
    let end = 0;
    for (const entry of segment.slots) {
      if (entry === 0) continue;
      const from = this.#places[2 * entry - 1] as number;
      const taken = sizeAt(bytes, from);
      to.set(bytes.subarray(from, from + taken), end);
      this.#places[2 * entry - 1] = end;
      end += taken;
    }
    segment.bytes = to;
    segment.end = end;
    segment.garbage = 0;
  }

  #grow(size: number): void {
    const before = this.#places.length;
    this.#places = new Int32Array(this.#placeRecords.grow(size * PLACE_BYTES)).fill(NOWHERE, before);
    const segmentOf = new Uint8Array(this.#places.length / 2);
    segmentOf.set(this.#segmentOf);
    this.#segmentOf = segmentOf;
  }
}

function startOf(hash: number, size: number): number {
  return Math.floor(((hash >>> 0) * size) / 4_294_967_296);
}

function headOf(length: number): number {
  return length < LONG ? 1 : 5;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const short = (bytes[at] as number) >>> 1;
  return short < LONG ? short : new DataView(bytes.buffer).getUint32(at + 1, true);
}

function sizeAt(bytes: Uint8Array, at: number): number {
  const length = lengthAt(bytes, at);
  return headOf(length) + (((bytes[at] as number) & 1) !== 0 ? 2 * length : length);
}

function areAt(arena: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (((arena[at] as number) & 1) !== 0 || lengthAt(arena, at) !== length) return false;
  const from = at + headOf(length);
  for (let i = 0; i < length; i++) if (arena[from + i] !== bytes[start + i]) return false;
  return true;
}

function isAt(bytes: Uint8Array, at: number, text: string): boolean {
  const { length } = text;
  if (lengthAt(bytes, at) !== length) return false;
  let from = at + headOf(length);
  if (((bytes[at] as number) & 1) === 0) {
    for (let i = 0; i < length; i++) if (bytes[from++] !== text.charCodeAt(i)) return false;
    return true;
  }
  for (let i = 0; i < length; i++, from += 2)
    if (((bytes[from] as number) | ((bytes[from + 1] as number) << 8)) !== text.charCodeAt(i)) return false;
  return true;
}
