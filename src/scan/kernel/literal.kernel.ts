/**
 * Literal search (docs/design/scanner.md, "Literals"): which of many literals stand in each record, in either case. Every fourth or
 * second byte position is looked at: a four-byte gram there is asked at a bit table; what passes is asked at a second one, by the five
 * bytes that begin with the gram and by the five that begin two bytes before it; what remains is compared with
 * whole literals. The first two steps make lists without branching on the data. A second pass lists what is written in another way.
 */
import {
  LIT_KEY_SHIFT,
  LIT_KEY_TABLE,
  LIT_LINKS,
  LIT_LITERALS,
  LIT_SHORT_KEYS,
  LIT_STAMPS,
  LIT_START_SHIFT,
  LIT_STARTS,
  LIT_STRIDE,
  LIT_TABLE,
  LIT_TABLE_SHIFT,
  LINK_BYTES,
  LITERAL_BYTES,
  LITERAL_PIECE,
  WORK_BEGIN,
  WORK_COUNT,
  WORK_END,
  WORK_KEY_LIST,
  WORK_LIST,
  WORK_POSITION,
  WORK_RECORD,
  WORK_STAMP,
  WORK_START,
} from './literal-layout';
import { listEncoded } from './literal-encoded';
import { addHit, beginLines, enterAt, enterRecord, tooMany } from './literal-record';

const GRAM_MUL: u32 = 0x9e3779b1;
const AHEAD_MUL: u64 = 0x9e3779b97f4a7c15;
const BACK_MUL: u64 = 0xd6e8feb86659fd93;
const BACK_BITS: u64 = 0xffffffffff;
/** Of the first and the last byte half: one of them may be any. */
const AHEAD_BITS: u64 = 0x0fffffff0f;
const LOWER8: u64 = 0x2020202020202020;

/** The lines of a text that begins here are to be scanned. */
export function startLines(work: usize, begin: usize): void {
  beginLines(work, begin);
}

/**
 * Scans the lines of a text up to `end` from the work area's position on, for literals or for what is `encoded`; the last line need not be
 * terminated. Returns 1 when done, 0 when the list of hits is full: take them and call again.
 */
export function scanLines(work: usize, plan: usize, end: usize, encoded: u32): u32 {
  return scanSpan(work, plan, <usize>load<u32>(work, WORK_POSITION), end, encoded) ? 1 : 0;
}

/** Scans `count` records given by start and end, u32 each, from the work area's record number on. */
export function scanRanges(work: usize, plan: usize, ranges: usize, count: u32, encoded: u32): u32 {
  let record = load<u32>(work, WORK_RECORD);
  while (record < count) {
    const range = ranges + (<usize>record << 3);
    const start = <usize>load<u32>(range);
    const end = <usize>load<u32>(range, 4);
    const position = <usize>load<u32>(work, WORK_POSITION);
    enterRecord(work, record, start, end);
    if (!scanSpan(work, plan, position == 0 ? start : position, end, encoded)) return 0;
    store<u32>(work, 0, WORK_POSITION);
    record++;
  }
  store<u32>(work, record, WORK_RECORD);
  return 1;
}

/** False when there may be no room for the hits of a piece: nothing of it is kept then. */
function scanSpan(work: usize, plan: usize, begin: usize, end: usize, encoded: u32): bool {
  for (let at = begin; at < end; at += LITERAL_PIECE) {
    store<u32>(work, <u32>at, WORK_POSITION);
    const to = min<usize>(end, at + LITERAL_PIECE);
    const before = load<u32>(work, WORK_COUNT);
    const record = load<u32>(work, WORK_RECORD);
    const recordStart = load<u32>(work, WORK_START);
    const recordEnd = load<u32>(work, WORK_END);
    if (encoded != 0 ? listEncoded(work, plan, at, to, end) : scanPiece(work, plan, at, to, end)) continue;
    store<u32>(work, record, WORK_RECORD);
    store<u32>(work, recordStart, WORK_START);
    store<u32>(work, recordEnd, WORK_END);
    // Literals found in this piece are to be found again.
    store<u32>(work, load<u32>(work, WORK_STAMP) + 1, WORK_STAMP);
    if (!tooMany(work, before, at, to, end)) return false;
  }
  return true;
}

function scanPiece(work: usize, plan: usize, from: usize, to: usize, end: usize): bool {
  const list = work + <usize>load<u32>(work, WORK_LIST);
  const entries = work + <usize>load<u32>(work, WORK_KEY_LIST);
  const listed = load<u32>(plan, LIT_STRIDE) == 4 ? listFourth(plan, from, to, list) : listSecond(plan, from, to, list);
  const last =
    load<u32>(plan, LIT_SHORT_KEYS) == 0
      ? listKeys(plan, list, listed, entries, false)
      : listKeys(plan, list, listed, entries, true);
  const kept = keepAlike(plan, entries, last);
  const starts = plan + <usize>load<u32>(plan, LIT_STARTS);
  const links = plan + <usize>load<u32>(plan, LIT_LINKS);
  const shift = load<u32>(plan, LIT_START_SHIFT);
  for (let entry = entries; entry < kept; entry += 8) {
    const at = <usize>load<u32>(entry);
    const start = starts + (<usize>(load<u32>(entry, 4) >>> shift) << 2);
    const behind = links + <usize>load<u32>(start, 4);
    for (let link = links + <usize>load<u32>(start); link < behind; link += LINK_BYTES) {
      if (differs(at, link) != 0) continue;
      // Places behind the piece are the next one's. An offset of -1 stands for one byte before the literal.
      const literalAt = at - <usize>(<i32>load<i16>(link, 12));
      if (at < to && !checkLiteral(work, plan, load<u32>(link, 8), literalAt, end)) return false;
    }
  }
  return true;
}

/**
 * Keeps the places where the first thing that is found by the key is like the text, or where there are several. Without a branch on what is loaded, so
 * that all wait for memory together.
 */
function keepAlike(plan: usize, entries: usize, last: usize): usize {
  const starts = plan + <usize>load<u32>(plan, LIT_STARTS);
  const links = plan + <usize>load<u32>(plan, LIT_LINKS);
  const shift = load<u32>(plan, LIT_START_SHIFT);
  let out = entries;
  for (let entry = entries; entry < last; entry += 8) {
    const both = load<u64>(entry);
    const start = starts + (<usize>(<u32>(both >>> 32) >>> shift) << 2);
    const from = <usize>load<u32>(start);
    const several = <u32>(<usize>load<u32>(start, 4) - from > LINK_BYTES);
    const isAlike = <u32>(differs(<usize>(<u32>both), links + from) == 0);
    store<u64>(out, both);
    out += <usize>(several | isAlike) << 3;
  }
  return out;
}

/** Not 0 when the text around the gram at `at` differs from that of the link. */
// @ts-ignore: decorator
@inline
function differs(at: usize, link: usize): u64 {
  return (((load<u64>(at - 2) | LOWER8) ^ load<u64>(link)) << <u64>load<u8>(link, 14)) >>> <u64>load<u8>(link, 15);
}

/** Every second place of `[from, to)`, not empty, whose gram some literal may have, ascending. Reads behind the record are ruled out later. */
function listSecond(plan: usize, from: usize, to: usize, list: usize): usize {
  const table = plan + <usize>load<u32>(plan, LIT_TABLE);
  const shift = <i32>load<u32>(plan, LIT_TABLE_SHIFT);
  let out = list;
  let at = from;
  do {
    const even = wordsOf(at, shift);
    const odd = wordsOf(at + 2, shift);
    store<u32>(out, <u32>at);
    out += isListed(table, i32x4.extract_lane(even, 0), at);
    store<u32>(out, <u32>at + 2);
    out += isListed(table, i32x4.extract_lane(odd, 0), at + 2);
    store<u32>(out, <u32>at + 4);
    out += isListed(table, i32x4.extract_lane(even, 1), at + 4);
    store<u32>(out, <u32>at + 6);
    out += isListed(table, i32x4.extract_lane(odd, 1), at + 6);
    store<u32>(out, <u32>at + 8);
    out += isListed(table, i32x4.extract_lane(even, 2), at + 8);
    store<u32>(out, <u32>at + 10);
    out += isListed(table, i32x4.extract_lane(odd, 2), at + 10);
    store<u32>(out, <u32>at + 12);
    out += isListed(table, i32x4.extract_lane(even, 3), at + 12);
    store<u32>(out, <u32>at + 14);
    out += isListed(table, i32x4.extract_lane(odd, 3), at + 14);
    at += 16;
  } while (at < to);
  return out;
}

/** The same of every fourth place. */
function listFourth(plan: usize, from: usize, to: usize, list: usize): usize {
  const table = plan + <usize>load<u32>(plan, LIT_TABLE);
  const shift = <i32>load<u32>(plan, LIT_TABLE_SHIFT);
  let out = list;
  let at = from;
  do {
    const first = wordsOf(at, shift);
    const second = wordsOf(at + 16, shift);
    store<u32>(out, <u32>at);
    out += isListed(table, i32x4.extract_lane(first, 0), at);
    store<u32>(out, <u32>at + 4);
    out += isListed(table, i32x4.extract_lane(first, 1), at + 4);
    store<u32>(out, <u32>at + 8);
    out += isListed(table, i32x4.extract_lane(first, 2), at + 8);
    store<u32>(out, <u32>at + 12);
    out += isListed(table, i32x4.extract_lane(first, 3), at + 12);
    store<u32>(out, <u32>at + 16);
    out += isListed(table, i32x4.extract_lane(second, 0), at + 16);
    store<u32>(out, <u32>at + 20);
    out += isListed(table, i32x4.extract_lane(second, 1), at + 20);
    store<u32>(out, <u32>at + 24);
    out += isListed(table, i32x4.extract_lane(second, 2), at + 24);
    store<u32>(out, <u32>at + 28);
    out += isListed(table, i32x4.extract_lane(second, 3), at + 28);
    at += 32;
  } while (at < to);
  return out;
}

/** Where the words of four grams stand, one after the other, in the table. */
// @ts-ignore: decorator
@inline
function wordsOf(at: usize, shift: i32): v128 {
  const three = i32x4.shl(v128.or(v128.load(at), i8x16.splat(0x20)), 8);
  const hashes = i32x4.mul(three, i32x4.splat(<i32>GRAM_MUL));
  return v128.and(i32x4.shr_u(hashes, shift - 2), i32x4.splat(-4));
}

/** Four, the bytes of an entry, when the bit of the gram's last byte is set, or 0. */
// @ts-ignore: decorator
@inline
function isListed(table: usize, word: u32, at: usize): usize {
  return <usize>((load<u32>(table + <usize>word) >>> <u32>load<u8>(at, 3)) & 1) << 2;
}

/** Eight, the bytes of an entry, when the bit is set, or 0. */
// @ts-ignore: decorator
@inline
function isSet(table: usize, bit: u32): usize {
  return <usize>((load<u32>(table + <usize>(bit >>> 5 << 2)) >>> bit) & 1) << 3;
}

/** Places and keys of the listed places that some literal has: by five bytes from the gram or from two before it on, or by the gram. */
// @ts-ignore: decorator
@inline
function listKeys(plan: usize, list: usize, last: usize, entries: usize, withShort: bool): usize {
  const table = plan + <usize>load<u32>(plan, LIT_KEY_TABLE);
  const shift = load<u32>(plan, LIT_KEY_SHIFT);
  let out = entries;
  for (let entry = list; entry < last; entry += 4) {
    const at = load<u32>(entry);
    const bytes = load<u64>(<usize>at - 2) | LOWER8;
    const ahead = <u32>((((bytes >>> 16) & AHEAD_BITS) * AHEAD_MUL) >>> 32);
    const back = <u32>(((bytes & BACK_BITS) * BACK_MUL) >>> 32);
    store<u32>(out, at);
    store<u32>(out, ahead, 4);
    out += isSet(table, ahead >>> shift);
    store<u32>(out, at);
    store<u32>(out, back, 4);
    out += isSet(table, back >>> shift);
    if (withShort) {
      const short = <u32>(bytes >>> 16) * GRAM_MUL;
      store<u32>(out, at);
      store<u32>(out, short, 4);
      out += isSet(table, short >>> shift);
    }
  }
  return out;
}

/** Whether the literal stands at `from` with its other fragments somewhere in the record; false when the list of hits is full. */
function checkLiteral(work: usize, plan: usize, literal: u32, from: usize, end: usize): bool {
  const entry = plan + <usize>load<u32>(plan, LIT_LITERALS) + <usize>literal * LITERAL_BYTES;
  const length = <usize>load<u32>(entry, 4);
  if (from < <usize>load<u32>(work, WORK_BEGIN) || from + length > end) return true;
  if (!isSame(plan + <usize>load<u32>(entry), from, length)) return true;
  enterAt(work, from, end);
  const known = work + <usize>load<u32>(work, LIT_STAMPS) + (<usize>literal << 2);
  const stamp = load<u32>(work, WORK_STAMP);
  if (load<u32>(known) == stamp) return true;
  // Found or not, the other fragments are looked for once per record.
  store<u32>(known, stamp);
  return !holdsAll(plan, entry, <usize>load<u32>(work, WORK_START), <usize>load<u32>(work, WORK_END)) || addHit(work, literal);
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
