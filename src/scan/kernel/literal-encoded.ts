/**
 * Words in which letters may be written so that a search of the bytes does not see them: percent-encoded, beyond ASCII, escaped in JSON. A place is
 * listed for each such word, and whoever knows all the forms a text may have looks at it. Left out are, without a look at the word, characters that
 * no form turns into one of a literal or leaves out (Cyrillic, CJK, quotes, "®"), where they are in no dotted name, and encoded letters in runs
 * that are shorter than every fragment (`%%4416` in Windows events). An escape for an ASCII letter may hide anything: the record has all literals.
 */
import { LIT_SHORTEST, WORK_BEGIN, WORK_END, WORK_LIST, WORK_START } from './literal-layout';
import { addHit, enterAt, EVERY, isByte, PLACE } from './literal-record';

/** Further than that nobody looks for a dot: the word is listed. */
const NAME_BYTES: usize = 256;
const BLOCK: usize = 64;

/** Lists the places of `[from, to)`, not empty; false when the list of hits is full. */
export function listEncoded(work: usize, plan: usize, from: usize, to: usize, end: usize): bool {
  const list = work + <usize>load<u32>(work, WORK_LIST);
  const last = listBlocks(from, to, list);
  let done = from;
  for (let entry = list; entry < last; entry += 4) {
    const block = <usize>load<u32>(entry);
    for (let part = block; part < block + BLOCK; part += 16)
      for (let left = <u32>i8x16.bitmask(oddBytes(part)); left != 0; left &= left - 1) {
        const place = part + <usize>ctz(left);
        if (place >= to) return true;
        if (place < done) continue;
        done = passPlace(work, plan, place, end);
        if (done == 0) return false;
      }
  }
  return true;
}

/** Blocks of `[from, to)`, not empty, that hold something. A loop that calls nothing keeps its constants in registers. */
function listBlocks(from: usize, to: usize, list: usize): usize {
  let out = list;
  let at = from;
  do {
    const first = v128.or(oddBytes(at), oddBytes(at + 16));
    const second = v128.or(oddBytes(at + 32), oddBytes(at + 48));
    store<u32>(out, <u32>at);
    out += <usize>v128.any_true(v128.or(first, second)) << 2;
    at += BLOCK;
  } while (at < to);
  return out;
}

/** `\u`, `&#`, `%` and bytes beyond ASCII. */
// @ts-ignore: decorator
@inline
function oddBytes(at: usize): v128 {
  const unicode = v128.and(isByte(at, 0x5c), isByte(at + 1, 0x75));
  const entity = v128.and(isByte(at, 0x26), isByte(at + 1, 0x23));
  const beyond = i8x16.lt_s(v128.load(at), i8x16.splat(0));
  return v128.or(v128.or(unicode, entity), v128.or(isByte(at, 0x25), beyond));
}

/** Where to go on behind the place; 0 when the list of hits is full. */
function passPlace(work: usize, plan: usize, at: usize, end: usize): usize {
  const byte = <u32>load<u8>(at);
  if (byte == 0x26) return passEvery(work, at, end);
  if (byte == 0x5c) {
    const value = hexValue(at + 2, 4);
    if (value == EVERY) return at + 2;
    if (isToken(value)) return passEvery(work, at, end);
    return value < 0x80 || isInert(work, value, at, at + 6, end) ? at + 6 : passWord(work, at, end);
  }
  if (byte == 0x25) {
    const value = hexValue(at + 1, 2);
    if (value == EVERY) return at + 1;
    const isHidden = value >= 0x80 || (isToken(value) && runLength(work, at, end) >= load<u32>(plan, LIT_SHORTEST));
    return isHidden ? passWord(work, at, end) : at + 1;
  }
  const length = sequenceLength(at);
  const isQuiet = length > 0 && at + length <= end && isInert(work, codePoint(at, length), at, at + length, end);
  return isQuiet ? at + length : passWord(work, at, end);
}

/** All literals for the record, which is passed. */
function passEvery(work: usize, at: usize, end: usize): usize {
  enterAt(work, at, end);
  return addHit(work, EVERY) ? <usize>load<u32>(work, WORK_END) : 0;
}

/** A place for the word, which is passed: it ends at a blank, a control character or a quote. */
function passWord(work: usize, at: usize, end: usize): usize {
  enterAt(work, at, end);
  if (!addHit(work, PLACE | <u32>(at - <usize>load<u32>(work, WORK_START)))) return 0;
  const stop = <usize>load<u32>(work, WORK_END);
  let next = at;
  while (next < stop && load<u8>(next) > 0x20 && load<u8>(next) != 0x22) next++;
  return next;
}

/** Of so many hexadecimal digits; EVERY when one is none. */
function hexValue(at: usize, digits: usize): u32 {
  let value: u32 = 0;
  for (let i: usize = 0; i < digits; i++) {
    const c = <u32>load<u8>(at + i);
    const letter = (c | 0x20) - 0x61;
    if (c - 0x30 >= 10 && letter >= 6) return EVERY;
    value = (value << 4) | (c - 0x30 < 10 ? c - 0x30 : letter + 10);
  }
  return value;
}

/** A letter, digit, dot, hyphen or underscore. */
function isToken(value: u32): bool {
  const isLetter = (value | 0x20) - 0x61 < 26 && value < 0x80;
  return isLetter || value - 0x30 < 10 || value == 0x2e || value == 0x2d || value == 0x5f;
}

/** At least as long as the run of token characters in which the encoded one at `at` stands. */
function runLength(work: usize, at: usize, end: usize): u32 {
  const begin = <usize>load<u32>(work, WORK_BEGIN);
  // Two of its digits are no characters.
  let length: i32 = -1;
  let from = at;
  while (from > begin && (isToken(load<u8>(from - 1)) || load<u8>(from - 1) == 0x25)) {
    from--;
    if (load<u8>(from) != 0x25) length++;
  }
  let to = at + 1;
  while (to < end && (isToken(load<u8>(to)) || load<u8>(to) == 0x25)) {
    if (load<u8>(to) != 0x25) length++;
    to++;
  }
  return <u32>max<i32>(length, 0);
}

/** Bytes of the UTF-8 sequence that begins here; 0: none does, or one of four bytes that may be anything. */
function sequenceLength(at: usize): usize {
  const lead = <u32>load<u8>(at);
  if (lead >= 0xc2 && lead < 0xe0) return isFollower(at + 1) ? 2 : 0;
  if (lead >= 0xe0 && lead < 0xf0) return isFollower(at + 1) && isFollower(at + 2) ? 3 : 0;
  return 0;
}

function isFollower(at: usize): bool {
  return (load<u8>(at) & 0xc0) == 0x80;
}

function codePoint(at: usize, length: usize): u32 {
  const second = <u32>load<u8>(at + 1) & 0x3f;
  if (length == 2) return ((<u32>load<u8>(at) & 0x1f) << 6) | second;
  return ((<u32>load<u8>(at) & 0x0f) << 12) | (second << 6) | (<u32>load<u8>(at + 2) & 0x3f);
}

/**
 * Whether a character never becomes one of a literal, nor goes away: no compatibility form of it is ASCII (NFKC), it is not ignored in names, and it
 * stands in no dotted name, whose ASCII form has other letters.
 */
function isInert(work: usize, value: u32, at: usize, after: usize, end: usize): bool {
  const isPlain =
    (value - 0x80 < 0x80 && !isOddLatin(value)) ||
    // Greek to Arabic.
    value - 0x370 < 0x390 ||
    // Marks of direction, dashes, quotes; not the dots that follow.
    value - 0x200e < 0x16 ||
    // Hiragana and Katakana, CJK, Hangul.
    value - 0x3041 < 0xbe ||
    value - 0x4e00 < 0x5200 ||
    value - 0xac00 < 0x2ba4;
  return isPlain && !isInName(work, at, after, end);
}

/** Ordinals, superscripts, fractions and the soft hyphen. */
function isOddLatin(value: u32): bool {
  return (
    value == 0xaa || value == 0xad || value - 0xb2 < 2 || value - 0xb9 < 2 || value - 0xbc < 3
  );
}

/** Whether a dot stands beside `[from, after)` with nothing in between that ends a name. */
function isInName(work: usize, from: usize, after: usize, end: usize): bool {
  const begin = <usize>load<u32>(work, WORK_BEGIN);
  let at = from;
  while (at > begin && !endsName(load<u8>(at - 1))) {
    at--;
    if (load<u8>(at) == 0x2e || from - at > NAME_BYTES) return true;
  }
  at = after;
  while (at < end && !endsName(load<u8>(at))) {
    if (load<u8>(at) == 0x2e || at - after > NAME_BYTES) return true;
    at++;
  }
  return false;
}

/** Blanks, quotes and `/:?#@<>()[],;=&|\`. */
function endsName(byte: u32): bool {
  if (byte <= 0x23) return byte != 0x21;
  if (byte < 0x40) return (byte >= 0x26 && byte <= 0x29) || byte == 0x2c || byte == 0x2f || (byte >= 0x3a && byte <= 0x3f);
  return byte == 0x40 || (byte >= 0x5b && byte <= 0x5d) || byte == 0x7c;
}
