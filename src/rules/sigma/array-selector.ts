/**
 * Array selectors in field names, for rules that state sigma-version 3 (sigma.md section 4; sigma-specification issue 212):
 * `field[any]`, `[all]`, `[all_or_empty]`, `[none]`, and positions `field[0]`, `field[-1]`, anywhere in a dotted name. Each
 * selector makes the elements of an array events of their own, which the rest of the name is looked up in. `\[` and `\]` are brackets.
 */
import type { Elements } from '../../ir/predicate.ts';

type Quantifier = Elements['quantifier'];

export interface SelectedField {
  /** From the outside in: an array, looked up in the element before it, and which of its elements are meant. */
  readonly arrays: readonly { readonly field: string; readonly quantifier: Quantifier }[];
  /** What is looked up in an element; empty: the element itself. */
  readonly field: string;
}

const QUANTIFIERS: Readonly<Record<string, Quantifier>> = {
  any: 'any',
  all: 'all',
  all_or_empty: 'all-or-empty',
  none: 'none',
};

/** The parts of a name, or the selector in it that is not known; `isOpen`: it has no closing bracket. */
export function parseSelectedField(
  name: string,
): SelectedField | { readonly unknown: string; readonly isOpen?: boolean } {
  const arrays: { field: string; quantifier: Quantifier }[] = [];
  let rest = name;
  for (;;) {
    const match = /^((?:\\[[\]]|[^[\]\\]|\\(?![[\]]))*)\[([^[\]\\]*)\](?=[.[]|$)/.exec(rest);
    if (match === null) {
      // A bracket that is neither escaped nor closed: as part of a name it would never be found.
      const open = /^(?:\\[[\]]|[^[\]\\]|\\(?![[\]]))*\[(.*)/s.exec(rest);
      if (open !== null) return { unknown: open[1] ?? '', isOpen: !open[1]?.includes(']') };
      break;
    }
    const [whole, before = '', selector = ''] = match;
    const quantifier = /^-?\d{1,9}$/.test(selector)
      ? Number(selector)
      : Object.hasOwn(QUANTIFIERS, selector)
        ? QUANTIFIERS[selector]
        : undefined;
    if (quantifier === undefined) return { unknown: selector };
    arrays.push({ field: unescaped(before), quantifier });
    rest = rest.slice(whole.length);
    if (rest.startsWith('.')) rest = rest.slice(1);
  }
  return { arrays, field: unescaped(rest) };
}

export const SELECTOR_NAMES: readonly string[] = Object.keys(QUANTIFIERS);

function unescaped(name: string): string {
  return name.replace(/\\([[\]])/g, '$1');
}
