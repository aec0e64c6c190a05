/**
 * Literals of keyword rules in the raw bytes of a record: whether any may stand there at all. Of each literal four bytes that no escape
 * but `\u` can change were chosen; the first three are looked for in sixteen places at once, by both halves of each byte (as Teddy
 * in the Hyperscan library does), in eight buckets; what passes, by a bit table of the four.
 */
import { RAW_BITS, RAW_SHIFT } from './sieve-layout';

const GRAM_MUL: u32 = 0x9e3779b1;
const LOWER4: u32 = 0x20202020;

/** False: none of them stands in `[start, end)`. */
export function mayHoldRaw(table: usize, start: usize, end: usize): bool {
  const firstLow = v128.load(table);
  const firstHigh = v128.load(table, 16);
  const secondLow = v128.load(table, 32);
  const secondHigh = v128.load(table, 48);
  const thirdLow = v128.load(table, 64);
  const thirdHigh = v128.load(table, 80);
  const half = i8x16.splat(15);
  const none = i8x16.splat(0);
  let firstBefore = none;
  let secondBefore = none;
  // A literal is found at its third byte.
  for (let at = start; at < end; at += 16) {
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
    let found = ~(<u32>i8x16.bitmask(i8x16.eq(all, none))) & 0xffff;
    while (found != 0) {
      const bit = ((load<u32>(at + <usize>ctz(found) - 2) | LOWER4) * GRAM_MUL) >>> RAW_SHIFT;
      if (((<u32>load<u8>(table + RAW_BITS + <usize>(bit >>> 3)) >>> (bit & 7)) & 1) != 0) return true;
      found &= found - 1;
    }
  }
  return false;
}
