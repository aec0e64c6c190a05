/**
 * A few literals in the folded text of a value: three bytes in a row of each are looked for in sixteen places at once, by both halves of
 * each byte (as Teddy in the Hyperscan library does), in eight buckets of literals. Shorter literals leave the missing bytes open.
 */
import { FEW_BUCKETS, SIEVE_LIST } from './sieve-layout';
import { checkAt } from './sieve-match';

/** Marks the atoms of literals that stand in `[start, end)`, which zeros follow. */
export function findFew(work: usize, few: usize, start: usize, end: usize): void {
  const firstLow = v128.load(few);
  const firstHigh = v128.load(few, 16);
  const secondLow = v128.load(few, 32);
  const secondHigh = v128.load(few, 48);
  const thirdLow = v128.load(few, 64);
  const thirdHigh = v128.load(few, 80);
  const half = i8x16.splat(15);
  const none = i8x16.splat(0);
  const places = <usize>load<u32>(work, SIEVE_LIST);
  let firstBefore = none;
  let secondBefore = none;
  // A literal is found at its third byte, which may be open and stand behind the end.
  for (let at = start; at < end + 2; at += 16) {
    const bytes = v128.load(at);
    const low = v128.and(bytes, half);
    const high = v128.and(i16x8.shr_u(bytes, 4), half);
    const first = v128.and(i8x16.swizzle(firstLow, low), i8x16.swizzle(firstHigh, high));
    const second = v128.and(i8x16.swizzle(secondLow, low), i8x16.swizzle(secondHigh, high));
    const third = v128.and(i8x16.swizzle(thirdLow, low), i8x16.swizzle(thirdHigh, high));
    const all = v128.and(
      v128.and(
        v128.shuffle<i8>(firstBefore, first, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29),
        v128.shuffle<i8>(secondBefore, second, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30),
      ),
      third,
    );
    firstBefore = first;
    secondBefore = second;
    if (!v128.any_true(all)) continue;
    v128.store(places, all);
    let found = ~(<u32>i8x16.bitmask(i8x16.eq(all, none))) & 0xffff;
    while (found != 0) {
      const place = <usize>ctz(found);
      found &= found - 1;
      checkBuckets(few + FEW_BUCKETS, <u32>load<u8>(places + place), at + place - 2, end);
    }
  }
}

/** Of each bucket its literals one by one: where each has its three bytes stands in it. */
function checkBuckets(buckets: usize, chosen: u32, at: usize, end: usize): void {
  let rest = chosen;
  while (rest != 0) {
    const bucket = buckets + (<usize>ctz(rest) << 2);
    rest &= rest - 1;
    const last = <usize>load<u32>(bucket, 4);
    for (let entry = <usize>load<u32>(bucket); entry < last; entry += 8) {
      checkAt(<usize>load<u32>(entry), at - <usize>load<u32>(entry, 4), end);
    }
  }
}
