/**
 * Endings of listed names: a map of bits at which most names fall out. Asked is for the last two labels, of those the last 16 bytes:
 * every suffix of a name that is itself a name ends like it.
 */
import { CTX_ENDING_BITS, CTX_ENDS, MASK_LABEL, TAB_ENDINGS, TAB_ENDINGS_SHIFT } from './layout';
import { upTo } from './masks';
import { ctx, pieceStart, tab } from './state';

const FACTOR_1: u64 = 0x9e3779b97f4a7c15;
const FACTOR_2: u64 = 0xd6e8feb86659fd93;
/** The map cannot tell: an escape stands in front, or a hyphen or underscore that does not belong to the name. */
const UNKNOWN: u32 = 1 << 31;

/** Keeps of the ends of dotted tokens listed up to `to` those that a listed name ends like; returns the new end of the list. */
export function chooseEnds(to: usize): usize {
  const list = ctx + CTX_ENDS;
  const distance = CTX_ENDING_BITS - CTX_ENDS;
  const piece = pieceStart;
  const labels = ctx + MASK_LABEL;
  const shift = <u64>load<u32>(tab, TAB_ENDINGS_SHIFT);
  for (let at = list; at < to; at += 4) {
    const offset = <usize>load<u32>(at);
    // What is no label, from the end on: the last dot, then the one before it or the break in front.
    const outside = ~upTo(labels, offset - 1);
    const length = <usize>clz(outside & ~((<u64>1 << 63) >>> <u64>clz(outside)));
    const end = piece + offset;
    const before: u64 = load<u8>(end - length - 1);
    const isUnknown =
      // A backslash or percent sign in front; of other bytes that are no part of a label only a control character shares these bits.
      <u32>((((<u64>1 << 37) | (<u64>1 << 28)) >>> before) & 1) |
      <u32>(load<u8>(end - length) == 0x2d) |
      // `-` and `_` at the end.
      <u32>((<u32>load<u8>(end - 1) | 0x20) - 0x2e > 0x4c);
    store<u32>(at + distance, endingBit(end, length, shift) | (isUnknown << 31));
  }
  const map = tab + <usize>load<u32>(tab, TAB_ENDINGS);
  let out = list;
  for (let at = list; at < to; at += 4) {
    const bit = load<u32>(at + distance);
    const found = (load<u32>(map + <usize>((bit & ~UNKNOWN) >>> 5 << 2)) >>> bit) | (bit >>> 31);
    store<u32>(out, load<u32>(at));
    out += <usize>(found & 1) << 2;
  }
  return out;
}

/** Enters the name `[start, end)`. */
export function addEnding(start: usize, end: usize): void {
  let from = end;
  for (let dots = 0; from > start; from--) if (load<u8>(from - 1) == 0x2e && ++dots == 2) break;
  const bit = endingBit(end, end - from, <u64>load<u32>(tab, TAB_ENDINGS_SHIFT));
  const at = tab + <usize>load<u32>(tab, TAB_ENDINGS) + (<usize>bit >>> 3);
  store<u8>(at, load<u8>(at) | (<u8>1 << <u8>(bit & 7)));
}

// @ts-ignore: decorator
@inline
function endingBit(end: usize, length: usize, shift: u64): u32 {
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const isInside = i8x16.gt_s(places, i8x16.splat(<i8>(15 - length)));
  const bytes = v128.and(v128.or(v128.load(end - 16), i8x16.splat(0x20)), isInside);
  return <u32>((i64x2.extract_lane(bytes, 1) * FACTOR_1 + i64x2.extract_lane(bytes, 0) * FACTOR_2) >>> shift);
}
