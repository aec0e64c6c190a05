/**
 * Identity of an alert: a 128-bit hash of the event key or keys, the engine and the rule (design section 5), so that the same
 * finding has the same id after a restart, a replay or with another number of workers. Parts are length-prefixed before hashing:
 * no two different lists of parts give the same text. Event keys are sorted, so that the order in which workers meet does not count.
 */
import { hash } from 'node:crypto';
import type { Event } from '../core/event.ts';
import type { Match } from '../core/match.ts';

/** Names one event for ever: source id, position, part. */
export function eventKey(event: Event): string {
  const { source, position, part } = event.origin;
  return `${sized(source.id)},${sized(String(position))},${sized(String(part))}`;
}

/** Names the rule of a match: its id, or kind, canonical value and semantics of an indicator. */
export function ruleKey(match: Match): string {
  return match.engine === 'indicator'
    ? joinParts([match.engine, match.kind, match.value, match.semantics])
    : joinParts([match.engine, match.rule.id]);
}

/**
 * 32 hexadecimal digits. A correlation is named by all its contributing events and its group. A flux match is named by the event it is
 * about: which earlier events can still be shown depends on memory and restarts.
 */
export function alertId(match: Match, event: Event): string {
  const contributing = match.engine === 'indicator' || match.engine === 'flux' ? undefined : match.events;
  const keys = contributing === undefined || contributing.length === 0 ? [eventKey(event)] : contributing.map(eventKey);
  return severalAlertId(ruleKey(match), keys, match.engine === 'indicator' ? undefined : match.group);
}

/** The id of a match of the events with these keys, in any order. */
export function severalAlertId(
  rule: string,
  keys: readonly string[],
  group: Readonly<Record<string, string>> | undefined,
): string {
  const names = Object.entries(group ?? {}).sort(byName);
  return idOf(rule, joinParts([...keys].sort()), joinParts(names.flat()));
}

/** The id of a match of one event, named by its rule and that event alone. */
export function singleAlertId(rule: string, event: string): string {
  return idOf(rule, sized(event), '');
}

function idOf(rule: string, events: string, group: string): string {
  return hash('sha256', `${sized(rule)},${sized(events)},${sized(group)}`, 'hex').slice(0, 32);
}

function joinParts(parts: readonly string[]): string {
  return parts.map(sized).join(',');
}

function sized(part: string): string {
  return `${part.length}:${part}`;
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
