/**
 * Names: dotted tokens with all their suffixes. Looked at are tokens whose last label is no plain number, so that addresses,
 * versions and decimal numbers cost nothing here; their ends come from arithmetic on the masks.
 */
import { chooseEnds } from './endings';
import { finishKey, keyBits, lookUp, lookUpSlot, nameHash } from './keys';
import {
  AS_SUFFIX,
  AS_WHOLE,
  BATCH_TOKENS,
  CLASS_NAME,
  CTX_ENDS,
  CTX_KEYS,
  CTX_NAMES,
  CTX_PAIR_LIST,
  CTX_TOKENS,
  FLAG_SUFFIXES,
  MASK_DIGIT,
  MASK_DOT,
  MASK_LABEL,
  MASK_PAIR,
  MAX_PIECE_PAIRS,
  TOKEN_BYTES,
} from './layout';
import { stripsBefore } from './left-context';
import { upTo } from './masks';
import { classOf, ctx, flags, markHit, pairListCount, pieceStart, setBit, setPairListCount, tab } from './state';

/** Longer tokens are no names. */
const MAX_NAME: usize = 253;
const WHOLE: u32 = 1 << 31;

/**
 * Loops over the piece, each without branches that depend on the data or on memory as far as possible: ends of the tokens to look
 * at, those that something listed ends like (`endings.ts`), their tokens, the names in each, the look-ups. One loop that does everything spends most
 * of its time on mispredicted branches, and waits for one place in memory after the other.
 */
export function visitNames(count: u32): void {
  const ends = ctx + CTX_ENDS;
  const last = chooseEnds(listEnds(count, ends));
  for (let at = ends; at < last; ) {
    // A list of names never overflows: a batch of tokens has at most 64 names each.
    const stop = min<usize>(last, at + BATCH_TOKENS * 4);
    lookUpNames(listNames(listTokens(at, stop)));
    at = stop;
  }
}

/**
 * Offsets of the ends of all tokens whose last label is no plain number, in `list`. Two additions do the work: the first runs
 * through the digits behind a dot and stops at the first byte that is none, the second runs from there to the end of the label;
 * a label that ends at a break is its token's last.
 */
function listEnds(count: u32, list: usize): usize {
  let dotBefore: u64 = 0;
  let digitCarry: u64 = 0;
  let labelCarry: u64 = 0;
  let out = list;
  let at = ctx;
  let base: u32 = 0;
  // One word more: a token may end with the piece.
  const last = at + (<usize>count << 3);
  do {
    const dots = load<u64>(at, MASK_DOT);
    const label = load<u64>(at, MASK_LABEL);
    const digits = load<u64>(at, MASK_DIGIT);
    const behind = (dots << 1) | dotBefore;
    dotBefore = dots >>> 63;
    // A sum of a mask and a part of it is less than the mask only when it went over.
    const runEnd = digits + (behind & digits) + digitCarry;
    digitCarry = <u64>(runEnd < digits);
    const labelEnd = label + ((behind | runEnd) & label & ~digits) + labelCarry;
    labelCarry = <u64>(labelEnd < label);
    let found = labelEnd & ~(label | dots);
    const number = popcnt(found);
    store<u32>(out, base + <u32>ctz(found));
    found &= found - 1;
    store<u32>(out, base + <u32>ctz(found), 4);
    if (number > 2) {
      let to = out;
      do {
        found &= found - 1;
        to += 4;
        store<u32>(to, base + <u32>ctz(found), 4);
      } while (found != 0);
    }
    out += <usize>number << 2;
    base += 64;
    at += 8;
  } while (at <= last);
  return out;
}

/** The tokens whose ends stand at `[from, to)`. */
function listTokens(from: usize, to: usize): usize {
  const area = ctx;
  const piece = pieceStart;
  let out = area + CTX_TOKENS;
  for (let at = from; at < to; at += 4) {
    const endOffset = <usize>load<u32>(at);
    const breaks = ~(upTo(area + MASK_LABEL, endOffset - 1) | upTo(area + MASK_DOT, endOffset - 1));
    if (breaks == 0) {
      visitLongToken(piece + startBefore(endOffset), piece + endOffset);
      continue;
    }
    let length = <usize>clz(breaks);
    let end = piece + endOffset;
    let start = end - length;
    while (<u32>load<u8>(start) - 0x2d < 2 && start < end) start++;
    let final: u32 = load<u8>(end - 1);
    while (final - 0x2d < 2 || final == 0x5f) final = load<u8>(--end - 1);
    if (end <= start) continue;
    length = end - start;
    // Dots inside the name from its start on.
    let dots = upTo(area + MASK_DOT, endOffset - 1) >>> (64 - (endOffset + piece - start));
    if (length < 64) dots &= (<u64>1 << <u64>length) - 1;
    // Without the last dot: a single label is no name.
    const upper = dots & ~((<u64>1 << 63) >>> <u64>clz(dots | 1));
    store<u32>(out, <u32>start);
    store<u32>(out, <u32>length, 4);
    store<u32>(out, stripsBefore(start, end), 8);
    store<u64>(out, upper, 16);
    out += <usize>(dots != 0) * TOKEN_BYTES;
  }
  return out;
}

/** Lists the names of the chosen tokens: start and length, `WHOLE` for the complete token. */
function listNames(last: usize): usize {
  const hasSuffixes = (flags & FLAG_SUFFIXES) != 0 ? ~(<u64>0) : 0;
  let out = ctx + CTX_NAMES;
  for (let token = ctx + CTX_TOKENS; token < last; token += TOKEN_BYTES) {
    const start = <usize>load<u32>(token);
    const length = <usize>load<u32>(token, 4);
    store<u32>(out, <u32>start);
    store<u32>(out, <u32>length | WHOLE, 4);
    out += 8;
    const strips = load<u32>(token, 8);
    if (strips != 0) out = listStripped(out, start, start + length, strips);
    for (let dots = load<u64>(token, 16) & hasSuffixes; dots != 0; dots &= dots - 1) {
      const skip = <usize>ctz(dots) + 1;
      store<u32>(out, <u32>(start + skip));
      store<u32>(out, <u32>(length - skip), 4);
      out += 8;
    }
  }
  return out;
}

/** Keys first, then nothing but independent loads: they wait for memory together. */
function lookUpNames(last: usize): void {
  const area = ctx;
  const tables = tab;
  const distance = CTX_KEYS - CTX_NAMES;
  for (let at = area + CTX_NAMES; at < last; at += 8) {
    const length = <usize>(load<u32>(at, 4) & ~WHOLE);
    store<u64>(at + distance, finishKey(nameHash(<usize>load<u32>(at) + length, length)));
  }
  const names = classOf(CLASS_NAME);
  const words = <u64>load<u32>(names, 4);
  const filter = tables + <usize>load<u32>(names);
  for (let at = area + CTX_NAMES; at < last; at += 8) {
    const key = load<u64>(at + distance);
    const word = load<u64>(filter + (<usize>(((key >>> 32) * words) >>> 32) << 3));
    const bits = keyBits(key);
    if ((word & bits) == bits) confirm(<usize>load<u32>(at), <usize>(load<u32>(at, 4) & ~WHOLE), load<u32>(at, 4), key);
  }
}

function confirm(start: usize, length: usize, shape: u32, key: u64): void {
  const found = lookUpSlot(classOf(CLASS_NAME), tab, key);
  if ((found & ((shape & WHOLE) != 0 ? AS_WHOLE | AS_SUFFIX : AS_SUFFIX)) != 0) markHit(start);
  else if (found != 0 && (shape & WHOLE) != 0) addPair(start, nameHash(start + length, length));
}

/** Offset of the first byte of the token that ends at `end`, more than 64 bytes before. */
function startBefore(end: usize): usize {
  let word = (end - 1) >> 6;
  while (word > 0) {
    word--;
    const breaks = ~(load<u64>(ctx + (word << 3), MASK_LABEL) | load<u64>(ctx + (word << 3), MASK_DOT));
    if (breaks != 0) return (word << 6) + 64 - <usize>clz(breaks);
  }
  return 0;
}

/** The readings in which the first bytes belong to an escape; the suffixes behind them are listed anyway. */
function listStripped(list: usize, start: usize, end: usize, strips: u32): usize {
  let out = list;
  let left = strips;
  while (left != 0) {
    let from = start + <usize>ctz(left);
    left &= left - 1;
    while (from < end && <u32>load<u8>(from) - 0x2d < 2) from++;
    if (from >= end) continue;
    store<u32>(out, <u32>from);
    store<u32>(out, <u32>(end - from) | WHOLE, 4);
    out += 8;
  }
  return out;
}

/** More than 64 bytes: the same by bytes, without masks. */
function visitLongToken(tokenStart: usize, tokenEnd: usize): void {
  let start = tokenStart;
  let end = tokenEnd;
  while (start < end && <u32>load<u8>(start) - 0x2d < 2) start++;
  while (end > start && (<u32>load<u8>(end - 1) - 0x2d < 2 || load<u8>(end - 1) == 0x5f)) end--;
  if (start == end) return;
  const names = classOf(CLASS_NAME);
  const stop = end - start > MAX_NAME ? end - MAX_NAME : start;
  if ((flags & FLAG_SUFFIXES) != 0)
    for (let at = end - 1; at > stop; at--)
      if (load<u8>(at - 1) == 0x2e && (lookUp(names, tab, nameHash(end, end - at)) & AS_SUFFIX) != 0) markHit(start);
  let strips = stripsBefore(start, end) | 1;
  while (strips != 0) {
    let from = start + <usize>ctz(strips);
    strips &= strips - 1;
    while (from < end && <u32>load<u8>(from) - 0x2d < 2) from++;
    // Together with a word or not: a name as long as this is rare enough.
    if (from < end && end - from <= MAX_NAME && lookUp(names, tab, nameHash(end, end - from)) != 0) markHit(start);
  }
}

/** The name or address at `at` counts when the record holds one of its words, too; decided at the end of the record. */
export function addPair(at: usize, hash: u64): void {
  const count = pairListCount;
  if (count == MAX_PIECE_PAIRS) {
    markHit(at);
    return;
  }
  const entry = ctx + CTX_PAIR_LIST + (<usize>count << 4);
  store<u32>(entry, <u32>at);
  store<u64>(entry, hash, 8);
  setPairListCount(count + 1);
  setBit(ctx + MASK_PAIR, at);
}
