/** `all`: every value of the list must hold, instead of at least one. Acts on the item, so it may stand anywhere in the chain. */
import type { Modifier } from './modifier.ts';

export const all: Modifier = {
  name: 'all',
  summary: 'every value of the list must hold',
  accepts: 'item',
  apply: (value) => value,
};
