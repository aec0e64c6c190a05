/**
 * The one match that STIX Spark would report for an event (stix-spark.md section 6): source endpoint, destination endpoint, URL as
 * received, domain as received, URL put together from host and path; what the original does not know comes last.
 */
import type { Match } from '../core/match.ts';

export function firstHit(matches: readonly Match[]): readonly Match[] {
  const [first] = [...matches].sort((a, b) => rank(a) - rank(b));
  return first === undefined ? [] : [first];
}

function rank(match: Match): number {
  if (match.engine !== 'indicator') return 6;
  if (match.kind === 'endpoint') return match.matched.some(({ field }) => /src|source|orig/i.test(field)) ? 0 : 1;
  const isComposed = match.matched.every(({ how }) => how.endsWith('in composed'));
  if (match.kind === 'url') return isComposed ? 4 : 2;
  return match.kind === 'domain' ? 3 : 5;
}
