/**
 * A new base out of a base, its delta and its tombstones: the same indicators in one read-only table, without what has expired. What
 * matches before matches after it; row and details numbers are new.
 */
import type { Saying } from '../../core/indicator-rows.ts';
import type { IndicatorTable } from '../../core/indicator-table.ts';
import { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import type { LayeredTable } from '../../core/layered-table.ts';
import { BenignSet } from '../benign-set.ts';
import { SpillingTexts } from '../disk-texts.ts';
import type { IntelSet } from '../intel-set.ts';
import { isVersioned } from './diff-table.ts';
import type { StoreState } from './store-state.ts';

export interface MergeOptions {
  readonly nowMs: number;
  /** Where texts go that would take much memory; absent: they stay in memory. */
  readonly spillFolder?: string;
}

export function mergeLayers(state: StoreState, options: MergeOptions): IntelSet {
  const { nowMs, spillFolder } = options;
  const feeds = state.feeds.map(({ name }) => name);
  const texts = spillFolder === undefined ? undefined : new SpillingTexts(spillFolder);
  const indicators = new TableMerge(state.indicators, feeds, nowMs, new IndicatorTableBuilder(texts));
  indicators.copyRows();
  // Patterns and rules stay with the base, whatever their time: the detector asks each for its validity.
  const deferred = state.set.deferred.map((one) => ({ ...one, details: indicators.baseDetails(one.details) }));
  const sigma = state.set.sigma.map((one) => ({ ...one, details: indicators.baseDetails(one.details) }));
  const benign = new TableMerge(state.benign, feeds, nowMs, new IndicatorTableBuilder());
  benign.copyRows();
  return {
    indicators: indicators.builder.finish(),
    benign: new BenignSet(benign.builder.finish()),
    deferred,
    sigma,
    feeds: state.feeds,
    diagnostics: state.feeds.flatMap(({ diagnostics }) => diagnostics),
    ...state.carried,
    extra: new Map(),
  };
}

const NEVER = -1;

class TableMerge {
  readonly builder: IndicatorTableBuilder;
  readonly #layered: LayeredTable;
  readonly #base: IndicatorTable;
  readonly #nowMs: number;
  readonly #feeds = new Map<string, number>();
  /** New number of details of the base + 1. */
  readonly #numbers: Int32Array;
  /** Details out of the delta by all that they say. */
  readonly #ofSaying = new Map<string, number>();
  /** Versioned ones by feed and id: what the base says of the same version must become the same details. */
  readonly #ofId = new Map<string, number>();

  constructor(layered: LayeredTable, feeds: readonly string[], nowMs: number, builder: IndicatorTableBuilder) {
    this.#layered = layered;
    this.#base = layered.base;
    this.#nowMs = nowMs;
    this.builder = builder;
    this.#numbers = new Int32Array(this.#base.columns.profile.length);
    for (const feed of feeds) if (!this.#feeds.has(feed)) this.#feeds.set(feed, builder.addFeed(feed));
  }

  copyRows(): void {
    const { base, delta } = this.#layered;
    for (let row = 0; row < delta.size; row++)
      for (const saying of delta.sayingsAt(row))
        if (!((saying.said.validUntilMs ?? Number.NaN) <= this.#nowMs))
          this.builder.addShape(delta.shapeAt(row), delta.valueAt(row), this.#sayingDetails(saying));
    const { validUntil } = base.columns;
    for (let row = 0; row < base.size; row++) {
      if (!this.#layered.isLive(row)) continue;
      for (const number of base.sourcesAt(row))
        if (!((validUntil[number] ?? 0) <= this.#nowMs))
          this.builder.addShape(base.shapeAt(row), base.valueAt(row), this.baseDetails(number));
    }
  }

  /** New number of details of the base; copied the first time. */
  baseDetails(number: number): number {
    const known = (this.#numbers[number] ?? 0) - 1;
    if (known !== NEVER) return known;
    const feed = this.#base.columns.feeds[this.#base.feedOf(number)] ?? '';
    const said = this.#base.said(number);
    const same = isVersioned(said) ? this.#ofId.get(idOf(feed, said.id)) : undefined;
    const added = same ?? this.builder.addDetails(this.#feedNumber(feed), said);
    this.#numbers[number] = added + 1;
    return added;
  }

  #sayingDetails(saying: Saying): number {
    const key = JSON.stringify(saying);
    let number = this.#ofSaying.get(key);
    if (number === undefined) {
      const { feed, said } = saying;
      number = this.builder.addDetails(this.#feedNumber(feed), said);
      this.#ofSaying.set(key, number);
      if (isVersioned(said)) this.#ofId.set(idOf(feed, said.id), number);
    }
    return number;
  }

  #feedNumber(name: string): number {
    let number = this.#feeds.get(name);
    if (number === undefined) {
      number = this.builder.addFeed(name);
      this.#feeds.set(name, number);
    }
    return number;
  }
}

function idOf(feed: string, id: string): string {
  return `${feed}\n${id}`;
}
