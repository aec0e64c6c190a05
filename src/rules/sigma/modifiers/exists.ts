/** `exists`: true when the field is present, null and empty included; `false` asks for its absence. */
import type { Modifier } from './modifier.ts';

export const exists: Modifier = {
  name: 'exists',
  summary: 'the field is present (true) or absent (false)',
  accepts: ['boolean'],
  first: true,
  needsField: true,
  apply: (value) => (value.kind === 'boolean' ? { kind: 'exists', value: value.value } : { problem: 'not a boolean' }),
};
