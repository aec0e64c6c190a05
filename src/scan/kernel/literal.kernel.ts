/**
 * Literal search (docs/design/scanner.md, "Literals"): which of many literals stand in each record, in either case. Every second
 * byte position is looked at: a four-byte gram there is hashed into a bit table, what passes is compared with the grams
 * themselves, and what remains with whole literals. The first two steps make lists without branching on the data.
 */
import {
  LIT_GRAMS,
  LIT_GRAM_MASK,
  LIT_LINKS,
  LIT_LITERALS,
  LIT_STAMPS,
  LIT_TABLE,
  LIT_TABLE_SHIFT,
  LITERAL_BYTES,
  WORK_COUNT,
  WORK_HITS,
  WORK_CAPACITY,
  WORK_LIST,
  WORK_POSITION,
  WORK_RECORD,
  WORK_STAMP,
  LITERAL_PIECE,
} from './literal-layout';

const EVERY: u32 = 0xffffffff;
const GRAM_MUL: u32 = 0x9e3779b1;
const LOWER4: u32 = 0x20202020;
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
  for (let at = start; at < end; at += 16) {
    const found = <u32>i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(10)));
    if (found != 0) return min<usize>(end, at + <usize>ctz(found));
  }
  return end;
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
  const table = plan + <usize>load<u32>(plan, LIT_TABLE);
  const shift = load<u32>(plan, LIT_TABLE_SHIFT);
  let out = list;
  // Reads behind the record are ruled out by the comparison of whole literals.
  for (let at = from; at < to; at += 8) {
    const a = (load<u32>(at) | LOWER4) * GRAM_MUL >>> shift;
    const b = (load<u32>(at, 2) | LOWER4) * GRAM_MUL >>> shift;
    const c = (load<u32>(at, 4) | LOWER4) * GRAM_MUL >>> shift;
    const d = (load<u32>(at, 6) | LOWER4) * GRAM_MUL >>> shift;
    store<u32>(out, <u32>at);
    out += <usize>((<u32>load<u8>(table + <usize>(a >>> 3)) >>> (a & 7)) & 1) << 2;
    store<u32>(out, <u32>at + 2);
    out += <usize>((<u32>load<u8>(table + <usize>(b >>> 3)) >>> (b & 7)) & 1) << 2;
    store<u32>(out, <u32>at + 4);
    out += <usize>((<u32>load<u8>(table + <usize>(c >>> 3)) >>> (c & 7)) & 1) << 2;
    store<u32>(out, <u32>at + 6);
    out += <usize>((<u32>load<u8>(table + <usize>(d >>> 3)) >>> (d & 7)) & 1) << 2;
  }
  const slots = plan + <usize>load<u32>(plan, LIT_GRAMS);
  const mask = load<u32>(plan, LIT_GRAM_MASK);
  for (let entry = list; entry < out; entry += 4) {
    const at = <usize>load<u32>(entry);
    const gram = load<u32>(at) | LOWER4;
    let slot = ((gram * GRAM_MUL) >>> 8) & mask;
    let link = load<u32>(slots + (<usize>slot << 3), 4);
    while (link != 0) {
      if (load<u32>(slots + (<usize>slot << 3)) == gram) {
        if (!checkLiterals(work, plan, link, at, start, end, stamp)) return false;
        break;
      }
      slot = (slot + 1) & mask;
      link = load<u32>(slots + (<usize>slot << 3), 4);
    }
  }
  return !hasEncodedToken(from, to) || addHitOnce(work, stamp);
}

/** The literals that have this gram; false when the list of hits is full. */
function checkLiterals(work: usize, plan: usize, first: u32, at: usize, start: usize, end: usize, stamp: u32): bool {
  const links = plan + <usize>load<u32>(plan, LIT_LINKS);
  const literals = plan + <usize>load<u32>(plan, LIT_LITERALS);
  const stamps = work + <usize>load<u32>(work, LIT_STAMPS);
  let next = first;
  while (next != 0) {
    const link = links + <usize>(next - 1) * 12;
    next = load<u32>(link, 8);
    const literal = load<u32>(link);
    if (load<u32>(stamps + (<usize>literal << 2)) == stamp) continue;
    const offset = <usize>load<u32>(link, 4);
    const entry = literals + <usize>literal * LITERAL_BYTES;
    const length = <usize>load<u32>(entry, 4);
    // An offset of 2^32 - 1 stands for one byte before the literal.
    const from = at - <usize>(<i32>offset);
    if (from < start || from + length > end) continue;
    if (!isSame(plan + <usize>load<u32>(entry), from, length)) continue;
    // Found or not, the other fragments are looked for once per record.
    store<u32>(stamps + (<usize>literal << 2), stamp);
    if (!holdsAll(plan, entry, start, end)) continue;
    if (!addHit(work, literal)) return false;
  }
  return true;
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

/** First and last byte of the fragment, sixteen places at a time. */
function contains(text: usize, length: usize, start: usize, end: usize): bool {
  if (end - start < length) return false;
  const lower = i8x16.splat(0x20);
  const first = i8x16.splat(load<i8>(text));
  const last = i8x16.splat(load<i8>(text + length - 1));
  const stop = end - length;
  for (let at = start; at <= stop; at += 16) {
    const heads = i8x16.eq(v128.or(v128.load(at), lower), first);
    const tails = i8x16.eq(v128.or(v128.load(at + length - 1), lower), last);
    let both = <u32>i8x16.bitmask(v128.and(heads, tails));
    while (both != 0) {
      const place = at + <usize>ctz(both);
      if (place > stop) return false;
      if (isSame(text, place, length)) return true;
      both &= both - 1;
    }
  }
  return false;
}

/** `\uXXXX` or `&#NN;` that stands for a letter, digit, dot, hyphen or underscore: such a record may hold anything. */
function hasEncodedToken(from: usize, to: usize): bool {
  for (let at = from; at < to; at += 16) {
    const bytes = v128.load(at);
    const next = v128.load(at + 1);
    const escapes = v128.and(i8x16.eq(bytes, i8x16.splat(0x5c)), i8x16.eq(next, i8x16.splat(0x75)));
    const references = v128.and(i8x16.eq(bytes, i8x16.splat(0x26)), i8x16.eq(next, i8x16.splat(0x23)));
    let found = <u32>i8x16.bitmask(v128.or(escapes, references));
    // What begins behind the record is another's.
    if (to - at < 16) found &= (<u32>1 << <u32>(to - at)) - 1;
    while (found != 0) {
      if (isTokenEscape(at + <usize>ctz(found))) return true;
      found &= found - 1;
    }
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
