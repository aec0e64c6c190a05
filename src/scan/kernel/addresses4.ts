/**
 * IPv4 addresses: three dots, each between digits, two to four bytes from one to the next. What stands around the four numbers
 * is left to the exact path, save for an escape whose digits would be taken for those of the first number.
 */
import { ipv4Hash, lookUp, net4Hash } from './keys';
import {
  AS_WHOLE,
  CLASS_ADDRESS,
  CTX_QUADS,
  CTX_THIRD_DOTS,
  MASK_DIGIT,
  MASK_DOT,
  TAB_NET4,
  TAB_REACH4,
} from './layout';
import { addPair } from './names';
import { classOf, ctx, markHit, pieceStart, segmentStart, tab } from './state';

export function visitAddresses4(count: u32): void {
  const places = ctx + CTX_THIRD_DOTS;
  const last = listThirdDots(count, places);
  lookUpQuads(readQuads(places, last));
}

/** Offsets of dots that end a chain of three. A chain is found at its end, so that only what was seen before is needed. */
function listThirdDots(count: u32, list: usize): usize {
  const area = ctx;
  let out = list;
  let digitsBefore: u64 = 0;
  let innerBefore: u64 = 0;
  let twoBefore: u64 = 0;
  let digits = load<u64>(area, MASK_DIGIT);
  for (let i: usize = 0; i < <usize>count; i++) {
    const at = area + (i << 3);
    const next = load<u64>(at, MASK_DIGIT + 8);
    // Dots between digits; those with another one two to four bytes before them and only digits between; and so once more.
    const inner = load<u64>(at, MASK_DOT) & behind(digits, digitsBefore, 1) & ((digits >>> 1) | (next << 63));
    const second = behind(digits, digitsBefore, 2);
    const two = inner & chain(inner, innerBefore, second);
    const three = inner & chain(two, twoBefore, second);
    const base = <u32>(i << 6);
    const number = <usize>popcnt(three);
    store<u32>(out, base + <u32>ctz(three));
    if (number > 1) {
      let to = out + 4;
      for (let more = three & (three - 1); more != 0; more &= more - 1) {
        store<u32>(to, base + <u32>ctz(more));
        to += 4;
      }
    }
    out += number << 2;
    digitsBefore = digits;
    innerBefore = inner;
    twoBefore = two;
    digits = next;
  }
  return out;
}

/** The mask moved up by `count` bits, with bits of the word before it. */
// @ts-ignore: decorator
@inline
function behind(word: u64, before: u64, count: u64): u64 {
  return (word << count) | (before >>> (64 - count));
}

// @ts-ignore: decorator
@inline
function chain(dots: u64, before: u64, second: u64): u64 {
  return behind(dots, before, 2) | behind(dots, before, 3) | (behind(dots, before, 4) & second);
}

/** The four numbers around each chain. */
function readQuads(from: usize, to: usize): usize {
  const area = ctx;
  const piece = pieceStart;
  let out = area + CTX_QUADS;
  for (let at = from; at < to; at += 4) {
    const offset = <usize>load<u32>(at);
    const word = area + ((offset >> 6) << 3);
    const shift = <u64>(offset & 63);
    // 64 bits that end before the dot.
    const dots = upToBefore(word + MASK_DOT, shift);
    const digits = upToBefore(word + MASK_DIGIT, shift);
    const behindDot = (load<u64>(word, MASK_DIGIT) >>> shift >>> 1) | (load<u64>(word, MASK_DIGIT + 8) << (63 - shift));
    const c = <usize>clz(dots);
    const b = <usize>clz(dots << <u64>(c + 1));
    const a = min<usize>(8, <usize>clz(~(digits << <u64>(c + b + 2))));
    const d = <usize>ctz(~behindDot);
    const third = piece + offset;
    const first = third - c - b - 2;
    const start = first - a;
    const one = partBefore(first, a);
    const two = partBefore(third - c - 1, b);
    const three = partBefore(third, c);
    const four = partBefore(third + 1 + d, d);
    const low = (two << 16) | (three << 8) | four;
    store<u32>(out, (one << 24) | low);
    store<u32>(out, <u32>start, 4);
    const sign: u32 = load<u8>(start - 1);
    if ((sign == 0x25 || sign == 0x75 || sign == 0x78) && (two | three | four) <= 255) visitEscaped(start, first, low, sign);
    out += <usize>((one | two | three | four) <= 255) << 3;
  }
  return out;
}

// @ts-ignore: decorator
@inline
function upToBefore(mask: usize, shift: u64): u64 {
  // Shifting in two steps: a shift by 64 would be a shift by 0.
  return ((load<u64>(mask) << (63 - shift)) << 1) | (load<u64>(mask - 8) >>> shift);
}

/** Nearly all addresses fall out at the map: nothing is listed among their 256 neighbours. */
function lookUpQuads(last: usize): void {
  const reach = tab + <usize>load<u32>(tab, TAB_REACH4);
  for (let at = ctx + CTX_QUADS; at < last; at += 8) {
    const address = load<u32>(at);
    if (((load<u8>(reach + <usize>(address >>> 11)) >>> ((address >>> 8) & 7)) & 1) == 0) continue;
    const found = findIpv4(address);
    if ((found & AS_WHOLE) != 0) markHit(<usize>load<u32>(at, 4));
    else if (found != 0) addPair(<usize>load<u32>(at, 4), ipv4Hash(address));
  }
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
