/** What a refresh has come to over all its sources: the way it took and how many values it changed. */
import type { ChangeCounts } from '../../core/layered-table.ts';
import type { RefreshOutcome, RefreshWay } from './intel-refresh.ts';
import type { AppliedRows } from './live-indicators.ts';

const NO_PATTERNS = { added: 0, removed: 0 };

export class RefreshSum {
  #way: RefreshWay = 'unchanged';
  #added = 0;
  #removed = 0;
  #changed = 0;
  readonly #patterns = { added: 0, removed: 0 };

  get way(): RefreshWay {
    return this.#way;
  }

  add({ indicators, benign, patterns: { added, removed } = NO_PATTERNS }: AppliedRows): void {
    this.#add(indicators);
    this.#add(benign);
    this.#patterns.added += added;
    this.#patterns.removed += removed;
    if (added + removed > 0) this.#way = 'delta';
  }

  #add({ added, removed, changed }: ChangeCounts): void {
    this.#added += added;
    this.#removed += removed;
    this.#changed += changed;
    if (added + removed + changed > 0) this.#way = 'delta';
  }

  /** All indicators were built anew, whatever was added before. */
  rebuilt(): void {
    this.#way = 'rebuild';
  }

  outcome(atMs: number): RefreshOutcome {
    const [added, removed, changed] = [this.#added, this.#removed, this.#changed];
    const { added: come, removed: gone } = this.#patterns;
    const patterns = come + gone === 0 ? '' : `; patterns: ${come} added, ${gone} removed`;
    const messages: Readonly<Record<RefreshWay, string>> = {
      unchanged: 'nothing changed',
      delta: `values: ${added} added, ${removed} removed, ${changed} changed${patterns}`,
      rebuild: 'all indicators were built anew',
    };
    return { atMs, ok: true, way: this.#way, added, removed, changed, message: messages[this.#way] };
  }
}
