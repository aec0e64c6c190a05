/**
 * Modifier: one step of a `field|a|b` chain, one file each. Applied left to right to every value (sigma.md section 6); a
 * modifier that does not accept the kind of value it is given makes the rule refused.
 */
import type { SigmaValue } from '../ast.ts';

export type ValueKind = SigmaValue['kind'];

/** Why a value cannot take the modifier: lower case, no final stop. */
export interface ModifierProblem {
  readonly problem: string;
  readonly hint?: string;
}

export interface Modifier {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One line for documentation. */
  readonly summary: string;
  /** What it may be applied to; `item` modifiers act on the whole list and stand anywhere. */
  readonly accepts: readonly ValueKind[] | 'item';
  /** Must be the first value modifier of the chain. */
  readonly first?: boolean;
  /** Makes no sense in a keyword search. */
  readonly needsField?: boolean;
  /** The new value; for `item` modifiers never called. `written` is the scalar as YAML gave it. */
  apply(value: SigmaValue, written: unknown): SigmaValue | ModifierProblem;
}

/** Applies `change` to each member of a value that an earlier modifier split. */
export function each(
  value: SigmaValue,
  change: (value: SigmaValue) => SigmaValue | ModifierProblem,
): SigmaValue | ModifierProblem {
  if (value.kind !== 'one-of') return change(value);
  const values: SigmaValue[] = [];
  for (const member of value.values) {
    const changed = each(member, change);
    if ('problem' in changed) return changed;
    values.push(changed);
  }
  return { kind: 'one-of', values };
}

/** A value in a message. */
export function described(value: SigmaValue, written: unknown): string {
  if (value.kind === 'text' || value.kind === 'number' || value.kind === 'boolean' || value.kind === 'null')
    return `the ${value.kind} ${JSON.stringify(written)}`;
  return `a ${value.kind}`;
}
