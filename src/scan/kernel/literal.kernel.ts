/**
 * Literal search (docs/design/scanner.md, "Literals"): which of many literals stand in each record, in either case. Every second
 * byte position is looked at: a four-byte gram there is hashed into a bit table; what passes is asked at a second one, by the eight
 * bytes that begin or end with the gram for long literals, and by the gram again for short ones; what remains is compared with
 * whole literals. The first two steps make lists without branching on the data.
 */
import {
  LIT_KEYS,
  LIT_KEY_MASK,
  LIT_KEY_SHIFT,
  LIT_KEY_TABLE,
  LIT_LINKS,
  LIT_LITERALS,
  LIT_STAMPS,
  LIT_TABLE,
  LIT_TABLE_SHIFT,
  LINK_BYTES,
  LITERAL_BYTES,
  WORK_COUNT,
  WORK_HITS,
  WORK_CAPACITY,
  WORK_KEY_LIST,
  WORK_LIST,
  WORK_POSITION,
  WORK_RECORD,
  WORK_STAMP,
  LITERAL_PIECE,
} from './literal-layout';

const EVERY: u32 = 0xffffffff;
const GRAM_MUL: u32 = 0x9e3779b1;
const AHEAD_MUL: u64 = 0x9e3779b97f4a7c15;
const BACK_MUL: u64 = 0xd6e8feb86659fd93;
const LOWER8: u64 = 0x2020202020202020;

/**
 * Scans the lines of `[start, end)` from the work area's position on; the last line need not be terminated. Returns 1 when done,
 * 0 when the list of hits is full: take them and call again.
 */
export function scanLines(work: usize, plan: usize, end: usize): u32 {
  let at = <usize>load<u32>(work, WORK_POSITION);
  while (at < end) {
    const stop = lineEnd(at, end);
    if (!scanRecord(work, plan, at, stop)) return 0;
    at = stop + 1;
    store<u32>(work, <u32>min<usize>(at, end), WORK_POSITION);
    store<u32>(work, load<u32>(work, WORK_RECORD) + 1, WORK_RECORD);
  }
  return 1;
}

/** Scans `count` records given by start and end, u32 each, from the work area's record number on. */
export function scanRanges(work: usize, plan: usize, ranges: usize, count: u32): u32 {
  let record = load<u32>(work, WORK_RECORD);
  while (record < count) {
    const range = ranges + (<usize>record << 3);
    if (!scanRecord(work, plan, <usize>load<u32>(range), <usize>load<u32>(range, 4))) return 0;
    record++;
    store<u32>(work, record, WORK_RECORD);
  }
  return 1;
}

function lineEnd(start: usize, end: usize): usize {
  let at = start;
  do {
    const first = v128.or(isByte(at, 10), isByte(at + 16, 10));
    const second = v128.or(isByte(at + 32, 10), isByte(at + 48, 10));
    if (v128.any_true(v128.or(first, second))) {
      let found = <u32>i8x16.bitmask(isByte(at, 10));
      while (found == 0) {
        at += 16;
        found = <u32>i8x16.bitmask(isByte(at, 10));
      }
      return min<usize>(end, at + <usize>ctz(found));
    }
    at += 64;
  } while (at < end);
  return end;
}

// @ts-ignore: decorator
@inline
function isByte(at: usize, byte: i8): v128 {
  return i8x16.eq(v128.load(at), i8x16.splat(byte));
}

/** False when there may be no room for the hits: nothing of the record is kept then. */
function scanRecord(work: usize, plan: usize, start: usize, end: usize): bool {
  const before = load<u32>(work, WORK_COUNT);
  // A new stamp for each attempt: literals already found in this record are passed over.
  const stamp = load<u32>(work, WORK_STAMP) + 1;
  store<u32>(work, stamp, WORK_STAMP);
  for (let at = start; at < end; at += LITERAL_PIECE) {
    const stop = min<usize>(end, at + LITERAL_PIECE);
    if (scanPiece(work, plan, at, stop, start, end, stamp)) continue;
    store<u32>(work, before, WORK_COUNT);
    // In an empty list there is always room for "all of them".
    return before == 0 ? addHit(work, EVERY) : false;
  }
  return true;
}

function scanPiece(work: usize, plan: usize, from: usize, to: usize, start: usize, end: usize, stamp: u32): bool {
  const list = work + <usize>load<u32>(work, WORK_LIST);
  const entries = work + <usize>load<u32>(work, WORK_KEY_LIST);
  const last = listKeys(plan, list, listGrams(plan, from, to, list), entries);
  const slots = plan + <usize>load<u32>(plan, LIT_KEYS);
  const links = plan + <usize>load<u32>(plan, LIT_LINKS);
  const mask = load<u32>(plan, LIT_KEY_MASK);
  for (let entry = entries; entry < last; entry += 8) {
    const key = load<u32>(entry, 4);
    let slot = (key >>> 4) & mask;
    let next = load<u32>(slots + (<usize>slot << 3), 4);
    while (next != 0 && load<u32>(slots + (<usize>slot << 3)) != key) {
      slot = (slot + 1) & mask;
      next = load<u32>(slots + (<usize>slot << 3), 4);
    }
    const at = <usize>load<u32>(entry);
    const bytes = load<u64>(at) | LOWER8;
    while (next != 0) {
      const link = links + <usize>(next - 1) * LINK_BYTES;
      next = load<u32>(link, 8);
      if (((bytes ^ load<u64>(link, 16)) & load<u64>(link, 24)) != 0) continue;
      // An offset of 2^32 - 1 stands for one byte before the literal.
      const from = at - <usize>(<i32>load<u32>(link, 4));
      if (!checkLiteral(work, plan, load<u32>(link), from, start, end, stamp)) return false;
    }
  }
  return !hasEncodedToken(from, to) || addHitOnce(work, stamp);
}

/** Every second place of `[from, to)`, not empty, whose gram some literal may have. Reads behind the record are ruled out later. */
function listGrams(plan: usize, from: usize, to: usize, list: usize): usize {
  const table = plan + <usize>load<u32>(plan, LIT_TABLE);
  const shift = <i32>load<u32>(plan, LIT_TABLE_SHIFT);
  let out = list;
  let at = from;
  do {
    const even = hashes(at, shift);
    const odd = hashes(at + 2, shift);
    store<u32>(out, <u32>at);
    out += isSet(table, i32x4.extract_lane(even, 0));
    store<u32>(out, <u32>at + 4);
    out += isSet(table, i32x4.extract_lane(even, 1));
    store<u32>(out, <u32>at + 8);
    out += isSet(table, i32x4.extract_lane(even, 2));
    store<u32>(out, <u32>at + 12);
    out += isSet(table, i32x4.extract_lane(even, 3));
    store<u32>(out, <u32>at + 2);
    out += isSet(table, i32x4.extract_lane(odd, 0));
    store<u32>(out, <u32>at + 6);
    out += isSet(table, i32x4.extract_lane(odd, 1));
    store<u32>(out, <u32>at + 10);
    out += isSet(table, i32x4.extract_lane(odd, 2));
    store<u32>(out, <u32>at + 14);
    out += isSet(table, i32x4.extract_lane(odd, 3));
    at += 16;
  } while (at < to);
  return out;
}

/** Four grams, one after the other, hashed. */
// @ts-ignore: decorator
@inline
function hashes(at: usize, shift: i32): v128 {
  const grams = v128.or(v128.load(at), i8x16.splat(0x20));
  return i32x4.shr_u(i32x4.mul(grams, i32x4.splat(<i32>GRAM_MUL)), shift);
}

/** Four, the bytes of an entry, when the bit is set, or 0. */
// @ts-ignore: decorator
@inline
function isSet(table: usize, bit: u32): usize {
  return <usize>((load<u32>(table + <usize>(bit >>> 5 << 2)) >>> bit) & 1) << 2;
}

/** Places and keys of the listed places that some literal has: by eight bytes ahead or back, or by the gram. */
function listKeys(plan: usize, list: usize, last: usize, entries: usize): usize {
  const table = plan + <usize>load<u32>(plan, LIT_KEY_TABLE);
  const shift = load<u32>(plan, LIT_KEY_SHIFT);
  let out = entries;
  for (let entry = list; entry < last; entry += 4) {
    const at = load<u32>(entry);
    const bytes = load<u64>(<usize>at) | LOWER8;
    const ahead = <u32>((bytes * AHEAD_MUL) >>> 32);
    const back = <u32>(((load<u64>(<usize>at - 4) | LOWER8) * BACK_MUL) >>> 32);
    const short = <u32>bytes * GRAM_MUL;
    store<u32>(out, at);
    store<u32>(out, ahead, 4);
    out += isSet(table, ahead >>> shift) << 1;
    store<u32>(out, at);
    store<u32>(out, back, 4);
    out += isSet(table, back >>> shift) << 1;
    store<u32>(out, at);
    store<u32>(out, short, 4);
    out += isSet(table, short >>> shift) << 1;
  }
  return out;
}

/** Whether the literal stands at `from` with its other fragments somewhere; false when the list of hits is full. */
function checkLiteral(work: usize, plan: usize, literal: u32, from: usize, start: usize, end: usize, stamp: u32): bool {
  const known = work + <usize>load<u32>(work, LIT_STAMPS) + (<usize>literal << 2);
  if (load<u32>(known) == stamp) return true;
  const entry = plan + <usize>load<u32>(plan, LIT_LITERALS) + <usize>literal * LITERAL_BYTES;
  const length = <usize>load<u32>(entry, 4);
  if (from < start || from + length > end) return true;
  if (!isSame(plan + <usize>load<u32>(entry), from, length)) return true;
  // Found or not, the other fragments are looked for once per record.
  store<u32>(known, stamp);
  return !holdsAll(plan, entry, start, end) || addHit(work, literal);
}

function addHit(work: usize, literal: u32): bool {
  const count = load<u32>(work, WORK_COUNT);
  if (count == load<u32>(work, WORK_CAPACITY)) return false;
  const hit = work + <usize>load<u32>(work, WORK_HITS) + (<usize>count << 3);
  store<u32>(hit, load<u32>(work, WORK_RECORD));
  store<u32>(hit, literal, 4);
  store<u32>(work, count + 1, WORK_COUNT);
  return true;
}

/** "All of them", once per record: the last stamp stands for it. */
function addHitOnce(work: usize, stamp: u32): bool {
  const stamps = work + <usize>load<u32>(work, LIT_STAMPS);
  if (load<u32>(stamps - 4) == stamp) return true;
  store<u32>(stamps - 4, stamp);
  return addHit(work, EVERY);
}

/** Compares lower-cased bytes; `text` is followed by eight readable bytes. */
function isSame(text: usize, at: usize, length: usize): bool {
  let i: usize = 0;
  for (; i + 8 <= length; i += 8) if ((load<u64>(at + i) | LOWER8) != load<u64>(text + i)) return false;
  const rest = <u64>(length - i) << 3;
  return rest == 0 || (((load<u64>(at + i) | LOWER8) ^ load<u64>(text + i)) << (64 - rest)) == 0;
}

/** The other fragments of the witness: a list of offset and length, u32 each. */
function holdsAll(plan: usize, entry: usize, start: usize, end: usize): bool {
  const count = load<u32>(entry, 12);
  if (count == 0) return true;
  const fragments = plan + <usize>load<u32>(entry, 8);
  for (let i: u32 = 0; i < count; i++) {
    const fragment = fragments + (<usize>i << 3);
    if (!contains(plan + <usize>load<u32>(fragment), <usize>load<u32>(fragment, 4), start, end)) return false;
  }
  return true;
}

/** First and last byte of the fragment, 32 places at a time. */
function contains(text: usize, length: usize, start: usize, end: usize): bool {
  if (end - start < length) return false;
  const first = i8x16.splat(load<i8>(text));
  const last = i8x16.splat(load<i8>(text + length - 1));
  const stop = end - length;
  let at = start;
  do {
    const one = v128.and(folded(at, first), folded(at + length - 1, last));
    const two = v128.and(folded(at + 16, first), folded(at + length + 15, last));
    const places = <u32>i8x16.bitmask(one) | (<u32>i8x16.bitmask(two) << 16);
    if (places != 0 && someSame(text, length, at, stop, places)) return true;
    at += 32;
  } while (at <= stop);
  return false;
}

// @ts-ignore: decorator
@inline
function folded(at: usize, byte: v128): v128 {
  return i8x16.eq(v128.or(v128.load(at), i8x16.splat(0x20)), byte);
}

/** Whether the fragment stands at one of the places, bits from `from` on, up to `stop`. */
function someSame(text: usize, length: usize, from: usize, stop: usize, places: u32): bool {
  for (let left = places; left != 0; left &= left - 1) {
    const at = from + <usize>ctz(left);
    if (at > stop) return false;
    if (isSame(text, at, length)) return true;
  }
  return false;
}

/** `\uXXXX` or `&#NN;` that stands for a letter, digit, dot, hyphen or underscore: such a record may hold anything. */
function hasEncodedToken(from: usize, to: usize): bool {
  let at = from;
  do {
    const first = v128.or(escapes(at), escapes(at + 16));
    const second = v128.or(escapes(at + 32), escapes(at + 48));
    if (v128.any_true(v128.or(first, second)))
      for (let part = at; part < at + 64; part += 16)
        if (someTokenEscape(part, to, <u32>i8x16.bitmask(escapes(part)))) return true;
    at += 64;
  } while (at < to);
  return false;
}

// @ts-ignore: decorator
@inline
function escapes(at: usize): v128 {
  const unicode = v128.and(isByte(at, 0x5c), isByte(at + 1, 0x75));
  return v128.or(unicode, v128.and(isByte(at, 0x26), isByte(at + 1, 0x23)));
}

function someTokenEscape(from: usize, to: usize, places: u32): bool {
  for (let left = places; left != 0; left &= left - 1) {
    const at = from + <usize>ctz(left);
    if (at >= to) return false;
    if (isTokenEscape(at)) return true;
  }
  return false;
}

function isTokenEscape(at: usize): bool {
  if (load<u8>(at) == 0x26) return true;
  let value: u32 = 0;
  for (let i: usize = 2; i < 6; i++) {
    const c: u32 = load<u8>(at + i);
    const letter = (c | 0x20) - 0x61;
    if (c - 0x30 >= 10 && letter >= 6) return false;
    value = (value << 4) | (c - 0x30 < 10 ? c - 0x30 : letter + 10);
  }
  const isLetter = (value | 0x20) - 0x61 < 26;
  return isLetter || value - 0x30 < 10 || value == 0x2e || value == 0x2d || value == 0x5f;
}
