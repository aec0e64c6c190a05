/**
 * Keys of a record, looked up in the dictionary (`sieve-keys.ts`): which number a name has in the record itself or in an object inside of
 * it, whether it stands twice in one object, and which names make a record one for the exact path. Names that nobody asks for are
 * learnt, as far as there is room.
 */
import {
  ENTRY_BYTES,
  ENTRY_LENGTH,
  ENTRY_START,
  ENTRY_TEXT,
  INFO_BYTES,
  INFO_FLAGS,
  KEY_BLANKLESS,
  KEY_CLOSED,
  LEARNT_BYTES,
  LONGEST_KEY,
  MAX_LEARNT,
  SIEVE_DICTIONARY,
  SIEVE_DICTIONARY_MASK,
  SIEVE_INFO,
  SIEVE_KEYS,
  SIEVE_KEYS_BYTES,
  SIEVE_LEARNT,
  SIEVE_LEARNT_COUNT,
  SIEVE_MASKS,
  SIEVE_SERIAL,
  SIEVE_STAMP,
  SIEVE_TEXT,
} from './sieve-layout';
import { keyHash, writeEntry } from './sieve-keys';
import { sameBytes } from './sieve-text';

/** In place of a key: nobody asks for it. */
export const NOBODY: u32 = 0;
/** In place of a key: refused. */
export const REFUSED: u32 = 0xffffffff;
/** Nested objects are numbered, to see keys that stand twice in one; the stamps are begun anew before the numbers run out. */
const LAST_SERIAL: u32 = 0xff000000;
/** Longer unknown keys are not learnt. */
const LONGEST_LEARNT: usize = 64;

let dictionary: usize = 0;
let dictionaryMask: u32 = 0;
let keyStamps: usize = 0;
let masks: usize = 0;
let scratch: usize = 0;
let serial: u32 = 0;
/** Not 0: a key of the record itself stands twice in it. */
let repeated: u32 = 0;
/** Entry of the key that was looked up last by `keyOf`; 0: it has none. */
export let lastEntry: usize = 0;

/** The kernel's work area. */
export let work: usize = 0;
/** What is known of each key. */
export let info: usize = 0;
/** Number of the record, under which what was seen in it is noted. */
export let stamp: u32 = 0;

/** A record begins. */
// @ts-ignore: decorator
@inline
export function beginKeys(area: usize): void {
  work = area;
  dictionary = <usize>load<u32>(area, SIEVE_DICTIONARY);
  dictionaryMask = load<u32>(area, SIEVE_DICTIONARY_MASK);
  keyStamps = <usize>load<u32>(area, SIEVE_KEYS);
  stamp = load<u32>(area, SIEVE_STAMP);
  masks = <usize>load<u32>(area, SIEVE_MASKS);
  info = <usize>load<u32>(area, SIEVE_INFO);
  scratch = <usize>load<u32>(area, SIEVE_TEXT);
  serial = load<u32>(area, SIEVE_SERIAL);
  repeated = 0;
  if (serial > LAST_SERIAL) {
    memory.fill(keyStamps, 0, <usize>load<u32>(area, SIEVE_KEYS_BYTES));
    serial = 0;
  }
}

/** The record has ended. */
// @ts-ignore: decorator
@inline
export function endKeys(area: usize): void {
  store<u32>(area, serial, SIEVE_SERIAL);
}

/** A key of the record itself stands twice in it. */
// @ts-ignore: decorator
@inline
export function isRepeated(): bool {
  return repeated != 0;
}

/** Number of an object inside of the record, `own` of `keyBelow`. */
// @ts-ignore: decorator
@inline
export function nextObject(): u32 {
  return ++serial;
}

/** `KEY_…` of a key: how the object under it is read. */
// @ts-ignore: decorator
@inline
export function flagsOf(key: u32): u32 {
  return load<u32>(info + <usize>key * INFO_BYTES, INFO_FLAGS);
}

/** Number of a known key of the record itself, NOBODY for others; refused when it is spelled with escapes; `isRepeated` when it occurs twice. */
export function keyOf(start: usize, length: usize): u32 {
  const short = min<usize>(length, 16);
  const bytes = v128.and(v128.load(start), v128.load(masks + 16 - short));
  const hash = keyHash(bytes, <u32>length);
  let slot = hash & dictionaryMask;
  while (true) {
    const entry = dictionary + <usize>slot * ENTRY_BYTES;
    const other = <usize>load<u32>(entry, ENTRY_LENGTH);
    if (other == length && length <= LONGEST_KEY && !v128.any_true(v128.xor(v128.load(entry, ENTRY_START), bytes))) {
      if (length <= 16 || sameBytes(<usize>load<u32>(entry, ENTRY_TEXT) + 16, start + 16, length - 16)) {
        const key = load<u32>(entry);
        const seen = keyStamps + (<usize>key << 2);
        repeated |= <u32>(load<u32>(seen) == stamp) & <u32>(key != 0);
        store<u32>(seen, stamp);
        lastEntry = entry;
        return key;
      }
    } else if (load<u32>(entry, ENTRY_TEXT) == 0) {
      lastEntry = 0;
      return unknownKey(hash, slot, bytes, start, length);
    }
    slot = (slot + 1) & dictionaryMask;
  }
}

/** Whether the name is that of the entry. */
// @ts-ignore: decorator
@inline
export function isEntry(entry: usize, start: usize, length: usize): bool {
  if (<usize>load<u32>(entry, ENTRY_LENGTH) != length) return false;
  const short = min<usize>(length, 16);
  const bytes = v128.and(v128.load(start), v128.load(masks + 16 - short));
  if (v128.any_true(v128.xor(v128.load(entry, ENTRY_START), bytes))) return false;
  return length <= 16 || sameBytes(<usize>load<u32>(entry, ENTRY_TEXT) + 16, start + 16, length - 16);
}

/** Keys that were told without being looked up: `keyOf` is to see when one of them comes again. */
export function markMet(items: usize, end: usize, size: usize): void {
  for (let item = items; item < end; item += size)
    store<u32>(keyStamps + (<usize>load<u32>(<usize>load<u32>(item)) << 2), stamp);
}

/**
 * Keys that no rule asks for are remembered too: they come in each record. As long as there is room, and only where they stand alone
 * in the dictionary: whoever chooses keys can make no long way through it.
 */
function unknownKey(hash: u32, slot: u32, bytes: v128, start: usize, length: usize): u32 {
  if (hasByte(start, length, 0x5c) || isBeginTime(start, length) || mayHideData(start, length)) return REFUSED;
  const count = load<u32>(work, SIEVE_LEARNT_COUNT);
  if (count == MAX_LEARNT || length > LONGEST_LEARNT || length == 0) return NOBODY;
  if (slot != (hash & dictionaryMask) || isTaken(slot - 1) || isTaken(slot + 1)) return NOBODY;
  store<u32>(work, count + 1, SIEVE_LEARNT_COUNT);
  const text = <usize>load<u32>(work, SIEVE_LEARNT) + <usize>count * LEARNT_BYTES;
  memory.copy(text, start, length);
  writeEntry(dictionary + <usize>slot * ENTRY_BYTES, 0, text, <u32>length, bytes);
  return NOBODY;
}

function isTaken(slot: u32): bool {
  return load<u32>(dictionary + <usize>(slot & dictionaryMask) * ENTRY_BYTES, ENTRY_TEXT) != 0;
}

/** Number of a known key in an object under `node`, NOBODY for others; refused as `keyOf` does, and where no other names may be. */
export function keyBelow(node: u32, own: u32, from: usize, size: usize): u32 {
  let start = from;
  let length = size;
  if (length > LONGEST_KEY) return REFUSED;
  const flags = flagsOf(node);
  if ((flags & KEY_BLANKLESS) != 0 && hasByte(start, length, 0x20)) {
    length = copyWithoutBlanks(start, length);
    start = scratch;
  }
  const short = min<usize>(length, 16);
  const bytes = v128.and(v128.load(start), v128.load(masks + 16 - short));
  const word = <u32>length | (node << 16);
  let slot = keyHash(bytes, word) & dictionaryMask;
  while (true) {
    const entry = dictionary + <usize>slot * ENTRY_BYTES;
    if (load<u32>(entry, ENTRY_LENGTH) == word && !v128.any_true(v128.xor(v128.load(entry, ENTRY_START), bytes))) {
      if (length <= 16 || sameBytes(<usize>load<u32>(entry, ENTRY_TEXT) + 16, start + 16, length - 16)) {
        const key = load<u32>(entry);
        const seen = keyStamps + (<usize>key << 2);
        if (load<u32>(seen) == own) return REFUSED;
        store<u32>(seen, own);
        return key;
      }
    } else if (load<u32>(entry, ENTRY_TEXT) == 0) break;
    slot = (slot + 1) & dictionaryMask;
  }
  return (flags & KEY_CLOSED) != 0 || hasByte(start, length, 0x5c) ? REFUSED : NOBODY;
}

/** Returns the length of what is left, which stands in the scratch area. */
function copyWithoutBlanks(start: usize, length: usize): usize {
  let to = scratch;
  for (let i: usize = 0; i < length; i++) {
    const c = load<u8>(start + i);
    store<u8>(to, c);
    if (c != 0x20) to++;
  }
  return to - scratch;
}

/** "winlog." in front of a name whose blanks do not count. */
function mayHideData(start: usize, length: usize): bool {
  return length > 7 && (load<u64>(start) & 0x00ffffffffffffff) == 0x2e676f6c6e6977 && hasByte(start, length, 0x20);
}

/** `begin_time` in any letter case, with or without an underscore in front: the time of the event, whatever other fields say. */
function isBeginTime(start: usize, length: usize): bool {
  if (length != 10 && length != 11) return false;
  const from = start + length - 10;
  // "begin_ti" and "me" with the bit of lower case set everywhere.
  return (load<u64>(from) | 0x2020202020202020) == 0x69747f6e69676562 && (load<u16>(from, 8) | 0x2020) == 0x656d;
}

// @ts-ignore: decorator
@inline
function hasByte(start: usize, length: usize, byte: u8): bool {
  for (let i: usize = 0; i < length; i += 16) {
    let found = <u32>i8x16.bitmask(i8x16.eq(v128.load(start + i), i8x16.splat(byte)));
    if (length - i < 16) found &= (<u32>1 << <u32>(length - i)) - 1;
    if (found != 0) return true;
  }
  return false;
}
