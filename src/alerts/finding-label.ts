/** What a finding counts as in a summary: the type and the provider of an indicator, or the engine and the name of a rule. */
import type { Match } from '../core/match.ts';
import { indicatorType, sourcesOf } from './threat-indicator.ts';

/** Two columns with a tab between them. */
export function findingLabel(match: Match): string {
  const [best] = sourcesOf(match);
  if (match.engine === 'indicator')
    return best === undefined
      ? `${match.engine}\t${match.value}`
      : `${indicatorType(match.kind, match.value)}\t${best.provider}`;
  return best === undefined ? `${match.engine}\t${match.rule.name}` : `pattern\t${best.provider}`;
}
