/**
 * Literals of keyword rules in the raw bytes of a record: whether any may stand there at all. Of each literal four bytes that no escape
 * but `\u` can change were chosen; the first three are looked for in sixteen places at once, by both halves of each byte (as Teddy
 * in the Hyperscan library does), what passes by a bit table of the four.
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
  const lower = i8x16.splat(0x20);
  const half = i8x16.splat(15);
  const none = i8x16.splat(0);
  for (let at = start; at < end; at += 16) {
    const a = v128.or(v128.load(at), lower);
    const b = v128.or(v128.load(at, 1), lower);
    const c = v128.or(v128.load(at, 2), lower);
    const first = v128.and(
      i8x16.swizzle(firstLow, v128.and(a, half)),
      i8x16.swizzle(firstHigh, v128.and(i16x8.shr_u(a, 4), half)),
    );
    const second = v128.and(
      i8x16.swizzle(secondLow, v128.and(b, half)),
      i8x16.swizzle(secondHigh, v128.and(i16x8.shr_u(b, 4), half)),
    );
    const third = v128.and(
      i8x16.swizzle(thirdLow, v128.and(c, half)),
      i8x16.swizzle(thirdHigh, v128.and(i16x8.shr_u(c, 4), half)),
    );
    const all = v128.and(v128.and(first, second), third);
    if (!v128.any_true(all)) continue;
    let found = ~(<u32>i8x16.bitmask(i8x16.eq(all, none))) & 0xffff;
    while (found != 0) {
      const bit = ((load<u32>(at + <usize>ctz(found)) | LOWER4) * GRAM_MUL) >>> RAW_SHIFT;
      if (((<u32>load<u8>(table + RAW_BITS + <usize>(bit >>> 3)) >>> (bit & 7)) & 1) != 0) return true;
      found &= found - 1;
    }
  }
  return false;
}
