/**
 * IPv6 candidates: runs of hex digits, colons and dots. They are looked for only where two colons stand side by side, or six close
 * together; which bytes are hex digits is asked only there, so that times and hardware addresses cost a few instructions.
 */
import { hexValue } from './bytes';
import { ipv4Hash, ipv6Hash, lookUp } from './keys';
import {
  AS_WHOLE,
  CLASS_ADDRESS,
  CTX_GROUPS,
  MASK_COLON,
  MASK_DOT,
  MASK_LABEL,
  TAB_NET6,
  TAB_NET6_LENGTHS,
} from './layout';
import { findIpv4, parseIpv4 } from './addresses4';
import { addPair } from './names';
import { classOf, ctx, markHit, pieceStart, segmentStart, tab } from './state';

/** Longer runs are no address, an escape in front included. */
const MAX_RUN: usize = 70;
/** Colons of an address without `::`, at least. They stand within 35 bytes: in one word and the one before it. */
const MANY: u32 = 6;

export function visitAddresses6(count: u32): void {
  const area = ctx;
  let colonsBefore: u64 = 0;
  let singlesBefore: u32 = 0;
  let done: usize = 0;
  for (let i: usize = 0; i < <usize>count; i++) {
    const at = area + (i << 3);
    const colons = load<u64>(at, MASK_COLON);
    const pairs = colons & ((colons << 1) | (colonsBefore >>> 63));
    colonsBefore = colons;
    // A colon with something behind it that a group may begin with; at the end of a word that is not known.
    const singles = colons & ((load<u64>(at, MASK_LABEL) >>> 1) | (<u64>1 << 63));
    const number = <u32>popcnt(singles);
    const isMany = number + singlesBefore >= MANY;
    singlesBefore = number;
    if (pairs == 0 && !isMany) continue;
    let places = isMany ? pairs | singles : pairs;
    const base = i << 6;
    while (places != 0) {
      const offset = base + <usize>ctz(places);
      places &= places - 1;
      if (offset >= done) done = visitRun(offset);
    }
  }
}

/** Bytes that are no hex digit, colon or dot, by their word; everything behind the piece is none. */
function outside(word: usize): u64 {
  const at = pieceStart + (word << 6);
  const masks = ctx + (word << 3);
  const hex =
    isHex(v128.load(at)) |
    (isHex(v128.load(at, 16)) << 16) |
    (isHex(v128.load(at, 32)) << 32) |
    (isHex(v128.load(at, 48)) << 48);
  return ~((hex & load<u64>(masks, MASK_LABEL)) | load<u64>(masks, MASK_COLON) | load<u64>(masks, MASK_DOT));
}

// @ts-ignore: decorator
@inline
function isHex(bytes: v128): u64 {
  const letters = i8x16.lt_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(6));
  const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
  return <u64>(<u32>i8x16.bitmask(v128.or(letters, digits)));
}

/** The run around a colon, by its offset in the piece; returns the offset of its end. */
function visitRun(colon: usize): usize {
  let word = colon >> 6;
  let breaks = outside(word) & ((<u64>1 << <u64>(colon & 63)) - 1);
  while (breaks == 0 && word > 0) breaks = outside(--word);
  const start: usize = breaks == 0 ? 0 : (word << 6) + 64 - <usize>clz(breaks);
  word = colon >> 6;
  breaks = outside(word) & (~(<u64>0) << <u64>(colon & 63));
  while (breaks == 0) breaks = outside(++word);
  const end = (word << 6) + <usize>ctz(breaks);
  if (end - start <= MAX_RUN && mayBeAddress(start, end - start)) readRun(pieceStart + start, pieceStart + end);
  return end;
}

// @ts-ignore: decorator
@inline
function mayBeAddress(start: usize, length: usize): bool {
  const at = ctx + ((start >> 6) << 3);
  const shift = <u64>(start & 63);
  let colons = (load<u64>(at, MASK_COLON) >>> shift) | ((load<u64>(at, MASK_COLON + 8) << (63 - shift)) << 1);
  if (length < 64) colons &= (<u64>1 << <u64>length) - 1;
  return (colons & (colons >>> 1)) != 0 || popcnt(colons) >= 6;
}

function readRun(start: usize, end: usize): void {
  let to = end;
  while (to > start && load<u8>(to - 1) == 0x2e) to--;
  readFrom(start, start, to);
  // Hex digits of an escape in front: `\b::1`, `%5B::1`, `\u005b::1`, `\x5b::1`.
  if (start == segmentStart) return;
  const before: u32 = load<u8>(start - 1);
  if (before == 0x5c) readFrom(start, start + 1, to);
  else if (before == 0x25) {
    readFrom(start, start + 2, to);
    readFrom(start, start + 4, to);
  } else if (before == 0x75) readFrom(start, start + 4, to);
  else if (before == 0x78) readFrom(start, start + 2, to);
}

/** An address, with one colon or none on each side of it. */
function readFrom(mark: usize, from: usize, end: usize): void {
  const start = load<u8>(from) == 0x3a && load<u8>(from + 1) != 0x3a ? from + 1 : from;
  if (start >= end) return;
  readAddress(mark, start, end);
  if (end - start > 2 && load<u8>(end - 1) == 0x3a && load<u8>(end - 2) != 0x3a) readAddress(mark, start, end - 1);
}

function readAddress(mark: usize, start: usize, end: usize): void {
  if (!parseIpv6(start, end)) return;
  const groups = ctx + CTX_GROUPS;
  const high = groupsOf(groups);
  const low = groupsOf(groups + 8);
  if (high == 0 && low >>> 32 == 0xffff) {
    note(mark, findIpv4(<u32>low), ipv4Hash(<u32>low));
    return;
  }
  const addresses = classOf(CLASS_ADDRESS);
  const hash = ipv6Hash(high, low, 128);
  note(mark, isInNetwork(high, low) ? AS_WHOLE : lookUp(addresses, tab, hash), hash);
}

function note(mark: usize, found: u32, hash: u64): void {
  if ((found & AS_WHOLE) != 0) markHit(mark);
  else if (found != 0) addPair(mark, hash);
}

// @ts-ignore: decorator
@inline
function groupsOf(at: usize): u64 {
  return (
    (<u64>load<u16>(at) << 48) | (<u64>load<u16>(at, 2) << 32) | (<u64>load<u16>(at, 4) << 16) | <u64>load<u16>(at, 6)
  );
}

function isInNetwork(high: u64, low: u64): bool {
  const map = load<u32>(tab, TAB_NET6);
  if (map == 0) return false;
  const first = <usize>(high >>> 48);
  if (((load<u8>(tab + map + (first >> 3)) >> <u8>(first & 7)) & 1) == 0) return false;
  const addresses = classOf(CLASS_ADDRESS);
  for (let half: u32 = 0; half < 2; half++) {
    let lengths = load<u64>(tab + <usize>(half << 3), TAB_NET6_LENGTHS);
    while (lengths != 0) {
      const bits = <u32>ctz(lengths) + (half << 6);
      lengths &= lengths - 1;
      const maskedHigh = bits == 0 ? 0 : bits >= 64 ? high : high & (~(<u64>0) << <u64>(64 - bits));
      const maskedLow = bits <= 64 ? 0 : low & (~(<u64>0) << <u64>(128 - bits));
      if (lookUp(addresses, tab, ipv6Hash(maskedHigh, maskedLow, bits)) != 0) return true;
    }
  }
  return false;
}

/** All spellings of RFC 4291 section 2.2; the groups go to the work area. */
function parseIpv6(start: usize, end: usize): bool {
  if (end - start < 2 || end - start > 45) return false;
  const groups = ctx + CTX_GROUPS;
  let count: usize = 0;
  let gap: i32 = -1;
  let at = start;
  if (load<u8>(at) == 0x3a) {
    if (load<u8>(at + 1) != 0x3a) return false;
    gap = 0;
    at += 2;
  }
  while (at < end) {
    if (count == 8) return false;
    const groupStart = at;
    let value: u32 = 0;
    while (at < end) {
      const digit = hexValue(load<u8>(at));
      if (digit < 0) break;
      if (at - groupStart == 4) return false;
      value = (value << 4) | <u32>digit;
      at++;
    }
    if (at == groupStart) return false;
    if (at < end && load<u8>(at) == 0x2e) {
      if (count > 6) return false;
      const address = parseTail(groupStart, end);
      if (address < 0) return false;
      store<u16>(groups + (count << 1), <u16>(<u32>address >>> 16));
      store<u16>(groups + (count << 1), <u16>(<u32>address), 2);
      count += 2;
      at = end;
      break;
    }
    store<u16>(groups + (count << 1), <u16>value);
    count++;
    if (at == end) break;
    at++;
    if (at == end) return false;
    if (load<u8>(at) == 0x3a) {
      if (gap >= 0) return false;
      gap = <i32>count;
      at++;
    }
  }
  if (gap < 0) return count == 8;
  if (count == 8) return false;
  spread(groups, count, <usize>gap);
  return true;
}

function parseTail(start: usize, end: usize): i64 {
  if (end - start > 15) return -1;
  let dots: u64 = 0;
  for (let at = start; at < end; at++) {
    const c: u32 = load<u8>(at);
    if (c == 0x2e) dots |= <u64>1 << <u64>(at - start);
    else if (c - 0x30 > 9) return -1;
  }
  return popcnt(dots) == 3 ? parseIpv4(start, end, dots) : -1;
}

/** Moves the groups behind the gap to the end and fills it with zeros. */
function spread(groups: usize, count: usize, gap: usize): void {
  const behind = count - gap;
  for (let i: usize = 0; i < behind; i++)
    store<u16>(groups + ((7 - i) << 1), load<u16>(groups + ((count - 1 - i) << 1)));
  for (let i = gap; i < 8 - behind; i++) store<u16>(groups + (i << 1), 0);
}
