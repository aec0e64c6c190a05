/** The patterns of a loaded set of intelligence that no single value decides, as input for `compilePatterns`. */
import { describeDetails } from '../../core/indicator-table.ts';
import type { IndicatorDetails } from '../../core/indicator.ts';
import type { RuleDetails } from '../../core/match.ts';
import type { IntelSet } from '../../intel/intel-set.ts';
import { LayeredPatterns, type PatternChange, type StoredPattern } from '../../intel/store/layered-patterns.ts';
import type { PatternInput } from '../rules/compiled-pattern.ts';

/** `changes`: of the set, since it was loaded. */
export function intelPatterns(
  set: Pick<IntelSet, 'deferred' | 'indicators'>,
  changes: Iterable<PatternChange> = [],
): readonly PatternInput[] {
  const patterns = new LayeredPatterns(set);
  for (const change of changes) patterns.apply(change);
  return [...patterns.live()].map(patternInput);
}

export function patternInput({ key, pattern, feed, said }: StoredPattern): PatternInput {
  const indicator = describeDetails(said, 'text', '');
  return { key, pattern, feed, details: ruleDetails(indicator), indicator, file: indicator.provider };
}

function ruleDetails({ id, name, confidence, description, references, killChain }: IndicatorDetails): RuleDetails {
  const tags = killChain?.map(({ chain, phase }) => `${chain}:${phase}`);
  return {
    id,
    name,
    ...(confidence === undefined ? {} : { confidence }),
    ...(description === undefined ? {} : { description }),
    ...(references === undefined ? {} : { references }),
    ...(tags === undefined ? {} : { tags }),
  };
}
