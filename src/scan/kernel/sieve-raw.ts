/**
 * Literals of keyword rules in the raw bytes of a record: whether any may stand there at all. Of each literal four bytes that no escape
 * but `\u` can change were chosen; the first three are looked for in sixteen places at once (`three-bytes.ts`); what passes, by a bit table
 * of the four.
 */
import { RAW_BITS, RAW_SHIFT } from './sieve-layout';
import { bucketsOf, highHalves, inRow, lowHalves, placesIn } from './three-bytes';

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
  let firstBefore = i8x16.splat(0);
  let secondBefore = i8x16.splat(0);
  // A literal is found at its third byte.
  for (let at = start; at < end; at += 16) {
    const bytes = v128.load(at);
    const low = lowHalves(bytes);
    const high = highHalves(bytes);
    const first = bucketsOf(firstLow, firstHigh, low, high);
    const second = bucketsOf(secondLow, secondHigh, low, high);
    const third = bucketsOf(thirdLow, thirdHigh, low, high);
    const all = inRow(firstBefore, first, secondBefore, second, third);
    firstBefore = first;
    secondBefore = second;
    if (!v128.any_true(all)) continue;
    let found = placesIn(all);
    while (found != 0) {
      const bit = ((load<u32>(at + <usize>ctz(found) - 2) | LOWER4) * GRAM_MUL) >>> RAW_SHIFT;
      if (((<u32>load<u8>(table + RAW_BITS + <usize>(bit >>> 3)) >>> (bit & 7)) & 1) != 0) return true;
      found &= found - 1;
    }
  }
  return false;
}
