/**
 * A few literals in the folded text of a value: three bytes in a row of each are looked for (`three-bytes.ts`). Shorter literals leave
 * the missing bytes open.
 */
import { FEW_BUCKETS, SIEVE_LIST } from './sieve-layout';
import { checkAt } from './sieve-match';
import { bucketsOf, highHalves, inRow, lowHalves, placesIn } from './three-bytes';

/** Marks the atoms of literals that stand in `[start, end)`, which zeros follow. */
export function findFew(work: usize, few: usize, start: usize, end: usize): void {
  const places = <usize>load<u32>(work, SIEVE_LIST);
  const firstLow = v128.load(few);
  const firstHigh = v128.load(few, 16);
  const secondLow = v128.load(few, 32);
  const secondHigh = v128.load(few, 48);
  const thirdLow = v128.load(few, 64);
  const thirdHigh = v128.load(few, 80);
  let firstBefore = i8x16.splat(0);
  let secondBefore = i8x16.splat(0);
  // A literal is found at its third byte, which may be open and stand behind the end.
  for (let at = start; at < end + 2; at += 16) {
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
    v128.store(places, all);
    let found = placesIn(all);
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
