/**
 * ObservationPlan: what a STIX pattern asks across observations (stix-patterns.md sections 7 and 8), as frozen plain data. Each
 * bracket is a predicate on one observation; joins and qualifiers say how observations combine. A plan that is one
 * `observed` node needs no state and is matched like any other rule.
 */
import type { Predicate } from './predicate.ts';

export type ObservationPlan = Observed | ObservationAnd | ObservationOr | FollowedBy | Within | Repeats | StartStop;

/** One observation that satisfies the predicate. */
export interface Observed {
  readonly kind: 'observed';
  readonly predicate: Predicate;
  /** Position among the brackets of the pattern, from 0. */
  readonly bracket: number;
}

/** Bindings of all items that share no observation. */
export interface ObservationAnd {
  readonly kind: 'all';
  readonly items: readonly ObservationPlan[];
}

export interface ObservationOr {
  readonly kind: 'any';
  readonly items: readonly ObservationPlan[];
}

/** As `all`, and every observation of an item may lie at or after all observations of the items before it. */
export interface FollowedBy {
  readonly kind: 'followed-by';
  readonly items: readonly ObservationPlan[];
}

/** All observations may lie within the duration of each other, both ends included. */
export interface Within {
  readonly kind: 'within';
  readonly item: ObservationPlan;
  /** Nanoseconds as decimal text, above 0. */
  readonly durationNs: string;
}

/** `times` bindings of the item that share no observation. */
export interface Repeats {
  readonly kind: 'repeats';
  readonly item: ObservationPlan;
  /** From 1. */
  readonly times: number;
}

/** Every observation may lie in [start, stop). */
export interface StartStop {
  readonly kind: 'start-stop';
  readonly item: ObservationPlan;
  /** Nanoseconds since the epoch as decimal text. */
  readonly startNs: string;
  readonly stopNs: string;
}

/** The brackets of a plan by their position. */
export function observedBrackets(plan: ObservationPlan): readonly Observed[] {
  const found: Observed[] = [];
  const visit = (node: ObservationPlan): void => {
    if (node.kind === 'observed') found[node.bracket] = node;
    else if ('items' in node) for (const item of node.items) visit(item);
    else visit(node.item);
  };
  visit(plan);
  return found;
}
