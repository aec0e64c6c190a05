/**
 * IndicatorTableBuilder: what all loaders fill. Values are deduplicated as they come; details that turn out to be old (a newer
 * version, a revocation, a feed that broke half-way) are dropped by number and leave no row behind after `finish`.
 * Strings are copied into the pools at once, so that loading a large feed leaves no objects.
 */
import type { IndicatorKind, KillChainPhase, Semantics, Tlp } from './indicator.ts';
import {
  ABSENT_BYTE,
  type DetailsInput,
  type DetailsProfile,
  type DetailsText,
  IndicatorTable,
  TLP_LEVELS,
  endHash,
  sameBytes,
  shapeOf,
  startHash,
  stepHash,
  valueHash,
} from './indicator-table.ts';
import { idKey, keyHash, NO_ID } from './stix-id.ts';
import { MemoryTextsBuilder, type TextPoolBuilder } from './text-pool.ts';

/** `full`: a pool has reached 4 GiB; the value is not loaded, the caller counts it. */
export type AddResult = 'added' | 'known' | 'full';

/** Distinct combinations of provider, types and kill chain that are shared; beyond it they are stored with each source. */
const MAX_PROFILES = 65_536;
const MAX_POOL_BYTES = 0xffff_ffff;
const MAX_ROWS = 0x7fff_fffe;

export class IndicatorTableBuilder {
  /** Told of each value that is added, by its hash (`valueHash`), also when it was there. */
  tap: ((hash: number) => void) | undefined;
  readonly #feeds: string[] = [];
  readonly #profiles: DetailsProfile[] = [];
  readonly #profileNumbers = new Map<string, number>();

  #rows = 0;
  #shape = new Uint8Array(1024);
  #valueEnd = new Uint32Array(1024);
  /** First link of each row + 1. */
  #head = new Uint32Array(1024);
  /** `valueHash` of each row: what is compared before its bytes, and what a larger index is filled from. */
  #hash = new Uint32Array(1024);
  #pool = new Uint8Array(65_536);
  #poolEnd = 0;
  #index = new Uint32Array(4096);
  /** `valueHash` of what was written last. */
  #written = 0;

  #links = 0;
  #linkDetails = new Uint32Array(1024);
  #linkNext = new Uint32Array(1024);

  #details = 0;
  #profile = new Uint32Array(64);
  #textEnd = new Uint32Array(64);
  #validFrom = new Float64Array(64);
  #validUntil = new Float64Array(64);
  #modified = new Float64Array(64);
  #confidence = new Uint8Array(64);
  #tlp = new Uint8Array(64);
  #idHash = new Uint32Array(64);
  #dropped = new Uint8Array(64);
  #droppedCount = 0;
  readonly #texts: TextPoolBuilder;

  /** `texts`: where the texts of details go; absent: memory. */
  constructor(texts: TextPoolBuilder = new MemoryTextsBuilder()) {
    this.#texts = texts;
  }

  /** Distinct values so far, those of dropped details included. */
  get size(): number {
    return this.#rows;
  }

  /** Number that the next `addDetails` will return. */
  get detailsCount(): number {
    return this.#details;
  }

  addFeed(name: string): number {
    return this.#feeds.push(name) - 1;
  }

  /** Returns the number by which values refer to these details, or -1 when the pool of texts is full. */
  addDetails(feed: number, input: DetailsInput): number {
    const { shared, own } = this.#split(feed, input);
    const text = Object.keys(own).length === 0 ? '' : JSON.stringify(own);
    if (this.#texts.byteLength + text.length * 3 > MAX_POOL_BYTES || this.#details >= MAX_ROWS) return -1;
    if (text !== '') this.#texts.append(text);
    const number = this.#newDetails(shared);
    this.#validFrom[number] = input.validFromMs ?? Number.NaN;
    this.#validUntil[number] = input.validUntilMs ?? Number.NaN;
    this.#modified[number] = input.modifiedMs ?? Number.NaN;
    this.#confidence[number] = input.confidence ?? ABSENT_BYTE;
    this.#tlp[number] = input.tlp === undefined ? ABSENT_BYTE : TLP_LEVELS.indexOf(input.tlp);
    this.#idHash[number] = input.id === undefined ? NO_ID : keyHash(idKey(input.id));
    return number;
  }

  /** Number of a profile of another table as one of this feed, for `copyDetails`; undefined when there is no room for it. */
  copyProfile(feed: number, profile: DetailsProfile): number | undefined {
    return this.#profileNumber({ ...profile, feed });
  }

  /**
   * As `addDetails` with what details `number` of another table say, whose bytes of `texts` are `text`: nothing is parsed. `idHash`
   * as in the column.
   */
  copyDetails(profile: number, from: IndicatorTable, number: number, text: Uint8Array, idHash: number): number {
    const { columns } = from;
    if (this.#texts.byteLength + text.length > MAX_POOL_BYTES || this.#details >= MAX_ROWS) return -1;
    this.#texts.appendBytes(text);
    const copy = this.#newDetails(profile);
    this.#validFrom[copy] = columns.validFrom[number] ?? Number.NaN;
    this.#validUntil[copy] = columns.validUntil[number] ?? Number.NaN;
    this.#modified[copy] = columns.modified[number] ?? Number.NaN;
    this.#confidence[copy] = columns.confidence[number] ?? ABSENT_BYTE;
    this.#tlp[copy] = columns.tlp[number] ?? ABSENT_BYTE;
    this.#idHash[copy] = idHash;
    return copy;
  }

  /** Their text has been appended. */
  #newDetails(profile: number): number {
    const number = this.#details++;
    this.#growDetails();
    this.#textEnd[number] = this.#texts.byteLength;
    this.#profile[number] = profile;
    this.#dropped[number] = 0;
    return number;
  }

  /** Raises the marking of details that turned out to be stricter; never lowers it. */
  restrict(details: number, tlp: Tlp): void {
    const level = TLP_LEVELS.indexOf(tlp);
    const present = this.#tlp[details] ?? ABSENT_BYTE;
    if (present === ABSENT_BYTE || present < level) this.#tlp[details] = level;
  }

  /** The details no longer count; idempotent. */
  drop(details: number): void {
    if (this.#dropped[details] === 0) this.#droppedCount++;
    this.#dropped[details] = 1;
  }

  /** Undoes `drop`. */
  restore(details: number): void {
    if (this.#dropped[details] === 1) this.#droppedCount--;
    this.#dropped[details] = 0;
  }

  isDropped(details: number): boolean {
    return this.#dropped[details] === 1;
  }

  /** `value` is canonical. `known`: the value was there, it has one more source now. */
  add(kind: IndicatorKind, value: string, semantics: Semantics, details: number): AddResult {
    return this.addShape(shapeOf(kind, semantics), value, details);
  }

  /** As `add`, with kind and semantics as in the column `shape`. */
  addShape(shape: number, value: string, details: number): AddResult {
    if (this.#poolEnd + value.length * 3 > MAX_POOL_BYTES || this.#rows >= MAX_ROWS) return 'full';
    this.#pool = grown(this.#pool, this.#poolEnd + value.length * 3);
    const end = this.#write(shape, value);
    const hash = this.#written;
    this.tap?.(hash);
    const slot = this.#slotOf(hash, shape, this.#poolEnd, end);
    const known = (this.#index[slot] ?? 0) - 1;
    if (known >= 0) {
      this.#link(known, details);
      return 'known';
    }
    const row = this.#rows++;
    if (row === this.#shape.length) this.#growRows();
    this.#shape[row] = shape;
    this.#hash[row] = hash;
    this.#valueEnd[row] = end;
    this.#poolEnd = end;
    this.#head[row] = 0;
    this.#index[slot] = row + 1;
    this.#link(row, details);
    if (this.#rows * 2 > this.#index.length) this.#rehash();
    return 'added';
  }

  /** The table; the builder must not be used afterwards. Feeds without rows keep their place. */
  finish(): IndicatorTable {
    if (this.#droppedCount > 0) this.#sweep();
    const sourceStart = new Uint32Array(this.#rows + 1);
    const sources = new Uint32Array(this.#links);
    let at = 0;
    for (let row = 0; row < this.#rows; row++) {
      sourceStart[row] = at;
      const first = at;
      for (let link = this.#head[row] ?? 0; link !== 0; link = this.#linkNext[link - 1] ?? 0) {
        const details = this.#linkDetails[link - 1] ?? 0;
        if (this.#dropped[details] === 0) sources[at++] = details;
      }
      if (at - first > 1) sources.subarray(first, at).reverse();
    }
    sourceStart[this.#rows] = at;
    const details = this.#details;
    return new IndicatorTable({
      shape: this.#shape.slice(0, this.#rows),
      valueStart: starts(this.#valueEnd, this.#rows),
      pool: this.#pool.slice(0, this.#poolEnd),
      sourceStart,
      sources: sources.slice(0, at),
      index: this.#index,
      profile: this.#profile.slice(0, details),
      textStart: starts(this.#textEnd, details),
      texts: this.#texts.finish(),
      validFrom: this.#validFrom.slice(0, details),
      validUntil: this.#validUntil.slice(0, details),
      modified: this.#modified.slice(0, details),
      confidence: this.#confidence.slice(0, details),
      tlp: this.#tlp.slice(0, details),
      idHash: this.#idHash.slice(0, details),
      profiles: this.#profiles,
      feeds: this.#feeds,
    });
  }

  /** Writes behind the pool's end without moving it, and `#written`; returns the end of what was written. */
  #write(shape: number, value: string): number {
    const pool = this.#pool;
    let at = this.#poolEnd;
    let hash = startHash(shape);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) {
        const end = this.#poolEnd + bufferOf(pool).write(value, this.#poolEnd, 'utf8');
        this.#written = valueHash(shape, pool, this.#poolEnd, end);
        return end;
      }
      pool[at++] = code;
      hash = stepHash(hash, code);
    }
    this.#written = endHash(hash);
    return at;
  }

  /** Slot of the row with these bytes of the pool, or the free slot where it belongs. */
  #slotOf(hash: number, shape: number, start: number, end: number): number {
    const [pool, index, hashes] = [this.#pool, this.#index, this.#hash];
    const mask = index.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = (index[slot] ?? 0) - 1;
      if (row < 0) return slot;
      if (hashes[row] !== hash) continue;
      if (this.#shape[row] === shape && sameBytes(pool, this.#startOf(row), this.#valueEnd[row] ?? 0, pool, start, end))
        return slot;
    }
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : (this.#valueEnd[row - 1] ?? 0);
  }

  #link(row: number, details: number): void {
    // A list that says the same twice: looking back a few links finds it; the rest is sorted out when read.
    let link = this.#head[row] ?? 0;
    for (let back = 0; back < 8 && link !== 0; back++, link = this.#linkNext[link - 1] ?? 0)
      if (this.#linkDetails[link - 1] === details) return;
    const number = this.#links++;
    if (number === this.#linkNext.length) {
      this.#linkDetails = grown(this.#linkDetails, this.#links);
      this.#linkNext = grown(this.#linkNext, this.#links);
    }
    this.#linkDetails[number] = details;
    this.#linkNext[number] = this.#head[row] ?? 0;
    this.#head[row] = number + 1;
  }

  #rehash(): void {
    const index = new Uint32Array(this.#index.length * 2);
    const hashes = this.#hash;
    const mask = index.length - 1;
    for (let row = 0; row < this.#rows; row++) {
      // No two rows are alike, so that the next free slot is right.
      let slot = (hashes[row] ?? 0) & mask;
      while (index[slot] !== 0) slot = (slot + 1) & mask;
      index[slot] = row + 1;
    }
    this.#index = index;
  }

  /** Removes rows whose sources are all dropped; rows and values move down in place. */
  #sweep(): void {
    let kept = 0;
    let poolEnd = 0;
    for (let row = 0, start = 0; row < this.#rows; row++) {
      const end = this.#valueEnd[row] ?? 0;
      if (this.#isAlive(row)) {
        this.#pool.copyWithin(poolEnd, start, end);
        poolEnd += end - start;
        this.#shape[kept] = this.#shape[row] ?? 0;
        this.#hash[kept] = this.#hash[row] ?? 0;
        this.#head[kept] = this.#head[row] ?? 0;
        this.#valueEnd[kept++] = poolEnd;
      }
      start = end;
    }
    this.#rows = kept;
    this.#poolEnd = poolEnd;
    this.#index = new Uint32Array(Math.max(4096, 2 ** Math.ceil(Math.log2(kept * 2 + 2))) / 2);
    this.#rehash();
  }

  #isAlive(row: number): boolean {
    for (let link = this.#head[row] ?? 0; link !== 0; link = this.#linkNext[link - 1] ?? 0)
      if (this.#dropped[this.#linkDetails[link - 1] ?? 0] === 0) return true;
    return false;
  }

  #split(feed: number, input: DetailsInput): { shared: number; own: DetailsText } {
    const { provider, library, decay, types, killChain, ...rest } = input;
    const source = {
      feed,
      provider,
      ...(library === undefined ? {} : { library }),
      ...(decay === undefined ? {} : { decay }),
    };
    const own = textOf(rest);
    const profile = profileOf(source, types, killChain);
    const shared = this.#profileNumber(profile);
    if (shared !== undefined) return { shared, own };
    const plain = this.#profileNumber(source) ?? 0;
    return {
      shared: plain,
      own: {
        ...own,
        ...(types === undefined ? {} : { types }),
        ...(killChain === undefined ? {} : { killChain }),
      },
    };
  }

  #profileNumber(profile: DetailsProfile): number | undefined {
    const key = JSON.stringify(profile);
    const known = this.#profileNumbers.get(key);
    if (known !== undefined) return known;
    // A profile without types may always be added: there are as many as feeds and providers.
    if (this.#profiles.length >= MAX_PROFILES && (profile.types ?? profile.killChain) !== undefined) return undefined;
    const number = this.#profiles.push(profile) - 1;
    this.#profileNumbers.set(key, number);
    return number;
  }

  #growRows(): void {
    const needed = this.#rows;
    this.#shape = grown(this.#shape, needed);
    this.#valueEnd = grown(this.#valueEnd, needed);
    this.#head = grown(this.#head, needed);
    this.#hash = grown(this.#hash, needed);
  }

  #growDetails(): void {
    const needed = this.#details;
    this.#profile = grown(this.#profile, needed);
    this.#textEnd = grown(this.#textEnd, needed);
    this.#validFrom = grown(this.#validFrom, needed);
    this.#validUntil = grown(this.#validUntil, needed);
    this.#modified = grown(this.#modified, needed);
    this.#confidence = grown(this.#confidence, needed);
    this.#tlp = grown(this.#tlp, needed);
    this.#idHash = grown(this.#idHash, needed);
    this.#dropped = grown(this.#dropped, needed);
  }
}

function profileOf(
  source: Omit<DetailsProfile, 'types' | 'killChain'>,
  types?: readonly string[],
  killChain?: readonly KillChainPhase[],
): DetailsProfile {
  return {
    ...source,
    ...(types === undefined ? {} : { types }),
    ...(killChain === undefined ? {} : { killChain }),
  };
}

function textOf(input: Omit<DetailsInput, 'provider'>): DetailsText {
  const { id, name, description, references, pattern, ordinal } = input;
  return {
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(references === undefined ? {} : { references }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(ordinal === undefined ? {} : { ordinal }),
  };
}

function starts(ends: Uint32Array, count: number): Uint32Array {
  const starting = new Uint32Array(count + 1);
  starting.set(ends.subarray(0, count), 1);
  return starting;
}

/** The same array, or a copy of twice the length, or of the needed length when that is more. */
function grown<T extends Uint8Array | Uint32Array | Float64Array>(array: T, needed: number): T {
  if (needed <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
