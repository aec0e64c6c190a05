/**
 * Bloom memory is now and then wrong. Before a rule fires on what it says, or stays silent because of it, the answer is judged again by
 * what the kept earlier rows prove. Each kept row carries what was proven to be passed on when it was noted, made from its own tags and from
 * the row before it: one row is looked at for an alert however long its history, and no chain of parents is walked, so none can be a
 * cycle. A row that is gone leaves doubt: what memory says may be so then, and is believed.
 */
import { type ChainWords, chainTags } from './chain.ts';
import type { FluxPlan, PlannedRule } from './plan.ts';

/** What one key passes on, by the plan's words (no bit in both). */
export interface Proven {
  readonly proven: Int32Array;
  /** Tags that may have been true on rows that are gone. */
  readonly doubted: Int32Array;
}

export interface ProofSource {
  /** Fills the words of the rule for a key of its: the context, or the id of the parent. */
  prove(planned: PlannedRule, lo: number, hi: number, into: Proven): void;
}

export type Verdict = 'true' | 'false' | 'unknown';

export class ProofJudge {
  readonly #source: ProofSource;
  readonly #found: Proven;
  /** The least, or most, that is inherited. */
  readonly #before: Int32Array;
  /** Of the last judgement, when `certain`: the tags as rows prove them. */
  readonly words: ChainWords;
  /** Whether all rows that the last judgement needed were at hand. */
  certain = false;

  constructor(plan: FluxPlan, source: ProofSource) {
    this.#source = source;
    const words = (): Int32Array => new Int32Array(plan.words);
    this.#found = { proven: words(), doubted: words() };
    this.#before = words();
    this.words = { tags: words(), inherited: words(), chained: words() };
  }

  /** `claimed`: what memory says the row inherits, by the plan's words; what it has forgotten stays forgotten. */
  judge(planned: PlannedRule, own: Int32Array, claimed: Int32Array, lo: number, hi: number): Verdict {
    this.#source.prove(planned, lo, hi, this.#found);
    let doubt = 0;
    for (let word = planned.wordOffset; word < planned.wordOffset + planned.wordCount; word++)
      doubt |= (this.#found.doubted[word] as number) & (claimed[word] as number);
    this.certain = doubt === 0;
    if (this.certain) return this.#holds(planned, own, claimed, false) ? 'true' : 'false';
    // More tags can only make it hold, unless the condition denies some.
    if (planned.negates) return 'unknown';
    if (this.#holds(planned, own, claimed, false)) return 'true';
    return this.#holds(planned, own, claimed, true) ? 'unknown' : 'false';
  }

  #holds(planned: PlannedRule, own: Int32Array, claimed: Int32Array, withDoubted: boolean): boolean {
    const { rule, wordOffset, wordCount } = planned;
    const { proven, doubted } = this.#found;
    const { tags, inherited, chained } = this.words;
    for (let word = wordOffset; word < wordOffset + wordCount; word++) {
      const known = (proven[word] as number) | (withDoubted ? (doubted[word] as number) : 0);
      this.#before[word] = known & (claimed[word] as number);
      inherited[word] = this.#before[word] as number;
      tags[word] = (own[word] as number) | (this.#before[word] as number);
    }
    if (rule.action === 'temporal') chainTags(planned, own, this.#before, this.words);
    return planned.condition(own, inherited, rule.action === 'temporal' && rule.strict ? chained : tags);
  }
}
