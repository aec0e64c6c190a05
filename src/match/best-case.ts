/**
 * The best case of a rule: what is left of it when everything but some comparisons turns out as it suits it best. What must hold does, and
 * what must not hold does not, each place by itself. An event that does not satisfy the best case does not satisfy the rule, whatever
 * else it says. The worst case (`worst-case.ts`) looks the other way.
 */
import type { Compare, Predicate } from '../ir/predicate.ts';

/** The rule where only the comparisons that `isKnown` names are asked; constants disappear. */
export function bestCase(predicate: Predicate, isKnown: (node: Compare) => boolean): Predicate {
  return visit(predicate, isKnown, true);
}

/** `wanted`: it holding speaks for the rule. */
function visit(node: Predicate, isKnown: (node: Compare) => boolean, wanted: boolean): Predicate {
  switch (node.kind) {
    case 'and':
    case 'or': {
      const neutral = node.kind === 'and';
      const items: Predicate[] = [];
      for (const child of node.items) {
        const item = visit(child, isKnown, wanted);
        if (item.kind !== 'constant') items.push(item);
        else if (item.value !== neutral) return item;
      }
      const [only] = items;
      if (only === undefined) return { kind: 'constant', value: neutral };
      return items.length === 1 ? only : { kind: node.kind, items };
    }
    case 'not': {
      const item = visit(node.item, isKnown, !wanted);
      return item.kind === 'constant' ? { kind: 'constant', value: !item.value } : { kind: 'not', item };
    }
    case 'constant':
      return node;
    case 'compare':
      return isKnown(node) ? node : { kind: 'constant', value: wanted };
    case 'elements':
    case 'keyword':
    case 'bind':
      return { kind: 'constant', value: wanted };
  }
}
