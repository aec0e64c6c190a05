/**
 * A new base out of a base, its delta and its tombstones: the same indicators in one read-only table, without what has expired. What
 * matches before matches after it; row and details numbers are new.
 */
import type { Saying } from '../../core/indicator-rows.ts';
import type { IndicatorTable } from '../../core/indicator-table.ts';
import { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import type { LayeredTable } from '../../core/layered-table.ts';
import { idKey, keyHash, NO_ID } from '../../core/stix-id.ts';
import { BenignSet } from '../benign-set.ts';
import { SpillingTexts } from '../disk-texts.ts';
import type { IntelSet } from '../intel-set.ts';
import { detailTexts, idHashes } from './detail-texts.ts';
import { isVersioned } from './diff-table.ts';
import { liveDetails, type StoreState } from './store-state.ts';

export interface MergeOptions {
  readonly nowMs: number;
  /** Where texts go that would take much memory; absent: they stay in memory. */
  readonly spillFolder?: string;
}

export function mergeLayers(state: StoreState, options: MergeOptions): IntelSet {
  const { nowMs, spillFolder } = options;
  const feeds = state.feeds.map(({ name }) => name);
  const texts = spillFolder === undefined ? undefined : new SpillingTexts(spillFolder);
  const patterns = [...state.patterns.live()];
  const inBase = patterns.flatMap(({ details }) => (details === undefined ? [] : [{ details }]));
  const indicators = new TableMerge(state.indicators, feeds, nowMs, new IndicatorTableBuilder(texts), [
    ...inBase,
    ...state.set.sigma,
  ]);
  indicators.copyRows();
  // Patterns and rules stay with the base, whatever their time: the detector asks each for its validity.
  const deferred = patterns.map(({ pattern, reason, feed, said, details }) => ({
    ...{ pattern, reason },
    details: details === undefined ? indicators.addedDetails({ feed, said }) : indicators.baseDetails(details),
  }));
  const sigma = state.set.sigma.map((one) => ({ ...one, details: indicators.baseDetails(one.details) }));
  const benign = new TableMerge(state.benign, feeds, nowMs, new IndicatorTableBuilder(), []);
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

const NO_TEXT = new Uint8Array(0);

class TableMerge {
  readonly builder: IndicatorTableBuilder;
  readonly #layered: LayeredTable;
  readonly #base: IndicatorTable;
  readonly #nowMs: number;
  readonly #patterns: readonly { readonly details: number }[];
  readonly #feeds = new Map<string, number>();
  /** New number of details of the base + 1. */
  readonly #numbers: Int32Array;
  /** Details out of the delta by all that they say. */
  readonly #ofSaying = new Map<string, number>();
  /** Versioned ones by feed and id: what the base says of the same version must become the same details. */
  readonly #ofId = new Map<string, number>();
  /** `keyHash` of their ids. */
  readonly #changedIds = new Set<number>();

  /** Number in the new table of each profile of the base. */
  readonly #profiles = new Map<number, number>();

  /** `patterns`: what else refers to details of the base. */
  constructor(
    layered: LayeredTable,
    feeds: readonly string[],
    nowMs: number,
    builder: IndicatorTableBuilder,
    patterns: readonly { readonly details: number }[],
  ) {
    this.#patterns = patterns;
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
          this.builder.addShape(delta.shapeAt(row), delta.valueAt(row), this.addedDetails(saying));
    this.#copyDetails();
    const { validUntil } = base.columns;
    for (let row = 0; row < base.size; row++) {
      if (!this.#layered.isLive(row)) continue;
      for (const number of base.sourcesAt(row))
        if (!((validUntil[number] ?? 0) <= this.#nowMs))
          this.builder.addShape(base.shapeAt(row), base.valueAt(row), this.baseDetails(number));
    }
  }

  /** New number of details of the base that count. */
  baseDetails(number: number): number {
    return (this.#numbers[number] ?? 0) - 1;
  }

  /** Details of the base that count, in their order: a million texts one by one would take long to read and longer to parse. */
  #copyDetails(): void {
    const base = this.#base;
    const { profile, textStart } = base.columns;
    const wanted = this.#wanted();
    const ids = idHashes(base);
    const texts = detailTexts(base, wanted);
    for (let number = 0; number < profile.length; number++) {
      if (wanted[number] !== 1) continue;
      const [text] = textStart[number] === textStart[number + 1] ? [NO_TEXT] : nextText(texts);
      const idHash = ids[number] ?? NO_ID;
      const same = this.#changedIds.has(idHash) ? this.#sameDetails(number) : undefined;
      this.#numbers[number] = 1 + (same ?? this.#copy(number, text, idHash));
    }
  }

  /** 1 for details of rows that count, of patterns and of rules. */
  #wanted(): Uint8Array {
    const { validUntil } = this.#base.columns;
    const wanted = liveDetails(this.#layered, this.#base, []);
    for (let number = 0; number < wanted.length; number++)
      if ((validUntil[number] ?? 0) <= this.#nowMs) wanted[number] = 0;
    for (const { details } of this.#patterns) wanted[details] = 1;
    return wanted;
  }

  /** What the delta says of the same version. */
  #sameDetails(number: number): number | undefined {
    const said = this.#base.said(number);
    const feed = this.#base.columns.feeds[this.#base.feedOf(number)] ?? '';
    return isVersioned(said) ? this.#ofId.get(idOf(feed, said.id)) : undefined;
  }

  #copy(number: number, text: Uint8Array, idHash: number): number {
    const base = this.#base;
    const { profile, profiles, feeds } = base.columns;
    const old = profile[number] ?? 0;
    let copied = this.#profiles.get(old);
    if (copied === undefined) {
      const one = profiles[old];
      if (one !== undefined) copied = this.builder.copyProfile(this.#feedNumber(feeds[one.feed] ?? ''), one);
      if (copied === undefined)
        return this.builder.addDetails(this.#feedNumber(feeds[base.feedOf(number)] ?? ''), base.said(number));
      this.#profiles.set(old, copied);
    }
    return this.builder.copyDetails(copied, base, number, text, idHash);
  }

  /** Number of what came since the base. */
  addedDetails(saying: Saying): number {
    const key = JSON.stringify(saying);
    let number = this.#ofSaying.get(key);
    if (number === undefined) {
      const { feed, said } = saying;
      number = this.builder.addDetails(this.#feedNumber(feed), said);
      this.#ofSaying.set(key, number);
      if (isVersioned(said)) {
        this.#ofId.set(idOf(feed, said.id), number);
        this.#changedIds.add(keyHash(idKey(said.id)));
      }
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

function nextText(texts: Iterator<readonly [number, Uint8Array]>): readonly [Uint8Array] {
  const next = texts.next();
  return [next.done === true ? NO_TEXT : next.value[1]];
}

function idOf(feed: string, id: string): string {
  return `${feed}\n${id}`;
}
