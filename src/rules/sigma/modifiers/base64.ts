/** `base64`: the Base64 form of the value's bytes (UTF-8, or what an encoding before it made). */
import { plainText } from '../text-value.ts';
import { bytesOf } from './encoding.ts';
import type { Modifier } from './modifier.ts';
import { each } from './modifier.ts';

export const base64: Modifier = {
  name: 'base64',
  summary: 'the value, Base64-encoded',
  accepts: ['text', 'bytes', 'one-of'],
  apply: (value) =>
    each(value, (member) => {
      const bytes = bytesOf(member, 'base64');
      return 'problem' in bytes ? bytes : plainText(bytes.toString('base64'), member.kind === 'text' && member.cased);
    }),
};
