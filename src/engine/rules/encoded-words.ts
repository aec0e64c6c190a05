/**
 * A word of a record in which letters may be written so that a search of its bytes does not see them, as people would read it: bytes beyond ASCII as
 * UTF-8, escapes of JSON undone. Percent-encoding is undone by whoever looks for the forms of a text.
 */
const ESCAPED = /\\u[0-9a-f]{4}/gi;

/** The word of the record `[start, end)` that `at` stands in: between blanks, control characters and quotes. */
export function encodedWord(bytes: Buffer, at: number, start: number, end: number): string {
  let from = at;
  while (from > start && !isBreak(bytes[from - 1] ?? 0)) from--;
  let to = at;
  while (to < end && !isBreak(bytes[to] ?? 0)) to++;
  const word = bytes.toString('utf8', from, to);
  return word.replace(ESCAPED, (code) => String.fromCharCode(Number.parseInt(code.slice(2), 16)));
}

function isBreak(byte: number): boolean {
  return byte <= 0x20 || byte === 0x22;
}
