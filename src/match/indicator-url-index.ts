/**
 * URL rows of an indicator table by host and target, open addressing in typed arrays. A row is found by the hash of its host and
 * target; scheme and port are compared afterwards, because either side may not know them. With prefix rows, each border of the
 * observed target is asked for in one pass over it. Rows that stand for their host are found by the host alone.
 *
 * Cost: 16 bytes per URL row.
 */
import type { IndicatorTable } from '../core/indicator-table.ts';
import type { Place } from '../core/observable.ts';
import { parseUrl, type WebUrl } from '../core/web-url.ts';
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

export class UrlIndex {
  readonly columns: UrlIndexColumns;
  readonly #table: IndicatorTable;

  constructor(table: IndicatorTable, columns: UrlIndexColumns = buildColumns(table)) {
    this.#table = table;
    this.columns = columns;
  }

  /** Rows that an observed URL satisfies. */
  match(value: string, place: Place): UrlHit[] {
    const hits: UrlHit[] = [];
    const seen = this.columns.slots.length > 2 ? parseUrl(value) : undefined;
    if (seen === undefined) return hits;
    const { target } = seen;
    let hash = startHash(seen.host);
    const hasPrefix = (this.columns.shape & HAS_PREFIX) !== 0;
    for (let i = 0; i < target.length; i++) {
      if (hasPrefix && isBorder(target, i)) this.#collect(finish(hash), seen, place, hits);
      hash = step(hash, target.charCodeAt(i));
    }
    this.#collect(finish(hash), seen, place, hits);
    return hits;
  }

  /** Rows that stand for their host. */
  matchHost(host: string): number[] {
    if ((this.columns.shape & HAS_HOST) === 0) return [];
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

  *#rowsOf(hash: number): Generator<number> {
    const { slots } = this.columns;
    const mask = slots.length / 2 - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = (slots[2 * slot + 1] ?? 0) - 1;
      if (row < 0) return;
      if (slots[2 * slot] === hash) yield row;
    }
  }
}

/** A prefix may end before this character: it begins a new segment or parameter, or the one before ends one. */
function isBorder(target: string, index: number): boolean {
  return index > 0 && (/[/?&]/.test(target[index] as string) || /[/?&=]/.test(target[index - 1] as string));
}

function buildColumns(table: IndicatorTable): UrlIndexColumns {
  let count = 0;
  for (let row = 0; row < table.size; row++) if (table.kindAt(row) === 'url') count++;
  const slots = new Uint32Array(2 * 2 ** Math.ceil(Math.log2(count * 1.5 + 1)));
  const mask = slots.length / 2 - 1;
  let shape = 0;
  for (let row = 0; row < table.size; row++) {
    if (table.kindAt(row) !== 'url') continue;
    const semantics = table.semanticsAt(row);
    if (semantics === 'prefix') shape |= HAS_PREFIX;
    if (semantics === 'host') shape |= HAS_HOST;
    const value = table.valueAt(row);
    const url = parseUrl(value);
    let hash = startHash(url?.host ?? value);
    if (semantics !== 'host' && url !== undefined)
      for (let i = 0; i < url.target.length; i++) hash = step(hash, url.target.charCodeAt(i));
    hash = finish(hash);
    let slot = hash & mask;
    while ((slots[2 * slot + 1] ?? 0) !== 0) slot = (slot + 1) & mask;
    slots[2 * slot] = hash;
    slots[2 * slot + 1] = row + 1;
  }
  return { slots, shape };
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
