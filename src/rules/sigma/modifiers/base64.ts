/** `base64`: the Base64 form of the value's bytes (UTF-8, or what an encoding before it made). */
import { plainText } from '../text-value.ts';
import { encodeBytes } from './encoding.ts';
import type { Modifier } from './modifier.ts';

export const base64: Modifier = {
  name: 'base64',
  summary: 'the value, Base64-encoded',
  accepts: ['text', 'one-of'],
  apply: (value) => encodeBytes(value, 'base64', (bytes, cased) => plainText(bytes.toString('base64'), cased)),
};
