/** A diagnostic says how to mend what it tells of: by its own hint, else by what the error table says of its code. */
import type { Diagnostic } from './diagnostic.ts';
import { ERROR_TABLE } from './table.ts';

export function withFix(item: Diagnostic): Diagnostic {
  return item.hint === undefined ? { ...item, hint: ERROR_TABLE[item.code].fix } : item;
}

/** The advice of the table stands with the first of each code that has none of its own: a folder may hold a hundred rules with the same fault. */
export function withFirstFixes(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const told = new Set<Diagnostic['code']>();
  return diagnostics.map((item) => {
    if (item.hint !== undefined || told.has(item.code)) return item;
    told.add(item.code);
    return withFix(item);
  });
}
