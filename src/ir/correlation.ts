/**
 * CorrelationRule: a rule over the matches of other rules (Sigma correlation rules, specification 2.1; sigma.md section 8), as
 * frozen plain data. References are resolved to `details.id` of detections or of other correlations, the graph is free of
 * cycles, aliases are resolved to a field per rule, text conditions are parsed. The state engine executes it.
 */
import type { RuleDetails } from '../core/match.ts';
import type { RuleOrigin, RuleStatus } from './detection-rule.ts';
import type { OrderOperator } from './predicate.ts';

export type CorrelationType =
  | 'event_count'
  | 'value_count'
  | 'temporal'
  | 'temporal_ordered'
  | 'value_sum'
  | 'value_avg'
  | 'value_percentile'
  | 'value_median';

export interface CorrelationRule {
  readonly kind: 'correlation';
  readonly details: RuleDetails;
  readonly origin: RuleOrigin;
  readonly status?: RuleStatus;
  readonly type: CorrelationType;
  /** Ids of the rules it watches, in the written order (the order that `temporal_ordered` asks for). At least one, no doubles. */
  readonly rules: readonly string[];
  /** The group key, a tuple; empty: one group. */
  readonly groupBy: readonly CorrelationField[];
  /** Greater than 0. An event at t belongs to the window of one at T when 0 <= T - t <= timespanMs. */
  readonly timespanMs: number;
  readonly condition: CorrelationCondition;
  /** True: the rules it watches alert on their own as well (already worked into their `alerts`). */
  readonly generate: boolean;
  /** False when it only feeds other correlations. */
  readonly alerts: boolean;
}

/** A field of the matching event whose name may depend on the rule that matched (an alias). */
export interface CorrelationField {
  /** The name in the rule: the alias, or the field itself. */
  readonly name: string;
  /** Field per rule id, for rules where it differs from `name`; a plain field has no entries. Read with Object.hasOwn. */
  readonly fieldOf: Readonly<Record<string, string>>;
}

export type CorrelationCondition = ThresholdCondition | ExpressionCondition;

export interface CorrelationBound {
  readonly operator: OrderOperator | 'equals' | 'not-equals';
  readonly value: number;
}

/** All bounds hold for the aggregate. For the temporal types the aggregate is the number of different rules that matched. */
export interface ThresholdCondition {
  readonly kind: 'threshold';
  /** At least one. */
  readonly bounds: readonly CorrelationBound[];
  /** What is counted or computed on: one field, for value_count also a tuple; empty for event_count and the temporal types. */
  readonly fields: readonly CorrelationField[];
  /** 0 to 100, value_percentile only. */
  readonly percentile?: number;
}

/** Temporal types only: which rules have matched inside the window, as a boolean expression. */
export interface ExpressionCondition {
  readonly kind: 'expression';
  readonly root: RuleExpression;
}

export type RuleExpression =
  | { readonly kind: 'and' | 'or'; readonly items: readonly RuleExpression[] }
  | { readonly kind: 'not'; readonly item: RuleExpression }
  | { readonly kind: 'rule'; readonly id: string };

/** The field of `field` on an event that matched rule `ruleId`. */
export function correlationFieldName(field: CorrelationField, ruleId: string): string {
  return Object.hasOwn(field.fieldOf, ruleId) ? (field.fieldOf[ruleId] as string) : field.name;
}

/** True when the condition can only become true while matches arrive: judged at each match, otherwise at window close. */
export function isMonotone(condition: CorrelationCondition): boolean {
  if (condition.kind === 'threshold')
    return condition.bounds.every(({ operator }) => operator === 'gt' || operator === 'gte');
  return isPositive(condition.root);
}

function isPositive(node: RuleExpression): boolean {
  if (node.kind === 'rule') return true;
  return node.kind === 'not' ? false : node.items.every(isPositive);
}
