/**
 * IndicatorMatcher: the exact path behind the scanner. Everything observed in a candidate's event is looked up in the columns of
 * the indicator table; the answer is that of the reference matcher (`indicator-oracle.ts`), by a random differential test.
 *
 * Removed rows are tombstones. Of a table that grows (a delta) each new row is added; a base and its delta have a matcher each
 * (`layered-matcher.ts`).
 */
import { parentDomains } from '../core/domain-name.ts';
import type { IndicatorKind } from '../core/indicator.ts';
import type { IndicatorRows } from '../core/indicator-rows.ts';
import { INDICATOR_KINDS, shapeOf } from '../core/indicator-table.ts';
import type { Observable } from '../core/observable.ts';
import type { Observed } from '../core/observed.ts';
import { describeHow } from './indicator-oracle.ts';
import { TextIndex } from './indicator-text-index.ts';
import { NetworkIndex } from './indicator-network-index.ts';
import { UrlIndex, type UrlIndexColumns } from './indicator-url-index.ts';

/** One row of the table found in one place of an event. */
export interface IndicatorRowHit {
  readonly row: number;
  readonly field: string;
  readonly seen: string;
  readonly how: string;
}

const SUBDOMAIN = shapeOf('domain', 'subdomain');
const DOMAIN = INDICATOR_KINDS.indexOf('domain');

export class IndicatorMatcher {
  readonly table: IndicatorRows;
  readonly #urls: UrlIndex;
  readonly #texts: TextIndex;
  /** Values of `shape` that occur, for each kind. */
  readonly #shapes: readonly number[][] = INDICATOR_KINDS.map(() => []);
  readonly #networks: NetworkIndex;
  readonly #removed = new Set<number>();

  /** `urls` are the columns that `urlColumns` of an earlier matcher of the same table returned. */
  constructor(table: IndicatorRows, urls?: UrlIndexColumns) {
    this.table = table;
    for (const shape of table.shapes()) this.#shapes[shape & 15]?.push(shape);
    this.#urls = new UrlIndex(table, urls);
    this.#texts = new TextIndex(table);
    this.#networks = new NetworkIndex(table);
  }

  /** To be saved beside the table's columns. */
  get urlColumns(): UrlIndexColumns {
    return this.#urls.columns;
  }

  /** A row that the table has now and had not when the matcher was made. */
  add(row: number): void {
    const shape = this.table.shapeAt(row);
    const shapes = this.#shapes[shape & 15];
    if (shapes?.includes(shape) === false) shapes.push(shape);
    this.#urls.add(row);
    this.#texts.add(row);
    this.#networks.add(row);
  }

  /** The row matches no more. */
  remove(row: number): void {
    this.#removed.add(row);
  }

  /** Every hit, several for one row when its value stands in several places. */
  match(observed: Observed): IndicatorRowHit[] {
    const hits: IndicatorRowHit[] = [];
    for (const observable of observed.observables) this.#matchObservable(observable, hits);
    hits.push(...this.#texts.match(observed.texts));
    return this.#removed.size === 0 ? hits : hits.filter((hit) => !this.#removed.has(hit.row));
  }

  #matchObservable(observable: Observable, hits: IndicatorRowHit[]): void {
    const { kind, value, field, seen, place } = observable;
    const add = (row: number, relation: string): void => {
      hits.push({ row, field, seen, how: describeHow(relation, place) });
    };
    if (kind === 'url') {
      for (const { row, relation } of this.#urls.match(value, place)) add(row, relation);
      return;
    }
    for (const row of this.#rowsOf(kind, value)) add(row, 'exact');
    if (kind === 'domain') {
      for (const row of this.#urls.matchHost(value)) add(row, 'exact');
      if (this.#shapes[DOMAIN]?.includes(SUBDOMAIN) === true)
        for (const parent of parentDomains(value)) {
          const row = this.table.findShape(SUBDOMAIN, parent);
          if (row >= 0) add(row, 'subdomain');
        }
    } else if (kind === 'ipv4' || kind === 'ipv6') {
      for (const row of this.#urls.matchHost(value)) add(row, 'exact');
      for (const row of this.#networks.rowsOf(value)) add(row, 'network');
    }
  }

  #rowsOf(kind: IndicatorKind, value: string): readonly number[] {
    const shapes = this.#shapes[INDICATOR_KINDS.indexOf(kind)] ?? [];
    return shapes.length === 0 ? NO_ROWS : this.table.rowsOf(shapes, value);
  }
}

const NO_ROWS: readonly number[] = Object.freeze([]);
