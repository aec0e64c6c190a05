/**
 * LayeredMatcher: a base and its delta matched as one table. Each layer has a matcher of its own; what counts in neither way is left
 * out, so that the answer is that of one table built from the same rows (by a random differential test).
 */
import type { Observed } from '../core/observed.ts';
import type { ChangeCounts, LayeredTable } from '../core/layered-table.ts';
import type { TableChange } from '../core/table-change.ts';
import { IndicatorMatcher, type IndicatorRowHit } from './indicator-matcher.ts';
import type { UrlIndexColumns } from './indicator-url-index.ts';

export class LayeredMatcher {
  readonly table: LayeredTable;
  readonly #base: IndicatorMatcher;
  readonly #delta: IndicatorMatcher;

  /** `urls`: of an earlier matcher of the same base. */
  constructor(table: LayeredTable, urls?: UrlIndexColumns) {
    this.table = table;
    this.#base = new IndicatorMatcher(table.base, urls);
    for (const row of table.buriedRows()) this.#base.remove(row);
    this.#delta = new IndicatorMatcher(table.delta);
  }

  /** To be saved beside the columns of the base. */
  get urlColumns(): UrlIndexColumns {
    return this.#base.urlColumns;
  }

  /** Changes the table and goes on matching it. `added` is told of each row that is new in the delta. */
  apply(change: TableChange, added: (deltaRow: number) => void = () => undefined): ChangeCounts {
    return this.table.apply(change, {
      added: (row) => {
        this.#delta.add(row);
        added(row);
      },
      buried: (row) => this.#base.remove(row),
    });
  }

  /** Rows are those of the layered table. */
  match(observed: Observed): IndicatorRowHit[] {
    const hits = this.#base.match(observed);
    const { base, delta } = this.table;
    if (delta.liveCount === 0) return hits;
    for (const hit of this.#delta.match(observed))
      if (delta.isLive(hit.row)) hits.push({ ...hit, row: base.size + hit.row });
    return hits;
  }
}
