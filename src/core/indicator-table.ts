/**
 * IndicatorTable: all loaded indicators in columns, read-only. A row is one distinct (kind, value, semantics); its sources are
 * rows of a second set of columns, the details, so that a million list lines of one feed share a single one. Values and texts
 * are UTF-8 in two byte pools; objects are made only when somebody asks for a row. The columns are the on-disk form as well.
 *
 * Cost: 13 bytes a row and 8 to 14 for the index, beside the value itself; 38 bytes for details of their own, and their text,
 * which may lie on disk (`TextPool`).
 */
import type { ConfidenceDecay } from './confidence-decay.ts';
import type { Indicator, IndicatorDetails, IndicatorKind, KillChainPhase, Semantics, Tlp } from './indicator.ts';
import type { IndicatorRows, Saying } from './indicator-rows.ts';
import type { TextPool } from './text-pool.ts';
import { uuidV5 } from './uuid.ts';

/** Position in this list is the number stored in the low four bits of `shape`. Only ever appended to. */
export const INDICATOR_KINDS = [
  'domain',
  'url',
  'ipv4',
  'ipv6',
  'network',
  'email',
  'hash',
  'file-name',
  'registry-key',
  'mutex',
  'user-agent',
  'endpoint',
  'text',
] as const satisfies readonly IndicatorKind[];

/** Position is the number in the high four bits of `shape`. */
export const SEMANTICS = ['exact', 'subdomain', 'prefix', 'host'] as const satisfies readonly Semantics[];

/** Least restrictive first; position is the number stored in `tlp`. */
export const TLP_LEVELS = ['clear', 'green', 'amber', 'amber+strict', 'red'] as const satisfies readonly Tlp[];

/** Whether a level is no stricter than another; what bears no level may go anywhere. Text that is no level may go nowhere. */
export function isWithinTlp(level: string | undefined, most: Tlp): boolean {
  if (level === undefined) return true;
  const rank = (TLP_LEVELS as readonly string[]).indexOf(level.toLowerCase());
  return rank >= 0 && rank <= TLP_LEVELS.indexOf(most);
}

/** Marks an absent confidence or TLP. */
export const ABSENT_BYTE = 255;

/** What a source says, for `addDetails` of the builder; text parts are absent for an entry of a plain list. */
export interface DetailsInput extends DetailsText {
  readonly provider: string;
  readonly library?: string;
  readonly decay?: ConfidenceDecay;
  readonly confidence?: number;
  readonly tlp?: Tlp;
  readonly validFromMs?: number;
  readonly validUntilMs?: number;
  readonly modifiedMs?: number;
}

/** What many details have in common; stored once. */
export interface DetailsProfile {
  /** Position in `feeds`. */
  readonly feed: number;
  readonly provider: string;
  readonly library?: string;
  readonly decay?: ConfidenceDecay;
  readonly types?: readonly string[];
  readonly killChain?: readonly KillChainPhase[];
}

/** What only one source says; JSON in the text pool, absent keys left out. */
export interface DetailsText {
  readonly id?: string;
  readonly name?: string;
  readonly description?: string;
  readonly references?: readonly string[];
  readonly pattern?: string;
  readonly ordinal?: number;
  readonly types?: readonly string[];
  readonly killChain?: readonly KillChainPhase[];
}

export interface IndicatorColumns {
  /** Kind and semantics of each row: `kind | semantics << 4`. */
  readonly shape: Uint8Array;
  /** Row i has the bytes `valueStart[i]` to `valueStart[i + 1]` of `pool`. */
  readonly valueStart: Uint32Array;
  readonly pool: Uint8Array;
  /** Row i has the details `sources[sourceStart[i]]` to `sources[sourceStart[i + 1] - 1]`. */
  readonly sourceStart: Uint32Array;
  readonly sources: Uint32Array;
  /** Open addressing by `valueHash`, linear probing; row + 1, or 0 for a free slot. Length is a power of two. */
  readonly index: Uint32Array;
  /** Details: position in `profiles`. */
  readonly profile: Uint32Array;
  /** Details j has the bytes `textStart[j]` to `textStart[j + 1]` of `texts`; none when it says nothing of its own. */
  readonly textStart: Uint32Array;
  readonly texts: TextPool;
  /** Milliseconds since the epoch, NaN when absent. */
  readonly validFrom: Float64Array;
  readonly validUntil: Float64Array;
  readonly modified: Float64Array;
  /** 0 to 100. */
  readonly confidence: Uint8Array;
  readonly tlp: Uint8Array;
  /** `keyHash` of the id, `NO_ID` without one; absent in compiled files of earlier versions. */
  readonly idHash?: Uint32Array;
  readonly profiles: readonly DetailsProfile[];
  /** Names of the feeds, in the order they were given. */
  readonly feeds: readonly string[];
}

/** Namespace of ids that Flint gives to values whose source gives none. */
const ID_NAMESPACE = 'f6b7a2f0-4c0e-5d3b-9a57-0d1c5f3e8b42';

export class IndicatorTable implements IndicatorRows {
  readonly size: number;
  #shapes: readonly number[] | undefined;
  #columns: IndicatorColumns;
  /** The same bytes as `pool`. */
  #poolText: Buffer;

  constructor(columns: IndicatorColumns) {
    this.#columns = columns;
    this.#poolText = bufferOf(columns.pool);
    this.size = columns.shape.length;
  }

  get columns(): IndicatorColumns {
    return this.#columns;
  }

  /** The same content, in another place of memory. */
  moveTo(columns: IndicatorColumns): void {
    this.#columns = columns;
    this.#poolText = bufferOf(columns.pool);
  }

  shapeAt(row: number): number {
    return this.columns.shape[row] ?? 0;
  }

  shapes(): readonly number[] {
    if (this.#shapes === undefined) {
      const column = this.#shapeBytes();
      // One native search for each number that may be: a loop over a million rows takes longer, at every start.
      this.#shapes = Array.from({ length: MAX_SHAPE }, (_, shape) => shape).filter((shape) => column.includes(shape));
    }
    return this.#shapes;
  }

  *rowsWithShape(shape: number): Generator<number> {
    const column = this.#shapeBytes();
    for (let row = column.indexOf(shape); row >= 0; row = column.indexOf(shape, row + 1)) yield row;
  }

  #shapeBytes(): Buffer {
    return bufferOf(this.columns.shape);
  }

  kindAt(row: number): IndicatorKind {
    return kindOfShape(this.shapeAt(row));
  }

  semanticsAt(row: number): Semantics {
    return semanticsOfShape(this.shapeAt(row));
  }

  /** A view of the pool, not a copy. */
  valueBytesAt(row: number): Uint8Array {
    const { pool, valueStart } = this.columns;
    return pool.subarray(valueStart[row] ?? 0, valueStart[row + 1] ?? 0);
  }

  valueAt(row: number): string {
    const { valueStart } = this.#columns;
    return this.#poolText.toString(undefined, valueStart[row] ?? 0, valueStart[row + 1] ?? 0);
  }

  findShape(shape: number, value: string): number {
    const { index, shape: shapes, valueStart, pool } = this.#columns;
    let hash = startHash(shape);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return this.findBytes(shape, lookupBytes(value));
      hash = stepHash(hash, code);
    }
    const mask = index.length - 1;
    for (let slot = endHash(hash) & mask; ; slot = (slot + 1) & mask) {
      const row = (index[slot] ?? 0) - 1;
      if (row < 0) return -1;
      const start = valueStart[row] ?? 0;
      if (shapes[row] !== shape || (valueStart[row + 1] ?? 0) - start !== value.length) continue;
      let same = 0;
      while (same < value.length && pool[start + same] === value.charCodeAt(same)) same++;
      if (same === value.length) return row;
    }
  }

  rowsOf(shapes: readonly number[], value: string): number[] {
    const rows: number[] = [];
    for (const shape of shapes) {
      const row = this.findShape(shape, value);
      if (row >= 0) rows.push(row);
    }
    return rows;
  }

  /** As `find`, for UTF-8 bytes and a number as in `shape`. */
  findBytes(shape: number, value: Uint8Array): number {
    const { index, shape: shapes, valueStart, pool } = this.columns;
    const mask = index.length - 1;
    for (let slot = valueHash(shape, value, 0, value.length) & mask; ; slot = (slot + 1) & mask) {
      const row = (index[slot] ?? 0) - 1;
      if (row < 0) return -1;
      const start = valueStart[row] ?? 0;
      if (shapes[row] === shape && sameBytes(pool, start, valueStart[row + 1] ?? 0, value, 0, value.length)) return row;
    }
  }

  /** Rows whose values have this `valueHash`. */
  rowsHashed(hash: number): number[] {
    const { index, valueStart, pool } = this.columns;
    const mask = index.length - 1;
    const rows: number[] = [];
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = (index[slot] ?? 0) - 1;
      if (row < 0) return rows;
      if (valueHash(this.shapeAt(row), pool, valueStart[row] ?? 0, valueStart[row + 1] ?? 0) === hash) rows.push(row);
    }
  }

  /** Details numbers of a row, in loading order. */
  sourcesAt(row: number): Uint32Array {
    const { sources, sourceStart } = this.columns;
    return sources.subarray(sourceStart[row] ?? 0, sourceStart[row + 1] ?? 0);
  }

  detailsAt(row: number): IndicatorDetails[] {
    return byConfidence([...new Set(this.sourcesAt(row))].map((details) => this.details(details, row)));
  }

  sayingsAt(row: number): readonly Saying[] {
    const { feeds } = this.columns;
    return [...new Set(this.sourcesAt(row))].map((number) => ({
      feed: feeds[this.feedOf(number)] ?? '',
      said: this.said(number),
    }));
  }

  /** Details `number` as they are said of `row`; without a row for details that have id and name of their own. */
  details(number: number, row = -1): IndicatorDetails {
    return describeDetails(this.said(number), this.kindAt(row), row < 0 ? '' : this.valueAt(row));
  }

  /** What a source said itself, without anything derived: the input that makes the same details in another table. */
  said(number: number): DetailsInput {
    const { columns } = this;
    const { feed: _feed, ...shared } = columns.profiles[columns.profile[number] ?? 0] as DetailsProfile;
    const confidence = columns.confidence[number] ?? ABSENT_BYTE;
    const tlp = TLP_LEVELS[columns.tlp[number] ?? ABSENT_BYTE];
    return {
      ...shared,
      ...this.#text(number),
      ...(confidence === ABSENT_BYTE ? {} : { confidence }),
      ...(tlp === undefined ? {} : { tlp }),
      ...time('validFromMs', columns.validFrom[number]),
      ...time('validUntilMs', columns.validUntil[number]),
      ...time('modifiedMs', columns.modified[number]),
    };
  }

  /** Position in `feeds` of the feed that details came from. */
  feedOf(number: number): number {
    const { profiles, profile } = this.columns;
    return profiles[profile[number] ?? 0]?.feed ?? 0;
  }

  #text(number: number): DetailsText {
    const { textStart, texts } = this.columns;
    const [start = 0, end = 0] = [textStart[number], textStart[number + 1]];
    // The pool holds only what the builder wrote there, and a loaded file is checksummed.
    return start === end ? {} : (JSON.parse(texts.read(start, end)) as DetailsText);
  }

  /** The indicator with what its best source says. */
  get(row: number): Indicator {
    return {
      kind: this.kindAt(row),
      value: this.valueAt(row),
      semantics: this.semanticsAt(row),
      details: this.detailsAt(row)[0] as IndicatorDetails,
    };
  }

  *[Symbol.iterator](): Generator<Indicator> {
    for (let row = 0; row < this.size; row++) yield this.get(row);
  }

  /** Bytes of memory held by all columns. */
  get bytes(): number {
    return Object.values(this.columns).reduce(
      (sum: number, column: unknown) => sum + (ArrayBuffer.isView(column) ? column.byteLength : 0),
      this.columns.texts.memoryBytes,
    );
  }
}

/** Above every number in the column `shape`: four bits of kind, and the semantics. */
const MAX_SHAPE = SEMANTICS.length << 4;
const scratch = Buffer.alloc(4096);

/** UTF-8 of a value that is looked up; valid until the next call. */
function lookupBytes(value: string): Uint8Array {
  return value.length * 3 > scratch.length ? Buffer.from(value, 'utf8') : scratch.subarray(0, scratch.write(value));
}

/** Kind and semantics as one number. */
export function shapeOf(kind: IndicatorKind, semantics: Semantics): number {
  return (KIND_NUMBERS.get(kind) ?? 0) | ((SEMANTICS_NUMBERS.get(semantics) ?? 0) << 4);
}

const KIND_NUMBERS: ReadonlyMap<IndicatorKind, number> = new Map(INDICATOR_KINDS.map((kind, i) => [kind, i]));
const SEMANTICS_NUMBERS: ReadonlyMap<Semantics, number> = new Map(SEMANTICS.map((semantics, i) => [semantics, i]));

export function kindOfShape(shape: number): IndicatorKind {
  return INDICATOR_KINDS[shape & 15] ?? 'text';
}

export function semanticsOfShape(shape: number): Semantics {
  return SEMANTICS[shape >> 4] ?? 'exact';
}

/** The details with id and name, which are made from the value where the source gives none. */
export function describeDetails(said: DetailsInput, kind: IndicatorKind, value: string): IndicatorDetails {
  if (said.id !== undefined && said.name !== undefined) return { ...said, id: said.id, name: said.name };
  const id = said.id ?? `indicator--${uuidV5(ID_NAMESPACE, `${said.provider}\n${kind}\n${value}`)}`;
  return { ...said, id, name: said.name ?? (value === '' ? id : value) };
}

/** The highest confidence first, those without one last; equal ones keep their order. Sorts in place. */
export function byConfidence(details: IndicatorDetails[]): IndicatorDetails[] {
  return details.sort((a, b) => (b.confidence ?? -1) - (a.confidence ?? -1));
}

/** FNV-1a over the shape and the bytes, mixed at the end so that the low bits can address slots. */
export function valueHash(shape: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = startHash(shape);
  for (let i = start; i < end; i++) hash = stepHash(hash, bytes[i] ?? 0);
  return endHash(hash);
}

/** `valueHash` in steps: of the shape, then of each byte, then the end. */
export function startHash(shape: number): number {
  return stepHash(0x811c9dc5, shape);
}

export function stepHash(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

export function endHash(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (once ^ (once >>> 13)) >>> 0;
}

export function sameBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function time<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined || Number.isNaN(value) ? {} : ({ [key]: value } as Partial<Record<K, number>>);
}
