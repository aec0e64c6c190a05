/** `neq`: none of the values matches; an absent field satisfies it. Acts on the item, so it may stand anywhere in the chain. */
import type { Modifier } from './modifier.ts';

export const neq: Modifier = {
  name: 'neq',
  summary: 'none of the values matches',
  accepts: 'item',
  apply: (value) => value,
};
