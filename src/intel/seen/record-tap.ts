/** RecordTap: listens to the report and the tables of a load while one record is read, to know what came of it. */
import type { FeedReport } from '../../core/feed.ts';
import type { IntelBuilder } from '../intel-builder.ts';
import { type EffectTree, NO_EFFECT } from './effect-tree.ts';

export class RecordTap {
  readonly #effects: EffectTree;
  #effect = NO_EFFECT;
  #keys: number[] = [];

  constructor(effects: EffectTree) {
    this.#effects = effects;
  }

  /** Returns what ends the listening. */
  listen(report: FeedReport, builder: Pick<IntelBuilder, 'indicators' | 'benign'>): () => void {
    report.tap = (what) => {
      this.#effect = this.#effects.after(this.#effect, what);
    };
    const onValue = (hash: number): void => void this.#keys.push(hash);
    builder.indicators.tap = onValue;
    builder.benign.tap = onValue;
    return () => {
      report.tap = undefined;
      builder.indicators.tap = undefined;
      builder.benign.tap = undefined;
    };
  }

  /** What came since the last call. */
  take(): { readonly effect: number; readonly keys: readonly number[] } {
    const taken = { effect: this.#effect, keys: this.#keys };
    this.#effect = NO_EFFECT;
    this.#keys = [];
    return taken;
  }
}
