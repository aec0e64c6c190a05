/** What a worker can say of an event's rules without any state: plain data that the owner of the state completes, in the order of events. */
import type { Examined } from './pattern-set.ts';
import type { SigmaPart } from './sigma-rules.ts';

export interface RulesPart {
  /** Absent without Sigma rules and process memory. */
  readonly sigma?: SigmaPart;
  readonly patterns: Examined;
}
