/**
 * Hits of the literal kernel and the records they are in. Lines are not cut: only when something is found the line ends since the last find are
 * counted, because almost no line holds anything.
 */
import {
  HIT_BYTES,
  WORK_BEGIN,
  WORK_CAPACITY,
  WORK_COUNT,
  WORK_END,
  WORK_HITS,
  WORK_POSITION,
  WORK_RECORD,
  WORK_STAMP,
  WORK_START,
} from './literal-layout';

/** In place of a literal: all of them. */
export const EVERY: u32 = 0xffffffff;
/** In place of a literal: something is written in another way, so many bytes behind the start of the record. */
export const PLACE: u32 = 0x80000000;

/** The text begins: no line is entered. */
export function beginLines(work: usize, begin: usize): void {
  store<u32>(work, <u32>begin, WORK_POSITION);
  store<u32>(work, <u32>begin, WORK_BEGIN);
  store<u32>(work, <u32>begin, WORK_START);
  store<u32>(work, <u32>begin - 1, WORK_END);
  store<u32>(work, EVERY, WORK_RECORD);
}

/** Makes a given record the one at hand. */
export function enterRecord(work: usize, record: u32, start: usize, end: usize): void {
  store<u32>(work, record, WORK_RECORD);
  store<u32>(work, <u32>start, WORK_BEGIN);
  store<u32>(work, <u32>start, WORK_START);
  store<u32>(work, <u32>end, WORK_END);
  store<u32>(work, load<u32>(work, WORK_STAMP) + 1, WORK_STAMP);
}

/** Makes the record of `at` the one at hand; `at` lies in it or behind it, is no line end, and before `end`, that of the text. */
export function enterAt(work: usize, at: usize, end: usize): void {
  const last = <usize>load<u32>(work, WORK_END);
  if (at < last || last == end) return;
  let start = last + 1;
  let record = load<u32>(work, WORK_RECORD) + 1;
  for (let from = passOthers(start, at); from < at; from = passOthers(from + 16, at)) {
    let found = <u32>i8x16.bitmask(isByte(from, 10));
    if (at - from < 16) found &= ((<u32>1) << (<u32>(at - from))) - 1;
    if (found == 0) continue;
    record += popcnt(found);
    start = from + 32 - <usize>clz(found);
  }
  const begin = load<u32>(work, WORK_BEGIN);
  enterRecord(work, record, start, lineEnd(at, end));
  store<u32>(work, begin, WORK_BEGIN);
}

export function lineEnd(start: usize, end: usize): usize {
  for (let at = passOthers(start, end); at < end; at = passOthers(at + 16, end)) {
    const found = <u32>i8x16.bitmask(isByte(at, 10));
    if (found != 0) return min<usize>(end, at + <usize>ctz(found));
  }
  return end;
}

/** Leaves out stretches of 64 bytes without a line end, from `from` on as far as they lie before `end`. */
// @ts-ignore: decorator
@inline
function passOthers(from: usize, end: usize): usize {
  let at = from;
  while (at + 64 <= end) {
    const first = v128.or(isByte(at, 10), isByte(at + 16, 10));
    const second = v128.or(isByte(at + 32, 10), isByte(at + 48, 10));
    if (v128.any_true(v128.or(first, second))) break;
    at += 64;
  }
  return at;
}

// @ts-ignore: decorator
@inline
export function isByte(at: usize, byte: i8): v128 {
  return i8x16.eq(v128.load(at), i8x16.splat(byte));
}

/** A hit in the record at hand; false when the list is full. */
export function addHit(work: usize, what: u32): bool {
  const count = load<u32>(work, WORK_COUNT);
  if (count == load<u32>(work, WORK_CAPACITY)) return false;
  const hit = work + <usize>load<u32>(work, WORK_HITS) + <usize>count * HIT_BYTES;
  store<u32>(hit, load<u32>(work, WORK_RECORD));
  store<u32>(hit, what, 4);
  store<u32>(hit, load<u32>(work, WORK_START), 8);
  store<u32>(work, count + 1, WORK_COUNT);
  return true;
}

/**
 * After a piece whose hits were too many, with the record at hand as it was before: the list must be taken first, false; or it was empty, and every
 * record of the piece has all of them.
 */
export function tooMany(work: usize, before: u32, from: usize, to: usize, end: usize): bool {
  store<u32>(work, before, WORK_COUNT);
  if (before > 0) return false;
  let at = from;
  while (at < to) {
    if (load<u8>(at) == 10) {
      at++;
      continue;
    }
    enterAt(work, at, end);
    addHit(work, EVERY);
    at = <usize>load<u32>(work, WORK_END) + 1;
  }
  return true;
}
