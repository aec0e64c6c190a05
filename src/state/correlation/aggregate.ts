/**
 * Aggregate: the number a correlation's condition is about, kept up to date while facts enter and leave a group's window.
 * One implementation per question; `aggregateFor` chooses.
 */
import type { CorrelationRule } from '../../ir/correlation.ts';
import { DistinctCount } from './aggregates/distinct-count.ts';
import { EventCount } from './aggregates/event-count.ts';
import { ExpressionTruth } from './aggregates/expression-truth.ts';
import { OrderedRules } from './aggregates/ordered-rules.ts';
import { Percentile } from './aggregates/percentile.ts';
import { RuleCount } from './aggregates/rule-count.ts';
import { SumOrMean } from './aggregates/sum-or-mean.ts';
import type { WindowStore } from './window-store.ts';

export interface Aggregate {
  /** The fact has entered the window at its end. */
  add(group: number, fact: number): void;
  /** The fact has left the window: the oldest when time moves on, the newest when it is undone. */
  remove(group: number, fact: number): void;
  /** True when the aggregate cannot take the newest fact back, and must be built anew from the window after an undo. */
  readonly rebuiltOnUndo: boolean;
  /** True when it keeps nothing of its own: it need not be told what enters and leaves. Absent: it must. */
  readonly countsOnly?: true;
  /** The aggregate; facts before `fromMs` are no part of it. NaN when there is none. */
  value(group: number, fromMs: number): number;
  /** Forgets the group. */
  clear(group: number): void;
  readonly byteLength: number;
}

export function aggregateFor(rule: CorrelationRule, store: WindowStore): Aggregate {
  const members = rule.rules.length;
  if (rule.condition.kind === 'expression')
    return new ExpressionTruth(rule.condition.root, rule.rules, rule.type === 'temporal_ordered', store);
  if (rule.type === 'event_count') return new EventCount(store);
  if (rule.type === 'value_count') return new DistinctCount(store);
  if (rule.type === 'temporal') return new RuleCount(members, store);
  if (rule.type === 'temporal_ordered') return new OrderedRules(members, store);
  if (rule.type === 'value_sum') return new SumOrMean('sum', store);
  if (rule.type === 'value_avg') return new SumOrMean('mean', store);
  return new Percentile(rule.type === 'value_median' ? 50 : (rule.condition.percentile ?? 50), store);
}
