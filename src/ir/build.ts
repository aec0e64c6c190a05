/** Constructors that keep predicates small: nested And and Or are flattened, constants folded, single items unwrapped. */
import type { And, Constant, Or, Predicate } from './predicate.ts';

export const TRUE: Constant = Object.freeze({ kind: 'constant', value: true });
export const FALSE: Constant = Object.freeze({ kind: 'constant', value: false });

export function and(items: readonly Predicate[]): Predicate {
  return combine('and', items, TRUE, FALSE);
}

export function or(items: readonly Predicate[]): Predicate {
  return combine('or', items, FALSE, TRUE);
}

export function not(item: Predicate): Predicate {
  if (item.kind === 'constant') return item.value ? FALSE : TRUE;
  if (item.kind === 'not') return item.item;
  return Object.freeze({ kind: 'not', item });
}

function combine(kind: 'and' | 'or', items: readonly Predicate[], neutral: Constant, dominant: Constant): Predicate {
  const flat: Predicate[] = [];
  for (const item of items) {
    if (item.kind === kind) flat.push(...(item as And | Or).items);
    else if (item.kind === 'constant') {
      if (item.value === dominant.value) return dominant;
    } else flat.push(item);
  }
  if (flat.length === 0) return neutral;
  if (flat.length === 1) return flat[0] as Predicate;
  return Object.freeze({ kind, items: Object.freeze(flat) });
}
