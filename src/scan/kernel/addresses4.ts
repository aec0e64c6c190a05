/**
 * IPv4 addresses: three dots, two to four bytes from one to the next. The numbers before the third dot are read as if they were
 * right, and nearly all addresses end at a map: nothing is listed in their /24. What is left is read with care. What stands around
 * the four numbers is left to the exact path, save for an escape whose digits would be taken for those of the first number
 * (`visitEscapedQuad`).
 */
import { isDigit } from './bytes';
import { ipv4Hash, lookUp, net4Hash } from './keys';
import {
  AS_WHOLE,
  CLASS_ADDRESS,
  CTX_QUADS,
  CTX_THIRD_DOTS,
  FLAG_ADDRESSES,
  MASK_DOT,
  TAB_NEAR_REACH4,
  TAB_NET4,
  TAB_REACH4,
} from './layout';
import { upTo } from './masks';
import { addPair } from './names';
import { classOf, ctx, flags, markHit, pieceStart, segmentEnd, tab } from './state';

export function visitAddresses4(count: u32): void {
  const list = ctx + CTX_THIRD_DOTS;
  const last = chooseQuads(listThirdDots(count, list));
  for (let at = list; at < last; at += 4) visitQuad(pieceStart + <usize>load<u32>(at));
}

/** Offsets of dots that end a chain of three. A chain is found at its end, so that only what was seen before is needed. */
function listThirdDots(count: u32, list: usize): usize {
  let out = list;
  let at = ctx;
  let base: u32 = 0;
  let before = i64x2.splat(0);
  const last = at + (<usize>count << 3);
  // 128 bytes at a time; the masks around the piece are empty.
  do {
    const dots = v128.load(at, MASK_DOT);
    const two = v128.and(dots, near(dots, v128.load(at, MASK_DOT - 8)));
    const three = v128.and(dots, near(two, v128.shuffle<u64>(before, two, 1, 2)));
    before = two;
    out = listBits(out, base, i64x2.extract_lane(three, 0));
    out = listBits(out, base + 64, i64x2.extract_lane(three, 1));
    base += 128;
    at += 16;
  } while (at < last);
  return out;
}

/** Two to four bytes behind the places of `word`; `before` holds the words before. */
// @ts-ignore: decorator
@inline
function near(word: v128, before: v128): v128 {
  const within = v128.or(v128.or(i64x2.shl(word, 2), i64x2.shl(word, 3)), i64x2.shl(word, 4));
  const over = v128.or(v128.or(i64x2.shr_u(before, 62), i64x2.shr_u(before, 61)), i64x2.shr_u(before, 60));
  return v128.or(within, over);
}

// @ts-ignore: decorator
@inline
function listBits(list: usize, base: u32, bits: u64): usize {
  const number = <usize>popcnt(bits);
  store<u32>(list, base + <u32>ctz(bits));
  if (number > 1) {
    let to = list;
    for (let more = bits & (bits - 1); more != 0; more &= more - 1) {
      to += 4;
      store<u32>(to, base + <u32>ctz(more));
    }
  }
  return list + (number << 2);
}

/** Keeps of the third dots listed up to `to` those of addresses whose /24 holds something listed; returns the new end of the list. */
function chooseQuads(to: usize): usize {
  const list = ctx + CTX_THIRD_DOTS;
  const distance = CTX_QUADS - CTX_THIRD_DOTS;
  const piece = pieceStart;
  const mask = ctx + MASK_DOT;
  for (let at = list; at < to; at += 4) {
    const offset = <usize>load<u32>(at);
    const dots = upTo(mask, offset - 1);
    const c = <usize>clz(dots);
    const back = <usize>clz(dots & ~((<u64>1 << 63) >>> <u64>c));
    const third = piece + offset;
    const first = load<u32>(third - back - 5) ^ 0x30303030;
    // Bit 7 of each byte that is no digit.
    const others = (((first & 0x7f7f7f7f) + 0x76767676) | first) & 0x80808080;
    const one = value(first, clz(others) & 0x38);
    const two = value(load<u32>(third - c - 5) ^ 0x30303030, (<u32>(back - c) << 3) - 8);
    const three = value(load<u32>(third - 4) ^ 0x30303030, <u32>c << 3);
    store<u32>(at + distance, (one << 16) | (two << 8) | three);
  }
  // The map of the /20 fits a near cache.
  return chooseReached(chooseReached(to, tab + <usize>load<u32>(tab, TAB_NEAR_REACH4), 4), tab + <usize>load<u32>(tab, TAB_REACH4), 0);
}

function chooseReached(to: usize, reach: usize, shift: u32): usize {
  const list = ctx + CTX_THIRD_DOTS;
  const distance = CTX_QUADS - CTX_THIRD_DOTS;
  let out = list;
  for (let at = list; at < to; at += 4) {
    const upper = load<u32>(at + distance);
    const offset = load<u32>(at);
    store<u32>(out, offset);
    store<u32>(out + distance, upper);
    const bit = upper >>> shift;
    // At the beginning of the piece a digit in front may belong to another record.
    const isListed = (load<u32>(reach + <usize>(bit >>> 5 << 2)) >>> bit) | <u32>(offset < 16);
    out += <usize>(isListed & 1) << 2;
  }
  return out;
}

/** Value, modulo 256, of the digits in the upper `bits` of the word, eight bits each; without meaning when there are none or four. */
// @ts-ignore: decorator
@inline
function value(digits: u32, bits: u32): u32 {
  const shift = 32 - bits;
  // The highest byte of the product is that of the ones, ten times the tens and a hundred times the hundreds.
  return (((digits >>> shift) << shift) * 0x640a01) >>> 24;
}

function visitQuad(third: usize): void {
  const second = dotBefore(third);
  const first = dotBefore(second);
  let start = first;
  while (start > pieceStart && first - start < 4 && isDigit(load<u8>(start - 1))) start--;
  let end = third + 1;
  while (end < segmentEnd && end - third < 5 && isDigit(load<u8>(end))) end++;
  const address = readQuad(start, first, second, third, end);
  if (address < 0) return;
  const found = findIpv4(<u32>address);
  if ((found & AS_WHOLE) != 0) markHit(start);
  else if (found != 0) addPair(start, ipv4Hash(<u32>address));
}

/** The dot two to four bytes before `dot`. */
function dotBefore(dot: usize): usize {
  let at = dot - 2;
  while (load<u8>(at) != 0x2e) at--;
  return at;
}

/** An address that begins at `start`, behind an escape that ends in digits: `%201.2.3.4`. */
export function visitEscapedQuad(start: usize): void {
  if ((flags & FLAG_ADDRESSES) == 0 || !isDigit(load<u8>(start - 1))) return;
  const first = endOfDigits(start);
  const second = endOfDigits(first + 1);
  const third = endOfDigits(second + 1);
  const end = endOfDigits(third + 1);
  if (end > segmentEnd || load<u8>(first) != 0x2e || load<u8>(second) != 0x2e || load<u8>(third) != 0x2e) return;
  const address = readQuad(start, first, second, third, end);
  if (address >= 0 && findIpv4(<u32>address) != 0) markHit(start);
}

/** Of at most four digits. */
function endOfDigits(start: usize): usize {
  let end = start;
  while (end - start < 4 && isDigit(load<u8>(end))) end++;
  return end;
}

/** The address with dots at the given places, or -1. */
function readQuad(start: usize, first: usize, second: usize, third: usize, end: usize): i64 {
  const a = parsePart(first, first - start);
  const b = parsePart(second, second - first - 1);
  const c = parsePart(third, third - second - 1);
  const d = parsePart(end, end - third - 1);
  return (a | b | c | d) < 0 ? -1 : <i64>(<u32>((a << 24) | (b << 16) | (c << 8) | d));
}

/** Four decimal parts, or -1. `dots` are the three dots relative to `start`. */
export function parseIpv4(start: usize, end: usize, dots: u64): i64 {
  const length = end - start;
  if (length - 7 > 8) return -1;
  const a = <usize>ctz(dots);
  const rest = dots & (dots - 1);
  const b = <usize>ctz(rest);
  const c = <usize>ctz(rest & (rest - 1));
  return readQuad(start, start + a, start + b, start + c, end);
}

/** One to three digits that end at `end`: 0 to 255 without leading zeros, or -1. */
// @ts-ignore: decorator
@inline
function parsePart(end: usize, length: usize): i32 {
  if (length - 1 > 2) return -1;
  // The digits stand in the upper bytes; what is before them becomes 0.
  const shift = (4 - <u32>length) << 3;
  const digits = (load<u32>(end - 4) ^ 0x30303030) & (<u32>0xffffffff << shift);
  const ones = digits >>> 24;
  const tens = (digits >>> 16) & 255;
  const hundreds = (digits >>> 8) & 255;
  if (ones > 9 || tens > 9 || hundreds > 9) return -1;
  if (length > 1 && ((digits >>> shift) & 255) == 0) return -1;
  const value = hundreds * 100 + tens * 10 + ones;
  return value > 255 ? -1 : <i32>value;
}

/** What the address is listed as; a network that holds it counts as the address itself. */
export function findIpv4(address: u32): u32 {
  const addresses = classOf(CLASS_ADDRESS);
  const found = lookUp(addresses, tab, ipv4Hash(address));
  if ((found & AS_WHOLE) != 0) return found;
  let lengths = load<u32>(tab + load<u32>(tab, TAB_NET4) + (<usize>(address >>> 16) << 2));
  while (lengths != 0) {
    const bits = ctz(lengths);
    lengths &= lengths - 1;
    const masked = bits == 0 ? 0 : address & (<u32>0xffffffff << (32 - bits));
    if (lookUp(addresses, tab, net4Hash(masked, bits)) != 0) return AS_WHOLE;
  }
  return found;
}
