/**
 * The hot loop: raw bytes in, candidate records out (docs/design/scanner.md). A piece of at most 16 KiB at a time: classify all
 * bytes, visit the few tokens that may be a witness, mark hits, then turn marks into records. Reads up to 80 bytes behind the
 * given end and 16 before the start, which must be memory; their values do not matter.
 */
import { visitAddresses4 } from './addresses4';
import { visitAddresses6 } from './addresses6';
import { classify } from './classify';
import { visitSpecials } from './escapes';
import {
  CTX_OUT_CAPACITY,
  CTX_OUT_COUNT,
  CTX_POSITION,
  CTX_RANGE_COUNT,
  CTX_RANGE_INDEX,
  CTX_RANGES,
  CTX_SEGMENT_END,
  CTX_SEGMENT_START,
  CUT_BACK,
  FLAG_ADDRESSES,
  FLAG_HASHES,
  FLAG_NAMES,
  FLAG_WORDS,
  PIECE,
} from './layout';
import { visitNames } from './names';
import { closeLastLine, closeLines, closeRanges } from './records';
import { someWord, visitHashes } from './runs';
import { closeNamePairs, closeQuadPairs, ctx, flags, markEncoded, setBlocks, setPiece, setSegment } from './state';

export { insertItems } from './build';

/**
 * Scans the lines of the segment from its position on. Returns 1 when done, 0 when the candidate list is full: take the
 * candidates and call again. `isFinal` makes an unterminated last line a record.
 */
export function scanLines(context: usize, tables: usize, isFinal: u32): u32 {
  setBlocks(context, tables);
  const end = <usize>load<u32>(ctx, CTX_SEGMENT_END);
  setSegment(<usize>load<u32>(ctx, CTX_SEGMENT_START), end);
  let at = <usize>load<u32>(ctx, CTX_POSITION);
  while (at < end) {
    if (isOutFull()) return suspend(at);
    const stop = scanPiece(at, end);
    closeLines(words);
    at = stop;
  }
  if (isFinal != 0) {
    if (isOutFull()) return suspend(at);
    closeLastLine(end);
  }
  return 1;
}

/** Scans records given as ascending ranges that do not overlap; the answer is that of `scanLines`. */
export function scanRanges(context: usize, tables: usize): u32 {
  setBlocks(context, tables);
  const count = load<u32>(ctx, CTX_RANGE_COUNT);
  let at = <usize>load<u32>(ctx, CTX_POSITION);
  let index = load<u32>(ctx, CTX_RANGE_INDEX);
  while (index < count) {
    const start = <usize>load<u32>(rangeAt(index));
    const end = segmentEndFrom(index, count);
    if (at < start) at = start;
    setSegment(start, end);
    while (at < end) {
      if (isOutFull()) return suspend(at);
      const stop = scanPiece(at, end);
      closeRanges(words, stop);
      at = stop;
    }
    // Empty records have no byte to stand before.
    closeRanges(0, end);
    if (load<u32>(ctx, CTX_RANGE_INDEX) == index) store<u32>(ctx, index + 1, CTX_RANGE_INDEX);
    index = load<u32>(ctx, CTX_RANGE_INDEX);
  }
  return 1;
}

let words: u32 = 0;

// @ts-ignore: decorator
@inline
function rangeAt(index: u32): usize {
  return <usize>load<u32>(ctx, CTX_RANGES) + (<usize>index << 3);
}

/** Records with a break between them are scanned together: a blank, a control character, a quote or a comma. */
function segmentEndFrom(first: u32, count: u32): usize {
  let index = first;
  let end = <usize>load<u32>(rangeAt(index), 4);
  while (++index < count) {
    const next = <usize>load<u32>(rangeAt(index));
    const c: u32 = load<u8>(end);
    if (next <= end || next - end > 64 || (c > 0x22 && c != 0x2c)) break;
    end = <usize>load<u32>(rangeAt(index), 4);
  }
  return end;
}

function isOutFull(): bool {
  return load<u32>(ctx, CTX_OUT_COUNT) + <u32>PIECE > load<u32>(ctx, CTX_OUT_CAPACITY);
}

function suspend(at: usize): u32 {
  store<u32>(ctx, <u32>at, CTX_POSITION);
  return 0;
}

/** Marks the hits of one piece; returns where it ends. */
function scanPiece(start: usize, end: usize): usize {
  let stop = end;
  let isTorn = false;
  if (end - start > PIECE) {
    stop = start + PIECE;
    const lowest = stop - CUT_BACK;
    while (stop > lowest && load<u8>(stop - 1) > 0x22) stop--;
    isTorn = stop == lowest;
  }
  setPiece(start);
  words = classify(ctx, start, stop);
  // No break for 4 KiB: whatever the cut tears is seen by the exact path, on both sides of it one record.
  if (isTorn) markEncoded(stop - 1);
  if ((flags & FLAG_NAMES) != 0) visitNames(words);
  closeNamePairs();
  if ((flags & FLAG_ADDRESSES) != 0) {
    visitAddresses4(words);
    closeQuadPairs();
    visitAddresses6(words);
  } else closeQuadPairs();
  if ((flags & FLAG_HASHES) != 0) visitHashes(words);
  if ((flags & FLAG_WORDS) != 0) someWord(start, stop, 0, 0);
  visitSpecials(stop);
  return stop;
}
