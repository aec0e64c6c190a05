/**
 * First pass over a piece: every byte becomes one bit in each mask array, 64 bytes per step, no branch on the data except for the
 * rare block with a backslash or an ampersand. Token bytes come from two nibble tables (one look-up for the low, one for the high
 * four bits; their AND is zero for bytes outside the token alphabet).
 */
import {
  MASK_BREAK,
  MASK_COLON,
  MASK_DIGIT,
  MASK_DOT,
  MASK_LINE_END,
  MASK_SPECIAL,
} from './layout';

// Classes: 1 digits, 2 `a-o`, 4 `p-z`, 8 `_`, 16 `-`, 128 dot.
// @ts-ignore: decorator
@inline
function lowTable(): v128 {
  //            0  1   2   3   4   5   6   7  8  9  a  b  c  d   e    f
  return i8x16(5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 2, 2, 18, -126, 10);
}

// @ts-ignore: decorator
@inline
function highTable(): v128 {
  return i8x16(0, 0, -112, 1, 2, 12, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0);
}

// @ts-ignore: decorator
@inline
function classes(bytes: v128): v128 {
  const low = v128.and(bytes, i8x16.splat(15));
  const high = v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(15));
  return v128.and(i8x16.swizzle(lowTable(), low), i8x16.swizzle(highTable(), high));
}

// @ts-ignore: decorator
@inline
function pack(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a) | (<u32>i8x16.bitmask(b) << 16)) |
    (<u64>(<u32>i8x16.bitmask(c) | (<u32>i8x16.bitmask(d) << 16)) << 32)
  );
}

// @ts-ignore: decorator
@inline
function is(bytes: v128, c: i8): v128 {
  return i8x16.eq(bytes, i8x16.splat(c));
}

/** Bit 0 of each byte moved to its highest, where `bitmask` looks. */
// @ts-ignore: decorator
@inline
function digit(cls: v128): v128 {
  return i16x8.shl(cls, 7);
}

// @ts-ignore: decorator
@inline
function percentOrHigh(bytes: v128): v128 {
  return v128.or(bytes, is(bytes, 0x25));
}

// @ts-ignore: decorator
@inline
function escapeStart(bytes: v128): v128 {
  return v128.or(is(bytes, 0x5c), is(bytes, 0x26));
}

/** `\u`, `\x` and `&#` at the bytes of one vector. */
function escapes(at: usize): v128 {
  const bytes = v128.load(at);
  const next = v128.load(at + 1);
  const backslash = v128.and(is(bytes, 0x5c), v128.or(is(next, 0x75), is(next, 0x78)));
  return v128.or(backslash, v128.and(is(bytes, 0x26), is(next, 0x23)));
}

/** Fills the masks of `[start, end)`; returns the number of words. */
export function classify(ctx: usize, start: usize, end: usize): u32 {
  const count = <u32>((end - start + 63) >> 6);
  let out = ctx;
  for (let at = start; at < end; at += 64) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    const ca = classes(a);
    const cb = classes(b);
    const cc = classes(c);
    const cd = classes(d);
    const zero = i8x16.splat(0);
    store<u64>(out, pack(i8x16.eq(ca, zero), i8x16.eq(cb, zero), i8x16.eq(cc, zero), i8x16.eq(cd, zero)), MASK_BREAK);
    store<u64>(out, pack(ca, cb, cc, cd), MASK_DOT);
    store<u64>(out, pack(digit(ca), digit(cb), digit(cc), digit(cd)), MASK_DIGIT);
    store<u64>(out, pack(is(a, 0x3a), is(b, 0x3a), is(c, 0x3a), is(d, 0x3a)), MASK_COLON);
    store<u64>(out, pack(is(a, 10), is(b, 10), is(c, 10), is(d, 10)), MASK_LINE_END);
    let special = pack(percentOrHigh(a), percentOrHigh(b), percentOrHigh(c), percentOrHigh(d));
    const any = v128.or(v128.or(escapeStart(a), escapeStart(b)), v128.or(escapeStart(c), escapeStart(d)));
    if (v128.any_true(any)) special |= pack(escapes(at), escapes(at + 16), escapes(at + 32), escapes(at + 48));
    store<u64>(out, special, MASK_SPECIAL);
    out += 8;
  }
  const rest = <u64>(end - start) & 63;
  if (rest != 0) {
    const valid = (<u64>1 << rest) - 1;
    const last = ctx + ((<usize>count - 1) << 3);
    store<u64>(last, load<u64>(last, MASK_BREAK) | ~valid, MASK_BREAK);
    store<u64>(last, load<u64>(last, MASK_DOT) & valid, MASK_DOT);
    store<u64>(last, load<u64>(last, MASK_DIGIT) & valid, MASK_DIGIT);
    store<u64>(last, load<u64>(last, MASK_COLON) & valid, MASK_COLON);
    store<u64>(last, load<u64>(last, MASK_LINE_END) & valid, MASK_LINE_END);
    store<u64>(last, load<u64>(last, MASK_SPECIAL) & valid, MASK_SPECIAL);
  }
  closeMasks(ctx, count);
  splitAtDots(ctx, count);
  return count;
}

/** The words before and behind the piece read as breaks. */
function closeMasks(ctx: usize, count: u32): void {
  const behind = ctx + (<usize>count << 3);
  for (let i: usize = 0; i < 24; i += 8) {
    store<u64>(behind + i, ~(<u64>0), MASK_BREAK);
    store<u64>(behind + i, 0, MASK_DOT);
    store<u64>(behind + i, 0, MASK_DIGIT);
    store<u64>(behind + i, 0, MASK_COLON);
  }
  store<u64>(ctx, ~(<u64>0), MASK_BREAK - 8);
  store<u64>(ctx, 0, MASK_DOT - 8);
  store<u64>(ctx, 0, MASK_DIGIT - 8);
  store<u64>(ctx, 0, MASK_COLON - 8);
}

/** Two dots side by side end a name, and so does a dot that no token byte follows. */
function splitAtDots(ctx: usize, count: u32): void {
  const end = ctx + (<usize>count << 3);
  for (let at = ctx; at < end; at += 16) {
    const dots = v128.load(at, MASK_DOT);
    const breaks = v128.load(at, MASK_BREAK);
    const before = i64x2.shr_u(v128.load(at, MASK_DOT - 8), 63);
    const outside = v128.or(dots, breaks);
    const after = i64x2.shl(v128.or(v128.load(at, MASK_DOT + 8), v128.load(at, MASK_BREAK + 8)), 63);
    const beside = v128.or(v128.or(i64x2.shl(dots, 1), before), v128.or(i64x2.shr_u(outside, 1), after));
    v128.store(at, v128.or(breaks, v128.and(dots, beside)), MASK_BREAK);
  }
}
