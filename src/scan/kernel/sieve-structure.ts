/**
 * First look at a record: where it ends, where its texts begin and end, and whether anything in it is unusual. Sixty-four bytes at
 * a time, as simdjson does it (Langdale, Lemire: "Parsing gigabytes of JSON per second", section 3.1).
 */
import { hexNumber } from './bytes';
import { MAX_QUOTES } from './sieve-layout';

const ODD_BITS: u64 = 0xaaaaaaaaaaaaaaaa;

/** End of the record, its line end excluded; behind it when it is unterminated. */
export let recordEnd: usize = 0;
/** Where the next record begins. */
export let nextRecord: usize = 0;
/** Positions of quotes are in ascending order, two numbers that no position reaches behind them. */
export let quotesEnd: usize = 0;
export let isUnusual: bool = false;
export let isTerminated: bool = false;
/** Some character is written as `\uXXXX`. */
export let hasUnits: bool = false;

/**
 * Reads one record from `start`. By lines it ends at a line feed or at `limit`, else at `limit`. Unusual is what the walk does not
 * understand or JSON forbids: control characters, escapes that are none.
 */
export function readStructure(start: usize, limit: usize, byLines: bool, quotes: usize): void {
  const quote = i8x16.splat(0x22);
  const backslash = i8x16.splat(0x5c);
  const space = i8x16.splat(0x20);
  let carried: u64 = 0;
  let out = quotes;
  const last = quotes + <usize>(MAX_QUOTES - 64) * 4;
  isUnusual = false;
  hasUnits = false;
  isTerminated = !byLines;
  recordEnd = limit;
  nextRecord = limit;
  let block = start;
  for (; block < limit; block += 64) {
    const a = v128.load(block);
    const b = v128.load(block, 16);
    const c = v128.load(block, 32);
    const d = v128.load(block, 48);
    let inside: u64 = limit - block >= 64 ? ~<u64>0 : (<u64>1 << <u64>(limit - block)) - 1;
    // One comparison says of all that none is a control character.
    if (v128.any_true(i8x16.lt_u(i8x16.min_u(i8x16.min_u(a, b), i8x16.min_u(c, d)), space))) {
      const controls = mask(i8x16.lt_u(a, space), i8x16.lt_u(b, space), i8x16.lt_u(c, space), i8x16.lt_u(d, space)) & inside;
      if (byLines) {
        const feed = i8x16.splat(10);
        const feeds = mask(i8x16.eq(a, feed), i8x16.eq(b, feed), i8x16.eq(c, feed), i8x16.eq(d, feed)) & inside;
        if (feeds != 0) {
          recordEnd = block + <usize>ctz(feeds);
          nextRecord = recordEnd + 1;
          isTerminated = true;
          inside = (feeds & (~feeds + 1)) - 1;
        }
      }
      const others = controls & inside;
      if (others != 0 && !(byLines && (others & (others - 1)) == 0 && isLineEnd(block + <usize>ctz(others)))) isUnusual = true;
    }
    const allQuotes = mask(i8x16.eq(a, quote), i8x16.eq(b, quote), i8x16.eq(c, quote), i8x16.eq(d, quote));
    let quoted = allQuotes & inside;
    const sa = i8x16.eq(a, backslash);
    const sb = i8x16.eq(b, backslash);
    const sc = i8x16.eq(c, backslash);
    const sd = i8x16.eq(d, backslash);
    if (carried != 0 || v128.any_true(v128.or(v128.or(sa, sb), v128.or(sc, sd)))) {
      const slashes = mask(sa, sb, sc, sd);
      const potential = slashes & ~carried;
      const codes = (((potential << 1) | ODD_BITS) - potential) ^ ODD_BITS;
      const escaped = (codes ^ (slashes | carried)) & inside;
      carried = (codes & slashes) >>> 63;
      quoted &= ~escaped;
      // Most escapes are of backslashes and quotes.
      const others = escaped & ~(slashes | allQuotes);
      if (
        others != 0 &&
        (others & ~mask(isUsual(a), isUsual(b), isUsual(c), isUsual(d))) != 0 &&
        !areEscapes(a, b, c, d, block, others, limit)
      )
        isUnusual = true;
    }
    let found = quoted;
    let at = out;
    while (found != 0) {
      store<u32>(at, <u32>block + <u32>ctz(found));
      found &= found - 1;
      store<u32>(at, <u32>block + <u32>ctz(found), 4);
      found &= found - 1;
      store<u32>(at, <u32>block + <u32>ctz(found), 8);
      found &= found - 1;
      store<u32>(at, <u32>block + <u32>ctz(found), 12);
      found &= found - 1;
      at += 16;
    }
    out += <usize>popcnt(quoted) << 2;
    if (out > last) {
      isUnusual = true;
      out = quotes;
    }
    if (nextRecord != limit || (isTerminated && byLines)) break;
  }
  if (byLines && recordEnd > start && isReturn(recordEnd - 1)) recordEnd--;
  store<u32>(out, 0xffffffff);
  store<u32>(out, 0xffffffff, 4);
  quotesEnd = out;
}

// @ts-ignore: decorator
@inline
function mask(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a) | (<u32>i8x16.bitmask(b) << 16)) |
    (<u64>(<u32>i8x16.bitmask(c) | (<u32>i8x16.bitmask(d) << 16)) << 32)
  );
}

/** Characters that messages have behind their backslashes: those of line ends and tabs, `f`, the slash. One for each low half. */
// @ts-ignore: decorator
@inline
function isUsual(bytes: v128): v128 {
  const byLow = i8x16(0, 0, 0x72, 0, 0x74, 0, 0x66, 0, 0, 0, 0, 0, 0, 0, 0x6e, 0x2f);
  return i8x16.eq(i8x16.swizzle(byLow, v128.and(bytes, i8x16.splat(15))), bytes);
}

/** Whether each of the marked characters may follow a backslash. */
function areEscapes(a: v128, b: v128, c: v128, d: v128, block: usize, escaped: u64, limit: usize): bool {
  const none = i8x16.splat(0);
  const ca = classes(a);
  const cb = classes(b);
  const cc = classes(c);
  const cd = classes(d);
  if ((mask(i8x16.eq(ca, none), i8x16.eq(cb, none), i8x16.eq(cc, none), i8x16.eq(cd, none)) & escaped) != 0) return false;
  const units = mask(ca, cb, cc, cd) & escaped;
  if (units == 0) return true;
  hasUnits = true;
  return areUnits(block, units, limit);
}

/** What may follow a backslash is not zero; `u` has the highest bit. Both halves of a byte are looked up and must agree. */
// @ts-ignore: decorator
@inline
function classes(bytes: v128): v128 {
  const half = i8x16.splat(15);
  const low = v128.and(bytes, half);
  const high = v128.and(i16x8.shr_u(bytes, 4), half);
  // By the low half: 2 is `"`, b and r; 4 is t; 5 is u; 6 is f; c is the backslash; e is n; f is the slash.
  const byLow = i8x16(0, 0, 13, 0, 8, -128, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1);
  const byHigh = i8x16(0, 0, 1, 0, 0, 2, 4, -120, 0, 0, 0, 0, 0, 0, 0, 0);
  return v128.and(i8x16.swizzle(byLow, low), i8x16.swizzle(byHigh, high));
}

/** Every `u` is followed by four hexadecimal digits. */
function areUnits(block: usize, units: u64, limit: usize): bool {
  let rest = units;
  while (rest != 0) {
    if (hexNumber(block + <usize>ctz(rest) + 1, 4, limit) < 0) return false;
    rest &= rest - 1;
  }
  return true;
}

/** A carriage return before the line feed belongs to the line end. */
function isLineEnd(at: usize): bool {
  return isReturn(at) && load<u8>(at, 1) == 10;
}

// @ts-ignore: decorator
@inline
function isReturn(at: usize): bool {
  return load<u8>(at) == 13;
}
