/**
 * The worst case of a rule: what is left of it when fields that are not known yet turn out as they suit it least. A comparison that must not
 * hold does, and one that holds because the field is absent does not; what asks for a value and must hold is left as it is. An event that
 * satisfies the worst case satisfies the rule whatever comes.
 */
import type { Predicate } from '../ir/predicate.ts';

/** Undefined: no field that `isOpen` names can take the rule back. */
export function worstCase(predicate: Predicate, isOpen: (name: string) => boolean): Predicate | undefined {
  const worst = visit(predicate, isOpen, true);
  return worst === predicate ? undefined : worst;
}

/** The node itself where nothing changes. `wanted`: it holding speaks for the rule. */
function visit(node: Predicate, isOpen: (name: string) => boolean, wanted: boolean): Predicate {
  switch (node.kind) {
    case 'and':
    case 'or': {
      const items = node.items.map((item) => visit(item, isOpen, wanted));
      return items.every((item, i) => item === node.items[i]) ? node : { kind: node.kind, items };
    }
    case 'not': {
      const item = visit(node.item, isOpen, !wanted);
      return item === node.item ? node : { kind: 'not', item };
    }
    case 'compare': {
      const other = node.test.kind === 'field-reference' ? node.test.other.name : undefined;
      const asksOpen = (node.path.kind === 'field' && isOpen(node.path.name)) || (other !== undefined && isOpen(other));
      const holdsWithout = node.absent || node.test.kind === 'null' || (node.test.kind === 'exists' && node.negate);
      return asksOpen && (!wanted || holdsWithout) ? { kind: 'constant', value: !wanted } : node;
    }
    case 'elements': {
      const holdsWithout = node.quantifier === 'none' || node.quantifier === 'all-or-empty';
      return isOpen(node.path.name) && (!wanted || holdsWithout) ? { kind: 'constant', value: !wanted } : node;
    }
    case 'constant':
    case 'keyword':
    case 'bind':
      return node;
  }
}
