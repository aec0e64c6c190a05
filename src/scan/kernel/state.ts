/** The addresses a kernel instance works on, set by `configure` and per piece; the data itself is all in the given blocks. */
import { CLASS_BYTES, MASK_ENCODED, MASK_HIT, MASK_PAIR, TAB_CLASSES, TAB_FLAGS } from './layout';

export let ctx: usize = 0;
export let tab: usize = 0;
export let flags: u32 = 0;
export let pieceStart: usize = 0;
export let segmentStart: usize = 0;
export let segmentEnd: usize = 0;
export let pairListCount: u32 = 0;
/** Entries of the pair list that are names; names and IPv4 addresses. */
export let namePairs: u32 = 0;
export let quadPairs: u32 = 0;
/** End of the list of blocks that may hold an escape. */
export let specialBlocks: usize = 0;
/** Some byte of the piece is marked. */
export let hasMarks: bool = false;

export function setBlocks(context: usize, tables: usize): void {
  ctx = context;
  tab = tables;
  flags = load<u32>(tables + TAB_FLAGS);
}

export function setSegment(start: usize, end: usize): void {
  segmentStart = start;
  segmentEnd = end;
}

export function setPiece(start: usize): void {
  pieceStart = start;
  pairListCount = 0;
  namePairs = 0;
  quadPairs = 0;
  hasMarks = false;
}

export function setSpecialBlocks(end: usize): void {
  specialBlocks = end;
}

/** All names of the piece are noted. */
export function closeNamePairs(): void {
  namePairs = pairListCount;
}

export function closeQuadPairs(): void {
  quadPairs = pairListCount;
}

export function setPairListCount(count: u32): void {
  pairListCount = count;
}

// @ts-ignore: decorator
@inline
export function classOf(index: u32): usize {
  return tab + TAB_CLASSES + <usize>index * CLASS_BYTES;
}

/** After each piece with marks: the next one begins without. */
export function clearMarks(count: u32): void {
  const bytes = (<usize>count + 1) << 3;
  memory.fill(ctx + MASK_HIT, 0, bytes);
  memory.fill(ctx + MASK_ENCODED, 0, bytes);
  memory.fill(ctx + MASK_PAIR, 0, bytes);
  hasMarks = false;
}

/** Marks the byte at `at`: its record holds a witness. */
export function markHit(at: usize): void {
  setBit(ctx + MASK_HIT, at);
}

/** Marks the byte at `at`: only decoding can tell what its record says. */
export function markEncoded(at: usize): void {
  setBit(ctx + MASK_ENCODED, at);
}

export function setBit(mask: usize, at: usize): void {
  hasMarks = true;
  const offset = at - pieceStart;
  const word = mask + ((offset >> 6) << 3);
  store<u64>(word, load<u64>(word) | (<u64>1 << <u64>(offset & 63)));
}
