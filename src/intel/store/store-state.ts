/** StoreState: all that the store knows at one moment: the base, what changed since, and what later loads must know. */
import type { IndicatorTable } from '../../core/indicator-table.ts';
import { LayeredTable } from '../../core/layered-table.ts';
import type { Carried, FeedState, IntelSet } from '../intel-set.ts';
import { GrowingWords } from './growing-words.ts';
import { LayeredPatterns } from './layered-patterns.ts';
import type { SourceFeeds, StoreEntry } from './store-entry.ts';

/** Withdrawn ids that are remembered, four words each; beyond it the ones withdrawn longest ago are forgotten. */
const MAX_REVOKED = 1_000_000;

export class StoreState {
  readonly set: IntelSet;
  readonly indicators: LayeredTable;
  readonly benign: LayeredTable;
  readonly patterns: LayeredPatterns;
  readonly #revoked: GrowingWords;
  readonly #contested: GrowingWords;
  readonly #ordinals: GrowingWords;
  #markings: Carried['markings'];
  #sources: readonly SourceFeeds[];
  #expired = 0;

  /** `set`: the base as it was built; `sources`: its feeds by source. */
  constructor(set: IntelSet, sources: readonly SourceFeeds[]) {
    this.set = set;
    this.indicators = new LayeredTable(set.indicators);
    this.benign = new LayeredTable(set.benign.table);
    this.patterns = new LayeredPatterns(set);
    this.#revoked = new GrowingWords(set.revoked);
    this.#contested = new GrowingWords(set.contested);
    this.#ordinals = new GrowingWords(set.ordinals);
    this.#markings = set.markings;
    this.#sources = sources;
  }

  get carried(): Carried {
    return {
      revoked: this.#revoked.words,
      contested: this.#contested.words,
      ordinals: this.#ordinals.words,
      markings: this.#markings,
    };
  }

  get sources(): readonly SourceFeeds[] {
    return this.#sources;
  }

  get feeds(): readonly FeedState[] {
    return this.#sources.flatMap(({ feeds }) => feeds);
  }

  /** Rows that were removed since the base was built because they had expired. */
  get expired(): number {
    return this.#expired;
  }

  /** Takes an entry in; its rows too, unless somebody else applies them to the same tables. */
  apply(entry: StoreEntry, rows: 'rows' | 'without-rows' = 'rows'): void {
    if (rows === 'rows') {
      this.indicators.apply(entry.rows.indicators);
      this.benign.apply(entry.rows.benign);
      if (entry.rows.patterns !== undefined) this.patterns.apply(entry.rows.patterns);
      for (const renewal of entry.rows.renewed ?? []) {
        this.indicators.renew(renewal);
        this.benign.renew(renewal);
        this.patterns.renew(renewal);
      }
    }
    this.#revoked.append(entry.revoked, 4 * MAX_REVOKED);
    this.#contested.append(entry.contested);
    this.#ordinals.append(entry.ordinals);
    if (entry.markings.length > 0) this.#markings = [...new Map([...this.#markings, ...entry.markings])];
    this.#expired += entry.expired;
    this.#sources = this.#sources.map((known) => entry.sources.find(({ source }) => source === known.source) ?? known);
  }
}

/** Details of a base that count: of rows that count, of patterns and of rules. One byte each. */
export function liveDetails(
  layered: LayeredTable,
  base: IndicatorTable,
  patterns: Iterable<{ details: number }>,
): Uint8Array {
  const live = new Uint8Array(base.columns.profile.length);
  for (let row = 0; row < base.size; row++)
    if (layered.isLive(row)) for (const details of base.sourcesAt(row)) live[details] = 1;
  for (const { details } of patterns) live[details] = 1;
  return live;
}
