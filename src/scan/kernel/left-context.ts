/**
 * What stands before a token may be an escape whose last characters look like the beginning of the token: `\nevil.com`,
 * `%2Fevil.com`, `\u002fevil.com`. All readings are looked up: the token as it stands (in plain text a backslash is only a
 * backslash) and the token without the characters that belong to the escape.
 */
import { hexNumber } from './bytes';
import { segmentStart } from './state';

/** Bit k: the token may begin k bytes later. 0 for almost every token. */
// @ts-ignore: decorator
@inline
export function stripsBefore(start: usize, end: usize): u32 {
  const before: u32 = load<u8>(start - 1);
  return before == 0x5c || before == 0x25 ? stripsOf(before, start, end) : 0;
}

function stripsOf(before: u32, start: usize, end: usize): u32 {
  if (start == segmentStart) return 0;
  const first: u32 = load<u8>(start);
  if (before == 0x25) {
    const value = hexNumber(start, 2, end);
    if (value < 0) return 0;
    // `%252F`: undone once in the text, and once more in a host.
    return value == 0x25 && hexNumber(start + 2, 2, end) >= 0 ? 20 : 4;
  }
  if (!isEscaping(start - 1)) return 0;
  if (first == 0x75) return hexNumber(start + 1, 4, end) >= 0 ? 34 : 2;
  if (first == 0x78) return hexNumber(start + 1, 2, end) >= 0 ? 10 : 2;
  return 2;
}

/** False for the second of two backslashes, which is a character of its own. */
export function isEscaping(backslash: usize): bool {
  let at = backslash;
  while (at > segmentStart && load<u8>(at - 1) == 0x5c) at--;
  return ((backslash - at) & 1) == 0;
}
