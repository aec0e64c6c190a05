/** What stands in the windows of a correlation's groups, and what their condition still lacks: for people who ask why nothing fired. */
import type { CorrelationBound, CorrelationRule, RuleExpression } from '../../ir/correlation.ts';
import type { SourceClocks } from '../order/source-clock.ts';
import type { EventReference, GroupQuery, GroupReport } from '../snapshot/stateful-part.ts';
import { boundText } from './firing.ts';
import type { CorrelationRunner } from './runner.ts';

const NOT_IN_ORDER = 'all rules matched, but not in their order';
/** References listed for one group. */
const MAX_REFERENCES = 20;

export function reportGroups(runner: CorrelationRunner, clocks: SourceClocks, query: GroupQuery): GroupReport[] {
  const reports: GroupReport[] = [];
  for (const group of runner.store.groupNumbers()) {
    if (reports.length >= query.limit) break;
    const values = runner.groupValues(group);
    const { filter } = query;
    if (filter !== undefined && !Object.values(values).some((value) => value.includes(filter))) continue;
    reports.push(reportGroup(runner, clocks, group, values));
  }
  return reports;
}

/** How far the group's condition is from holding: what its bounds lack, or what the expression misses; 0 when it holds. */
export function distanceOf(runner: CorrelationRunner, group: number): number {
  const { rule } = runner.planned;
  const value = runner.valueOf(group);
  const { condition } = rule;
  if (condition.kind === 'expression')
    return value === 1 ? 0 : Math.max(1, missingFrom(rule, value, membersOf(runner, group)).length);
  let distance = 0;
  for (const bound of condition.bounds) if (!holds(bound, value)) distance += Math.abs(bound.value - value) || 1;
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

function membersOf({ store }: CorrelationRunner, group: number): Set<number> {
  const members = new Set<number>();
  for (let fact = store.startOf(group); fact >= 0; fact = store.afterOf(fact)) members.add(store.memberOf(fact));
  return members;
}

/** `when`: `open`, what the window waits for is told too; `over`, nothing more comes to it. */
export function reportGroup(
  runner: CorrelationRunner,
  clocks: SourceClocks,
  group: number,
  values: Readonly<Record<string, string>>,
  when: 'open' | 'over' = 'open',
): GroupReport {
  const { store, planned } = runner;
  const { rule } = planned;
  const members = membersOf(runner, group);
  const order: number[] = [];
  const start = store.startOf(group);
  for (let fact = start; fact >= 0; fact = store.afterOf(fact)) order.push(fact);
  const events = order
    .slice(-MAX_REFERENCES)
    .toReversed()
    .map(
      (fact): EventReference => ({
        source: clocks.idOf(store.sourceOf(fact)),
        position: store.positionOf(fact),
        part: store.partOf(fact),
        timeMs: store.timeOf(fact),
      }),
    );
  const value = order.length === 0 ? 0 : runner.valueOf(group);
  const listed = runner.waits ? runner.order.countOf(group) : 0;
  const awaited = [
    ...(planned.judged === 'closing' ? ['judged when the window closes'] : []),
    ...(listed > 0 ? [`${listed} later events wait for older ones`] : []),
  ];
  return {
    group: values,
    fromMs: timeAt(store, order[0]),
    toMs: timeAt(store, order.at(-1)),
    entries: order.length,
    state: stateText(rule, value),
    missing: [...missingFrom(rule, value, members), ...(when === 'open' ? awaited : [])],
    events,
  };
}

function stateText(rule: CorrelationRule, value: number): string {
  const { condition } = rule;
  if (condition.kind === 'expression') return `${rule.type}: condition ${value === 1 ? 'holds' : 'does not hold'}`;
  const shown = Number.isNaN(value) ? 'none' : String(value);
  return `${rule.type} ${shown}, needs ${condition.bounds.map(boundText).join(' and ')}`;
}

function missingFrom(rule: CorrelationRule, value: number, members: ReadonlySet<number>): string[] {
  const { condition } = rule;
  const isTemporal = rule.type === 'temporal' || rule.type === 'temporal_ordered';
  const absent = rule.rules.filter((_, member) => !members.has(member));
  if (condition.kind === 'expression') {
    if (value === 1) return [];
    const missing = missingRules(condition.root, new Set(absent));
    return missing.length > 0 ? missing : [NOT_IN_ORDER];
  }
  const failed = condition.bounds.filter((bound) => !holds(bound, value));
  if (failed.length === 0) return [];
  // How many rules matched is too small only when some did not, or not in order.
  if (isTemporal && failed.some((bound) => bound.value > value))
    return absent.length > 0 ? absent.map((id) => `no match of "${id}" in the window`) : [NOT_IN_ORDER];
  const counts = rule.type === 'event_count' || rule.type === 'value_count';
  return failed.map((bound) => lacks(bound, value, counts));
}

/** Rules whose presence, or absence, would make the expression hold, as far as each alone says. */
function missingRules(node: RuleExpression, absent: ReadonlySet<string>, negated = false): string[] {
  if (node.kind === 'not') return missingRules(node.item, absent, !negated);
  if (node.kind !== 'rule') return node.items.flatMap((item) => missingRules(item, absent, negated));
  if (negated) return absent.has(node.id) ? [] : [`"${node.id}" matched in the window and must not`];
  return absent.has(node.id) ? [`no match of "${node.id}" in the window`] : [];
}

/** Said behind the value and what it needs. */
function lacks({ operator, value: bound }: CorrelationBound, value: number, counts: boolean): string {
  if (Number.isNaN(value)) return 'nothing to compute it from';
  if (counts && operator === 'gte') return `${Math.ceil(bound) - value} more`;
  if (counts && operator === 'gt') return `${Math.floor(bound) + 1 - value} more`;
  if (operator === 'not-equals') return 'must be another';
  return value < bound || operator === 'gt' ? 'too small' : 'too great';
}

function holds({ operator, value: bound }: CorrelationBound, value: number): boolean {
  const tests: { readonly [K in CorrelationBound['operator']]: boolean } = {
    gt: value > bound,
    gte: value >= bound,
    lt: value < bound,
    lte: value <= bound,
    equals: value === bound,
    'not-equals': value !== bound,
  };
  return tests[operator];
}

function timeAt(store: CorrelationRunner['store'], fact: number | undefined): number {
  return fact === undefined ? Number.NaN : store.timeOf(fact);
}
