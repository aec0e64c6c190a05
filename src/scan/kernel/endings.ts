/**
 * Endings of listed names: maps of bits at which most names fall out. Asked is for the last two labels, of those the last 16 bytes:
 * every suffix of a name that is itself a name ends like it. A map of some bits per name does not fit a near cache, so a quarter of
 * it, by other bits of the hash, is asked first.
 */
import {
  CTX_ENDING_KEYS,
  CTX_ENDS,
  MASK_LABEL,
  TAB_ENDINGS,
  TAB_ENDINGS_SHIFT,
  TAB_NEAR_ENDINGS,
} from './layout';
import { upTo } from './masks';
import { ctx, pieceStart, tab } from './state';

const FACTOR_1: u64 = 0x9e3779b97f4a7c15;
const FACTOR_2: u64 = 0xd6e8feb86659fd93;
/** Set in the offset when the maps cannot tell: behind an escape, or with a hyphen or underscore that does not belong to the name. */
const UNKNOWN: u32 = 1 << 31;
const DISTANCE: usize = CTX_ENDING_KEYS - CTX_ENDS;

/** Keeps of the ends of dotted tokens listed up to `to` those that a listed name ends like; returns the new end of the list. */
export function chooseEnds(to: usize): usize {
  const list = ctx + CTX_ENDS;
  const piece = pieceStart;
  const labels = ctx + MASK_LABEL;
  for (let at = list; at < to; at += 4) {
    const offset = <usize>load<u32>(at);
    // What is no label, from the end on: the last dot, then the one before it or the break in front.
    const outside = ~upTo(labels, offset - 1);
    const length = <usize>clz(outside & ~((<u64>1 << 63) >>> <u64>clz(outside)));
    const end = piece + offset;
    const before: u64 = load<u8>(end - length - 1);
    const isUnknown =
      // A backslash or percent sign in front: of what is no part of a label, only bytes that are rare there share these bits.
      <u32>((((<u64>1 << 37) | (<u64>1 << 28)) >>> before) & 1) |
      <u32>(load<u8>(end - length) == 0x2d) |
      // `-` and `_` at the end.
      <u32>((<u32>load<u8>(end - 1) | 0x20) - 0x2e > 0x4c);
    store<u32>(at, <u32>offset | (isUnknown << 31));
    store<u32>(at + DISTANCE, endingKey(end, length));
  }
  const shift = load<u32>(tab, TAB_ENDINGS_SHIFT);
  return chooseFar(chooseNear(to, (<u32>-1) >>> (shift + 2)), shift);
}

function chooseNear(to: usize, mask: u32): usize {
  const map = tab + <usize>load<u32>(tab, TAB_NEAR_ENDINGS);
  const list = ctx + CTX_ENDS;
  let out = list;
  for (let at = list; at < to; at += 4) {
    const offset = load<u32>(at);
    const key = load<u32>(at + DISTANCE);
    store<u32>(out, offset);
    store<u32>(out + DISTANCE, key);
    out += <usize>((bitAt(map, key & mask) | (offset >>> 31)) & 1) << 2;
  }
  return out;
}

function chooseFar(to: usize, shift: u32): usize {
  const map = tab + <usize>load<u32>(tab, TAB_ENDINGS);
  const list = ctx + CTX_ENDS;
  let out = list;
  for (let at = list; at < to; at += 4) {
    const offset = load<u32>(at);
    store<u32>(out, offset & ~UNKNOWN);
    out += <usize>((bitAt(map, load<u32>(at + DISTANCE) >>> shift) | (offset >>> 31)) & 1) << 2;
  }
  return out;
}

/** The bit, as the lowest of several. */
// @ts-ignore: decorator
@inline
function bitAt(map: usize, bit: u32): u32 {
  return load<u32>(map + <usize>(bit >>> 5 << 2)) >>> bit;
}

/** Enters the name `[start, end)`. */
export function addEnding(start: usize, end: usize): void {
  let from = end;
  for (let dots = 0; from > start; from--) if (load<u8>(from - 1) == 0x2e && ++dots == 2) break;
  const key = endingKey(end, end - from);
  const shift = load<u32>(tab, TAB_ENDINGS_SHIFT);
  setBit(tab + <usize>load<u32>(tab, TAB_ENDINGS), key >>> shift);
  setBit(tab + <usize>load<u32>(tab, TAB_NEAR_ENDINGS), key & ((<u32>-1) >>> (shift + 2)));
}

export function setBit(map: usize, bit: u32): void {
  const at = map + (<usize>bit >>> 3);
  store<u8>(at, load<u8>(at) | (<u8>1 << <u8>(bit & 7)));
}

// @ts-ignore: decorator
@inline
function endingKey(end: usize, length: usize): u32 {
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const isInside = i8x16.gt_s(places, i8x16.splat(<i8>(15 - length)));
  const bytes = v128.and(v128.or(v128.load(end - 16), i8x16.splat(0x20)), isInside);
  return <u32>((i64x2.extract_lane(bytes, 1) * FACTOR_1 + i64x2.extract_lane(bytes, 0) * FACTOR_2) >>> 32);
}
