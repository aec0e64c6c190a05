/** Tests of one value that a formula asks for: most values are never asked about. A value is folded at most once in a row. */
import {
  AUTOMATON_CLASSES,
  AUTOMATON_NEXT,
  KIND_EMPTY,
  KIND_NULL,
  KIND_NUMBER,
  LITERAL_LENGTH,
  MAX_TEXT,
  SIEVE_STAMP,
  SIEVE_TEXT,
} from './sieve-layout';
import { foldText, isStrange, sameBytes } from './sieve-text';

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
  const kind = load<u32>(slot, 16);
  if (kind == KIND_NUMBER || kind == KIND_EMPTY) return UNKNOWN;
  return foldText(<usize>load<u32>(slot, 8), <usize>load<u32>(slot, 12), into);
}

/** Whether the literal stands in the text: certain both ways. */
export function searchText(slot: usize, literal: usize): u32 {
  if (load<u32>(slot, 16) == KIND_NULL) return NEVER;
  const length = fold(slot);
  if (length < 0) return MAYBE;
  return contains(<usize>load<u32>(literal), <usize>load<u32>(literal, LITERAL_LENGTH), text, <usize>length) ? SURE : NEVER;
}

/** First and last byte of the literal, sixteen places at a time. */
function contains(literal: usize, size: usize, start: usize, length: usize): bool {
  if (length < size) return false;
  const first = i8x16.splat(load<i8>(literal));
  const last = i8x16.splat(load<i8>(literal + size - 1));
  const stop = start + length - size;
  for (let at = start; at <= stop; at += 16) {
    const heads = i8x16.eq(v128.load(at), first);
    const tails = i8x16.eq(v128.load(at + size - 1), last);
    let both = <u32>i8x16.bitmask(v128.and(heads, tails));
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
  const length = fold(slot);
  if (length < 0 || foldedStrange) return MAYBE;
  const classCount = load<u32>(automaton);
  const end = text + <usize>length;
  let state: u32 = 0;
  for (let at = text; at < end; at++) {
    const kind = <u32>load<u8>(automaton + <usize>load<u8>(at), AUTOMATON_CLASSES);
    state = <u32>load<u16>(automaton + (<usize>(state * classCount + kind) << 1), AUTOMATON_NEXT);
    if (state == 1) return MAYBE;
  }
  return NEVER;
}

/** Letter case aside; what stands beyond ASCII may be folded otherwise. */
export function sameText(slot: usize, other: usize): u32 {
  if (load<u32>(slot, 16) == KIND_NULL || load<u32>(other, 16) == KIND_NULL) return NEVER;
  const length = fold(slot);
  const otherLength = foldInto(other, otherText);
  if (length < 0 || otherLength < 0 || foldedStrange || isStrange) return MAYBE;
  return length == otherLength && sameBytes(text, otherText, <usize>length) ? MAYBE : NEVER;
}

/** IPv4 addresses and `::1` are looked up in the network (family, address, mask, whether `::1` is of it). */
export function isAddressOf(slot: usize, network: usize): u32 {
  if (load<u32>(slot, 16) == KIND_NULL) return NEVER;
  const length = fold(slot);
  if (length < 0 || foldedStrange) return MAYBE;
  if (length == 3 && (load<u32>(text) & 0xffffff) == 0x313a3a) return load<u32>(network, 12) != 0 ? SURE : NEVER;
  let address: u32 = 0;
  let part: u32 = 0;
  let digits: u32 = 0;
  let dots: u32 = 0;
  for (let i: usize = 0; i < <usize>length; i++) {
    const c: u32 = load<u8>(text + i);
    // Other spellings of addresses and networks.
    if (c == 0x3a || c == 0x2f || c == 0x5b) return MAYBE;
    if (c == 0x2e) {
      if (digits == 0 || ++dots > 3) return NEVER;
      address = (address << 8) | part;
      part = 0;
      digits = 0;
    } else {
      // No leading zeros, nothing beyond 255.
      if (c - 0x30 >= 10 || (digits != 0 && part == 0)) return decodedOnly(text + i, text + <usize>length);
      part = part * 10 + (c - 0x30);
      if (part > 255) return decodedOnly(text + i, text + <usize>length);
      digits++;
    }
  }
  if (dots != 3 || digits == 0) return NEVER;
  address = (address << 8) | part;
  if (load<u32>(network) != 4) return NEVER;
  return (address & load<u32>(network, 8)) == load<u32>(network, 4) ? SURE : NEVER;
}

/** No IPv4 address: an IPv6 one when a colon follows. */
function decodedOnly(from: usize, end: usize): u32 {
  for (let at = from; at < end; at++) {
    const c: u32 = load<u8>(at);
    if (c == 0x3a || c == 0x2f || c == 0x5b) return MAYBE;
  }
  return NEVER;
}
