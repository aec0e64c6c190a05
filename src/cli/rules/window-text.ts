/** What became of the windows of a rule, for people as indented lines and for programs as objects. */
import type { GroupHistory, RuleHistory } from '../../engine/state/window-history.ts';
import type { EventReference, GroupReport } from '../../state/snapshot/stateful-part.ts';
import { oneLine, paint } from '../terminal.ts';
import type { WindowRule } from './explain-windows.ts';

export interface RuleHead extends RuleHistory {
  readonly records: number;
  readonly late: number;
  /** Late ones are evaluated all the same. */
  readonly takesLate: boolean;
  /** Not waited with until older ones could come no more, because too many waited. */
  readonly early: number;
  /** Groups and entries forgotten because a bound was reached. */
  readonly evicted: number;
  /** Searches that were given up. */
  readonly undecided: number;
}

export function ruleHistoryText({ name, engine, sources, fields }: WindowRule, head: RuleHead, color: boolean): string {
  const verdict = head.fired === 0 ? paint(color, 'red', 'did not fire') : paint(color, 'green', firedText(head.fired));
  const lines = [...head.took].map(
    ([source, count]) => `  ${counted(count, 'match', 'matches')} of ${oneLine(sources.get(source) ?? source, 120)}`,
  );
  const lost = [...head.lost].map(([reason, count]) => {
    const names = fields.get(reason) ?? [];
    const about = names.length === 0 ? '' : ` (${oneLine(names.join(', '), 200)})`;
    return `  ${count} left out: ${reason.replaceAll('-', ' ')}${about}`;
  });
  if (head.late > 0)
    lost.push(
      head.takesLate
        ? `  ${head.late} later than allowed, evaluated as of then`
        : `  ${head.late} left out: later than allowed`,
    );
  if (head.early > 0) lost.push(`  ${head.early} evaluated before older ones could have come: too many waited`);
  if (head.evicted > 0) lost.push(`  ${head.evicted} groups and entries forgotten: no more memory is allowed`);
  if (head.undecided > 0)
    lost.push(`  ${head.undecided} times given up: too many events could belong together in too many ways`);
  return [
    `${engine} ${paint(color, 'bold', oneLine(name, 200))} ${verdict}: ${counted(head.groups, 'group')} in ${counted(head.records, 'record')}`,
    ...lines,
    ...lost,
  ].join('\n');
}

export function ruleHistoryObject({ id, name, engine, sources }: WindowRule, head: RuleHead): object {
  return {
    kind: 'rule',
    ...{ rule: id, name, engine, records: head.records, groups: head.groups, fired: head.fired },
    matches: [...head.took].map(([of, count]) => ({ of, name: sources.get(of) ?? of, count })),
    left_out: [
      ...head.lost,
      ...(head.late > 0 && !head.takesLate ? [['late', head.late] as const] : []),
      ...(head.evicted > 0 ? [['forgotten', head.evicted] as const] : []),
      ...(head.undecided > 0 ? [['undecided', head.undecided] as const] : []),
    ].map(([reason, count]) => ({
      reason,
      count,
    })),
    ...(head.late > 0 && head.takesLate && { late_evaluated: head.late }),
    ...(head.early > 0 && { early_evaluated: head.early }),
  };
}

/** What fired, each with its events; of a group that never did, its nearest window and what that lacked. */
export function groupHistoryText(
  { sources }: WindowRule,
  { group, fired, firings, closest }: GroupHistory,
  color: boolean,
): string {
  const key = Object.entries(group).map(([name, value]) => `${name}=${value}`);
  const title = `  ${paint(color, 'bold', oneLine(key.length === 0 ? 'all events' : key.join(' '), 200))}`;
  if (fired > 0)
    return [
      `${title}  ${paint(color, 'green', firedText(fired))}`,
      ...firings.flatMap(({ timeMs, count, value, events }) => [
        `    at ${timeText(timeMs)} with ${counted(count, 'event')}${value === undefined ? '' : `, value ${value}`}`,
        ...events.map(eventText),
      ]),
      ...(fired > firings.length ? [`    and ${fired - firings.length} more times`] : []),
    ].join('\n');
  if (closest === undefined) return title;
  const { fromMs, toMs, entries, state, missing, events } = closest;
  return [
    `${title}  ${paint(color, 'red', 'did not fire')}`,
    `    nearest window: ${entries} in it, ${timeText(fromMs)} to ${timeText(toMs)}`,
    `    ${oneLine(state, 200)}${missing.length === 0 ? '' : `: ${paint(color, 'red', oneLine(withTitles(missing, sources).join('; '), 400))}`}`,
    ...events.toReversed().map(eventText),
  ].join('\n');
}

export function groupHistoryObject(
  { id, sources }: WindowRule,
  { group, fired, firings, closest }: GroupHistory,
): object {
  return {
    ...{ kind: 'group', rule: id, group, fired },
    firings: firings.map(({ timeMs, events, ...rest }) => ({
      time: timeText(timeMs),
      ...rest,
      events: events.map(eventObject),
    })),
    ...(fired === 0 && closest !== undefined && { closest: windowObject(closest, sources) }),
  };
}

function windowObject(
  { fromMs, toMs, entries, state, missing, events }: GroupReport,
  sources: WindowRule['sources'],
): object {
  return {
    ...{ from: timeText(fromMs), to: timeText(toMs), entries, state, missing: withTitles(missing, sources) },
    events: events.toReversed().map(eventObject),
  };
}

/** Reports name rules by id; people know their titles. */
function withTitles(missing: readonly string[], sources: WindowRule['sources']): string[] {
  return missing.map((phrase) =>
    phrase.replace(/"([^"]*)"/g, (whole, id: string) => `"${sources.get(id) ?? whole.slice(1, -1)}"`),
  );
}

function eventObject({ timeMs, path, line, position }: EventReference): object {
  return { time: timeText(timeMs), ...(path !== undefined && { path }), ...(line !== undefined && { line }), position };
}

function eventText({ timeMs, path, line, source, position }: EventReference): string {
  const place = line === undefined ? `@ ${position}` : `line ${line}`;
  return `      ${timeText(timeMs)}  ${oneLine(path ?? source, 80)} ${place}`;
}

function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}

function firedText(times: number): string {
  return times === 1 ? 'fired once' : `fired ${times} times`;
}

function timeText(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : 'no time';
}
