/**
 * What a temporal rule without time span makes of its own and remembered tags: in any order all of them, ordered only those that go on
 * with a chain. One place for both who ask: the evaluator of what memory says, and evidence of what kept rows prove.
 */
import { type PlannedRule, TAGS_PER_WORD } from './plan.ts';

/** By the plan's words. */
export interface ChainWords {
  /** Tags that the row shows: own, or remembered and in order. */
  readonly tags: Int32Array;
  readonly inherited: Int32Array;
  /** Tags remembered from now on; strict order: an own tag out of order shows, but is none of them. */
  readonly chained: Int32Array;
}

/** The tags that stand in word `w` of a rule. */
export function wantedBits(planned: PlannedRule, w: number): number {
  const count = Math.min(TAGS_PER_WORD, planned.rule.tags.length - w * TAGS_PER_WORD);
  return count === 31 ? 0x7fffffff : (1 << count) - 1;
}

/** Fills the words of the rule from the row's own tags and those remembered before it. */
export function chainTags(planned: PlannedRule, own: Int32Array, before: Int32Array, into: ChainWords): void {
  const { rule, wordOffset, wordCount } = planned;
  const ordered = rule.action === 'temporal' && rule.ordered;
  const strict = rule.action === 'temporal' && rule.strict;
  // Whether the tag before the first of this word was remembered: now, and before this row.
  let chainedNow = true;
  let chainedBefore = true;
  for (let w = 0; w < wordCount; w++) {
    const word = wordOffset + w;
    const mine = own[word] as number;
    const known = before[word] as number;
    let after = known;
    let seen = mine;
    if (!ordered) {
      after = known | mine;
      seen = after;
    } else {
      const count = Math.min(TAGS_PER_WORD, rule.tags.length - w * TAGS_PER_WORD);
      for (let bit = 1, i = 0; i < count; i++, bit <<= 1) {
        if (strict ? chainedBefore : chainedNow) {
          if ((mine & bit) !== 0) after |= bit;
          seen |= after & bit;
        }
        chainedBefore = (known & bit) !== 0;
        chainedNow = (after & bit) !== 0;
      }
    }
    into.tags[word] = seen;
    into.inherited[word] = known & seen;
    into.chained[word] = after;
  }
}
