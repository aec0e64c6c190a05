/** `contains`: the value stands anywhere in the field (a wildcard on both sides unless already there). */
import type { Modifier } from './modifier.ts';
import { PADDABLE, pad } from './padding.ts';

export const contains: Modifier = {
  name: 'contains',
  summary: 'the value stands anywhere in the field',
  accepts: PADDABLE,
  apply: (value) => pad(value, 'contains'),
};
