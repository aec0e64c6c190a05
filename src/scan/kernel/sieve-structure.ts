/**
 * First look at a record: where it ends, where its texts begin and end, and whether anything in it is unusual. Sixty-four bytes at
 * a time, as simdjson does it (Langdale, Lemire: "Parsing gigabytes of JSON per second", section 3.1).
 */
import { hexNumber } from './bytes';
import { MAX_QUOTES, SIEVE_MARKS, SIEVE_QUOTES } from './sieve-layout';

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
export function readStructure(work: usize, start: usize, limit: usize, byLines: bool): void {
  const quotes = <usize>load<u32>(work, SIEVE_QUOTES);
  const last = quotes + <usize>(MAX_QUOTES - 64) * 4;
  // What is loaded stays in registers, constants would be made anew for each block.
  const quote = v128.load8_splat(work, SIEVE_MARKS);
  const backslash = v128.load8_splat(work, SIEVE_MARKS + 1);
  const control = v128.load8_splat(work, SIEVE_MARKS + 2);
  isUnusual = false;
  hasUnits = false;
  isTerminated = !byLines;
  recordEnd = limit;
  nextRecord = limit;
  let carried: u64 = 0;
  let out = quotes;
  let block = start;
  let isOpen = start < limit;
  while (isOpen) {
    const a = v128.load(block);
    const b = v128.load(block, 16);
    const c = v128.load(block, 32);
    const d = v128.load(block, 48);
    const sa = i8x16.eq(a, backslash);
    const sb = i8x16.eq(b, backslash);
    const sc = i8x16.eq(c, backslash);
    const sd = i8x16.eq(d, backslash);
    const slashed = v128.or(v128.or(sa, sb), v128.or(sc, sd));
    const controls = i8x16.le_u(i8x16.min_u(i8x16.min_u(a, b), i8x16.min_u(c, d)), control);
    let quoted = mask(i8x16.eq(a, quote), i8x16.eq(b, quote), i8x16.eq(c, quote), i8x16.eq(d, quote));
    const left = limit - block;
    isOpen = left > 64;
    // Most blocks are whole and have no backslashes, and only the last one has a control character.
    if (((<u64>i8x16.bitmask(v128.or(slashed, controls))) | carried | <u64>(left < 64)) != 0) {
      let inside: u64 = left < 64 ? (<u64>1 << <u64>left) - 1 : ~<u64>0;
      if (i8x16.bitmask(controls) != 0) {
        inside = insideOf(block, inside, byLines);
        if (byLines && isTerminated) isOpen = false;
      }
      if (carried != 0 || i8x16.bitmask(slashed) != 0) {
        const slashes = mask(sa, sb, sc, sd);
        const potential = slashes & ~carried;
        const codes = (((potential << 1) | ODD_BITS) - potential) ^ ODD_BITS;
        const escaped = (codes ^ (slashes | carried)) & inside;
        carried = (codes & slashes) >>> 63;
        // Most escapes are of backslashes and quotes.
        const others = escaped & ~(slashes | quoted);
        quoted &= ~escaped;
        if (
          others != 0 &&
          (others & ~mask(usual(a), usual(b), usual(c), usual(d))) != 0 &&
          !areEscapes(block, others, limit)
        )
          isUnusual = true;
      }
      quoted &= inside;
    }
    if (quoted != 0) {
      const count = <usize>popcnt(quoted);
      let found = writeFour(out, <u32>block, quoted);
      found = writeFour(out + 16, <u32>block, found);
      if (count > 8) {
        found = writeFour(out + 32, <u32>block, found);
        for (let at = out + 48; found != 0; at += 16) found = writeFour(at, <u32>block, found);
      }
      out += count << 2;
      if (out > last) {
        isUnusual = true;
        out = quotes;
      }
    }
    block += 64;
  }
  if (byLines && recordEnd > start && isReturn(recordEnd - 1)) recordEnd--;
  store<u32>(out, 0xffffffff);
  store<u32>(out, 0xffffffff, 4);
  quotesEnd = out;
}

/** Writes the positions of the four lowest bits, or as many numbers that say nothing; returns the bits without them. */
// @ts-ignore: decorator
@inline
function writeFour(to: usize, block: u32, bits: u64): u64 {
  const second = bits & (bits - 1);
  const third = second & (second - 1);
  const fourth = third & (third - 1);
  store<u32>(to, block + <u32>ctz(bits));
  store<u32>(to, block + <u32>ctz(second), 4);
  store<u32>(to, block + <u32>ctz(third), 8);
  store<u32>(to, block + <u32>ctz(fourth), 12);
  return fourth & (fourth - 1);
}

/** A block has control characters: which of its bytes are the record's. */
function insideOf(block: usize, whole: u64, byLines: bool): u64 {
  const a = v128.load(block);
  const b = v128.load(block, 16);
  const c = v128.load(block, 32);
  const d = v128.load(block, 48);
  const space = i8x16.splat(0x20);
  const controls = mask(i8x16.lt_u(a, space), i8x16.lt_u(b, space), i8x16.lt_u(c, space), i8x16.lt_u(d, space));
  let inside = whole;
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
  return inside;
}

// @ts-ignore: decorator
@inline
function mask(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a) | (<u32>i8x16.bitmask(b) << 16)) |
    (<u64>(<u32>i8x16.bitmask(c) | (<u32>i8x16.bitmask(d) << 16)) << 32)
  );
}

/** Characters that messages have behind their backslashes have the highest bit: those of line ends and tabs, and `f`. */
// @ts-ignore: decorator
@inline
function usual(bytes: v128): v128 {
  // From `f` on: itself, n, r, t.
  return i8x16.swizzle(i8x16(-128, 0, 0, 0, 0, 0, 0, 0, -128, 0, 0, 0, -128, 0, -128, 0), i8x16.sub(bytes, i8x16.splat(0x66)));
}

/** Whether each of the marked characters may follow a backslash. */
function areEscapes(block: usize, escaped: u64, limit: usize): bool {
  const none = i8x16.splat(0);
  const ca = classes(v128.load(block));
  const cb = classes(v128.load(block, 16));
  const cc = classes(v128.load(block, 32));
  const cd = classes(v128.load(block, 48));
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
