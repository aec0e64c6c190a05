/** How many indicators of a loaded set are in force, and why the others are not: for `flint intel ls`. */
import { decayedAt, hasFaded } from '../core/confidence-decay.ts';
import type { IndicatorTable } from '../core/indicator-table.ts';
import type { IntelSet } from './intel-set.ts';

export interface StateCounts {
  /** Some source of the value is valid now. */
  readonly active: number;
  /** Of the active ones, those that a benign list suppresses. */
  readonly benignSuppressed: number;
  /** No source is valid yet. */
  readonly notYetValid: number;
  /** All sources have expired, or have faded too far. */
  readonly expired: number;
  /** Ids that are withdrawn for good; they have no value any more. */
  readonly revoked: number;
}

export function countStates(set: IntelSet, nowMs: number): StateCounts {
  const { indicators, benign } = set;
  const state = detailStates(indicators, nowMs);
  const counts = { active: 0, benignSuppressed: 0, notYetValid: 0, expired: 0, revoked: set.revoked.length / 4 };
  const { sources, sourceStart } = indicators.columns;
  for (let row = 0; row < indicators.size; row++) {
    let best = EXPIRED;
    for (let link = sourceStart[row] ?? 0; link < (sourceStart[row + 1] ?? 0); link++)
      best = Math.max(best, state[sources[link] ?? 0] ?? EXPIRED);
    if (best === EXPIRED) counts.expired++;
    else if (best === NOT_YET) counts.notYetValid++;
    else {
      counts.active++;
      if (benign.size > 0 && benign.isBenign(indicators.kindAt(row), indicators.valueAt(row)))
        counts.benignSuppressed++;
    }
  }
  return counts;
}

const EXPIRED = 0;
const NOT_YET = 1;
const VALID = 2;

function detailStates(table: IndicatorTable, nowMs: number): Uint8Array {
  const { validFrom, validUntil, profile, profiles } = table.columns;
  const states = new Uint8Array(profile.length);
  for (let number = 0; number < profile.length; number++) {
    const isOver =
      (validUntil[number] ?? Number.NaN) <= nowMs ||
      (profiles[profile[number] ?? 0]?.decay !== undefined && hasFaded(decayedAt(table.details(number), nowMs)));
    states[number] = isOver ? EXPIRED : (validFrom[number] ?? Number.NaN) > nowMs ? NOT_YET : VALID;
  }
  return states;
}
