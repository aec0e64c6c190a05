/** The time in which an indicator holds: from `valid_from` inclusive to `valid_until` exclusive (STIX 2.1, section 4.7). */
import type { IndicatorDetails } from './indicator.ts';

/** Where a moment lies, seen from the time in which an indicator holds. */
export type Validity = 'before' | 'within' | 'after';

/** Where nothing is stated, indicators have always held and do so forever. */
export function validityAt(
  { validFromMs, validUntilMs }: Pick<IndicatorDetails, 'validFromMs' | 'validUntilMs'>,
  atMs: number,
): Validity {
  if (validFromMs !== undefined && atMs < validFromMs) return 'before';
  return validUntilMs !== undefined && atMs >= validUntilMs ? 'after' : 'within';
}
