/**
 * IndicatorCatalogue: the loaded indicators as a TAXII collection. For each it keeps when it was first seen, its version and where it stands in the
 * loaded tables: some 40 bytes, no text. It is made when somebody first asks, and anew when the indicators have changed: an indicator that was there
 * before keeps its date, a new one or a new version comes after all others. Dates are kept on disk, so that clients need not begin anew after a
 * restart. All work is done in short slices: matching goes on beside it.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { IndicatorSnapshot } from './indicator-snapshot.ts';
import { allowsSpecVersion, type TaxiiCollection, type TaxiiEntry, type TaxiiFilter } from './taxii-collection.ts';
import { DateClock } from './taxii-time.ts';

export interface IndicatorCatalogueOptions {
  /** The same object as long as nothing has changed. */
  readonly current: () => IndicatorSnapshot;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** File of the dates; absent: dates begin with the process. */
  readonly file?: string;
  /** How long a request waits for the catalogue; then it gets the former one, or is told to come back. */
  readonly waitMs?: number;
  readonly onDiskProblem: (reason: string) => void;
}

/** Key of the hashes: nobody outside knows it, so that no feed can make ids that share a slot. */
type Seed = readonly [number, number];

/** In the order of dates. */
interface Columns {
  readonly count: number;
  readonly seed: Seed;
  /** Keyed 64-bit hash of the id in two halves. */
  readonly hashA: Uint32Array;
  readonly hashB: Uint32Array;
  readonly versionMs: Float64Array;
  readonly dateUs: Float64Array;
  /** Open addressing by `hashA`: rank + 1, 0 for a free slot. */
  readonly index: Uint32Array;
}

interface Built extends Columns {
  readonly snapshot: IndicatorSnapshot;
  readonly position: Float64Array;
}

const MAGIC = 'FLTAXII2';
const HEADER_BYTES = 24;
const ENTRY_BYTES = 24;
const SLICE_MS = 8;
const CHECK_EVERY = 256;
const WAIT_MS = 5_000;

export class IndicatorCatalogue implements TaxiiCollection {
  readonly id = '0c7d1f36-5b1f-4f0a-8a55-91d2d7a2b101';
  readonly alias = 'indicators';
  readonly title = 'Indicators';
  readonly description = 'what this sensor looks for';
  readonly #options: IndicatorCatalogueOptions;
  #former: Columns | undefined;
  #built: Built | undefined;
  #building: Promise<void> | undefined;
  #clock: DateClock;

  constructor(options: IndicatorCatalogueOptions) {
    this.#options = options;
    this.#clock = new DateClock(options.now);
  }

  async ready(): Promise<boolean> {
    if (this.#built?.snapshot === this.#options.current()) return true;
    this.#building ??= this.#build().finally(() => {
      this.#building = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.waitMs ?? WAIT_MS);
    });
    await Promise.race([this.#building, waited]);
    clearTimeout(timer);
    return this.#built !== undefined;
  }

  has(id: string): boolean {
    return this.#built !== undefined && rankOf(this.#built, hashOf(id, this.#built.seed)) >= 0;
  }

  *select(filter: TaxiiFilter): Generator<TaxiiEntry> {
    const built = this.#built;
    if (built === undefined || !allowsSpecVersion(filter) || filter.types?.has('indicator') === false) return;
    const { versions } = filter;
    // Of each indicator there is one version: the newest.
    const any = versions.has('last') || versions.has('first') || versions.has('all');
    for (const rank of ranksOf(built, filter)) {
      if (any || versions.has(built.versionMs[rank] ?? 0)) yield new CatalogueEntry(built, rank);
    }
  }

  async #build(): Promise<void> {
    const snapshot = this.#options.current();
    this.#former ??= this.#load();
    const pause = slices();
    const former = this.#former ?? empty();
    const found = await collect(snapshot, former.seed, pause);
    const built = await ordered(snapshot, found, former, this.#clock, pause);
    const isNew = built.count !== this.#former?.count || built.dateUs.at(-1) !== this.#former.dateUs.at(-1);
    this.#former = built;
    this.#built = built;
    if (isNew) await this.#save(built);
  }

  async #save(built: Columns): Promise<void> {
    const { file, onDiskProblem } = this.#options;
    if (file === undefined) return;
    try {
      await writeFile(`${file}.new`, encoded(built), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      // Full or failing disk: after a restart clients fetch all indicators once more.
      onDiskProblem((error as Error).message);
    }
  }

  #load(): Columns | undefined {
    const { file, onDiskProblem } = this.#options;
    if (file === undefined) return undefined;
    try {
      const columns = decoded(readFileSync(file));
      if (columns === undefined) onDiskProblem(`"${file}" is damaged or of another version, and begun anew`);
      else this.#clock = new DateClock(this.#options.now, columns.dateUs.at(-1) ?? 0);
      return columns;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onDiskProblem((error as Error).message);
      return undefined;
    }
  }
}

class CatalogueEntry implements TaxiiEntry {
  readonly #built: Built;
  readonly #rank: number;

  constructor(built: Built, rank: number) {
    this.#built = built;
    this.#rank = rank;
  }

  get dateUs(): number {
    return this.#built.dateUs[this.#rank] ?? 0;
  }

  get id(): string {
    return this.#built.snapshot.entryAt(this.#position)?.id ?? '';
  }

  get version(): string {
    return new Date(this.#built.versionMs[this.#rank] ?? 0).toISOString();
  }

  json(): string | undefined {
    return this.#built.snapshot.jsonAt(this.#position);
  }

  get #position(): number {
    return this.#built.position[this.#rank] ?? 0;
  }
}

type Pause = () => Promise<void> | undefined;

/** A promise to wait for when it is time to let others work. */
function slices(): Pause {
  let calls = 0;
  let until = performance.now() + SLICE_MS;
  return () => {
    if (++calls % CHECK_EVERY !== 0 || performance.now() < until) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        until = performance.now() + SLICE_MS;
        resolve();
      }),
    );
  };
}

type Found = Pick<Built, 'count' | 'hashA' | 'hashB' | 'versionMs' | 'position'>;

/** Entries in the order of the tables, each id once. */
async function collect(snapshot: IndicatorSnapshot, seed: Seed, pause: Pause): Promise<Found> {
  const { capacity } = snapshot;
  const [hashA, hashB] = [new Uint32Array(capacity), new Uint32Array(capacity)];
  const [versionMs, position] = [new Float64Array(capacity), new Float64Array(capacity)];
  const index = new Uint32Array(slotsFor(capacity));
  let count = 0;
  for (const entry of snapshot.entries()) {
    const hash = hashOf(entry.id, seed);
    const slot = slotOf(index, hashA, hashB, hash);
    if (index[slot] === 0 && count < capacity) {
      hashA[count] = hash[0];
      hashB[count] = hash[1];
      versionMs[count] = Date.parse(entry.version);
      position[count] = entry.position;
      index[slot] = ++count;
    }
    const waiting = pause();
    if (waiting !== undefined) await waiting;
  }
  return { count, hashA, hashB, versionMs, position };
}

/** Entries that were there before in their former order with their former dates, then all others. */
async function ordered(
  snapshot: IndicatorSnapshot,
  found: Found,
  former: Columns,
  clock: DateClock,
  pause: Pause,
): Promise<Built> {
  const { count } = found;
  const byRank = new Uint32Array(former.count);
  const fresh: number[] = [];
  for (let i = 0; i < count; i++) {
    const rank = rankOf(former, [found.hashA[i] ?? 0, found.hashB[i] ?? 0]);
    if (rank >= 0 && former.versionMs[rank] === found.versionMs[i]) byRank[rank] = i + 1;
    else fresh.push(i);
    const waiting = pause();
    if (waiting !== undefined) await waiting;
  }
  const [hashA, hashB] = [new Uint32Array(count), new Uint32Array(count)];
  const [versionMs, position, dateUs] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const index = new Uint32Array(slotsFor(count));
  let rank = 0;
  const take = (i: number, date: number): void => {
    hashA[rank] = found.hashA[i] ?? 0;
    hashB[rank] = found.hashB[i] ?? 0;
    versionMs[rank] = found.versionMs[i] ?? 0;
    position[rank] = found.position[i] ?? 0;
    dateUs[rank] = date;
    const slot = slotOf(index, hashA, hashB, [hashA[rank] ?? 0, hashB[rank] ?? 0]);
    index[slot] = ++rank;
  };
  for (const [formerRank, number] of byRank.entries()) {
    if (number > 0) take(number - 1, former.dateUs[formerRank] ?? 0);
    const waiting = pause();
    if (waiting !== undefined) await waiting;
  }
  for (const i of fresh) {
    take(i, clock.next());
    const waiting = pause();
    if (waiting !== undefined) await waiting;
  }
  return { snapshot, count, seed: former.seed, hashA, hashB, versionMs, dateUs, position, index };
}

function empty(): Columns {
  const bytes = randomBytes(8);
  return {
    count: 0,
    seed: [bytes.readUInt32LE(0), bytes.readUInt32LE(4)],
    hashA: new Uint32Array(0),
    hashB: new Uint32Array(0),
    versionMs: new Float64Array(0),
    dateUs: new Float64Array(0),
    index: new Uint32Array(2),
  };
}

function* ranksOf(columns: Columns, { ids, afterUs }: TaxiiFilter): Generator<number> {
  if (ids !== undefined) {
    const ranks = [...ids].map((id) => rankOf(columns, hashOf(id, columns.seed)));
    yield* ranks.filter((rank) => rank >= 0 && (columns.dateUs[rank] ?? 0) > afterUs).sort((a, b) => a - b);
    return;
  }
  let [low, high] = [0, columns.count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((columns.dateUs[middle] ?? 0) > afterUs) high = middle;
    else low = middle + 1;
  }
  for (let rank = low; rank < columns.count; rank++) yield rank;
}

function rankOf({ index, hashA, hashB }: Columns, hash: readonly [number, number]): number {
  return (index[slotOf(index, hashA, hashB, hash)] ?? 0) - 1;
}

/** Slot of the hash, or the free one where it belongs. */
function slotOf(index: Uint32Array, hashA: Uint32Array, hashB: Uint32Array, [a, b]: readonly [number, number]): number {
  const mask = index.length - 1;
  for (let slot = a & mask; ; slot = (slot + 1) & mask) {
    const entry = (index[slot] ?? 0) - 1;
    if (entry < 0 || (hashA[entry] === a && hashB[entry] === b)) return slot;
  }
}

/** A power of two, at most half full. */
function slotsFor(count: number): number {
  return 2 ** Math.ceil(Math.log2(2 * count + 2));
}

function hashOf(id: string, [seedA, seedB]: Seed): readonly [number, number] {
  let [a, b] = [seedA, seedB];
  for (let i = 0; i < id.length; i++) {
    const unit = id.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul((b << 7) ^ (b >>> 25) ^ unit, 0x85ebca6b);
  }
  return [mixed(a ^ (b >>> 16)), mixed(b ^ id.length)];
}

function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x2c1b3c6d);
  return (once ^ (once >>> 13)) >>> 0;
}

/** Magic (8), count (4), CRC-32 of the rest (4), key (8); then the columns one after the other, little-endian as all machines Node.js runs on. */
function encoded({ count, seed, hashA, hashB, versionMs, dateUs }: Columns): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  const body = Buffer.concat([hashA, hashB, versionMs, dateUs].map((column) => bytesOf(column.subarray(0, count))));
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(count, 8);
  header.writeUInt32LE(seed[0] >>> 0, 16);
  header.writeUInt32LE(seed[1] >>> 0, 20);
  header.writeUInt32LE(crc32(body, crc32(header.subarray(16))), 12);
  return Buffer.concat([header, body]);
}

function decoded(bytes: Buffer): Columns | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC) return undefined;
  const count = bytes.readUInt32LE(8);
  if (bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) return undefined;
  if (bytes.readUInt32LE(12) !== crc32(bytes.subarray(16))) return undefined;
  const [hashA, hashB] = [new Uint32Array(count), new Uint32Array(count)];
  const [versionMs, dateUs] = [new Float64Array(count), new Float64Array(count)];
  let at = HEADER_BYTES;
  for (const column of [hashA, hashB, versionMs, dateUs])
    at += bytes.copy(bytesOf(column), 0, at, at + column.byteLength);
  const index = new Uint32Array(slotsFor(count));
  for (let i = 0; i < count; i++) index[slotOf(index, hashA, hashB, [hashA[i] ?? 0, hashB[i] ?? 0])] = i + 1;
  const seed: Seed = [bytes.readUInt32LE(16), bytes.readUInt32LE(20)];
  return { count, seed, hashA, hashB, versionMs, dateUs, index };
}

function bytesOf(column: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
