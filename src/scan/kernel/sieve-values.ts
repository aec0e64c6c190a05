/** Tests of one value that a formula asks for: most values are never asked about. A value is folded at most once in a row. */
import {
  AUTOMATON_CLASSES,
  AUTOMATON_EXACT,
  AUTOMATON_NEXT,
  AUTOMATON_SKIP,
  KIND_EMPTY,
  KIND_NULL,
  KIND_NUMBER,
  LITERAL_LENGTH,
  MAX_TEXT,
  SIEVE_STAMP,
  SIEVE_TEXT,
} from './sieve-layout';
import { isWithin, NO_ADDRESS, readAddress, UNKNOWN_ADDRESS } from './sieve-address';
import { foldText, isStrange, plainText, sameBytes } from './sieve-text';

export const NEVER: u32 = 0;
export const MAYBE: u32 = 1;
export const SURE: u32 = 3;

/** No value is longer. */
const UNKNOWN: i32 = -1;

let text: usize = 0;
let otherText: usize = 0;
let stamp: u32 = 0;
let foldedSlot: usize = 0;
let foldedLength: i32 = 0;
let foldedStrange: bool = false;

export function beginValues(work: usize): void {
  // Behind the text that literals are looked for in stand two more.
  text = <usize>load<u32>(work, SIEVE_TEXT) + MAX_TEXT + 64;
  otherText = text + MAX_TEXT + 64;
  stamp = load<u32>(work, SIEVE_STAMP);
  foldedSlot = 0;
}

/** Length of the slot's folded text, or -1 when only decoding can tell it. */
function fold(slot: usize): i32 {
  if (foldedSlot == slot) return foldedLength;
  foldedSlot = slot;
  foldedLength = foldInto(slot, text);
  foldedStrange = isStrange;
  return foldedLength;
}

function foldInto(slot: usize, into: usize): i32 {
  return isWritten(slot) ? foldText(<usize>load<u32>(slot, 8), <usize>load<u32>(slot, 12), into) : UNKNOWN;
}

/** The value's text is the one in the record. */
// @ts-ignore: decorator
@inline
function isWritten(slot: usize): bool {
  const kind = load<u32>(slot, 16);
  return kind != KIND_NUMBER && kind != KIND_EMPTY;
}

/** Whether the literal stands in the text: certain both ways. */
export function searchText(slot: usize, literal: usize): u32 {
  if (load<u32>(slot, 16) == KIND_NULL) return NEVER;
  const length = fold(slot);
  if (length < 0) return MAYBE;
  return contains(<usize>load<u32>(literal), <usize>load<u32>(literal, LITERAL_LENGTH), text, <usize>length) ? SURE : NEVER;
}

/** First and last byte of the literal, thirty-two places at a time. */
function contains(literal: usize, size: usize, start: usize, length: usize): bool {
  if (length < size) return false;
  const first = i8x16.splat(load<i8>(literal));
  const last = i8x16.splat(load<i8>(literal + size - 1));
  const stop = start + length - size;
  for (let at = start; at <= stop; at += 32) {
    const low = v128.and(i8x16.eq(v128.load(at), first), i8x16.eq(v128.load(at + size - 1), last));
    const high = v128.and(i8x16.eq(v128.load(at, 16), first), i8x16.eq(v128.load(at + size - 1, 16), last));
    if (!v128.any_true(v128.or(low, high))) continue;
    let both = <u32>i8x16.bitmask(low) | (<u32>i8x16.bitmask(high) << 16);
    while (both != 0) {
      const place = at + <usize>ctz(both);
      if (place > stop) return false;
      if (sameBytes(literal, place, size)) return true;
      both &= both - 1;
    }
  }
  return false;
}

/** The automaton knows texts of ASCII. */
export function automatonAccepts(slot: usize, automaton: usize): u32 {
  if (load<u32>(slot, 16) == KIND_NULL) return NEVER;
  if ((load<u32>(automaton) & AUTOMATON_EXACT) == 0) {
    const length = fold(slot);
    if (length < 0 || foldedStrange) return MAYBE;
    return accepts(automaton, text, text + <usize>length) ? MAYBE : NEVER;
  }
  if (!isWritten(slot)) return MAYBE;
  const length = plainText(<usize>load<u32>(slot, 8), <usize>load<u32>(slot, 12), otherText);
  if (length < 0 || isStrange) return MAYBE;
  return accepts(automaton, otherText, otherText + <usize>length) ? SURE : NEVER;
}

function accepts(automaton: usize, start: usize, end: usize): bool {
  const classCount = load<u32>(automaton) & ~AUTOMATON_EXACT;
  let state: u32 = 0;
  for (let at = start; at < end; at++) {
    // Most characters leave the start as it is.
    if (state == 0) {
      while (at < end && load<u8>(automaton + <usize>load<u8>(at), AUTOMATON_SKIP) != 0) at++;
      if (at == end) return false;
    }
    const kind = <u32>load<u8>(automaton + <usize>load<u8>(at), AUTOMATON_CLASSES);
    state = <u32>load<u16>(automaton + (<usize>(state * classCount + kind) << 1), AUTOMATON_NEXT);
    if (state == 1) return true;
  }
  return false;
}

/** Letter case aside; what stands beyond ASCII may be folded otherwise. */
export function sameText(slot: usize, other: usize): u32 {
  if (load<u32>(slot, 16) == KIND_NULL || load<u32>(other, 16) == KIND_NULL) return NEVER;
  const length = fold(slot);
  const otherLength = foldInto(other, otherText);
  if (length < 0 || otherLength < 0 || foldedStrange || isStrange) return MAYBE;
  return length == otherLength && sameBytes(text, otherText, <usize>length) ? MAYBE : NEVER;
}

/** Whether the text is an address of the network (family, bits, four words): certain for what is written plainly. */
export function isAddressOf(slot: usize, network: usize): u32 {
  if (load<u32>(slot, 16) == KIND_NULL) return NEVER;
  const length = fold(slot);
  if (length < 0 || foldedStrange) return MAYBE;
  const family = readAddress(text, <usize>length);
  if (family == UNKNOWN_ADDRESS) return MAYBE;
  return family != NO_ADDRESS && isWithin(family, network) ? SURE : NEVER;
}
