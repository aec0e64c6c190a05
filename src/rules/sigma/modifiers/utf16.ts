/** `utf16`: the text as UTF-16, little-endian, after the byte order mark FF FE. */
import { encodeText } from './encoding.ts';
import type { Modifier } from './modifier.ts';

export const utf16: Modifier = {
  name: 'utf16',
  summary: 'the text as UTF-16 with a byte order mark',
  accepts: ['text', 'one-of'],
  apply: (value) =>
    encodeText(value, 'utf16', (text) => Buffer.from(text, 'utf16le').toString('latin1'), '\u00ff\u00fe'),
};
