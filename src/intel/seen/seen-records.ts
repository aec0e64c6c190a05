/**
 * SeenRecords: what is known of each record of a feed (a line, an event, an object) since it was read, so that a later version of the
 * feed is taken in by reading only the records that changed: who it is, what it added to the statistics, and the hashes of the values it
 * gave (`valueHash`). Some 30 bytes a record, in one file beside the indicators (`section-file.ts`); a million open in a few
 * milliseconds.
 *
 * Records are told apart by two words (a keyed digest of a text) or four (`idKey` of a STIX id). Hashes of values may collide: then
 * a row too many is looked at, never one too few.
 */
import { randomBytes } from 'node:crypto';
import { bytesOf, readSectionFile, type SectionContent, writeSectionFile } from '../section-file.ts';
import { type EffectNodes, EffectTree } from './effect-tree.ts';
import { WordList } from './word-list.ts';

/** What the records are of. Plain data. */
export interface SeenHead {
  readonly version: 1;
  /** Words of an identity. */
  readonly width: 2 | 4;
  /** Of the digests. */
  readonly seed: readonly [number, number];
  /** Format that the feed was read in. */
  readonly format: string;
  /** Of a table: its `TableLayout` as JSON. */
  readonly layout?: string;
  /** Records read since the feed was read as a whole. */
  readonly changed?: number;
  /** Of a file that is only ever appended to: the file, and how far it was read. */
  readonly path?: string;
  readonly bytes?: number;
  readonly lines?: number;
}

const MAGIC = 'FLNTSEEN';
/** With each change of digests or columns. */
const VERSION = 2;
const FIRST_SLOTS = 1024;
const MIN_WORN = 20_000;

export class SeenRecords {
  readonly effects: EffectTree;
  head: SeenHead;
  readonly #width: number;
  readonly #ids: WordList;
  readonly #effect: WordList;
  /** How often the record stands there; of STIX ids whether something live came of it. */
  readonly #count: WordList;
  readonly #keyStart: WordList;
  readonly #keyCount: WordList;
  readonly #keys: WordList;
  /** Milliseconds, two words each as a float; STIX ids only. */
  readonly #modified: WordList;
  #slots: Uint32Array;

  constructor(head: SeenHead, columns: Partial<Record<SeenColumn, Uint32Array>> = {}, effects?: EffectNodes) {
    this.head = head;
    this.#width = head.width;
    this.effects = new EffectTree(effects);
    const list = (name: SeenColumn): WordList => new WordList(columns[name]);
    this.#ids = list('ids');
    this.#effect = list('effect');
    this.#count = list('count');
    this.#keyStart = list('key-start');
    this.#keyCount = list('key-count');
    this.#keys = list('keys');
    this.#modified = list('modified');
    this.#slots = columns.slots ?? new Uint32Array(FIRST_SLOTS);
  }

  /** Empty, with a seed of its own. */
  static begin(width: SeenHead['width'], format: string): SeenRecords {
    const bytes = randomBytes(8);
    return new SeenRecords({ version: 1, width, seed: [bytes.readUInt32LE(0), bytes.readUInt32LE(4)], format });
  }

  /** So much has changed that what is noted of records that are gone outweighs the rest. */
  get isWorn(): boolean {
    return (this.head.changed ?? 0) > Math.max(MIN_WORN, this.size / 2);
  }

  get size(): number {
    return this.#effect.length;
  }

  /** Number of the record, or -1. */
  find(a: number, b: number, c = 0, d = 0): number {
    return (this.#slots[this.#slotOf(a, b, c, d)] ?? 0) - 1;
  }

  /** Whether this is the record with that number; two words. */
  is(record: number, a: number, b: number): boolean {
    return record < this.size && this.#ids.at(2 * record) === a && this.#ids.at(2 * record + 1) === b;
  }

  /** Number of the record, which is new and stands nowhere yet where it was not known. */
  put(a: number, b: number, c = 0, d = 0): number {
    const slot = this.#slotOf(a, b, c, d);
    const known = (this.#slots[slot] ?? 0) - 1;
    if (known >= 0) return known;
    const record = this.size;
    this.#slots[slot] = record + 1;
    this.#ids.push(a);
    this.#ids.push(b);
    this.#effect.push(0);
    this.#count.push(0);
    this.#keyStart.push(this.#keys.length);
    this.#keyCount.push(0);
    if (this.#width === 4) {
      this.#ids.push(c);
      this.#ids.push(d);
      this.#modified.push(0);
      this.#modified.push(0);
      this.setModified(record, Number.NEGATIVE_INFINITY);
    }
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return record;
  }

  effectOf(record: number): number {
    return this.#effect.at(record);
  }

  countOf(record: number): number {
    return this.#count.at(record);
  }

  setCount(record: number, count: number): void {
    this.#count.set(record, count);
  }

  modifiedOf(record: number): number {
    scratchWords[0] = this.#modified.at(2 * record);
    scratchWords[1] = this.#modified.at(2 * record + 1);
    return scratch[0] ?? Number.NaN;
  }

  setModified(record: number, ms: number): void {
    scratch[0] = ms;
    this.#modified.set(2 * record, scratchWords[0] ?? 0);
    this.#modified.set(2 * record + 1, scratchWords[1] ?? 0);
  }

  /** What came of the record. */
  describe(record: number, effect: number, keys: readonly number[]): void {
    this.#effect.set(record, effect);
    this.#keyStart.set(record, this.#keys.length);
    this.#keyCount.set(record, keys.length);
    for (const key of keys) this.#keys.push(key);
  }

  /** Hashes of the values that it gave. A view. */
  keysOf(record: number): Uint32Array {
    return this.#keys.slice(this.#keyStart.at(record), this.#keyCount.at(record));
  }

  /** Whether one of its values is among these. */
  hasKey(record: number, keys: KeyFilter): boolean {
    const start = this.#keyStart.at(record);
    const end = start + this.#keyCount.at(record);
    for (let at = start; at < end; at++) if (keys.has(this.#keys.at(at))) return true;
    return false;
  }

  /** Nothing waits for the disk: what a crash cuts off fails its checksum, and the feed is read as a whole. @throws on I/O problems. */
  save(path: string): void {
    const head = Buffer.from(JSON.stringify({ head: this.head, effects: this.effects.nodes }), 'utf8');
    const columns: Record<SeenColumn, SectionContent> = {
      ids: contentOf(this.#ids),
      effect: contentOf(this.#effect),
      count: contentOf(this.#count),
      'key-start': contentOf(this.#keyStart),
      'key-count': contentOf(this.#keyCount),
      keys: contentOf(this.#keys),
      modified: contentOf(this.#modified),
      slots: bytesOf(this.#slots),
    };
    const sections = new Map<string, SectionContent>([['head', head]]);
    for (const name of SEEN_COLUMNS) sections.set(name, columns[name]);
    writeSectionFile(path, MAGIC, VERSION, sections, { mode: 0o600, sync: false });
  }

  /** Undefined where there is none, or none that can be trusted. */
  static open(path: string): SeenRecords | undefined {
    try {
      const read = readSectionFile(path, MAGIC, VERSION);
      const head = read.ok ? read.sections.get('head') : undefined;
      if (!read.ok || head === undefined) return undefined;
      const columns = SEEN_COLUMNS.map((name) => [name, wordsOf(read.sections.get(name))] as const);
      const parsed = JSON.parse(Buffer.from(head).toString('utf8')) as { head: SeenHead; effects: EffectNodes };
      return new SeenRecords(parsed.head, Object.fromEntries(columns), parsed.effects);
    } catch (error) {
      // Not there, or not readable: the feed is read as a whole then.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return undefined;
    }
  }

  #slotOf(a: number, b: number, c: number, d: number): number {
    const ids = this.#ids;
    const width = this.#width;
    const mask = this.#slots.length - 1;
    for (let slot = slotHash(a, b, c, d) & mask; ; slot = (slot + 1) & mask) {
      const record = (this.#slots[slot] ?? 0) - 1;
      if (record < 0) return slot;
      const at = width * record;
      if (ids.at(at) !== a || ids.at(at + 1) !== b) continue;
      if (width === 2 || (ids.at(at + 2) === c && ids.at(at + 3) === d)) return slot;
    }
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    const [ids, width] = [this.#ids, this.#width];
    for (let record = 0; record < this.size; record++) {
      const at = width * record;
      const [c, d] = width === 2 ? [0, 0] : [ids.at(at + 2), ids.at(at + 3)];
      let slot = slotHash(ids.at(at), ids.at(at + 1), c, d) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = record + 1;
    }
    this.#slots = slots;
  }
}

const SEEN_COLUMNS = ['ids', 'effect', 'count', 'key-start', 'key-count', 'keys', 'modified', 'slots'] as const;
type SeenColumn = (typeof SEEN_COLUMNS)[number];

const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** Hashes of values; most questions are answered by a table of bits. */
export class KeyFilter {
  readonly #bits = new Uint8Array(1 << 16);
  readonly #keys = new Set<number>();

  add(key: number): void {
    this.#bits[key & 0xffff] = 1;
    this.#keys.add(key);
  }

  has(key: number): boolean {
    return this.#bits[key & 0xffff] === 1 && this.#keys.has(key);
  }

  [Symbol.iterator](): Iterator<number> {
    return this.#keys[Symbol.iterator]();
  }
}

function slotHash(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x85eb_ca6b), 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ c, 0x9e37_79b1) ^ d;
  hash = Math.imul(hash, 0x2c1b_3c6d);
  return (hash ^ (hash >>> 14)) >>> 0;
}

function contentOf(words: WordList): SectionContent {
  return { byteLength: 4 * words.length, chunks: () => words.parts().map(bytesOf) };
}

function wordsOf(bytes: Uint8Array = new Uint8Array(0)): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}
