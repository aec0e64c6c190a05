/** `wide` (also `utf16le`): the text as UTF-16, little-endian. */
import { encodeText } from './encoding.ts';
import type { Modifier } from './modifier.ts';

export const wide: Modifier = {
  name: 'wide',
  aliases: ['utf16le'],
  summary: 'the text as UTF-16, little-endian',
  accepts: ['text', 'one-of'],
  apply: (value) => encodeText(value, 'wide', (text) => Buffer.from(text, 'utf16le').toString('latin1')),
};
