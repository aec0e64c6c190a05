/**
 * Clauses of predicates over STIX objects: of what an event must have at least one in order to satisfy the predicate, put together from its
 * comparisons by the operators between them. What one comparison asks for is said by who looks for it: `object-witness.ts` has literals,
 * `object-token.ts` whole tokens.
 */
import type { Compare, ObjectStep, Predicate } from '../ir/predicate.ts';

/** One of these must occur; empty: the predicate can never hold for an event; undefined: nothing is known. */
export type Clause<T> = readonly T[] | undefined;

export interface ClauseRules<T> {
  /** Of a comparison at the path `steps` of an object of this type. */
  readonly compare: (node: Compare, steps: readonly ObjectStep[], type: string) => Clause<T>;
  /** Of two clauses that must both hold the better one. */
  readonly better: (left: readonly T[], right: readonly T[]) => readonly T[];
  /** Of clauses of which one must hold: all they ask for. */
  readonly joined: (clauses: readonly Clause<T>[]) => Clause<T>;
}

export function clauseOf<T>(predicate: Predicate, rules: ClauseRules<T>): Clause<T> {
  const visit = (node: Predicate, type: string | undefined): Clause<T> => {
    switch (node.kind) {
      case 'constant':
        return node.value ? undefined : [];
      case 'and':
        return node.items
          .map((item) => visit(item, type))
          .reduce<Clause<T>>(
            (left, right) => (left === undefined || right === undefined ? (left ?? right) : rules.better(left, right)),
            undefined,
          );
      case 'or':
        return rules.joined(node.items.map((item) => visit(item, type)));
      case 'bind':
        return visit(node.body, node.type);
      case 'compare':
        return type === undefined || node.path.kind !== 'object'
          ? undefined
          : rules.compare(node, node.path.steps, type);
      default:
        return undefined;
    }
  };
  return visit(predicate, undefined);
}

/** The names of the path, without its indexes and dereferences. */
export function keysOf(steps: readonly ObjectStep[]): string[] {
  return steps.flatMap((step) => (step.kind === 'key' ? [step.name] : []));
}
