/** `endswith`: the field ends with the value (a wildcard at the start unless already there). */
import type { Modifier } from './modifier.ts';
import { PADDABLE, pad } from './padding.ts';

export const endswith: Modifier = {
  name: 'endswith',
  summary: 'the field ends with the value',
  accepts: PADDABLE,
  apply: (value) => pad(value, 'endswith'),
};
