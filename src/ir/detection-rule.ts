/**
 * DetectionRule: one stateless rule ready to be matched, as frozen plain data: what an alert says about it, the log source it is
 * meant for, its predicate, and what rule sets choose by. `details.id` is unique in a loaded set and is how others name it.
 */
import type { LogSource } from '../core/logsource.ts';
import type { RuleDetails } from '../core/match.ts';
import type { Predicate } from './predicate.ts';

/** Sigma's statuses (specification 2.1, rule fields), best first. */
export type RuleStatus = 'stable' | 'test' | 'experimental' | 'deprecated' | 'unsupported';

/** Meta data that correlations have too. */
export interface RuleOrigin {
  /** The file it was read from, as given to the loader. */
  readonly file: string;
  /** Line of the document's first key, from 1. */
  readonly line: number;
}

export interface DetectionRule {
  readonly kind: 'detection';
  readonly details: RuleDetails;
  readonly origin: RuleOrigin;
  readonly status?: RuleStatus;
  readonly logsource: LogSource;
  /** Of a rule that was read from what is kept of it, compiled when it is first asked for. */
  readonly predicate: Predicate;
  /** Names of the fields that the predicate reads (`match/rule-fields.ts`), where they are known without it. */
  readonly asked?: readonly string[];
  /** What the predicate is compiled of, as it is kept (`rules/sigma/packed-file.ts`), where it was read from there. */
  readonly packed?: Uint8Array;
  /** Fields an analyst wants to see; no effect on matching. */
  readonly fields: readonly string[];
  /**
   * False when the rule only feeds correlations and makes no alert of its own: it is referenced by a correlation and by none
   * with `generate`, or it was made from a part of a legacy aggregation.
   */
  readonly alerts: boolean;
}
