/**
 * IntelBuilder: the tables that all feeds of one load fill, feed by feed. A feed that breaks can be undone completely, the
 * versions it replaced included, and its last good content copied from an earlier set.
 */
import { IndicatorTableBuilder } from '../core/indicator-table-builder.ts';
import { WordKeys } from '../core/word-keys.ts';
import { MarkingDefinitions } from '../rules/stix/markings.ts';
import { NameOrdinals } from '../rules/stix/name-ordinals.ts';
import {
  type DeferredPattern,
  detailsHandle,
  dropDetails,
  restoreDetails,
  type SigmaPattern,
  type StixTarget,
} from '../rules/stix/stix-loader.ts';
import { VersionIndex } from '../rules/stix/version-index.ts';
import { BenignSet } from './benign-set.ts';
import { SpillingTexts } from './disk-texts.ts';
import type { Carried, FeedState, IntelSet } from './intel-set.ts';
import { mergeTable } from './merge-table.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';

interface Mark {
  readonly indicators: number;
  readonly benign: number;
  readonly deferred: number;
  readonly sigma: number;
}

export class IntelBuilder implements StixTarget {
  readonly indicators: IndicatorTableBuilder;
  readonly benign = new IndicatorTableBuilder();
  readonly versions: VersionIndex;
  readonly markings: MarkingDefinitions;
  readonly ordinals: NameOrdinals;
  readonly deferred: DeferredPattern[] = [];
  readonly sigma: SigmaPattern[] = [];
  #mark: Mark | undefined;

  /** `spillFolder`: where texts go that would take much memory; absent: they stay in memory. `carried`: of an earlier load. */
  constructor(spillFolder?: string, carried: Partial<Carried> = {}) {
    this.indicators = new IndicatorTableBuilder(spillFolder === undefined ? undefined : new SpillingTexts(spillFolder));
    this.markings = new MarkingDefinitions(carried.markings);
    this.ordinals = new NameOrdinals(carried.ordinals);
    this.versions = new VersionIndex(carried.revoked === undefined ? undefined : new WordKeys(carried.revoked, 4));
  }

  /** Numbers of a new feed in the two tables. */
  addFeed(name: string): { readonly indicatorsFeed: number; readonly benignFeed: number } {
    return { indicatorsFeed: this.indicators.addFeed(name), benignFeed: this.benign.addFeed(name) };
  }

  /** What follows can be undone. */
  begin(): void {
    this.versions.begin();
    this.#mark = {
      indicators: this.indicators.detailsCount,
      benign: this.benign.detailsCount,
      deferred: this.deferred.length,
      sigma: this.sigma.length,
    };
  }

  commit(): void {
    this.versions.commit();
    this.#mark = undefined;
  }

  /** Undoes everything since `begin`. */
  rollback(): void {
    const mark = this.#mark;
    if (mark === undefined) return;
    for (let details = mark.indicators; details < this.indicators.detailsCount; details++)
      this.indicators.drop(details);
    for (let details = mark.benign; details < this.benign.detailsCount; details++) this.benign.drop(details);
    this.deferred.length = mark.deferred;
    this.sigma.length = mark.sigma;
    this.versions.rollback((handle) => restoreDetails(this, handle));
    this.#mark = undefined;
  }

  /** Copies what the feeds of an earlier or compiled set say; `name` undefined for all of them. Returns the values copied. */
  copyFrom(set: IntelSet, name?: string): number {
    const { indicators, benign } = set;
    const numbers = (feeds: readonly string[], add: (feed: string) => number): Map<number, number> =>
      new Map(feeds.flatMap((feed, i) => (name === undefined || feed === name ? [[i, add(feed)] as const] : [])));
    const shared = { versions: this.versions, drop: (handle: number) => dropDetails(this, handle) };
    const merged = mergeTable(
      indicators,
      numbers(indicators.columns.feeds, (feed) => this.indicators.addFeed(feed)),
      { ...shared, builder: this.indicators, handle: (details) => detailsHandle(details, false) },
    );
    const mergedBenign = mergeTable(
      benign.table,
      numbers(benign.table.columns.feeds, (feed) => this.benign.addFeed(feed)),
      { ...shared, builder: this.benign, handle: (details) => detailsHandle(details, true) },
    );
    for (const pattern of set.deferred) {
      const details = merged.newDetails(pattern.details);
      if (details !== undefined) this.deferred.push({ ...pattern, details });
    }
    for (const rule of set.sigma) {
      const details = merged.newDetails(rule.details);
      if (details !== undefined) this.sigma.push({ ...rule, details });
    }
    this.versions.importRevoked(set.revoked, (handle) => dropDetails(this, handle));
    return merged.values + mergedBenign.values;
  }

  finish(feeds: readonly FeedState[], diagnostics: readonly Diagnostic[]): IntelSet {
    const isLive = ({ details }: { readonly details: number }): boolean => !this.indicators.isDropped(details);
    return {
      deferred: this.deferred.filter(isLive),
      sigma: this.sigma.filter(isLive),
      indicators: this.indicators.finish(),
      benign: new BenignSet(this.benign.finish()),
      feeds,
      diagnostics: [...diagnostics, ...feeds.flatMap((feed) => feed.diagnostics)],
      revoked: this.versions.exportRevoked(),
      contested: this.versions.exportContested(),
      ordinals: this.ordinals.export(),
      markings: this.markings.export(),
      extra: new Map(),
    };
  }
}
