/** What a finding counts as in a summary: the type and the provider of an indicator, or the engine and the name of a rule. */
import type { Match, RuleDetails, RuleMatch } from '../core/match.ts';
import { indicatorType, sourcesOf } from './threat-indicator.ts';

/** Of rules whose matches say no more than the rule: the same text each time. */
const byRule = new WeakMap<RuleDetails, { readonly engine: RuleMatch['engine']; readonly label: string }>();

/** Two columns with a tab between them. */
export function findingLabel(match: Match): string {
  if (match.engine !== 'indicator' && match.indicator === undefined) return ruleLabel(match);
  const [best] = sourcesOf(match);
  if (match.engine !== 'indicator') return `pattern\t${best?.provider}`;
  return best === undefined
    ? `${match.engine}\t${match.value}`
    : `${indicatorType(match.kind, match.value)}\t${best.provider}`;
}

function ruleLabel({ engine, rule }: RuleMatch): string {
  const known = byRule.get(rule);
  if (known?.engine === engine) return known.label;
  const label = `${engine}\t${rule.name}`;
  byRule.set(rule, { engine, label });
  return label;
}
