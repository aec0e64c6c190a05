/**
 * The oracle for the correlation engine: keeps every fact, sorts them, and computes each window anew from the definition (sigma.md
 * section 8). Quadratic, for tests only; shares nothing with the engine but the facts and the plan.
 */
import type { CorrelationBound, RuleExpression } from '../../ir/correlation.ts';
import type { CorrelationFact } from './fact.ts';
import type { PlannedCorrelation } from './plan.ts';

export interface NaiveFiring {
  readonly timeMs: number;
  readonly group: string;
  readonly value: number;
  readonly completing: CorrelationFact;
  /** Positions of the events in the window, in order. */
  readonly window: readonly CorrelationFact[];
}

/** All firings of one correlation over facts in any order, none of them late, in one epoch. */
export function naiveFirings(planned: PlannedCorrelation, facts: readonly CorrelationFact[]): NaiveFiring[] {
  const groups = new Map<string, CorrelationFact[]>();
  for (const fact of facts) {
    const group = JSON.stringify(fact.group);
    groups.set(group, [...(groups.get(group) ?? []), fact]);
  }
  return [...groups].flatMap(([group, members]) => {
    const sorted = members.toSorted(
      (a, b) =>
        a.timeMs - b.timeMs || a.source - b.source || a.position - b.position || a.part - b.part || a.member - b.member,
    );
    return planned.judged === 'crossing' ? crossings(planned, group, sorted) : closings(planned, group, sorted);
  });
}

function crossings(planned: PlannedCorrelation, group: string, sorted: readonly CorrelationFact[]): NaiveFiring[] {
  const firings: NaiveFiring[] = [];
  let held = false;
  sorted.forEach((fact, index) => {
    const window = sorted.slice(0, index + 1).filter(({ timeMs }) => fact.timeMs - timeMs <= planned.rule.timespanMs);
    const value = aggregate(planned, window);
    const holds = judge(planned, value);
    if (holds && (!held || window.length === 1))
      firings.push({ timeMs: fact.timeMs, group, value, completing: fact, window });
    held = holds;
  });
  return firings;
}

function closings(planned: PlannedCorrelation, group: string, sorted: readonly CorrelationFact[]): NaiveFiring[] {
  const firings: NaiveFiring[] = [];
  for (let index = 0; index < sorted.length; ) {
    const openMs = (sorted[index] as CorrelationFact).timeMs;
    const window = sorted.slice(index).filter(({ timeMs }) => timeMs - openMs <= planned.rule.timespanMs);
    const value = aggregate(planned, window);
    const completing = window.at(-1) as CorrelationFact;
    if (judge(planned, value)) firings.push({ timeMs: completing.timeMs, group, value, completing, window });
    index += window.length;
  }
  return firings;
}

function aggregate(planned: PlannedCorrelation, window: readonly CorrelationFact[]): number {
  const { rule } = planned;
  const present = new Set(window.map(({ member }) => member));
  if (rule.condition.kind === 'expression') {
    const ordered = rule.type === 'temporal_ordered';
    return expressionHolds(rule.condition.root, rule.rules, window, present, ordered) ? 1 : 0;
  }
  const numbers = window.map(({ value }) => Number(value));
  if (rule.type === 'event_count') return window.length;
  if (rule.type === 'value_count') return new Set(window.map(({ value }) => value)).size;
  if (rule.type === 'temporal') return present.size;
  if (rule.type === 'temporal_ordered') return longestChain(window.map(({ member }) => member));
  const sum = numbers.reduce((total, number) => total + number, 0);
  if (rule.type === 'value_sum') return sum;
  if (rule.type === 'value_avg') return sum / numbers.length;
  const percent = rule.type === 'value_median' ? 50 : (rule.condition.percentile ?? 50);
  const sorted = numbers.toSorted((a, b) => a - b);
  const rank = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? 0;
  return below + ((sorted[Math.ceil(rank)] ?? 0) - below) * (rank - Math.floor(rank));
}

/** Length of the longest strictly increasing subsequence. */
function longestChain(members: readonly number[]): number {
  const best: number[] = [];
  members.forEach((member, index) => {
    best[index] =
      1 + Math.max(0, ...best.slice(0, index).filter((_, earlier) => (members[earlier] as number) < member));
  });
  return Math.max(0, ...best);
}

/** Ordered: some set of present rules that satisfies the expression stands in order; tried by brute force over all sets. */
function expressionHolds(
  root: RuleExpression,
  rules: readonly string[],
  window: readonly CorrelationFact[],
  present: ReadonlySet<number>,
  ordered: boolean,
): boolean {
  // A rule that must be there counts when it is in the set, one that must not be there when it is in the window at all.
  const truth = (node: RuleExpression, set: ReadonlySet<number>, negated: boolean): boolean => {
    if (node.kind === 'rule') return (negated ? present : set).has(rules.indexOf(node.id));
    if (node.kind === 'not') return !truth(node.item, set, !negated);
    return node.kind === 'and'
      ? node.items.every((item) => truth(item, set, negated))
      : node.items.some((item) => truth(item, set, negated));
  };
  if (!ordered) return truth(root, present, false);
  for (let bits = 0; bits < 1 << rules.length; bits++) {
    const set = new Set(rules.map((_, member) => member).filter((member) => (bits & (1 << member)) !== 0));
    const inWindow = window.map(({ member }) => member).filter((member) => set.has(member));
    if (
      [...set].every((member) => present.has(member)) &&
      longestChain(inWindow) === set.size &&
      truth(root, set, false)
    )
      return true;
  }
  return false;
}

function judge(planned: PlannedCorrelation, value: number): boolean {
  const { condition } = planned.rule;
  return condition.kind === 'expression' ? value === 1 : condition.bounds.every((bound) => within(bound, value));
}

function within({ operator, value: bound }: CorrelationBound, value: number): boolean {
  if (operator === 'gt') return value > bound;
  if (operator === 'gte') return value >= bound;
  if (operator === 'lt') return value < bound;
  if (operator === 'lte') return value <= bound;
  return operator === 'equals' ? value === bound : value !== bound;
}
