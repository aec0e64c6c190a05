/** The patterns of a loaded set of intelligence that no single value decides, as input for `compilePatterns`. */
import type { IndicatorDetails } from '../../core/indicator.ts';
import type { RuleDetails } from '../../core/match.ts';
import type { IntelSet } from '../../intel/intel-set.ts';
import type { PatternInput } from '../rules/compiled-pattern.ts';

export function intelPatterns({ deferred, indicators }: IntelSet): readonly PatternInput[] {
  return deferred.map(({ pattern, details }) => {
    const indicator = indicators.details(details);
    return { pattern, details: ruleDetails(indicator), indicator, file: indicator.provider };
  });
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
