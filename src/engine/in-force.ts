/**
 * What of a match is in force: indicators, and rules and patterns that came with one, hold in a stretch of time and may fade with
 * age. Confidence fades by the time of the event; whether something is over is asked by the clock or by the event.
 */
import { decayedAt, hasFaded } from '../core/confidence-decay.ts';
import type { Event } from '../core/event.ts';
import type { IndicatorDetails } from '../core/indicator.ts';
import { byConfidence } from '../core/indicator-table.ts';
import type { IndicatorMatch, RuleMatch } from '../core/match.ts';
import { type Validity, validityAt } from '../core/validity.ts';

/** `arrival`: expired indicators do not match (live). `event`: the same by event time. `mark`: all match, validity is told. */
export type ValidityMode = 'arrival' | 'event' | 'mark';

/** The match of a rule of a feed as it counts at the time of the event; undefined: it does not. */
export function ruleInForce(
  match: RuleMatch,
  stated: IndicatorDetails,
  event: Event,
  mode: ValidityMode,
): RuleMatch | undefined {
  const indicator = decayedAt(stated, event.timeMs);
  const atMs = checkedAt(event, mode);
  const validity = hasFaded(indicator) ? fadedValidity(stated, atMs) : validityAt(stated, atMs);
  if (validity !== 'within' && mode !== 'mark') return undefined;
  if (indicator === stated) return { ...match, validity };
  // The confidence of a rule or pattern is that of the indicator it came with, and fades as that does.
  const { confidence } = indicator;
  return { ...match, indicator, rule: { ...match.rule, ...(confidence !== undefined && { confidence }) }, validity };
}

/** Of the sources of a value those that count at the time of the event, the most confident first; undefined: none does. */
export function sourcesInForce(
  stated: readonly IndicatorDetails[],
  event: Event,
  mode: ValidityMode,
): Pick<IndicatorMatch, 'sources' | 'validity'> | undefined {
  const atMs = checkedAt(event, mode);
  const all = stated.every(({ decay }) => decay === undefined)
    ? stated
    : byConfidence(stated.map((details) => decayedAt(details, event.timeMs)));
  const isWithin = (details: IndicatorDetails): boolean => validityAt(details, atMs) === 'within' && !hasFaded(details);
  // The very array where nothing is left out: what is written of it once is found again by it.
  const within = all.every(isWithin) ? all : all.filter(isWithin);
  if (within.length > 0) return { sources: within, validity: 'within' };
  return mode === 'mark' ? { sources: all, validity: fadedValidity(all[0], atMs) } : undefined;
}

function checkedAt(event: Event, mode: ValidityMode): number {
  return mode === 'arrival' ? event.origin.arrivalMs : event.timeMs;
}

/** Of details that do not hold: what has faded is over, whatever its dates say. */
function fadedValidity(details: IndicatorDetails | undefined, atMs: number): Validity {
  return details !== undefined && validityAt(details, atMs) === 'before' ? 'before' : 'after';
}
