/**
 * Text conditions of correlations as alternatives: rules that must be present and rules that must be absent (disjunctive normal form,
 * contradictions dropped). `temporal_ordered` asks for the order of the present ones, so it follows each alternative; they are bounded,
 * and an expression with more is refused when it is loaded.
 */
import type { RuleExpression } from './correlation.ts';

export interface RuleAlternative {
  /** Members (positions in the list of rules), in the order of the list. */
  readonly present: readonly number[];
  readonly absent: readonly number[];
}

/** Alternatives of one expression that are followed. */
export const MAX_ALTERNATIVES = 64;

/** At most one more than the limit, so that exceeding it shows. */
export function alternativesOf(root: RuleExpression, rules: readonly string[]): readonly RuleAlternative[] {
  return expand(root, new Map(rules.map((id, member) => [id, member])), false);
}

function expand(node: RuleExpression, memberOf: ReadonlyMap<string, number>, negated: boolean): RuleAlternative[] {
  if (node.kind === 'not') return expand(node.item, memberOf, !negated);
  if (node.kind === 'rule') {
    const member = memberOf.get(node.id) ?? -1;
    return [negated ? { present: [], absent: [member] } : { present: [member], absent: [] }];
  }
  const parts = node.items.map((item) => expand(item, memberOf, negated));
  if ((node.kind === 'or') !== negated) return parts.flat().slice(0, MAX_ALTERNATIVES + 1);
  let product: RuleAlternative[] = [{ present: [], absent: [] }];
  for (const part of parts)
    product = product
      .flatMap((left) => part.flatMap((right) => both(left, right) ?? []))
      .slice(0, MAX_ALTERNATIVES + 1);
  return product;
}

function both(left: RuleAlternative, right: RuleAlternative): RuleAlternative | undefined {
  const present = [...new Set([...left.present, ...right.present])].sort((a, b) => a - b);
  const absent = [...new Set([...left.absent, ...right.absent])];
  return present.some((member) => absent.includes(member)) ? undefined : { present, absent };
}
