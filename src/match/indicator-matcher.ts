/**
 * IndicatorMatcher: the exact path behind the scanner. Everything observed in a candidate's event is looked up in the columns of
 * the indicator table; the answer is that of the reference matcher (`indicator-oracle.ts`), by a random differential test.
 *
 * Removed rows are tombstones; additions live in a second, small table with a matcher of its own, until both are merged.
 */
import { parentDomains } from '../core/domain-name.ts';
import type { IndicatorKind } from '../core/indicator.ts';
import { INDICATOR_KINDS, type IndicatorTable, SEMANTICS } from '../core/indicator-table.ts';
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

const SUBDOMAIN = SEMANTICS.indexOf('subdomain') << 4;
const URL_KIND = INDICATOR_KINDS.indexOf('url');

export class IndicatorMatcher {
  readonly table: IndicatorTable;
  readonly #urls: UrlIndex;
  readonly #texts: TextIndex;
  /** Values of `shape` that occur, for each kind. */
  readonly #shapes: readonly (readonly number[])[];
  readonly #networks: NetworkIndex;
  readonly #removed = new Set<number>();

  /** `urls` are the columns that `urlColumns` of an earlier matcher of the same table returned. */
  constructor(table: IndicatorTable, urls?: UrlIndexColumns) {
    this.table = table;
    this.#urls = urls === undefined ? new UrlIndex(table) : new UrlIndex(table, urls);
    this.#texts = new TextIndex(table);
    const shapes = new Set(table.columns.shape);
    this.#shapes = INDICATOR_KINDS.map((_, kind) => [...shapes].filter((shape) => (shape & 15) === kind));
    this.#networks = new NetworkIndex(table);
  }

  /** To be saved beside the table's columns. */
  get urlColumns(): UrlIndexColumns {
    return this.#urls.columns;
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
      if (this.#shapes[0]?.includes(SUBDOMAIN) === true)
        for (const parent of parentDomains(value)) {
          const row = this.table.findBytes(SUBDOMAIN, Buffer.from(parent));
          if (row >= 0) add(row, 'subdomain');
        }
    } else if (kind === 'ipv4' || kind === 'ipv6') {
      for (const row of this.#urls.matchHost(value)) add(row, 'exact');
      for (const row of this.#networks.rowsOf(value)) add(row, 'network');
    }
  }

  #rowsOf(kind: IndicatorKind, value: string): number[] {
    const shapes = this.#shapes[INDICATOR_KINDS.indexOf(kind)] ?? [];
    if (shapes.length === 0 || kind === INDICATOR_KINDS[URL_KIND]) return [];
    const bytes = Buffer.from(value);
    const rows: number[] = [];
    for (const shape of shapes) {
      const row = this.table.findBytes(shape, bytes);
      if (row >= 0) rows.push(row);
    }
    return rows;
  }
}
