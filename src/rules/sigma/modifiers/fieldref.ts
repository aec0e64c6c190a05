/** `fieldref`: the value names another field of the same event; with `contains` … after it, this field contains its value. */
import { literalOf } from '../text-value.ts';
import { wildcardHint } from './encoding.ts';
import type { Modifier } from './modifier.ts';

export const fieldref: Modifier = {
  name: 'fieldref',
  summary: 'compares with another field of the same event',
  accepts: ['text'],
  needsField: true,
  apply: (value) => {
    const field = value.kind === 'text' ? literalOf(value) : undefined;
    if (field === undefined || value.kind !== 'text' || value.bytes === true)
      return { problem: '"fieldref" needs a field name without wildcards', hint: wildcardHint('fieldref') };
    if (field === '') return { problem: '"fieldref" needs the name of a field' };
    return { kind: 'field-reference', field, relation: 'equals', cased: value.cased };
  },
};
