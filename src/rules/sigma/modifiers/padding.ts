/** What `contains`, `startswith` and `endswith` share: wildcards around text, `.*` around regexes, a relation for references. */
import type { SigmaValue } from '../ast.ts';
import { padded } from '../text-value.ts';
import type { ModifierProblem, ValueKind } from './modifier.ts';
import { each } from './modifier.ts';

export const PADDABLE: readonly ValueKind[] = ['text', 'regex', 'field-reference', 'one-of'];

type Relation = 'contains' | 'startswith' | 'endswith';

export function pad(value: SigmaValue, relation: Relation): SigmaValue | ModifierProblem {
  return each(value, (member) => padOne(member, relation));
}

function padOne(value: SigmaValue, relation: Relation): SigmaValue | ModifierProblem {
  if (value.kind === 'text') return padded(value, relation !== 'startswith', relation !== 'endswith');
  if (value.kind === 'field-reference') return { ...value, relation };
  // A regex is an unanchored search already: padding it with `.*` changes nothing, `startswith` and `endswith` anchor nothing.
  if (value.kind === 'regex') return value;
  return { problem: `"${relation}" cannot be applied to a ${value.kind}` };
}
