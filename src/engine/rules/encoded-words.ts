/**
 * The words of a record in which letters may be written so that a search of its bytes does not see them: percent-encoded, beyond ASCII (full width, the
 * Kelvin sign, names in Unicode), or escaped in JSON. Few records have any; the bytes of a whole batch are asked first.
 */
import { isAscii } from 'node:buffer';

const PERCENT = 0x25;
const ESCAPE = Buffer.from('\\u');
/** A character beyond ASCII, or a percent-encoded letter, digit, dot, hyphen or underscore. */
const ENCODED = /[^\p{ASCII}]|%(?:2[DEde]|3[0-9]|4[1-9A-Fa-f]|5[0-9AFaf]|6[1-9A-Fa-f]|7[0-9Aa])/gu;
const ESCAPED = /\\u[0-9a-f]{4}/gi;

/** In which ways letters of the bytes may be written so that the search does not see them. */
export interface Encodings {
  readonly percent: boolean;
  readonly unicode: boolean;
  readonly escapes: boolean;
}

export function encodingsOf(bytes: Buffer): Encodings {
  return { percent: bytes.includes(PERCENT), unicode: !isAscii(bytes), escapes: bytes.includes(ESCAPE) };
}

/** The words, separated by blanks, with escapes undone; undefined when there are none. `batch`: encodings of the batch that the record is in. */
export function encodedWords(record: Buffer, batch: Encodings): string | undefined {
  const unicode = batch.unicode && !isAscii(record);
  const escapes = batch.escapes && hasEscape(record);
  if (!unicode && !escapes && !(batch.percent && hasEncodedLetter(record))) return undefined;
  const text = record.toString('utf8');
  const shown = escapes
    ? text.replace(ESCAPED, (code) => String.fromCharCode(Number.parseInt(code.slice(2), 16)))
    : text;
  // What the search has not seen is in words with such characters only.
  let words = '';
  let last = 0;
  for (const { index } of shown.matchAll(ENCODED)) {
    if (index < last) continue;
    let start = index;
    while (start > last && !isBreak(shown.charCodeAt(start - 1))) start--;
    last = index;
    while (last < shown.length && !isBreak(shown.charCodeAt(last))) last++;
    words += ` ${shown.slice(start, last)}`;
  }
  return words === '' ? undefined : words;
}

/** Words end at blanks, control characters and quotes. */
function isBreak(code: number): boolean {
  return code <= 0x20 || code === 0x22;
}

/** `%XX` that stands for a letter, digit, dot, hyphen or underscore. */
function hasEncodedLetter(record: Buffer): boolean {
  for (let at = record.indexOf(PERCENT); at >= 0; at = record.indexOf(PERCENT, at + 1)) {
    const high = hexDigit(record[at + 1]);
    const low = hexDigit(record[at + 2]);
    if (high >= 2 && high < 8 && low >= 0 && IS_TOKEN[16 * high + low] === 1) return true;
  }
  return false;
}

/** An escape of JSON that stands for a character beyond ASCII; `C:\\users` has none. */
function hasEscape(record: Buffer): boolean {
  for (let at = record.indexOf(ESCAPE); at >= 0; at = record.indexOf(ESCAPE, at + 2)) {
    const [a, b, c, d] = [2, 3, 4, 5].map((i) => hexDigit(record[at + i])) as [number, number, number, number];
    if (Math.min(a, b, c, d) >= 0 && (a > 0 || b > 0 || c > 7)) return true;
  }
  return false;
}

const IS_TOKEN = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9._-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/** Value of a hexadecimal digit, or -1. */
function hexDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}
