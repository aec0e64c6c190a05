/**
 * CorrelationPlan: loaded correlation rules with what follows from them: which matches each one waits for, which fields a match must
 * bring along, how it is judged. Inner correlations come before the outer ones that watch them.
 *
 * `crossing`: judged with each match, in a window that ends with it; alerts when the condition turns true. For conditions that
 * matches can only make true. `closing`: all others (below, equal, ranges, averages, percentiles, `not`): the group's first match
 * opens a window, which is judged when it has passed; the next match after it opens the next one.
 */
import type { CorrelationRule } from '../../ir/correlation.ts';
import { correlationFieldName, isMonotone } from '../../ir/correlation.ts';
import { Fingerprint } from '../memory/fingerprint.ts';

export interface CorrelationPlan {
  readonly correlations: readonly PlannedCorrelation[];
  /** By id of the watched rule: who waits for its matches. */
  readonly watchers: ReadonlyMap<string, readonly Watcher[]>;
  /** Names of all fields that are read of matches of rules that are no correlations, each once. */
  readonly fields: readonly string[];
}

export interface PlannedCorrelation {
  readonly rule: CorrelationRule;
  readonly ordinal: number;
  readonly judged: 'crossing' | 'closing';
  readonly value: 'none' | 'number' | 'text';
  /** Names of the group fields, for alerts. */
  readonly groupNames: readonly string[];
  /** Fields of a match that outer correlations group by or compute on, besides the group fields. */
  readonly carried: readonly string[];
  /** True when it watches other correlations. */
  readonly chained: boolean;
  /** Greatest delay, beyond the lateness of its own matches, with which matches of inner correlations can come. */
  readonly innerDelayMs: number;
}

/** Correlation `correlation` waits for a rule's matches as its member `member`, and reads these fields of them. */
export interface Watcher {
  readonly correlation: number;
  readonly member: number;
  readonly groupFields: readonly string[];
  readonly valueFields: readonly string[];
  /** The same, and what outer correlations read, by their places in the plan's `fields`; none where the watched rule is a correlation. */
  readonly groupNumbers: readonly number[];
  readonly valueNumbers: readonly number[];
  readonly carriedNumbers: readonly number[];
}

/** `rules` resolve one another and are free of cycles, as the loader guarantees. */
export function planCorrelations(rules: readonly CorrelationRule[], latenessMs: number): CorrelationPlan {
  const ordered = innerFirst(rules);
  const correlations: PlannedCorrelation[] = [];
  const byId = new Map<string, PlannedCorrelation>();
  const watchers = new Map<string, Watcher[]>();
  const fields = new Map<string, number>();
  const numberOf = (name: string): number => {
    const number = fields.get(name) ?? fields.size;
    fields.set(name, number);
    return number;
  };
  ordered.forEach((rule, ordinal) => {
    const inner = rule.rules.flatMap((id) => byId.get(id) ?? []);
    const planned: PlannedCorrelation = {
      rule,
      ordinal,
      judged: judgedAt(rule),
      value: valueKind(rule),
      groupNames: rule.groupBy.map(({ name }) => name),
      carried: carriedFields(rule, ordered),
      chained: inner.length > 0,
      innerDelayMs: Math.max(0, ...inner.map((each) => delayOf(each, latenessMs))),
    };
    correlations.push(planned);
    byId.set(rule.details.id, planned);
    rule.rules.forEach((id, member) => {
      const groupFields = rule.groupBy.map((field) => correlationFieldName(field, id));
      const valueFields = valueFieldsOf(rule).map((field) => correlationFieldName(field, id));
      const watcher: Watcher = {
        correlation: ordinal,
        member,
        groupFields,
        valueFields,
        groupNumbers: byId.has(id) ? [] : groupFields.map(numberOf),
        valueNumbers: byId.has(id) || planned.value === 'none' ? [] : valueFields.map(numberOf),
        carriedNumbers: byId.has(id) ? [] : planned.carried.map(numberOf),
      };
      watchers.set(id, [...(watchers.get(id) ?? []), watcher]);
    });
  });
  return { correlations, watchers, fields: [...fields.keys()] };
}

function innerFirst(rules: readonly CorrelationRule[]): CorrelationRule[] {
  const byId = new Map(rules.map((rule) => [rule.details.id, rule]));
  const sorted = new Set<CorrelationRule>();
  const visit = (rule: CorrelationRule): void => {
    if (sorted.has(rule)) return;
    for (const id of rule.rules) {
      const inner = byId.get(id);
      if (inner !== undefined) visit(inner);
    }
    sorted.add(rule);
  };
  rules.forEach(visit);
  return [...sorted];
}

function judgedAt(rule: CorrelationRule): 'crossing' | 'closing' {
  const rises = ['event_count', 'value_count', 'temporal', 'temporal_ordered', 'value_sum'].includes(rule.type);
  return rises && isMonotone(rule.condition) ? 'crossing' : 'closing';
}

function valueKind(rule: CorrelationRule): PlannedCorrelation['value'] {
  if (rule.type === 'value_count') return 'text';
  return rule.type.startsWith('value_') ? 'number' : 'none';
}

function valueFieldsOf(rule: CorrelationRule): CorrelationRule['groupBy'] {
  return rule.condition.kind === 'threshold' ? rule.condition.fields : [];
}

function delayOf(inner: PlannedCorrelation, latenessMs: number): number {
  return latenessMs + inner.innerDelayMs + (inner.judged === 'closing' ? inner.rule.timespanMs : 0);
}

/** What outer correlations, and those around them, read of this one's matches and is not among its group fields. */
function carriedFields(rule: CorrelationRule, all: readonly CorrelationRule[]): string[] {
  const own = new Set(rule.groupBy.map(({ name }) => name));
  const needed = new Set<string>();
  for (const outer of all) {
    if (!outer.rules.includes(rule.details.id)) continue;
    for (const field of [...outer.groupBy, ...valueFieldsOf(outer)])
      needed.add(correlationFieldName(field, rule.details.id));
    for (const name of carriedFields(outer, all)) needed.add(name);
  }
  return [...needed].filter((name) => !own.has(name));
}

/** Id and definition: everything the state depends on, as a fingerprint. */
export function keyOf({ rule, judged, carried }: PlannedCorrelation): string {
  const definition = [
    ...[rule.details.id, rule.type, rule.rules, rule.groupBy, rule.timespanMs, rule.condition, judged, carried],
  ];
  const { lo, hi } = new Fingerprint().set(1, 2).add(JSON.stringify(definition));
  return `${(hi >>> 0).toString(16).padStart(8, '0')}${(lo >>> 0).toString(16).padStart(8, '0')}`;
}
