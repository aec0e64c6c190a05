/**
 * Dotted tokens: names with all their suffixes, and IPv4 addresses. Only dots with a token byte on both sides are visited; the
 * token's ends come from the masks, its labels are hashed from the right.
 */
import { isDigit } from './bytes';
import { addRun, ipv4Hash, lookUp, net4Hash, SEED_NAME } from './keys';
import {
  AS_SUFFIX,
  AS_WHOLE,
  CLASS_ADDRESS,
  CLASS_NAME,
  CTX_PAIR_LIST,
  FLAG_ADDRESSES,
  FLAG_NAMES,
  MASK_BREAK,
  MASK_DOT,
  MASK_INNER_DOT,
  MASK_PAIR,
  MAX_PIECE_PAIRS,
  TAB_NET4,
  WITH_WORD,
} from './layout';
import { stripsBefore } from './left-context';
import { classOf, ctx, flags, markHit, pairListCount, pieceStart, setBit, setPairListCount, tab } from './state';

/** Longer tokens are no names; what else they may hold is looked for byte by byte. */
const MAX_NAME: usize = 253;

export function visitNames(count: u32): void {
  let done: usize = 0;
  for (let i: usize = 0; i < <usize>count; i++) {
    const at = ctx + (i << 3);
    let dots = load<u64>(at, MASK_INNER_DOT);
    if (dots == 0) continue;
    const base = i << 6;
    if (done > base) {
      if (done - base >= 64) continue;
      dots &= ~(<u64>0) << <u64>(done - base);
    }
    const breaks = load<u64>(at, MASK_BREAK);
    while (dots != 0) {
      const dot = ctz(dots);
      const below = breaks & ((<u64>1 << dot) - 1);
      const start = below != 0 ? base + 64 - <usize>clz(below) : startBefore(i);
      const above = breaks >>> dot;
      const end = above != 0 ? base + <usize>(dot + ctz(above)) : endBehind(i);
      visitToken(start, end);
      if (end - base >= 64) {
        done = end;
        break;
      }
      dots &= ~(<u64>0) << <u64>(end - base);
    }
  }
}

/** Offset of the first byte of the token that reaches into word `i` from the left. */
function startBefore(i: usize): usize {
  let word = i;
  while (word > 0) {
    word--;
    const breaks = load<u64>(ctx + (word << 3), MASK_BREAK);
    if (breaks != 0) return (word << 6) + 64 - <usize>clz(breaks);
  }
  return 0;
}

function endBehind(i: usize): usize {
  let word = i;
  let breaks: u64 = 0;
  // The word behind the piece is all breaks.
  while (breaks == 0) breaks = load<u64>(ctx + (++word << 3), MASK_BREAK);
  return (word << 6) + <usize>ctz(breaks);
}

/** Dots of the 64 bytes from `start` on, bit 0 is `start`. */
// @ts-ignore: decorator
@inline
function dotsFrom(start: usize): u64 {
  const at = ctx + ((start >> 6) << 3);
  const shift = <u64>(start & 63);
  // Shifting in two steps: a shift by 64 would be a shift by 0.
  return (load<u64>(at, MASK_DOT) >>> shift) | ((load<u64>(at, MASK_DOT + 8) << (63 - shift)) << 1);
}

/** A token by its offsets in the piece. */
// @ts-ignore: decorator
@inline
function visitToken(startOffset: usize, endOffset: usize): void {
  let start = pieceStart + startOffset;
  let end = pieceStart + endOffset;
  if (endOffset - startOffset > 64) {
    visitLongToken(start, end);
    return;
  }
  let dots = dotsFrom(startOffset);
  let first: u32 = load<u8>(start);
  while (first == 0x2e || first == 0x2d) {
    dots >>>= 1;
    first = load<u8>(++start);
  }
  let last: u32 = load<u8>(end - 1);
  while (last - 0x2d < 2 || last == 0x5f) last = load<u8>(--end - 1);
  // The visited dot stands between other token bytes, but trimming may have gone past it: `-.-`.
  if (end <= start) return;
  const length = <u64>(end - start);
  dots &= length == 64 ? ~(<u64>0) : (<u64>1 << length) - 1;
  if (dots == 0) return;
  const strips = stripsBefore(start, end);
  if (isDigit(last) && isNumeric(start + 64 - <usize>clz(dots), end)) {
    visitNumbers(start, end, dots, strips);
    return;
  }
  if ((flags & FLAG_NAMES) != 0) visitName(start, end, dots, strips);
  if (popcnt(dots) >= 3 && (flags & FLAG_ADDRESSES) != 0) visitPieces(start, end);
}

function isNumeric(start: usize, end: usize): bool {
  for (let at = start; at < end; at++) if (!isDigit(load<u8>(at))) return false;
  return true;
}

// @ts-ignore: decorator
@inline
function visitName(start: usize, end: usize, dots: u64, strips: u32): void {
  const names = classOf(CLASS_NAME);
  let left = dots;
  let labelEnd = end;
  let dot = start + 63 - <usize>clz(left);
  let hash = addRun(SEED_NAME, dot + 1, labelEnd);
  for (;;) {
    left ^= <u64>1 << <u64>(dot - start);
    labelEnd = dot;
    if (left == 0) break;
    dot = start + 63 - <usize>clz(left);
    hash = addRun(hash, dot + 1, labelEnd);
    const found = lookUp(names, tab, hash);
    if (found & AS_SUFFIX) {
      markHit(start);
      return;
    }
  }
  hash = addRun(hash, start, labelEnd);
  foundWhole(lookUp(names, tab, hash), start, hash);
  if (strips != 0) visitStripped(start, end, strips);
}

// @ts-ignore: decorator
@inline
function foundWhole(found: u32, token: usize, hash: u64): void {
  if (found == 0) return;
  if (found & (AS_WHOLE | AS_SUFFIX)) markHit(token);
  else addPair(token, hash);
}

/** The readings in which the first bytes belong to an escape; their suffixes have been looked up. */
function visitStripped(start: usize, end: usize, strips: u32): void {
  while (strips != 0) {
    let from = start + <usize>ctz(strips);
    strips &= strips - 1;
    while (from < end && <u32>load<u8>(from) - 0x2d < 2) from++;
    if (from >= end || end - from > MAX_NAME) continue;
    let hash: u64 = SEED_NAME;
    let labelEnd = end;
    for (let at = end; at > from; ) {
      at--;
      if (load<u8>(at) != 0x2e) continue;
      hash = addRun(hash, at + 1, labelEnd);
      labelEnd = at;
    }
    if (labelEnd == end || labelEnd == from) continue;
    hash = addRun(hash, from, labelEnd);
    foundWhole(lookUp(classOf(CLASS_NAME), tab, hash), start, hash);
  }
}

/** The name at `at` counts when the record holds one of its words, too; decided at the end of the record. */
function addPair(at: usize, hash: u64): void {
  const count = pairListCount;
  if (count == MAX_PIECE_PAIRS) {
    markHit(at);
    return;
  }
  const entry = ctx + CTX_PAIR_LIST + (<usize>count << 4);
  store<u32>(entry, <u32>at);
  store<u64>(entry, hash, 8);
  setPairListCount(count + 1);
  setBit(ctx + MASK_PAIR, at);
}

/** A token whose last label is a number: an address, perhaps several, or a version or time. */
function visitNumbers(start: usize, end: usize, dots: u64, strips: u32): void {
  if ((flags & FLAG_ADDRESSES) == 0 || popcnt(dots) < 3) return;
  if (popcnt(dots) == 3) {
    visitIpv4(start, start, end, dots);
    while (strips != 0) {
      const skip = ctz(strips);
      strips &= strips - 1;
      if (start + <usize>skip < end && popcnt(dots >>> <u64>skip) == 3)
        visitIpv4(start, start + <usize>skip, end, dots >>> <u64>skip);
    }
  }
  visitPieces(start, end);
}

/** Addresses between hyphens and underscores: `1.2.3.4-1.2.3.9`, `ip_1.2.3.4`. */
function visitPieces(start: usize, end: usize): void {
  let pieceFrom = start;
  let dots: u64 = 0;
  let isPlain = true;
  for (let at = start; at <= end; at++) {
    const c: u32 = at < end ? load<u8>(at) : 0x5f;
    if (c == 0x2d || c == 0x5f) {
      if (isPlain && popcnt(dots) >= 3 && (pieceFrom != start || at != end)) visitPiece(start, pieceFrom, at);
      pieceFrom = at + 1;
      dots = 0;
      isPlain = true;
    } else if (c == 0x2e) {
      if (at - pieceFrom < 64) dots |= <u64>1 << <u64>(at - pieceFrom);
    } else if (!isDigit(c)) {
      // An escape may stand before digits: `\n1.2.3.4`, `\u00201.2.3.4`, `%2F1.2.3.4`.
      if (pieceFrom != start || at - start > 4 || stripsBefore(start, end) == 0) isPlain = false;
    }
  }
}

function visitPiece(token: usize, start: usize, end: usize): void {
  let from = start;
  let to = end;
  while (from < to && load<u8>(from) == 0x2e) from++;
  while (to > from && load<u8>(to - 1) == 0x2e) to--;
  tryIpv4(token, from, to);
  let strips = from == token ? stripsBefore(token, to) : 0;
  while (strips != 0) {
    const skip = <usize>ctz(strips);
    strips &= strips - 1;
    if (from + skip < to) tryIpv4(token, from + skip, to);
  }
}

function tryIpv4(token: usize, start: usize, end: usize): void {
  if (end - start > 15) return;
  let dots: u64 = 0;
  for (let at = start; at < end; at++) if (load<u8>(at) == 0x2e) dots |= <u64>1 << <u64>(at - start);
  if (popcnt(dots) == 3) visitIpv4(token, start, end, dots);
}

function visitIpv4(token: usize, start: usize, end: usize, dots: u64): void {
  const address = parseIpv4(start, end, dots);
  if (address >= 0 && isListedIpv4(<u32>address, token)) markHit(token);
}

/** Four decimal parts without leading zeros, or -1. `dots` are the three dots relative to `start`. */
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

/** True when the address, or a network that holds it, is listed as it is; notes a pair for `token` when only with a word. */
export function isListedIpv4(address: u32, token: usize): bool {
  const addresses = classOf(CLASS_ADDRESS);
  const hash = ipv4Hash(address);
  const found = lookUp(addresses, tab, hash);
  if (found & AS_WHOLE) return true;
  const nets = load<u32>(tab, TAB_NET4);
  if (nets != 0) {
    let lengths = load<u32>(tab + nets + (<usize>(address >>> 16) << 2));
    while (lengths != 0) {
      const bits = ctz(lengths);
      lengths &= lengths - 1;
      const masked = bits == 0 ? 0 : address & (<u32>0xffffffff << (32 - bits));
      if (lookUp(addresses, tab, net4Hash(masked, bits)) != 0) return true;
    }
  }
  if (found & WITH_WORD) addPair(token, hash);
  return false;
}

export function addAddressPair(token: usize, hash: u64): void {
  addPair(token, hash);
}

/** More than 64 bytes: the same by bytes, without masks. */
function visitLongToken(tokenStart: usize, tokenEnd: usize): void {
  let start = tokenStart;
  let end = tokenEnd;
  while (start < end && (load<u8>(start) == 0x2e || load<u8>(start) == 0x2d)) start++;
  while (end > start && (<u32>load<u8>(end - 1) - 0x2d < 2 || load<u8>(end - 1) == 0x5f)) end--;
  if ((flags & FLAG_NAMES) != 0) visitLongName(start, end);
  if ((flags & FLAG_ADDRESSES) != 0) visitPieces(start, end);
}

function visitLongName(start: usize, end: usize): void {
  const names = classOf(CLASS_NAME);
  let hash: u64 = SEED_NAME;
  let labelEnd = end;
  let labels = 0;
  let at = end;
  while (at > start && end - at <= MAX_NAME) {
    at--;
    if (load<u8>(at) != 0x2e) continue;
    if (labelEnd == at + 1) return;
    hash = addRun(hash, at + 1, labelEnd);
    labels++;
    labelEnd = at;
    if (labels > 1 && (lookUp(names, tab, hash) & AS_SUFFIX) != 0) {
      markHit(start);
      return;
    }
  }
  const strips = stripsBefore(start, end);
  if (strips != 0) visitStripped(start, end, strips);
  if (at > start || labelEnd == start || labels == 0) return;
  hash = addRun(hash, start, labelEnd);
  foundWhole(lookUp(names, tab, hash), start, hash);
}
