/** Values as rules compare them: JSON escapes undone, ASCII letters in lower case; and the hashes of bytes. */
import { hexNumber } from './bytes';
import { MAX_TEXT } from './sieve-layout';

const MIX_A: u64 = 0x9e3779b97f4a7c15;
const MIX_B: u64 = 0xc2b2ae3d27d4eb4f;
/** Stands for one UTF-16 unit beyond ASCII that was written as an escape: literals hold ASCII only. */
const STRANGE: u8 = 0xff;

/** Hash of `length` bytes; eight more must be readable. */
// @ts-ignore: decorator
@inline
export function hashOf(at: usize, length: usize): u32 {
  let low: u64 = 0;
  let high: u64 = 0;
  if (length >= 8) {
    low = load<u64>(at);
    high = load<u64>(at + length - 8);
  } else if (length != 0) low = load<u64>(at) & (~<u64>0 >>> (64 - (<u64>length << 3)));
  const mixed = (low ^ (<u64>length << 56)) * MIX_A ^ rotl<u64>(high * MIX_B, 31);
  return <u32>((mixed * MIX_B) >>> 32);
}

/** Key of the `size` bytes at `at`: 1 to 4, 8 or 16. */
// @ts-ignore: decorator
@inline
export function edgeKey(at: usize, size: u32): u32 {
  let value: u64;
  if (size < 8) value = <u64>(load<u32>(at) & (~<u32>0 >>> (32 - (size << 3))));
  else value = size == 8 ? load<u64>(at) : (load<u64>(at) * MIX_B) ^ load<u64>(at, 8);
  return <u32>(((value ^ (<u64>size << 59)) * MIX_A) >>> 32);
}

/** Whether the text written last may hold characters beyond ASCII; bytes behind it count too, so true is not certain. */
export let isStrange: bool = false;

/** Writes the folded text to `out` with sixteen zeros behind; returns its length, or -1 when it is too long. */
export function foldText(from: usize, to: usize, out: usize): i32 {
  return writeText(from, to, out, 0x20);
}

/** As `foldText`, letters as they stand. */
export function plainText(from: usize, to: usize, out: usize): i32 {
  return writeText(from, to, out, 0);
}

/** `caseBit`: what is set in capital letters. */
// @ts-ignore: decorator
@inline
function writeText(from: usize, to: usize, out: usize, caseBit: u8): i32 {
  if (to - from > MAX_TEXT) return -1;
  const capital = i8x16.splat(0x41);
  const letters = i8x16.splat(26);
  const bit = i8x16.splat(caseBit);
  const backslash = i8x16.splat(0x5c);
  let strange = i8x16.splat(0);
  let escaped: u32 = 0;
  let at = from;
  let into = out;
  while (at < to) {
    const bytes = v128.load(at);
    strange = v128.or(strange, bytes);
    const escapes = <u32>i8x16.bitmask(i8x16.eq(bytes, backslash));
    const upper = i8x16.lt_u(i8x16.sub(bytes, capital), letters);
    v128.store(into, v128.or(bytes, v128.and(upper, bit)));
    const left = min<usize>(16, to - at);
    const plain = escapes == 0 ? left : min<usize>(left, <usize>ctz(escapes));
    at += plain;
    into += plain;
    if (plain == left) continue;
    const kind: u32 = load<u8>(at, 1);
    if (kind == 0x75) {
      const unit = hexNumber(at + 2, 4, to);
      const folded = unit < 0 || unit > 0x7f ? STRANGE : cased(<u32>unit, caseBit);
      escaped |= folded;
      store<u8>(into, folded);
      at += 6;
    } else {
      store<u8>(into, unescaped(kind));
      at += 2;
    }
    into++;
  }
  isStrange = (escaped & 0x80) != 0 || i8x16.bitmask(strange) != 0;
  v128.store(into, i64x2.splat(0));
  return <i32>(into - out);
}

// @ts-ignore: decorator
@inline
function cased(c: u32, caseBit: u8): u8 {
  return <u8>(c - 0x41 < 26 ? c | <u32>caseBit : c);
}

function unescaped(kind: u32): u8 {
  if (kind == 0x6e) return 10;
  if (kind == 0x72) return 13;
  if (kind == 0x74) return 9;
  if (kind == 0x62) return 8;
  return kind == 0x66 ? 12 : <u8>kind;
}

/** A decimal number as a whole, a sign in front allowed: another text may be the same number. */
export function isNumeric(at: usize, length: usize): bool {
  const end = at + length;
  let i = at;
  if (i < end && (load<u8>(i) == 0x2b || load<u8>(i) == 0x2d)) i++;
  const whole = i;
  i = skipDigits(i, end);
  let digits = i - whole;
  if (i < end && load<u8>(i) == 0x2e) {
    const fraction = ++i;
    i = skipDigits(i, end);
    digits += i - fraction;
  }
  if (digits == 0) return false;
  if (i < end && load<u8>(i) == 0x65) {
    i++;
    if (i < end && (load<u8>(i) == 0x2b || load<u8>(i) == 0x2d)) i++;
    const exponent = i;
    i = skipDigits(i, end);
    if (i == exponent) return false;
  }
  return i == end;
}

export function skipDigits(start: usize, end: usize): usize {
  let i = start;
  while (i < end && <u32>load<u8>(i) - 0x30 < 10) i++;
  return i;
}

/** How many of the sixteen bytes from there on are digits up to the first that is none. */
// @ts-ignore: decorator
@inline
export function digitsAt(at: usize): usize {
  const digits = i8x16.bitmask(i8x16.lt_u(i8x16.sub(v128.load(at), i8x16.splat(0x30)), i8x16.splat(10)));
  return <usize>ctz(~digits);
}

/** Longer integers may be no integers as numbers. */
export const LONGEST_INTEGER: usize = 15;

/** An integer of at most 15 digits as it is printed: no other text of it exists. */
export function isInteger(at: usize, length: usize): bool {
  const signed: usize = load<u8>(at) == 0x2d ? 1 : 0;
  const digits = length - signed;
  if (digits == 0 || digits > LONGEST_INTEGER) return false;
  if (load<u8>(at + signed) == 0x30) return digits == 1 && signed == 0;
  for (let i = signed; i < length; i++) if (<u32>load<u8>(at + i) - 0x30 >= 10) return false;
  return true;
}

// @ts-ignore: decorator
@inline
export function sameBytes(a: usize, b: usize, length: usize): bool {
  let i: usize = 0;
  for (; i + 8 <= length; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  const rest = <u64>(length - i) << 3;
  return rest == 0 || ((load<u64>(a + i) ^ load<u64>(b + i)) << (64 - rest)) == 0;
}
