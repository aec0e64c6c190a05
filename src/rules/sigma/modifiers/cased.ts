/** `cased`: letter case counts. May stand on either side of `contains`, `startswith`, `endswith`. */
import type { SigmaValue } from '../ast.ts';
import type { Modifier, ModifierProblem } from './modifier.ts';
import { each } from './modifier.ts';

export const cased: Modifier = {
  name: 'cased',
  summary: 'letter case counts',
  accepts: ['text', 'field-reference', 'one-of'],
  apply: (value) => each(value, casedOne),
};

function casedOne(value: SigmaValue): SigmaValue | ModifierProblem {
  if (value.kind === 'text' || value.kind === 'field-reference') return { ...value, cased: true };
  return { problem: `"cased" cannot be applied to a ${value.kind}` };
}
