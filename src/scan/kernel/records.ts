/** From marked bytes to candidate records: lines counted by their ends, or records given as a list of ranges. */
import {
  CTX_BLANK_HINT,
  CTX_ENCODING_ONLY,
  CTX_LINE_ENDS,
  CTX_OUT,
  CTX_OUT_COUNT,
  CTX_PAIR_LIST,
  CTX_PAIRS,
  CTX_RANGE_COUNT,
  CTX_RANGE_INDEX,
  CTX_RANGES,
  CTX_RECORD_FLAGS,
  CTX_RECORD_ORDINAL,
  CTX_RECORD_PAIRS,
  CTX_RECORD_START,
  FLAG_EVERY,
  MASK_ENCODED,
  MASK_HIT,
  MASK_LINE_END,
  MASK_PAIR,
  MAX_RECORD_PAIRS,
  RECORD_ENCODED,
  RECORD_HIT,
} from './layout';
import { hasEncodedWord } from './escapes';
import { someWord } from './runs';
import { clearMarks, ctx, flags, hasMarks, namePairs, pairListCount, pieceStart, quadPairs } from './state';

/** Names and addresses that count only with a word were noted by three visitors, each in order; one cursor for each. */
let nextName: u32 = 0;
let nextQuad: u32 = 0;
let nextLong: u32 = 0;

function rewindPairs(): void {
  nextName = 0;
  nextQuad = namePairs;
  nextLong = quadPairs;
}

/**
 * Line ends are listed without a branch; then only words with a mark are looked at. Where every record is a candidate each line is
 * closed one by one.
 */
export function closeLines(count: u32): void {
  rewindPairs();
  const list = ctx + CTX_LINE_ENDS;
  const last = listLineEnds(count, list);
  const every = flags & FLAG_EVERY;
  let next = list;
  let open = load<u32>(ctx, CTX_RECORD_FLAGS) | load<u32>(ctx, CTX_RECORD_PAIRS) | every;
  if (hasMarks) {
    for (let i: usize = 0; i < <usize>count; i++) {
      const at = ctx + (i << 3);
      let marks = load<u64>(at, MASK_HIT) | load<u64>(at, MASK_ENCODED) | load<u64>(at, MASK_PAIR);
      while (marks != 0) {
        const bit = marks & (~marks + 1);
        const offset = <u32>(i << 6) + <u32>ctz(marks);
        marks ^= bit;
        while (next < last && load<u32>(next) < offset) {
          endLine(pieceStart + <usize>load<u32>(next), open);
          open = every;
          next += 4;
        }
        note(at, bit, pieceStart + <usize>offset);
        open = 1;
      }
    }
    clearMarks(count);
  }
  while (open != 0 && next < last) {
    endLine(pieceStart + <usize>load<u32>(next), open);
    open = every;
    next += 4;
  }
  if (next == last) return;
  store<u32>(ctx, load<u32>(ctx, CTX_RECORD_ORDINAL) + <u32>((last - next) >> 2), CTX_RECORD_ORDINAL);
  store<u32>(ctx, <u32>(pieceStart + <usize>load<u32>(last - 4) + 1), CTX_RECORD_START);
}

/** Offsets of the line ends; tells on the way whether a line begins with a blank. */
function listLineEnds(count: u32, list: usize): usize {
  const area = ctx;
  let out = list;
  for (let i: usize = 0; i < <usize>count; i++) {
    const lines = load<u64>(area + (i << 3), MASK_LINE_END);
    const number = <usize>popcnt(lines);
    const base = <u32>(i << 6);
    store<u32>(out, base + <u32>ctz(lines));
    if (number > 1) {
      let to = out + 4;
      for (let more = lines & (lines - 1); more != 0; more &= more - 1) {
        store<u32>(to, base + <u32>ctz(more));
        to += 4;
      }
    }
    out += number << 2;
  }
  let blank: u32 = 0;
  const piece = pieceStart + 1;
  for (let at = list; at < out; at += 4) blank |= <u32>(load<u8>(piece + <usize>load<u32>(at)) <= 0x20);
  store<u32>(area, load<u32>(area, CTX_BLANK_HINT) | blank, CTX_BLANK_HINT);
  return out;
}

function endLine(place: usize, isCandidate: u32): void {
  const ordinal = load<u32>(ctx, CTX_RECORD_ORDINAL);
  const start = <usize>load<u32>(ctx, CTX_RECORD_START);
  if (isCandidate != 0) closeRecord(start, trimReturn(start, place), ordinal);
  store<u32>(ctx, ordinal + 1, CTX_RECORD_ORDINAL);
  store<u32>(ctx, <u32>(place + 1), CTX_RECORD_START);
}

/** The unterminated last line is a record. */
export function closeLastLine(end: usize): void {
  const start = <usize>load<u32>(ctx, CTX_RECORD_START);
  const ordinal = load<u32>(ctx, CTX_RECORD_ORDINAL);
  if (start >= end) return;
  closeRecord(start, trimReturn(start, end), ordinal);
  store<u32>(ctx, ordinal + 1, CTX_RECORD_ORDINAL);
  store<u32>(ctx, <u32>end, CTX_RECORD_START);
}

/** Marks of this piece to the records of the list; records that end at or before `end` are closed. */
export function closeRanges(count: u32, end: usize): void {
  rewindPairs();
  const marked = hasMarks ? <usize>count : 0;
  for (let i: usize = 0; i < marked; i++) {
    const at = ctx + (i << 3);
    let marks = load<u64>(at, MASK_HIT) | load<u64>(at, MASK_ENCODED) | load<u64>(at, MASK_PAIR);
    while (marks != 0) {
      const bit = marks & (~marks + 1);
      const place = pieceStart + (i << 6) + <usize>ctz(marks);
      marks ^= bit;
      closeRangesBefore(place);
      const index = load<u32>(ctx, CTX_RANGE_INDEX);
      const isInside =
        index < load<u32>(ctx, CTX_RANGE_COUNT) && place >= <usize>load<u32>(rangeAt(index));
      note(at, bit, place);
      // A mark between two records belongs to neither.
      if (!isInside) forget();
    }
  }
  if (hasMarks) clearMarks(count);
  closeRangesBefore(end);
}

// @ts-ignore: decorator
@inline
function rangeAt(index: u32): usize {
  return <usize>load<u32>(ctx, CTX_RANGES) + (<usize>index << 3);
}

function closeRangesBefore(place: usize): void {
  let index = load<u32>(ctx, CTX_RANGE_INDEX);
  const count = load<u32>(ctx, CTX_RANGE_COUNT);
  while (index < count && <usize>load<u32>(rangeAt(index), 4) <= place) {
    if ((load<u32>(ctx, CTX_RECORD_FLAGS) | load<u32>(ctx, CTX_RECORD_PAIRS) | (flags & FLAG_EVERY)) != 0)
      closeRecord(<usize>load<u32>(rangeAt(index)), <usize>load<u32>(rangeAt(index), 4), index);
    index++;
  }
  store<u32>(ctx, index, CTX_RANGE_INDEX);
}

function note(at: usize, bit: u64, place: usize): void {
  let found = load<u32>(ctx, CTX_RECORD_FLAGS);
  if ((load<u64>(at, MASK_HIT) & bit) != 0) found |= RECORD_HIT;
  if ((load<u64>(at, MASK_ENCODED) & bit) != 0) found |= RECORD_ENCODED;
  store<u32>(ctx, found, CTX_RECORD_FLAGS);
  if ((load<u64>(at, MASK_PAIR) & bit) == 0) return;
  nextName = takePairs(nextName, namePairs, place);
  nextQuad = takePairs(nextQuad, quadPairs, place);
  nextLong = takePairs(nextLong, pairListCount, place);
}

/** Moves what was noted up to `place` to the record; too many and the record is a candidate. */
function takePairs(from: u32, end: u32, place: usize): u32 {
  let next = from;
  while (next < end) {
    const entry = ctx + CTX_PAIR_LIST + (<usize>next << 4);
    if (<usize>load<u32>(entry) > place) break;
    next++;
    const known = load<u32>(ctx, CTX_RECORD_PAIRS);
    if (known == MAX_RECORD_PAIRS) store<u32>(ctx, load<u32>(ctx, CTX_RECORD_FLAGS) | RECORD_HIT, CTX_RECORD_FLAGS);
    else {
      store<u64>(ctx + CTX_PAIRS + (<usize>known << 3), load<u64>(entry, 8));
      store<u32>(ctx, known + 1, CTX_RECORD_PAIRS);
    }
  }
  return next;
}

function forget(): void {
  store<u32>(ctx, 0, CTX_RECORD_FLAGS);
  store<u32>(ctx, 0, CTX_RECORD_PAIRS);
}

// @ts-ignore: decorator
@inline
function trimReturn(start: usize, end: usize): usize {
  return end > start && load<u8>(end - 1) == 13 ? end - 1 : end;
}

function closeRecord(start: usize, end: usize, ordinal: u32): void {
  let found = load<u32>(ctx, CTX_RECORD_FLAGS) | ((flags & FLAG_EVERY) != 0 ? RECORD_HIT : 0);
  const pairs = load<u32>(ctx, CTX_RECORD_PAIRS);
  forget();
  if ((found & RECORD_HIT) == 0 && pairs != 0) {
    if (someWord(start, end, ctx + CTX_PAIRS, pairs)) found |= RECORD_HIT;
    else if (hasEncodedWord(start, end)) found |= RECORD_ENCODED;
  }
  if (found == 0) return;
  if (found == RECORD_ENCODED) store<u32>(ctx, load<u32>(ctx, CTX_ENCODING_ONLY) + 1, CTX_ENCODING_ONLY);
  const count = load<u32>(ctx, CTX_OUT_COUNT);
  const out = <usize>load<u32>(ctx, CTX_OUT) + <usize>count * 12;
  store<u32>(out, <u32>start);
  store<u32>(out, <u32>end, 4);
  store<u32>(out, ordinal, 8);
  store<u32>(ctx, count + 1, CTX_OUT_COUNT);
}
