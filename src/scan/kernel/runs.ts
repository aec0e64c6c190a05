/** Runs of letters and digits: long hex runs (hashes), and words, which are visited only where they can decide something. */
import { addRun, lookUp, pairHash, SEED_HASH, SEED_WORD } from './keys';
import { AS_WHOLE, CLASS_HASH, CLASS_PAIR, CLASS_WORD, MASK_LABEL } from './layout';
import { stripsBefore } from './left-context';
import { classOf, ctx, markHit, pieceStart, segmentEnd, segmentStart, tab } from './state';

const LONGEST_HASH: usize = 128;
/** Shorter words witness nothing. */
const MIN_WORD: usize = 4;

/** A run of 32 hex digits or more holds 16 of them at a multiple of 16: only such places without break and dot are looked at. */
export function visitHashes(count: u32): void {
  let done = segmentStart;
  let at = ctx;
  let block = pieceStart;
  const last = at + (<usize>count << 3);
  do {
    // 128 bytes at a time; masks behind the piece are empty.
    const lanes = i16x8.eq(v128.load(at, MASK_LABEL), i16x8.splat(-1));
    if (v128.any_true(lanes)) done = visitLanes(i16x8.bitmask(lanes), block, done);
    at += 16;
    block += 128;
  } while (at < last);
}

function visitLanes(lanes: u32, block: usize, from: usize): usize {
  let done = from;
  for (let left = lanes; left != 0; left &= left - 1) {
    const at = block + (<usize>ctz(left) << 4);
    if (at >= done && isHexLane(at)) done = visitHexRun(at);
  }
  return done;
}

function isHexLane(at: usize): bool {
  const bytes = v128.load(at);
  const letters = i8x16.lt_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(6));
  const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
  return i8x16.all_true(v128.or(letters, digits));
}

function visitHexRun(at: usize): usize {
  let start = at;
  while (start > pieceStart && isHex(load<u8>(start - 1))) start--;
  let end = at + 16;
  while (end < segmentEnd && isHex(load<u8>(end))) end++;
  const length = end - start;
  if (length > LONGEST_HASH + 5) return end;
  lookUpHash(start, start, end);
  if (start == segmentStart) return end;
  // An escape in front, whose last characters are hex digits.
  const before: u32 = load<u8>(start - 1);
  if (before == 0x5c) lookUpHash(start, start + 1, end);
  else if (before == 0x25) {
    lookUpHash(start, start + 2, end);
    lookUpHash(start, start + 4, end);
  } else if (before == 0x75) lookUpHash(start, start + 4, end);
  else if (before == 0x78) lookUpHash(start, start + 2, end);
  return end;
}

function lookUpHash(mark: usize, start: usize, end: usize): void {
  const length = end - start;
  if (length != 32 && length != 40 && length != 56 && length != 64 && length != 96 && length != 128) return;
  if (lookUp(classOf(CLASS_HASH), tab, addRun(SEED_HASH, start, end)) != 0) markHit(mark);
}

// @ts-ignore: decorator
@inline
function isHex(c: u32): bool {
  return c - 0x30 < 10 || (c | 0x20) - 0x61 < 6;
}

// @ts-ignore: decorator
@inline
function alnumMask(at: usize): u32 {
  const bytes = v128.load(at);
  const letters = i8x16.lt_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(26));
  const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
  return <u32>i8x16.bitmask(v128.or(letters, digits));
}

/** Looks all words of `[from, to)` up: on their own (`names` 0), or with each of `names` hashes at `list`. True at the first hit. */
export function someWord(from: usize, to: usize, list: usize, names: u32): bool {
  let runStart: usize = 0;
  let isOpen = false;
  for (let at = from; at < to; at += 32) {
    let mask = alnumMask(at) | (alnumMask(at + 16) << 16);
    if (to - at < 32) mask &= (<u32>1 << <u32>(to - at)) - 1;
    let edges = mask ^ ((mask << 1) | (isOpen ? 1 : 0));
    while (edges != 0) {
      const place = at + <usize>ctz(edges);
      edges &= edges - 1;
      if (isOpen) {
        if (place - runStart >= MIN_WORD && isWitness(runStart, place, list, names)) return true;
      } else runStart = place;
      isOpen = !isOpen;
    }
  }
  return isOpen && to - runStart >= MIN_WORD && isWitness(runStart, to, list, names);
}

function isWitness(start: usize, end: usize, list: usize, names: u32): bool {
  if (isKnown(addRun(SEED_WORD, start, end), start, list, names)) return true;
  let strips = stripsBefore(start, end);
  while (strips != 0) {
    const from = start + <usize>ctz(strips);
    strips &= strips - 1;
    if (from + MIN_WORD <= end && isKnown(addRun(SEED_WORD, from, end), start, list, names)) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function isKnown(word: u64, start: usize, list: usize, names: u32): bool {
  if (names == 0) {
    // Goes on after a hit: several records may stand in one piece.
    if ((lookUp(classOf(CLASS_WORD), tab, word) & AS_WHOLE) != 0) markHit(start);
    return false;
  }
  const pairs = classOf(CLASS_PAIR);
  for (let i: u32 = 0; i < names; i++)
    if (lookUp(pairs, tab, pairHash(load<u64>(list + (<usize>i << 3)), word)) != 0) return true;
  return false;
}
