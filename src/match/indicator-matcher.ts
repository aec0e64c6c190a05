/**
 * IndicatorMatcher: the exact path behind the scanner. Everything observed in a candidate's event is looked up in the columns of
 * the indicator table; the answer is that of the reference matcher (`indicator-oracle.ts`), by a random differential test.
 *
 * Removed rows are tombstones. Of a table that grows (a delta) each new row is added; a base and its delta have a matcher each
 * (`layered-matcher.ts`).
 */
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
    const { observables, texts } = observed;
    for (let i = 0; i < observables.length; i++) this.#matchObservable(observables[i] as Observable, hits);
    for (const hit of this.#texts.match(texts)) hits.push(hit);
    return this.#removed.size === 0 ? hits : hits.filter((hit) => !this.#removed.has(hit.row));
  }

  #matchObservable(observable: Observable, hits: IndicatorRowHit[]): void {
    const { kind, value, place } = observable;
    if (kind === 'url') {
      for (const { row, relation } of this.#urls.match(value, place)) hits.push(hitOf(observable, row, relation));
      return;
    }
    const { table } = this;
    const shapes = this.#shapes[KIND_NUMBERS[kind]] as readonly number[];
    for (let i = 0; i < shapes.length; i++) {
      const row = table.findShape(shapes[i] as number, value);
      if (row >= 0) hits.push(hitOf(observable, row, 'exact'));
    }
    if (kind === 'domain') {
      for (const row of this.#urls.matchHost(value)) hits.push(hitOf(observable, row, 'exact'));
      if (!shapes.includes(SUBDOMAIN)) return;
      for (let dot = value.indexOf('.'); dot >= 0; dot = value.indexOf('.', dot + 1)) {
        const row = table.findShape(SUBDOMAIN, value.slice(dot + 1));
        if (row >= 0) hits.push(hitOf(observable, row, 'subdomain'));
      }
    } else if (kind === 'ipv4' || kind === 'ipv6') {
      for (const row of this.#urls.matchHost(value)) hits.push(hitOf(observable, row, 'exact'));
      for (const row of this.#networks.rowsOf(value)) hits.push(hitOf(observable, row, 'network'));
    }
  }
}

const KIND_NUMBERS = Object.fromEntries(INDICATOR_KINDS.map((kind, number) => [kind, number])) as Readonly<
  Record<IndicatorKind, number>
>;

function hitOf({ field, seen, place }: Observable, row: number, relation: string): IndicatorRowHit {
  return { row, field, seen, how: describeHow(relation, place) };
}
