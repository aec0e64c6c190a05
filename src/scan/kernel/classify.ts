/**
 * First pass over a piece: every byte becomes one bit in each mask array, 64 bytes per step, no branch on the data. Two nibble
 * tables, one look-up for the low and one for the high four bits, give classes by their AND; blocks with a byte that may begin an
 * escape are listed, and read again by the few who care.
 *
 * Loops end at their foot: the engine then keeps the constants in registers, in a loop that ends at its head it makes them anew in
 * each turn. Masks are stored 16 bits at a time, which takes fewer instructions than putting them together.
 */
import {
  CTX_SPECIAL_BLOCKS,
  MASK_COLON,
  MASK_DIGIT,
  MASK_DOT,
  MASK_LABEL,
  MASK_LINE_END,
} from './layout';
import { setSpecialBlocks } from './state';

// Classes: 1 `%` and `&`, 2 backslash, and bytes of tokens: 4 digits, 8 `a-o`, 16 `p-z`, 32 `_`, 64 `-`, 128 dot.
// @ts-ignore: decorator
@inline
function lowTable(): v128 {
  //           0   1   2   3   4   5   6   7   8   9   a   b  c   d   e     f
  return i8x16(20, 28, 28, 28, 28, 29, 29, 28, 28, 28, 24, 8, 10, 72, -120, 40);
}

// @ts-ignore: decorator
@inline
function highTable(): v128 {
  return i8x16(0, 0, -63, 4, 8, 50, 8, 16, 0, 0, 0, 0, 0, 0, 0, 0);
}

// @ts-ignore: decorator
@inline
function classes(bytes: v128): v128 {
  const low = v128.and(bytes, i8x16.splat(15));
  const high = v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(15));
  return v128.and(i8x16.swizzle(lowTable(), low), i8x16.swizzle(highTable(), high));
}

/** The masks of 16 bytes. */
// @ts-ignore: decorator
@inline
function storeMasks(out: usize, bytes: v128, cls: v128): void {
  // As signed numbers, the classes of label bytes are above 3, those of breaks are not, and that of the dot is negative.
  store<u16>(out, <u16>i8x16.bitmask(i8x16.gt_s(cls, i8x16.splat(3))), MASK_LABEL);
  store<u16>(out, <u16>i8x16.bitmask(cls), MASK_DOT);
  store<u16>(out, <u16>i8x16.bitmask(i16x8.shl(cls, 5)), MASK_DIGIT);
  store<u16>(out, <u16>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x3a))), MASK_COLON);
  store<u16>(out, <u16>i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(10))), MASK_LINE_END);
}

/** Fills the masks of `[start, end)`, which is not empty; returns the number of words. */
export function classify(ctx: usize, start: usize, end: usize): u32 {
  const count = <u32>((end - start + 63) >> 6);
  let out = ctx;
  let at = start;
  let specials = ctx + CTX_SPECIAL_BLOCKS;
  do {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    const ca = classes(a);
    storeMasks(out, a, ca);
    const cb = classes(b);
    storeMasks(out + 2, b, cb);
    const cc = classes(c);
    storeMasks(out + 4, c, cc);
    const cd = classes(d);
    storeMasks(out + 6, d, cd);
    const cls = v128.or(v128.or(ca, cb), v128.or(cc, cd));
    const bytes = v128.or(v128.or(a, b), v128.or(c, d));
    const special = v128.or(v128.and(cls, i8x16.splat(3)), v128.and(bytes, i8x16.splat(-128)));
    store<u32>(specials, <u32>at);
    specials += <usize>v128.any_true(special) << 2;
    out += 8;
    at += 64;
  } while (at < end);
  setSpecialBlocks(specials);
  const rest = <u64>(end - start) & 63;
  if (rest != 0) {
    const valid = (<u64>1 << rest) - 1;
    const last = ctx + ((<usize>count - 1) << 3);
    store<u64>(last, load<u64>(last, MASK_LABEL) & valid, MASK_LABEL);
    store<u64>(last, load<u64>(last, MASK_DOT) & valid, MASK_DOT);
    store<u64>(last, load<u64>(last, MASK_DIGIT) & valid, MASK_DIGIT);
    store<u64>(last, load<u64>(last, MASK_COLON) & valid, MASK_COLON);
    store<u64>(last, load<u64>(last, MASK_LINE_END) & valid, MASK_LINE_END);
  }
  closeMasks(ctx, count);
  keepInnerDots(ctx, count);
  return count;
}

/** The words before and behind the piece hold no token. */
function closeMasks(ctx: usize, count: u32): void {
  const behind = ctx + (<usize>count << 3);
  for (let i: usize = 0; i < 24; i += 8) {
    store<u64>(behind + i, 0, MASK_LABEL);
    store<u64>(behind + i, 0, MASK_DOT);
    store<u64>(behind + i, 0, MASK_DIGIT);
    store<u64>(behind + i, 0, MASK_COLON);
  }
  store<u64>(ctx, 0, MASK_LABEL - 8);
  store<u64>(ctx, 0, MASK_DOT - 8);
  store<u64>(ctx, 0, MASK_DIGIT - 8);
  store<u64>(ctx, 0, MASK_COLON - 8);
}

/** A dot that no byte of a label follows is a break. */
function keepInnerDots(ctx: usize, count: u32): void {
  const end = ctx + (<usize>count << 3);
  let at = ctx;
  do {
    const labels = v128.load(at, MASK_LABEL);
    const before = v128.or(i64x2.shr_u(labels, 1), i64x2.shl(v128.load(at, MASK_LABEL + 8), 63));
    v128.store(at, v128.and(v128.load(at, MASK_DOT), before), MASK_DOT);
    at += 16;
  } while (at < end);
}
