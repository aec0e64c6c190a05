/**
 * URL rows of an indicator table by host and target, open addressing in typed arrays. A row is found by the hash of its host and
 * target; scheme and port are compared afterwards, because either side may not know them. With prefix rows, each border of the
 * observed target is asked for in one pass over it. Rows that stand for their host are found by the host alone.
 *
 * Cost: 16 bytes per URL row.
 */
import type { IndicatorRows } from '../core/indicator-rows.ts';
import { INDICATOR_KINDS } from '../core/indicator-table.ts';
import type { Place } from '../core/observable.ts';
import { parseUrl, splitCanonicalUrl, type WebUrl } from '../core/web-url.ts';
import { urlMatches } from './url-relation.ts';

export interface UrlHit {
  readonly row: number;
  readonly relation: 'exact' | 'prefix';
}

/** As saved in a compiled indicator file. */
export interface UrlIndexColumns {
  /** Pairs of hash and row + 1; 0 is a free slot. The number of pairs is a power of two. */
  readonly slots: Uint32Array;
  /** Bit 0: prefix rows, bit 1: host rows. */
  readonly shape: number;
}

const HAS_PREFIX = 1;
const HAS_HOST = 2;

const URL = INDICATOR_KINDS.indexOf('url');

export class UrlIndex {
  readonly #table: IndicatorRows;
  #slots: Uint32Array;
  #shape: number;
  /** URL rows; -1 while they were not counted. */
  #count = -1;

  /** `columns` of an earlier index of the same table; none: built here. */
  constructor(table: IndicatorRows, columns?: UrlIndexColumns) {
    this.#table = table;
    this.#slots = columns?.slots ?? new Uint32Array(2);
    this.#shape = columns?.shape ?? 0;
    if (columns !== undefined) return;
    const shapes = [...table.shapes()].filter((shape) => (shape & 15) === URL);
    let count = 0;
    for (const shape of shapes) for (const _ of table.rowsWithShape(shape)) count++;
    if (count > 0) this.#slots = new Uint32Array(2 * slotsFor(count));
    this.#count = 0;
    for (const shape of shapes) for (const row of table.rowsWithShape(shape)) this.add(row);
  }

  get columns(): UrlIndexColumns {
    return { slots: this.#slots, shape: this.#shape };
  }

  /** A row that the table has now; rows of other kinds are left alone. */
  add(row: number): void {
    if ((this.#table.shapeAt(row) & 15) !== URL) return;
    if (this.#count < 0) this.#count = usedSlots(this.#slots);
    if (slotsFor(++this.#count) * 2 > this.#slots.length) this.#grow();
    const semantics = this.#table.semanticsAt(row);
    if (semantics === 'prefix') this.#shape |= HAS_PREFIX;
    if (semantics === 'host') this.#shape |= HAS_HOST;
    const value = this.#table.valueAt(row);
    const url = parseUrl(value);
    let hash = startHash(url?.host ?? value);
    if (semantics !== 'host' && url !== undefined)
      for (let i = 0; i < url.target.length; i++) hash = step(hash, url.target.charCodeAt(i));
    insert(this.#slots, finish(hash), row + 1);
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    for (let slot = 0; slot < before.length; slot += 2) {
      const entry = before[slot + 1] ?? 0;
      if (entry !== 0) insert(this.#slots, before[slot] ?? 0, entry);
    }
  }

  /** Rows that an observed URL satisfies. */
  match(value: string, place: Place): readonly UrlHit[] {
    const seen = this.#slots.length > 2 ? splitCanonicalUrl(value) : undefined;
    if (seen === undefined) return NO_HITS;
    const hits: UrlHit[] = [];
    const { target } = seen;
    let hash = startHash(seen.host);
    const hasPrefix = (this.#shape & HAS_PREFIX) !== 0;
    for (let i = 0; i < target.length; i++) {
      if (hasPrefix && isBorder(target, i)) this.#collect(finish(hash), seen, place, hits);
      hash = step(hash, target.charCodeAt(i));
    }
    this.#collect(finish(hash), seen, place, hits);
    return hits;
  }

  /** Rows that stand for their host. */
  matchHost(host: string): readonly number[] {
    if ((this.#shape & HAS_HOST) === 0) return NO_ROWS;
    const rows: number[] = [];
    for (const row of this.#rowsOf(finish(startHash(host)))) {
      if (this.#table.semanticsAt(row) !== 'host') continue;
      const value = this.#table.valueAt(row);
      if ((parseUrl(value)?.host ?? value) === host) rows.push(row);
    }
    return rows;
  }

  #collect(hash: number, seen: WebUrl, place: Place, hits: UrlHit[]): void {
    for (const row of this.#rowsOf(hash)) {
      const semantics = this.#table.semanticsAt(row);
      const wanted = semantics === 'host' ? undefined : parseUrl(this.#table.valueAt(row));
      const relation = wanted === undefined ? undefined : urlMatches(wanted, seen, semantics, place);
      if (relation !== undefined && !hits.some((hit) => hit.row === row)) hits.push({ row, relation });
    }
  }

  #rowsOf(hash: number): readonly number[] {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let rows: number[] | undefined;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = (slots[2 * slot + 1] ?? 0) - 1;
      if (row < 0) return rows ?? NO_ROWS;
      if (slots[2 * slot] !== hash) continue;
      if (rows === undefined) rows = [row];
      else rows.push(row);
    }
  }
}

const NO_HITS: readonly UrlHit[] = Object.freeze([]);
const NO_ROWS: readonly number[] = Object.freeze([]);

/** A prefix may end before this character: it begins a new segment or parameter, or the one before ends one. */
function isBorder(target: string, index: number): boolean {
  if (index === 0) return false;
  const before = target.charCodeAt(index - 1);
  return isSeparator(target.charCodeAt(index)) || isSeparator(before) || before === 0x3d;
}

/** `/`, `?`, `&` */
function isSeparator(code: number): boolean {
  return code === 0x2f || code === 0x3f || code === 0x26;
}

function usedSlots(slots: Uint32Array): number {
  let count = 0;
  for (let slot = 1; slot < slots.length; slot += 2) if (slots[slot] !== 0) count++;
  return count;
}

/** A power of two that leaves a third of the slots free. */
function slotsFor(count: number): number {
  return 2 ** Math.ceil(Math.log2(count * 1.5 + 1));
}

function insert(slots: Uint32Array, hash: number, entry: number): void {
  const mask = slots.length / 2 - 1;
  let slot = hash & mask;
  while ((slots[2 * slot + 1] ?? 0) !== 0) slot = (slot + 1) & mask;
  slots[2 * slot] = hash;
  slots[2 * slot + 1] = entry;
}

function startHash(host: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < host.length; i++) hash = step(hash, host.charCodeAt(i));
  return hash;
}

function step(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
