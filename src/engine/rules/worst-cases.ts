/**
 * WorstCases: rules that what is not known of an ancestor yet may take back, each as it were if all fields of other processes turned out
 * against it. Made when a rule is first asked about.
 */
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Predicate } from '../../ir/predicate.ts';
import { fieldNamesOf } from '../../match/rule-fields.ts';
import { worstCase } from '../../match/worst-case.ts';
import { DERIVED_PROCESS_FIELDS } from '../../state/process/process-fields.ts';

/** A rule, were all fields of other processes against it, and those of its fields that can be. */
export interface WorstCase {
  readonly predicate: Predicate;
  readonly names: readonly string[];
}

export class WorstCases {
  readonly #rules: readonly DetectionRule[];
  /** By position of the rule. */
  readonly #known = new Map<number, WorstCase | undefined>();

  constructor(rules: readonly DetectionRule[]) {
    this.#rules = rules;
  }

  /** Undefined: the rule does not alert, or no such field can take it back. */
  of(position: number): WorstCase | undefined {
    if (!this.#known.has(position)) this.#known.set(position, worstCaseOf(this.#rules[position] as DetectionRule));
    return this.#known.get(position);
  }
}

function worstCaseOf(rule: DetectionRule): WorstCase | undefined {
  if (!rule.alerts || !fieldNamesOf(rule).some((name) => DERIVED_PROCESS_FIELDS.has(name))) return undefined;
  const { predicate } = rule;
  const worst = worstCase(predicate, (name) => DERIVED_PROCESS_FIELDS.has(name));
  if (worst === undefined) return undefined;
  const names = [...DERIVED_PROCESS_FIELDS.keys()].filter(
    (name) => worstCase(predicate, (other) => other === name) !== undefined,
  );
  return { predicate: worst, names };
}
