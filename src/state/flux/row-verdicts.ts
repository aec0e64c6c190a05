/**
 * RowVerdicts: which rules fire on a row. Memory claims it; where memory may be wrong, as a Bloom filter is now and then, the rows
 * that were kept are asked for proof (`proof.ts`), and what they prove counts more.
 */
import type { PlannedRule } from './plan.ts';
import type { ProofJudge, Verdict } from './proof.ts';

/** Tags of the row at hand, by the plan's words. */
interface RowTags {
  /** Own ones. */
  readonly own: Int32Array;
  /** What memory held before, where a rule looked. */
  readonly before: Int32Array;
  /** Own or remembered, and remembered alone: put right where they are proven wrong. */
  readonly tags: Int32Array;
  readonly inherited: Int32Array;
}

export class RowVerdicts {
  /** Ordinals of the rules whose condition turned true on the last row. */
  readonly fired: number[] = [];
  /** Those of them that memory alone speaks for: the rows that could prove it are gone. */
  readonly unconfirmed: number[] = [];
  /** Rules that would have fired on the last row by what memory says, and do not by its earlier rows. */
  readonly refuted: number[] = [];
  /** Rules that fired on the last row although memory denied it. */
  readonly restored: number[] = [];
  readonly #row: RowTags;
  readonly #judge: ProofJudge | undefined;

  /** `judge` is given when memory may be wrong. */
  constructor(row: RowTags, judge: ProofJudge | undefined) {
    this.#row = row;
    this.#judge = judge;
  }

  /** The next row begins. */
  clear(): void {
    // Setting the length of an empty array costs as much as emptying a full one.
    if (this.fired.length > 0) this.fired.length = 0;
    if (this.unconfirmed.length > 0) this.unconfirmed.length = 0;
    if (this.refuted.length > 0) this.refuted.length = 0;
    if (this.restored.length > 0) this.restored.length = 0;
  }

  /** What kept rows prove of the condition; what memory claims where it cannot be wrong. Tags that were proven wrong are put right. */
  confirm(planned: PlannedRule, claimed: boolean, lo: number, hi: number): Verdict {
    const said = claimed ? 'true' : 'false';
    const judge = this.#judge;
    if (judge === undefined || !(claimed || planned.negates)) return said;
    const { wordOffset } = planned;
    const { own, before, tags, inherited } = this.#row;
    const end = wordOffset + planned.wordCount;
    let any = 0;
    for (let word = wordOffset; word < end; word++) any |= before[word] as number;
    if (any === 0) return said;
    const verdict = judge.judge(planned, own, before, lo, hi);
    if (!judge.certain) return verdict;
    for (let word = wordOffset; word < end; word++) {
      tags[word] = judge.words.tags[word] as number;
      inherited[word] = judge.words.inherited[word] as number;
    }
    return verdict;
  }

  /** Lists the rule by what memory claims and what is proven; not for one that fired on an earlier row already. */
  settle(ordinal: number, claimed: boolean, verdict: Verdict): void {
    if (verdict === 'false') {
      if (claimed) this.refuted.push(ordinal);
      return;
    }
    if (!claimed && verdict === 'unknown') return;
    this.fired.push(ordinal);
    if (!claimed) this.restored.push(ordinal);
    if (verdict === 'unknown') this.unconfirmed.push(ordinal);
  }
}
