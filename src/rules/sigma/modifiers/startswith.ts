/** `startswith`: the field begins with the value (a wildcard at the end unless already there). */
import type { Modifier } from './modifier.ts';
import { PADDABLE, pad } from './padding.ts';

export const startswith: Modifier = {
  name: 'startswith',
  summary: 'the field begins with the value',
  accepts: PADDABLE,
  apply: (value) => pad(value, 'startswith'),
};
