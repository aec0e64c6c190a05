/** CorrelationFiring: a correlation's condition has turned true for a group. */
import type { RuleMatch } from '../../core/match.ts';
import type { Event } from '../../core/event.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { EventPlace } from '../event-place.ts';

export interface CorrelationFiring {
  readonly rule: CorrelationRule;
  /** Time of the completing event, or of the last one in a window that was judged when it closed. */
  readonly timeMs: number;
  /** Epoch of the source's time that the completing event belongs to. */
  readonly epoch: number;
  readonly group: Readonly<Record<string, string>>;
  /** The aggregate: events, different values or rules, sum, …; 1 for a text condition. */
  readonly value: number;
  /** Crossing: first event to completing event. Closing: the whole window. */
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  /** Contributing events, oldest first, the newest at most; those behind inner correlations in place of their firings. */
  readonly events: readonly EventPlace[];
  /** Contributing events that are not listed. */
  readonly eventsOmitted: number;
}

/**
 * The match that an alert is made from. `eventAt` gives the event of a place while it is still kept; places whose event is gone are
 * left out of `events`, `count` still tells how many there were.
 */
export function matchOfFiring(firing: CorrelationFiring, eventAt: (place: EventPlace) => Event | undefined): RuleMatch {
  const { type, condition } = firing.rule;
  const fields = condition.kind === 'threshold' ? condition.fields.map(({ name }) => name).join(', ') : '';
  return {
    engine: 'correlation',
    rule: firing.rule.details,
    matched: [
      {
        field: fields === '' ? type : fields,
        value: String(firing.value),
        item: type,
        how: condition.kind === 'expression' ? 'expression' : condition.bounds.map(boundText).join(' and '),
      },
    ],
    events: firing.events.flatMap((place) => eventAt(place) ?? []),
    group: firing.group,
    count: firing.events.length + firing.eventsOmitted,
  };
}

const SIGNS: Readonly<Record<string, string>> = {
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  equals: '=',
  'not-equals': '!=',
};

/** `>= 10`. */
export function boundText(bound: { readonly operator: string; readonly value: number }): string {
  return `${SIGNS[bound.operator] ?? bound.operator} ${bound.value}`;
}

export type FiringHandler = (firing: CorrelationFiring, carried: readonly (string | undefined)[]) => void;
