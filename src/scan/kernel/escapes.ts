/**
 * Places whose bytes are not the text: `%XX`, `\uXXXX`, `\xXX`, `&#NN;` and non-ASCII characters. Those that decode to a token
 * byte, and non-ASCII characters that touch a dotted name or stand in a URL's host, mark their record for the exact path; all
 * others are token breaks, which the other visitors take care of.
 */
import { visitEscapedQuad } from './addresses4';
import { hexNumber, isToken } from './bytes';
import { CTX_SPECIAL_BLOCKS, FLAG_ODD_NAMES } from './layout';
import { isEscaping } from './left-context';
import { ctx, flags, markEncoded, pieceStart, segmentEnd, segmentStart, specialBlocks } from './state';

/** Names are no longer than this (`core/domain-name.ts`), so nothing further away belongs to one. */
const MAX_NAME_BYTES: usize = 1024;

/** End of the last place whose left side was looked at for a URL's host, and what was found. */
let hostChecked: usize = 0;
let hostFound: bool = false;

/** Looks at the listed blocks of the piece that ends at `end`. */
export function visitSpecials(end: usize): void {
  const blocks = ctx + CTX_SPECIAL_BLOCKS;
  const last = specialBlocks;
  hostChecked = 0;
  let done = pieceStart;
  for (let next = blocks; next < last; next += 4) {
    const block = <usize>load<u32>(next);
    for (let from = block; from < min<usize>(block + 64, end); from += 16) {
      let special = <u32>i8x16.bitmask(specials(from));
      while (special != 0) {
        const at = from + <usize>ctz(special);
        special &= special - 1;
        if (at >= done && at < end) done = visitSpecial(at);
      }
    }
  }
}

/** `%`, non-ASCII bytes, `\u`, `\x` and `&#` at the 16 bytes from `at` on. */
function specials(at: usize): v128 {
  const bytes = v128.load(at);
  const next = v128.load(at + 1);
  const backslash = v128.and(is(bytes, 0x5c), v128.or(is(next, 0x75), is(next, 0x78)));
  const reference = v128.and(is(bytes, 0x26), is(next, 0x23));
  return v128.or(v128.or(bytes, is(bytes, 0x25)), v128.or(backslash, reference));
}

// @ts-ignore: decorator
@inline
function is(bytes: v128, c: i8): v128 {
  return i8x16.eq(bytes, i8x16.splat(c));
}

function visitSpecial(at: usize): usize {
  const c: u32 = load<u8>(at);
  if (c >= 0x80) return visitCharacters(at);
  if (c == 0x25) visitPercent(at);
  else if (c == 0x26) visitReference(at);
  else {
    const digits: u32 = load<u8>(at + 1) == 0x75 ? 4 : 2;
    visitEscapedQuad(at + 2 + digits);
    if (!isEscaping(at)) return at + 1;
    const value = hexNumber(at + 2, digits, segmentEnd);
    // A surrogate is one half of a letter or symbol.
    if (value >= 0) judge(at, at + 2 + digits, <u32>value, digits == 4);
  }
  return at + 1;
}

function visitPercent(at: usize): void {
  const value = hexNumber(at + 1, 2, segmentEnd);
  if (value < 0) return;
  visitEscapedQuad(at + 3);
  if (value == 0x3a) {
    if (isEncodedAddress(at)) markEncoded(at);
  } else if (value == 0x25) {
    // Undone once more inside a host.
    const inner = hexNumber(at + 3, 2, segmentEnd);
    visitEscapedQuad(at + 5);
    if (inner >= 0 && (isToken(inner) || inner >= 0x80)) markEncoded(at);
  } else if (isToken(value)) {
    if (value == 0x2e ? isInnerDot(at) : isInToken(at)) markEncoded(at);
  } else if (value >= 0x80 && (touchesName(at, at + 3) || isInHost(at, at + 3))) markEncoded(at);
}

/** Something that a name may begin or end with stands on both sides of the encoded dot. */
function isInnerDot(at: usize): bool {
  return isPartBefore(at) && isPartAt(at + 3);
}

function isPartBefore(at: usize): bool {
  if (at == segmentStart) return false;
  const c: u32 = load<u8>(at - 1);
  return c >= 0x80 || (isToken(c) && c != 0x2e);
}

function isPartAt(at: usize): bool {
  if (at >= segmentEnd) return false;
  const c: u32 = load<u8>(at);
  if (c != 0x25) return c >= 0x80 || c == 0x5c || c == 0x26 || (isToken(c) && c != 0x2e);
  const value = hexNumber(at + 1, 2, segmentEnd);
  return value >= 0x80 || value == 0x25 || (value >= 0 && isToken(value) && value != 0x2e);
}

/**
 * The encoded letter, digit or hyphen belongs to something that is looked for: the run around it holds a dot or colon, written
 * or encoded, or is as long as a hash. Elsewhere it can only change a word, which matters beside a name (`hasEncodedWord`).
 */
function isInToken(at: usize): bool {
  let length: u32 = 1;
  for (let from = at; from > segmentStart && length < 32; length++) {
    const value = from >= segmentStart + 3 && load<u8>(from - 3) == 0x25 ? hexNumber(from - 2, 2, segmentEnd) : -1;
    const c: u32 = value < 0 ? load<u8>(from - 1) : <u32>value;
    if (c == 0x2e || c == 0x3a || c >= 0x80) return true;
    if (!isToken(c)) break;
    from -= value < 0 ? 1 : 3;
  }
  for (let to = at + 3; to < segmentEnd && length < 32; length++) {
    const value = load<u8>(to) == 0x25 ? hexNumber(to + 1, 2, segmentEnd) : -1;
    const c: u32 = value < 0 ? load<u8>(to) : <u32>value;
    if (c == 0x2e || c == 0x3a || c >= 0x80 || value == 0x25) return true;
    if (!isToken(c)) break;
    to += value < 0 ? 1 : 3;
  }
  return length >= 32;
}

/** `%XX` in the record that decodes to a letter or digit: a word may be written with it. */
export function hasEncodedWord(start: usize, end: usize): bool {
  for (let at = start; at < end; at += 16) {
    let found = <u32>i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0x25)));
    while (found != 0) {
      const place = at + <usize>ctz(found);
      found &= found - 1;
      const value = hexNumber(place + 1, 2, end);
      if (value >= 0 && (isToken(value) || value == 0x25)) return true;
    }
  }
  return false;
}

/** `&#46;`, `&#x2e;`: undone by decoders of XML. */
function visitReference(at: usize): void {
  let from = at + 2;
  let value: u32 = 0;
  const isHex = from < segmentEnd && (load<u8>(from) | 0x20) == 0x78;
  if (isHex) from++;
  const stop = min<usize>(segmentEnd, from + 8);
  let to = from;
  for (; to < stop; to++) {
    const digit = hexNumber(to, 1, segmentEnd);
    if (digit < 0 || (!isHex && digit > 9)) break;
    value = value * (isHex ? 16 : 10) + <u32>digit;
  }
  if (to > from) judge(at, to < segmentEnd && load<u8>(to) == 0x3b ? to + 1 : to, value, true);
}

/** A decoded character at `[at, end)`. */
function judge(at: usize, end: usize, value: u32, isCodePoint: bool): void {
  if (value < 0x80) {
    // A colon may belong to an address, a percent sign may begin another escape.
    if (isToken(value) || value == 0x3a || value == 0x25) markEncoded(at);
    return;
  }
  if (isCodePoint && isBreak(value)) {
    if (isInHost(at, end)) markEncoded(at);
    return;
  }
  if (touchesName(at, end) || isInHost(at, end) || isNameDot(value)) markEncoded(at);
}

/** A run of non-ASCII bytes; returns its end. */
function visitCharacters(start: usize): usize {
  let at = start;
  let first: usize = 0;
  let last: usize = 0;
  // A full stop of another script counts when something that can be part of a name stands on both sides.
  let isAfterPart = start > segmentStart && isToken(load<u8>(start - 1));
  let isAfterDot = false;
  let isName = false;
  while (at < segmentEnd && load<u8>(at) >= 0x80) {
    const next = endOfCharacter(at);
    const value = codePoint(at, next);
    if (isNameDot(value)) {
      isAfterDot = isAfterPart;
      isAfterPart = false;
    } else {
      isAfterPart = !isBreak(value);
      isName = isName || (isAfterDot && isAfterPart);
      isAfterDot = false;
      if (isAfterPart) {
        if (first == 0) first = at;
        last = next;
      }
    }
    at = next;
  }
  if (isAfterDot && at < segmentEnd) {
    const next: u32 = load<u8>(at);
    isName = isName || isToken(next) || next == 0x25 || next == 0x5c || next == 0x26;
  }
  if (isName || (first == start && nameBefore(start)) || (last == at && nameBehind(at)) || isInHost(start, at))
    markEncoded(start);
  return at;
}

/** Never goes past a byte that is no continuation: the next escape must not be jumped over. */
function endOfCharacter(at: usize): usize {
  const lead: u32 = load<u8>(at);
  const longest: usize = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  let end = at + 1;
  while (end < at + longest && end < segmentEnd && (load<u8>(end) & 0xc0) == 0x80) end++;
  return end;
}

/** Two- and three-byte characters; 0x10000 for all others and for what is no UTF-8, which counts as part of a name here. */
function codePoint(at: usize, end: usize): u32 {
  const lead: u32 = load<u8>(at);
  if (end - at == 2 && lead < 0xe0) return ((lead & 31) << 6) | (load<u8>(at + 1) & 63);
  if (end - at == 3 && lead < 0xf0)
    return ((lead & 15) << 12) | ((<u32>load<u8>(at + 1) & 63) << 6) | (load<u8>(at + 2) & 63);
  return 0x10000;
}

/**
 * Characters that are no part of any name, mapped or not: spaces, dashes, quotes, brackets and the commas of other scripts.
 * Everything else counts as part of a name. (`FLAG_ODD_NAMES`: a listed name holds one all the same.)
 */
function isBreak(value: u32): bool {
  if ((flags & FLAG_ODD_NAMES) != 0) return false;
  if (value < 0x100)
    return value == 0xa0 || value == 0xa7 || value == 0xa9 || value == 0xab || value == 0xae || value == 0xb0 || value == 0xbb;
  if (value < 0x3000)
    return (
      value - 0x2010 < 6 || value - 0x2018 < 8 || value == 0x2022 || value == 0x2026 || value - 0x2039 < 2
    );
  if (value < 0x3012) return value == 0x3000 || value == 0x3001 || value >= 0x3008;
  return (
    value == 0xff0c || value == 0xff1a || value == 0xff1b || value == 0xff08 || value == 0xff09 || value == 0xff01 ||
    value == 0xff1f || value == 0xfffd
  );
}

/** Full stops that names are split at, too (UTS 46). */
function isNameDot(value: u32): bool {
  return value == 0x3002 || value == 0xff0e || value == 0xff61;
}

function touchesName(start: usize, end: usize): bool {
  return nameBefore(start) || nameBehind(end);
}

/** The token bytes before `at` hold a dot. */
function nameBefore(at: usize): bool {
  const stop = at - segmentStart > MAX_NAME_BYTES ? at - MAX_NAME_BYTES : segmentStart;
  while (at > stop) {
    const c: u32 = load<u8>(--at);
    if (c == 0x2e) return true;
    if (!isToken(c)) return false;
  }
  return false;
}

/** The token bytes from `at` on hold a dot that something follows. */
function nameBehind(at: usize): bool {
  const stop = min<usize>(segmentEnd, at + MAX_NAME_BYTES);
  for (; at < stop; at++) {
    const c: u32 = load<u8>(at);
    if (c == 0x2e) {
      const next: u32 = at + 1 < segmentEnd ? load<u8>(at + 1) : 0x20;
      if ((isToken(next) && next != 0x2e) || next >= 0x80 || next == 0x25 || next == 0x5c || next == 0x26) return true;
    } else if (!isToken(c)) return false;
  }
  return false;
}

/** True when only characters of a URL's authority stand between `//` and `start`: any character may be mapped or dropped there. */
function isInHost(start: usize, end: usize): bool {
  const found = searchSlashes(start);
  hostChecked = end;
  hostFound = found;
  return found;
}

function searchSlashes(start: usize): bool {
  let at = start;
  while (at > segmentStart) {
    if (at == hostChecked) return hostFound;
    const c: u32 = load<u8>(--at);
    if (c == 0x2f) return endsInSlash(at);
    if (c <= 0x22 || c == 0x27 || c == 0x3c || c == 0x3e || c == 0x60 || c == 0x5e || c == 0x3f || c == 0x23) return false;
    if (c == 0x7b || c == 0x7c || c == 0x7d) return false;
    if (c == 0x5c || c == 0x25) {
      const value = escapeAt(at);
      if (value == 0x2f) return endsInSlash(at);
      if (c == 0x5c && value != 0) return true;
      if (c == 0x5c) return false;
    }
  }
  return false;
}

/** What the escape at `at` decodes to; 0 when it is none. */
function escapeAt(at: usize): i32 {
  if (load<u8>(at) == 0x25) return max<i32>(0, hexNumber(at + 1, 2, segmentEnd));
  const kind: u32 = load<u8>(at + 1);
  if (kind == 0x75) return max<i32>(0, hexNumber(at + 2, 4, segmentEnd));
  return kind == 0x78 ? max<i32>(0, hexNumber(at + 2, 2, segmentEnd)) : 0;
}

/** A slash stands before `at`, in any spelling; a backslash that escapes the one at `at` is passed over. */
function endsInSlash(slash: usize): bool {
  let at = slash;
  if (at > segmentStart && load<u8>(at - 1) == 0x5c) at--;
  if (at > segmentStart && load<u8>(at - 1) == 0x2f) return true;
  if (at >= segmentStart + 3 && load<u8>(at - 3) == 0x25 && escapeAt(at - 3) == 0x2f) return true;
  if (at >= segmentStart + 4 && load<u8>(at - 4) == 0x5c && escapeAt(at - 4) == 0x2f) return true;
  return at >= segmentStart + 6 && load<u8>(at - 6) == 0x5c && escapeAt(at - 6) == 0x2f;
}

/** `%3A` in a run of hex digits and colons that may be an IPv6 address: two colons side by side, or six and more. */
function isEncodedAddress(at: usize): bool {
  let from = at;
  for (let i = 0; i < 64 && from > segmentStart; i++) {
    if (hexNumber(from - 1, 1, segmentEnd) >= 0 || load<u8>(from - 1) == 0x3a) from--;
    else if (from >= segmentStart + 3 && load<u8>(from - 3) == 0x25 && escapeAt(from - 3) == 0x3a) from -= 3;
    else break;
  }
  let colons = 0;
  let isLastColon = false;
  let p = from;
  for (let i = 0; i < 160 && p < segmentEnd; i++) {
    const c: u32 = load<u8>(p);
    const isPercent = c == 0x25 && escapeAt(p) == 0x3a;
    if (c == 0x3a || isPercent) {
      colons++;
      if (isLastColon || colons >= 6) return true;
      isLastColon = true;
      p += isPercent ? 3 : 1;
    } else {
      if (hexNumber(p, 1, segmentEnd) < 0 && c != 0x2e) return false;
      isLastColon = false;
      p++;
    }
  }
  return false;
}
