/** `utf16be`: the text as UTF-16, big-endian. */
import { encodeText } from './encoding.ts';
import type { Modifier } from './modifier.ts';

export const utf16be: Modifier = {
  name: 'utf16be',
  summary: 'the text as UTF-16, big-endian',
  accepts: ['text', 'one-of'],
  apply: (value) => encodeText(value, 'utf16be', (text) => Buffer.from(text, 'utf16le').swap16().toString('latin1')),
};
