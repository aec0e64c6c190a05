/**
 * Three bytes in a row looked for in sixteen places at once, in eight buckets of literals, by both halves of each byte (as Teddy in the
 * Hyperscan library does). Of each byte two tables of sixteen entries, for its lower and its upper half, name the buckets it may stand in.
 */

/** Of each byte the buckets that both halves of it allow. */
// @ts-ignore: decorator
@inline
export function bucketsOf(lowTable: v128, highTable: v128, low: v128, high: v128): v128 {
  return v128.and(i8x16.swizzle(lowTable, low), i8x16.swizzle(highTable, high));
}

/** Lower halves. */
// @ts-ignore: decorator
@inline
export function lowHalves(bytes: v128): v128 {
  return v128.and(bytes, i8x16.splat(15));
}

/** Upper halves. */
// @ts-ignore: decorator
@inline
export function highHalves(bytes: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(15));
}

/** Buckets of which the three bytes end at each place; `firstBefore` and `secondBefore` are of the sixteen bytes before. */
// @ts-ignore: decorator
@inline
export function inRow(firstBefore: v128, first: v128, secondBefore: v128, second: v128, third: v128): v128 {
  return v128.and(
    v128.and(
      v128.shuffle<i8>(firstBefore, first, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29),
      v128.shuffle<i8>(secondBefore, second, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30),
    ),
    third,
  );
}

/** A bit for each place that is in some bucket. */
// @ts-ignore: decorator
@inline
export function placesIn(buckets: v128): u32 {
  return ~(<u32>i8x16.bitmask(i8x16.eq(buckets, i8x16.splat(0)))) & 0xffff;
}
