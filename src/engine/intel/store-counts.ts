/**
 * StoreCounts: what the store of indicators has done since the start, for the metrics page.
 */
import type { RefreshWay } from './intel-refresh.ts';

export class StoreCounts {
  /** Of the delta and the rebuilt ones, sources of which only the records that changed were read. */
  refreshesPartial = 0;
  merges = 0;
  /** Rows removed because they had expired. */
  expired = 0;
  readonly #refreshes: Record<RefreshWay, number> = { unchanged: 0, delta: 0, rebuild: 0 };

  refreshed(way: RefreshWay): void {
    this.#refreshes[way]++;
  }

  get metrics(): Readonly<Record<string, number>> {
    const { unchanged, delta, rebuild } = this.#refreshes;
    return {
      refreshes_unchanged: unchanged,
      refreshes_delta: delta,
      refreshes_partial: this.refreshesPartial,
      refreshes_rebuild: rebuild,
      merges: this.merges,
      expired: this.expired,
    };
  }
}
