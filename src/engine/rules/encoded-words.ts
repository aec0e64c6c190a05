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
interface Encodings {
  readonly percent: boolean;
  readonly unicode: boolean;
  readonly escapes: boolean;
}

function encodingsOf(bytes: Buffer): Encodings {
  return { percent: bytes.includes(PERCENT), unicode: !isAscii(bytes), escapes: bytes.includes(ESCAPE) };
}

/**
 * The words of a batch in which letters may be written so, each with the number of its record. `ranges`: start and end of each, ascending. The
 * batch is searched as a whole, and only what stands around a find is made a text: a search for each record costs more than what it finds.
 */
export function forEachEncoded(
  bytes: Buffer,
  ranges: Uint32Array,
  count: number,
  take: (record: number, words: string) => void,
): void {
  const batch = encodingsOf(bytes);
  const isWhole = new Uint8Array(batch.escapes || batch.unicode ? count : 0);
  if (batch.escapes) {
    const recordAt = recordFinder(ranges, count);
    for (let at = bytes.indexOf(ESCAPE); at >= 0; at = bytes.indexOf(ESCAPE, at + 2))
      if (isEscape(bytes, at)) isWhole[recordAt(at)] = 1;
  }
  if (batch.unicode)
    for (let i = 0; i < count; i++) if (!isAscii(bytes.subarray(ranges[2 * i], ranges[2 * i + 1]))) isWhole[i] = 1;
  for (let record = isWhole.indexOf(1); record >= 0; record = isWhole.indexOf(1, record + 1)) {
    const words = encodedWords(bytes.subarray(ranges[2 * record], ranges[2 * record + 1]));
    if (words !== undefined) take(record, words);
  }
  if (!batch.percent) return;
  const recordAt = recordFinder(ranges, count);
  let done = 0;
  for (let at = bytes.indexOf(PERCENT); at >= 0; at = bytes.indexOf(PERCENT, Math.max(at + 1, done))) {
    if (!isEncodedLetter(bytes, at)) continue;
    const record = recordAt(at);
    if (record >= count || isWhole[record] === 1) continue;
    let start = at;
    const first = Math.max(done, ranges[2 * record] ?? 0);
    while (start > first && !isBreak(bytes[start - 1] ?? 0)) start--;
    done = at;
    const end = ranges[2 * record + 1] ?? 0;
    while (done < end && !isBreak(bytes[done] ?? 0)) done++;
    take(record, bytes.toString('latin1', start, done));
  }
}

/** Finds the record of a position; positions are asked for in ascending order. `count` for a position in none. */
function recordFinder(ranges: Uint32Array, count: number): (at: number) => number {
  let record = 0;
  return (at) => {
    while (record < count && (ranges[2 * record + 1] ?? 0) <= at) record++;
    return record < count && (ranges[2 * record] ?? 0) <= at ? record : count;
  };
}

/** The words of a record, separated by blanks, with escapes undone; undefined when there are none. */
function encodedWords(record: Buffer): string | undefined {
  const shown = record
    .toString('utf8')
    .replace(ESCAPED, (code) => String.fromCharCode(Number.parseInt(code.slice(2), 16)));
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
function isEncodedLetter(bytes: Buffer, at: number): boolean {
  const high = hexDigit(bytes[at + 1]);
  const low = hexDigit(bytes[at + 2]);
  return high >= 2 && high < 8 && low >= 0 && IS_TOKEN[16 * high + low] === 1;
}

/** An escape of JSON that stands for a character beyond ASCII; `C:\\users` has none. */
function isEscape(bytes: Buffer, at: number): boolean {
  const [a, b] = [hexDigit(bytes[at + 2]), hexDigit(bytes[at + 3])];
  const [c, d] = [hexDigit(bytes[at + 4]), hexDigit(bytes[at + 5])];
  return a >= 0 && b >= 0 && c >= 0 && d >= 0 && (a > 0 || b > 0 || c > 7);
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
