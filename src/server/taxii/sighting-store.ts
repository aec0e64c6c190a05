/**
 * SightingStore: the newest sightings with all objects they refer to, as a TAXII collection. Objects lie in segments; when all segments together
 * exceed the limit, the oldest goes. An object that comes again (an address, the sensor's identity) while only an older segment has it moves to the
 * newest one, with a new date: what is referred to is never gone before what refers to it. Segments are written to disk as they grow, so that dates
 * and objects survive a restart; a torn last line is cut off.
 *
 * Memory: the texts of all segments, at most `maxBytes`, and some 200 bytes an object.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DateClock } from './taxii-time.ts';
import { allowsSpecVersion, type TaxiiCollection, type TaxiiEntry, type TaxiiFilter } from './taxii-collection.ts';

export interface StoredObject {
  readonly type: string;
  readonly id: string;
  readonly modified?: unknown;
  readonly created?: unknown;
}

export interface SightingStoreOptions {
  /** Folder of the segments; absent: memory only. */
  readonly folder?: string;
  readonly maxBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told once when the folder cannot be written; the store goes on in memory. */
  readonly onDiskProblem: (reason: string) => void;
}

export interface SightingCounts {
  objects: number;
  bytes: number;
  /** Objects that went with their segment. */
  evicted: number;
  /** Lines on disk that could not be read. */
  damaged: number;
}

interface Entry extends TaxiiEntry {
  readonly type: string;
  readonly versionMs: number;
  readonly text: string;
  readonly segment: Segment;
  moved: boolean;
}

interface Segment {
  readonly firstUs: number;
  readonly entries: Entry[];
  bytes: number;
}

const SEGMENTS = 8;
const FLUSH_BYTES = 64 * 1024;
/** Version of objects that have none, as TAXII 2.1 section 5.4 demands one. */
const UNDATED = '2024-01-01T00:00:00.000Z';

export class SightingStore implements TaxiiCollection {
  readonly id = '5a0f8c1e-7d0b-4c56-9a57-2f1f6f1f3c02';
  readonly alias = 'sightings';
  readonly title = 'Sightings';
  readonly description = 'what this sensor saw: sightings, observed data, observables';
  readonly counts: SightingCounts = { objects: 0, bytes: 0, evicted: 0, damaged: 0 };
  readonly #options: SightingStoreOptions;
  #segments: Segment[] = [];
  /** Versions of each object, oldest first. */
  readonly #versions = new Map<string, Entry[]>();
  #clock: DateClock;
  #pending = '';
  #diskFailed = false;

  constructor(options: SightingStoreOptions) {
    this.#options = options;
    this.#clock = new DateClock(options.now);
    if (options.folder !== undefined) this.#load(options.folder);
  }

  /** Objects of one alert, referenced ones before those that refer to them. */
  add(objects: readonly StoredObject[]): void {
    // One segment for all of them: they go together.
    const current = this.#current();
    for (const object of objects) {
      const version = versionOf(object);
      const known = this.#versions.get(object.id)?.find((entry) => entry.version === version);
      if (known !== undefined && known.segment === current) continue;
      if (known !== undefined) this.#forget(known);
      const dateUs = this.#clock.next();
      const text = JSON.stringify(object);
      this.#put(current, object.id, object.type, version, dateUs, text);
      this.#write(current, `${dateUs} ${text}\n`);
    }
    this.#evict();
  }

  /** Writes what is still in memory only. */
  flush(): void {
    const segment = this.#segments.at(-1);
    if (segment !== undefined) this.#flush(segment);
  }

  async ready(): Promise<boolean> {
    return true;
  }

  has(id: string): boolean {
    return this.#versions.has(id);
  }

  *select(filter: TaxiiFilter): Generator<TaxiiEntry> {
    if (!allowsSpecVersion(filter)) return;
    for (const entry of filter.ids === undefined ? this.#after(filter.afterUs) : this.#ofIds(filter.ids)) {
      if (entry.moved || entry.dateUs <= filter.afterUs) continue;
      if (filter.types?.has(entry.type) !== false && this.#isVersion(entry, filter.versions)) yield entry;
    }
  }

  #ofIds(ids: ReadonlySet<string>): readonly Entry[] {
    return [...ids].flatMap((id) => this.#versions.get(id) ?? []).sort((a, b) => a.dateUs - b.dateUs);
  }

  *#after(afterUs: number): Generator<Entry> {
    for (const [i, segment] of this.#segments.entries()) {
      const next = this.#segments[i + 1];
      if (next === undefined || next.firstUs > afterUs) yield* segment.entries;
    }
  }

  #isVersion(entry: Entry, versions: TaxiiFilter['versions']): boolean {
    if (versions.has('all') || versions.has(entry.versionMs)) return true;
    const all = this.#versions.get(entry.id) ?? [];
    return (versions.has('last') && all.at(-1) === entry) || (versions.has('first') && all[0] === entry);
  }

  #current(): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.bytes < this.#options.maxBytes / SEGMENTS) return last;
    if (last !== undefined) this.#flush(last);
    const segment: Segment = { firstUs: this.#clock.next(), entries: [], bytes: 0 };
    this.#segments.push(segment);
    return segment;
  }

  #put(segment: Segment, id: string, type: string, version: string, dateUs: number, text: string): void {
    const entry: Entry = {
      ...{ dateUs, id, type, version, text, segment, moved: false },
      versionMs: Date.parse(version),
      json: () => text,
    };
    segment.entries.push(entry);
    segment.bytes += text.length;
    this.counts.bytes += text.length;
    this.counts.objects++;
    const versions = this.#versions.get(id) ?? [];
    versions.push(entry);
    versions.sort((a, b) => a.versionMs - b.versionMs);
    this.#versions.set(id, versions);
  }

  #forget(entry: Entry): void {
    entry.moved = true;
    this.counts.objects--;
    const rest = (this.#versions.get(entry.id) ?? []).filter((other) => other !== entry);
    if (rest.length === 0) this.#versions.delete(entry.id);
    else this.#versions.set(entry.id, rest);
  }

  #evict(): void {
    while (this.counts.bytes > this.#options.maxBytes && this.#segments.length > 1) {
      const [oldest, ...rest] = this.#segments;
      if (oldest === undefined) return;
      this.#segments = rest;
      this.counts.bytes -= oldest.bytes;
      for (const entry of oldest.entries) {
        if (entry.moved) continue;
        this.#forget(entry);
        this.counts.evicted++;
      }
      this.#remove(oldest);
    }
  }

  #remove(segment: Segment): void {
    const { folder } = this.#options;
    if (folder === undefined) return;
    try {
      rmSync(fileOf(folder, segment), { force: true });
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Full or failing disk: alerts have their outputs, here they stay in memory. */
  #failed(error: unknown): void {
    if (!this.#diskFailed) this.#options.onDiskProblem((error as Error).message);
    this.#diskFailed = true;
  }

  #write(segment: Segment, line: string): void {
    if (this.#options.folder === undefined || this.#diskFailed) return;
    this.#pending += line;
    if (this.#pending.length >= FLUSH_BYTES) this.#flush(segment);
  }

  #flush(segment: Segment): void {
    const { folder } = this.#options;
    if (folder === undefined || this.#pending === '') return;
    try {
      appendFileSync(fileOf(folder, segment), this.#pending, { mode: 0o600 });
    } catch (error) {
      this.#failed(error);
    }
    this.#pending = '';
  }

  #load(folder: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const names = readdirSync(folder).filter((name) => /^\d{16}\.ndjson$/.test(name));
    let lastUs = 0;
    for (const name of names.sort()) {
      const segment: Segment = { firstUs: Number(name.slice(0, 16)), entries: [], bytes: 0 };
      this.#segments.push(segment);
      lastUs = Math.max(lastUs, segment.firstUs);
      for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
        if (line !== '') lastUs = Math.max(lastUs, this.#read(segment, line));
      }
    }
    this.#clock = new DateClock(this.#options.now, lastUs);
    // What was torn by a crash must not run into the next line.
    if (names.length > 0) this.#pending = '\n';
    this.#evict();
  }

  /** The date of the line's object. */
  #read(segment: Segment, line: string): number {
    const match = /^(\d{16}) (\{.*)$/.exec(line);
    const object = match === null ? undefined : parsed(match[2] as string);
    if (match === null || object === undefined) {
      this.counts.damaged++;
      return 0;
    }
    const dateUs = Number(match[1]);
    const version = versionOf(object);
    const known = this.#versions.get(object.id)?.find((entry) => entry.version === version);
    if (known !== undefined) this.#forget(known);
    this.#put(segment, object.id, object.type, version, dateUs, match[2] as string);
    return dateUs;
  }
}

function fileOf(folder: string, { firstUs }: Segment): string {
  return join(folder, `${String(firstUs).padStart(16, '0')}.ndjson`);
}

function versionOf({ modified, created }: StoredObject): string {
  if (typeof modified === 'string') return modified;
  return typeof created === 'string' ? created : UNDATED;
}

function parsed(text: string): StoredObject | undefined {
  try {
    const object = JSON.parse(text) as Partial<StoredObject> | null;
    return typeof object?.id === 'string' && typeof object.type === 'string' ? (object as StoredObject) : undefined;
  } catch (error) {
    // Torn by a crash, or changed by hand.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
