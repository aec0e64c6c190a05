/**
 * LiveSink: what the store of indicators tells of each change, so that it becomes live: the running generation.
 */
import type { IntelSet } from '../../intel/intel-set.ts';
import type { PatternChange } from '../../intel/store/layered-patterns.ts';
import type { IntelRows } from '../../intel/store/store-entry.ts';
import type { CompiledLayer } from '../rules/pattern-layer.ts';
import type { LayerMerge, WantedMerge } from '../rules/pattern-layers.ts';
import type { BuiltIntel } from './intel-jobs.ts';
import type { AppliedRows } from './live-indicators.ts';

export interface LiveSink {
  /** Entries of `stix_mappings`, by which patterns are compiled for it. */
  readonly stixMappings: readonly unknown[];
  /** `layer`: of the patterns among the rows. */
  applyRows(rows: IntelRows, entry: Uint8Array, layer?: CompiledLayer): AppliedRows;
  /** Other patterns alone. */
  applyPatterns(change: PatternChange, layer: CompiledLayer): void;
  /** Undefined while the layers of patterns are few. */
  readonly wantedMerge: WantedMerge | undefined;
  /** Joins layers of patterns. */
  mergePatterns(merge: LayerMerge): void;
  /** A new base; `since` are the entries that came after it was begun. */
  swapIntel(set: IntelSet, built: BuiltIntel, since: readonly Uint8Array[]): void;
  showFeeds(feeds: IntelSet['feeds']): void;
}
