/**
 * IPv4 addresses: three dots, each between digits, two to four bytes from one to the next. What stands around the four numbers
 * is left to the exact path, save for an escape whose digits would be taken for those of the first number.
 */
import { ipv4Hash, lookUp, net4Hash } from './keys';
import { AS_WHOLE, CLASS_ADDRESS, CTX_QUADS, MASK_DIGIT, MASK_DOT, TAB_NET4, TAB_REACH4 } from './layout';
import { addPair } from './names';
import { classOf, ctx, markHit, pieceStart, segmentStart, tab } from './state';

export function visitAddresses4(count: u32): void {
  let out = ctx + CTX_QUADS;
  let digitBefore: u64 = 0;
  for (let i: usize = 0; i < <usize>count; i++) {
    const at = ctx + (i << 3);
    const dots = load<u64>(at, MASK_DOT);
    const digits = load<u64>(at, MASK_DIGIT);
    const nextDigits = load<u64>(at, MASK_DIGIT + 8);
    // Dots between digits, in this word and at the beginning of the next.
    const inner = dots & ((digits << 1) | digitBefore) & from(digits, nextDigits, 1);
    digitBefore = digits >>> 63;
    if (inner == 0) continue;
    const nextInner = load<u64>(at, MASK_DOT + 8) & ((nextDigits << 1) | digitBefore) & (nextDigits >>> 1);
    if (popcnt(inner) + popcnt(nextInner) < 3) continue;
    // Those with another one at the right distance behind them, and only digits between.
    const second = from(digits, nextDigits, 2);
    const one = inner & (from(inner, nextInner, 2) | from(inner, nextInner, 3) | (from(inner, nextInner, 4) & second));
    const nextOne = nextInner & ((nextInner >>> 2) | (nextInner >>> 3) | ((nextInner >>> 4) & (nextDigits >>> 2)));
    let two = one & (from(one, nextOne, 2) | from(one, nextOne, 3) | (from(one, nextOne, 4) & second));
    while (two != 0) {
      const place = ctz(two);
      two &= two - 1;
      out = listQuad(out, i, place, from(inner, nextInner, place), from(digits, nextDigits, place));
    }
  }
  lookUpQuads(out);
}

/** Most addresses fall out at the first small map: nothing is listed near them. */
function lookUpQuads(last: usize): void {
  const reach = tab + <usize>load<u32>(tab, TAB_REACH4);
  for (let at = ctx + CTX_QUADS; at < last; at += 8) {
    const address = load<u32>(at);
    if (((load<u8>(reach + <usize>(address >>> 19)) >>> ((address >>> 16) & 7)) & 1) == 0) continue;
    const found = findIpv4(address);
    if ((found & AS_WHOLE) != 0) markHit(<usize>load<u32>(at, 4));
    else if (found != 0) addPair(<usize>load<u32>(at, 4), ipv4Hash(address));
  }
}

/** 64 bits from bit `shift` of two words on. */
// @ts-ignore: decorator
@inline
function from(word: u64, next: u64, shift: u64): u64 {
  // Shifting in two steps: a shift by 64 would be a shift by 0.
  return (word >>> shift) | ((next << (63 - shift)) << 1);
}

/** Four numbers around the first dot of a chain; `dots` and `digits` begin at that dot. */
// @ts-ignore: decorator
@inline
function listQuad(list: usize, word: usize, place: u64, dots: u64, digits: u64): usize {
  const dot = pieceStart + (word << 6) + <usize>place;
  const rest = dots & (dots - 1);
  const second = <usize>ctz(rest);
  const third = <usize>ctz(rest & (rest - 1));
  const last = <usize>ctz(~(digits >>> <u64>(third + 1)));
  const b = partBefore(dot + second, second - 1);
  const c = partBefore(dot + third, third - second - 1);
  const d = partBefore(dot + third + 1 + last, last);
  // Digits before the first dot, eight at most.
  const at = ctx + (word << 3);
  const before = ((load<u64>(at, MASK_DIGIT) << (63 - place)) << 1) | (load<u64>(at, MASK_DIGIT - 8) >>> place);
  const first = min<usize>(8, <usize>clz(~before));
  const low = (b << 16) | (c << 8) | d;
  const start = dot - first;
  const a = partBefore(dot, first);
  const isAddress = <usize>((a | b | c | d) <= 255);
  store<u32>(list, (a << 24) | low);
  store<u32>(list, <u32>start, 4);
  const sign: u32 = load<u8>(start - 1);
  if ((sign == 0x25 || sign == 0x75 || sign == 0x78) && (b | c | d) <= 255) visitEscaped(start, dot, low, sign);
  return list + (isAddress << 3);
}

/** The first number may begin with digits of an escape: `%201.2.3.4`. */
function visitEscaped(start: usize, dot: usize, low: u32, sign: u32): void {
  if (start == segmentStart) return;
  for (let skip: usize = 2; skip <= 4; skip += 2) {
    if (start + skip >= dot || (skip == 4 && sign == 0x78) || (skip == 2 && sign == 0x75)) continue;
    const a = partBefore(dot, dot - start - skip);
    if (a <= 255 && findIpv4((a << 24) | low) != 0) markHit(start);
  }
}

/** Value of the digits that end at `end`; above 255 when they are no part of an address. Without branches. */
// @ts-ignore: decorator
@inline
function partBefore(end: usize, length: usize): u32 {
  const shift = (4 - min<u32>(3, <u32>length)) << 3;
  const digits = (load<u32>(end - 4) ^ 0x30303030) & (<u32>0xffffffff << shift);
  const value = ((digits >>> 8) & 255) * 100 + ((digits >>> 16) & 255) * 10 + (digits >>> 24);
  const hasZero = <u32>(length > 1) & <u32>(((digits >>> shift) & 255) == 0);
  return value | (hasZero << 16) | (<u32>(length - 1 > 2) << 16);
}

/** Four decimal parts, or -1. `dots` are the three dots relative to `start`. */
export function parseIpv4(start: usize, end: usize, dots: u64): i64 {
  const length = end - start;
  if (length - 7 > 8) return -1;
  const a = <usize>ctz(dots);
  const rest = dots & (dots - 1);
  const b = <usize>ctz(rest);
  const c = <usize>ctz(rest & (rest - 1));
  const p0 = parsePart(start + a, a);
  const p1 = parsePart(start + b, b - a - 1);
  const p2 = parsePart(start + c, c - b - 1);
  const p3 = parsePart(end, length - c - 1);
  return (p0 | p1 | p2 | p3) < 0 ? -1 : <i64>(<u32>((p0 << 24) | (p1 << 16) | (p2 << 8) | p3));
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
