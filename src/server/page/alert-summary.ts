/** AlertSummary: what of an alert is shown in one row, and what the text filter looks at. Pure. */
import type { Alert } from '../../core/alert.ts';
import type { EventObject, EventValue } from '../../core/event.ts';
import type { MatchedField } from '../../core/match.ts';

export interface AlertSummary {
  readonly title: string;
  /** `field` and `value` of the first match; of a rule over several events what was counted, and the values of its group. */
  readonly matched: { readonly field: string; readonly value: string } | undefined;
  readonly moreMatches: number;
  /** Host and user: `ws-042 · alice`; else the input's path. */
  readonly where: string;
  /** Who with whom: `192.0.2.42 → 203.0.113.66:8443`; may be empty. */
  readonly peers: string;
  /** How often, when suppression has counted repetitions. */
  readonly times: number;
}

export function summarize(alert: Alert): AlertSummary {
  const first = alert.flint.matched[0];
  const peers = [peer(alert.source), peer(alert.destination)].filter((text) => text !== '').join(' → ');
  const where = [field(alert.host, 'name'), field(alert.user, 'name')].filter((text) => text !== '').join(' · ');
  return {
    title: alert.flint.withdrawn === true ? `${alert.rule.name} (withdrawn)` : alert.rule.name,
    matched: first === undefined ? undefined : matchedOf(first, alert.flint.group),
    moreMatches: Math.max(0, alert.flint.matched.length - 1) + (alert.flint.matched_omitted ?? 0),
    where: where === '' && peers === '' ? alert.flint.input.path : where,
    peers,
    times: alert.flint.group === undefined ? (alert.flint.count ?? 1) : 1,
  };
}

function matchedOf(first: MatchedField, group: Alert['flint']['group']): AlertSummary['matched'] {
  if (group === undefined) return { field: first.field, value: first.value };
  return { field: `${first.field} ${first.value}`, value: Object.values(group).join(', ') };
}

/** Lower-case text that the filter searches. */
export function searchText(alert: Alert): string {
  const { title, where, peers } = summarize(alert);
  const matched = alert.flint.matched.map((one) => `${one.field} ${one.value} ${one.item}`).join(' ');
  const indicator = alert.threat?.indicator;
  const group = Object.values(alert.flint.group ?? {}).join(' ');
  const { rule, tags } = alert;
  return [title, rule.id, where, peers, matched, group, indicator?.provider, indicator?.value, tags?.join(' ')]
    .join(' ')
    .toLowerCase();
}

/** A scalar of an ECS object as text; empty when absent. */
export function field(object: EventObject | undefined, name: string): string {
  const value: EventValue | undefined = object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}

function peer(object: EventObject | undefined): string {
  const host = field(object, 'ip') || field(object, 'domain') || field(object, 'address');
  const port = field(object, 'port');
  if (host === '' || port === '') return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
