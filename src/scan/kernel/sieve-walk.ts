/**
 * Second look: the record's keys and scalar values, by the positions of its quotes. Which key it is decides no branch: keys come in any
 * order, and a branch mistaken costs as much as a key. Strict: whatever is not plain JSON with an object
 * around it is refused, and the record goes to the exact path.
 */
import {
  ENTRY_BYTES,
  ENTRY_LENGTH,
  ENTRY_START,
  ENTRY_TEXT,
  KEY_EVENT_ID,
  KIND_BOOLEAN,
  KIND_EMPTY,
  KIND_INTEGER,
  KIND_NULL,
  KIND_NUMBER,
  KIND_TEXT,
  KIND_WILD,
  LEARNT_BYTES,
  MAX_LEARNT,
  MAX_VALUES,
  ROUTE_VALUE_KEYS,
  SIEVE_DICTIONARY,
  SIEVE_DICTIONARY_MASK,
  SIEVE_KEYS,
  SIEVE_LEARNT,
  SIEVE_LEARNT_COUNT,
  SIEVE_MASKS,
  SIEVE_MAX_DEPTH,
  SIEVE_PRESENCE,
  SIEVE_QUOTES,
  SIEVE_ROUTE_MASK,
  SIEVE_ROUTE_VALUES,
  SIEVE_STAMP,
  SIEVE_VALUES,
} from './sieve-layout';
import { recordEnd } from './sieve-structure';
import { keyHash, writeEntry } from './sieve-keys';
import { isInteger, sameBytes, skipDigits } from './sieve-text';

/** In place of a key: refused. */
const REFUSED: u32 = 0xffffffff;
/** Longer unknown keys are not learnt. */
const LONGEST_LEARNT: usize = 64;
/** Longer ones may be too great for a double. */
const LONGEST_NUMBER: usize = 200;

let work: usize = 0;
let dictionary: usize = 0;
let dictionaryMask: u32 = 0;
let keyStamps: usize = 0;
let masks: usize = 0;
let routeValues: usize = 0;
let stamp: u32 = 0;
let maxDepth: u32 = 0;
let at: usize = 0;
let quote: usize = 0;
let out: usize = 0;
let lastOut: usize = 0;
let routeMask: u32 = 0;
let presenceLow: u32 = 0;
/** Not 0: something in the record is not as it must be. */
let refused: u32 = 0;

/** Behind the last value. */
export let valuesEnd: usize = 0;

/** Walks the record; false when it is refused. */
export function walkRecord(area: usize, start: usize): bool {
  work = area;
  dictionary = <usize>load<u32>(area, SIEVE_DICTIONARY);
  dictionaryMask = load<u32>(area, SIEVE_DICTIONARY_MASK);
  keyStamps = <usize>load<u32>(area, SIEVE_KEYS);
  stamp = load<u32>(area, SIEVE_STAMP);
  maxDepth = load<u32>(area, SIEVE_MAX_DEPTH);
  masks = <usize>load<u32>(area, SIEVE_MASKS);
  routeValues = <usize>load<u32>(area, SIEVE_ROUTE_VALUES);
  routeMask = 0;
  presenceLow = 0;
  refused = 0;
  if (start >= recordEnd || load<u8>(start) != 0x7b) return false;
  if (!walkRoot(start + 1)) return false;
  skipBlanks();
  if (at != recordEnd || refused != 0) return false;
  // One spelling of each event id: it decides which other keys count.
  if (((routeMask >>> KEY_EVENT_ID) & 1) != 0) {
    const entry = routeValues + <usize>KEY_EVENT_ID * 12;
    const from = <usize>load<u32>(entry);
    if (hasEscape(from, <usize>load<u32>(entry, 4) - from)) return false;
  }
  store<u32>(area, routeMask, SIEVE_ROUTE_MASK);
  store<u32>(area, presenceLow, SIEVE_PRESENCE);
  valuesEnd = out;
  return true;
}

/** The outermost object, from behind its brace: in local variables, as globals are memory and each step waits for the one before. */
function walkRoot(start: usize): bool {
  let here = start;
  let next = <usize>load<u32>(work, SIEVE_QUOTES);
  let to = <usize>load<u32>(work, SIEVE_VALUES);
  const last = to + <usize>(MAX_VALUES - 1) * 16;
  const end = recordEnd;
  lastOut = last;
  while (load<u8>(here) == 0x20) here++;
  let isOpen = load<u8>(here) != 0x7d;
  if (!isOpen) here++;
  while (isOpen) {
    if (<usize>load<u32>(next) != here) return false;
    const close = <usize>load<u32>(next, 4);
    if (close >= end) return false;
    const key = keyOf(here + 1, close - here - 1);
    if (key == REFUSED) return false;
    next += 8;
    here = close + 1;
    while (load<u8>(here) == 0x20) here++;
    if (load<u8>(here) != 0x3a) return false;
    here++;
    while (load<u8>(here) == 0x20) here++;
    const first: u32 = load<u8>(here);
    if (first == 0x22) {
      if (<usize>load<u32>(next) != here || to >= last) return false;
      const textEnd = <usize>load<u32>(next, 4);
      if (textEnd >= end) return false;
      next += 8;
      noteValue(to, key, here + 1, textEnd, KIND_TEXT);
      to += 16;
      here = textEnd + 1;
    } else {
      at = here;
      quote = next;
      out = to;
      if (!walkValue(key, 0)) return false;
      here = at;
      next = quote;
      to = out;
    }
    while (load<u8>(here) == 0x20) here++;
    const after: u32 = load<u8>(here++);
    if (after != 0x2c) {
      if (after != 0x7d) return false;
      isOpen = false;
    }
    while (isOpen && load<u8>(here) == 0x20) here++;
  }
  at = here;
  out = to;
  return true;
}

// @ts-ignore: decorator
@inline
function skipBlanks(): void {
  while (load<u8>(at) == 0x20) at++;
}

/** An object inside of the record, from behind its opening brace to behind the closing one: its keys are nobody's. */
function walkObject(depth: u32): bool {
  skipBlanks();
  if (load<u8>(at) == 0x7d) {
    at++;
    return true;
  }
  while (true) {
    if (<usize>load<u32>(quote) != at) return false;
    const close = <usize>load<u32>(quote, 4);
    if (close >= recordEnd) return false;
    quote += 8;
    at = close + 1;
    skipBlanks();
    if (load<u8>(at) != 0x3a) return false;
    at++;
    skipBlanks();
    if (!walkValue(0, depth)) return false;
    skipBlanks();
    const next = load<u8>(at++);
    if (next == 0x7d) return true;
    if (next != 0x2c) return false;
    skipBlanks();
  }
}

function walkArray(key: u32, depth: u32): bool {
  skipBlanks();
  if (load<u8>(at) == 0x5d) {
    at++;
    return emit(key, at, at, KIND_EMPTY);
  }
  while (true) {
    if (!walkValue(key, depth)) return false;
    skipBlanks();
    const next = load<u8>(at++);
    if (next == 0x5d) return true;
    if (next != 0x2c) return false;
    skipBlanks();
  }
}

function walkValue(key: u32, depth: u32): bool {
  const first = load<u8>(at);
  if (first == 0x22) {
    if (<usize>load<u32>(quote) != at) return false;
    const close = <usize>load<u32>(quote, 4);
    if (close >= recordEnd) return false;
    quote += 8;
    const start = at + 1;
    at = close + 1;
    return emit(key, start, close, KIND_TEXT);
  }
  if (first == 0x7b || first == 0x5b) {
    if (depth >= maxDepth) return false;
    at++;
    if (first == 0x5b) return walkArray(key, depth + 1);
    return emit(key, at, at, KIND_WILD) && walkObject(depth + 1);
  }
  return walkScalar(key);
}

function walkScalar(key: u32): bool {
  const start = at;
  while (true) {
    const c: u32 = load<u8>(at);
    if (c == 0x2c || c == 0x7d || c == 0x5d || c == 0x20 || at >= recordEnd) break;
    at++;
  }
  const length = at - start;
  if (isInteger(start, length)) return emit(key, start, at, KIND_INTEGER);
  const word = load<u32>(start);
  if (length == 4 && word == 0x65757274) return emit(key, start, at, KIND_BOOLEAN);
  if (length == 5 && word == 0x736c6166 && load<u8>(start, 4) == 0x65) return emit(key, start, at, KIND_BOOLEAN);
  if (length == 4 && word == 0x6c6c756e) return emit(key, start, at, KIND_NULL);
  return isNumber(start, at) && emit(key, start, at, KIND_NUMBER);
}

/** The number grammar of JSON, but for what may be infinite. */
function isNumber(start: usize, end: usize): bool {
  let i = start;
  if (i < end && load<u8>(i) == 0x2d) i++;
  const whole = i;
  i = skipDigits(i, end);
  if (i == whole || (load<u8>(whole) == 0x30 && i - whole > 1)) return false;
  if (i < end && load<u8>(i) == 0x2e) {
    const fraction = ++i;
    i = skipDigits(i, end);
    if (i == fraction) return false;
  }
  if (i < end && (load<u8>(i) | 0x20) == 0x65) {
    i++;
    if (i < end && (load<u8>(i) == 0x2b || load<u8>(i) == 0x2d)) i++;
    const exponent = i;
    i = skipDigits(i, end);
    if (i == exponent || i - exponent > 2) return false;
  }
  return i == end && end - start < LONGEST_NUMBER;
}

/** Notes the value, and what it tells of the record's kind; what may not be is gathered and asked about at the end. */
// @ts-ignore: decorator
@inline
function noteValue(to: usize, key: u32, start: usize, end: usize, kind: u32): void {
  store<u32>(to, key);
  store<u32>(to, <u32>start, 4);
  store<u32>(to, <u32>end, 8);
  store<u32>(to, kind, 12);
  // Keys that tell by their value; the place of key 0 takes the values of all others.
  const telling: u32 = <u32>(key < ROUTE_VALUE_KEYS) * key;
  const bit = (<u32>1 << telling) & ~<u32>1;
  // Only plain values tell a record's kind, and one of each name.
  refused |= routeMask & bit;
  refused |= <u32>(kind > KIND_INTEGER) * bit;
  routeMask |= bit;
  const entry = routeValues + <usize>telling * 12;
  store<u32>(entry, <u32>start);
  store<u32>(entry, <u32>end, 4);
  store<u32>(entry, kind, 8);
  const place = key - ROUTE_VALUE_KEYS;
  presenceLow |= <u32>(place < 32) << (place & 31);
}

function emit(key: u32, start: usize, end: usize, kind: u32): bool {
  if (out >= lastOut) return false;
  noteValue(out, key, start, end, kind);
  out += 16;
  return true;
}

// @ts-ignore: decorator
@inline
function hasEscape(start: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i += 16) {
    let slashes = <u32>i8x16.bitmask(i8x16.eq(v128.load(start + i), i8x16.splat(0x5c)));
    if (length - i < 16) slashes &= (<u32>1 << <u32>(length - i)) - 1;
    if (slashes != 0) return true;
  }
  return false;
}

/** Number of a known key, 0 for others; refused when it is spelled with escapes, and in the end when it occurs twice. */
function keyOf(start: usize, length: usize): u32 {
  const short = min<usize>(length, 16);
  const bytes = v128.and(v128.load(start), v128.load(masks + 16 - short));
  const hash = keyHash(bytes, <u32>length);
  let slot = hash & dictionaryMask;
  while (true) {
    const entry = dictionary + <usize>slot * ENTRY_BYTES;
    const other = <usize>load<u32>(entry, ENTRY_LENGTH);
    if (other == length && !v128.any_true(v128.xor(v128.load(entry, ENTRY_START), bytes))) {
      if (length <= 16 || sameBytes(<usize>load<u32>(entry, ENTRY_TEXT) + 16, start + 16, length - 16)) {
        const key = load<u32>(entry);
        const seen = keyStamps + (<usize>key << 2);
        refused |= <u32>(load<u32>(seen) == stamp) & <u32>(key != 0);
        store<u32>(seen, stamp);
        return key;
      }
    } else if (load<u32>(entry, ENTRY_TEXT) == 0) return unknownKey(hash, slot, bytes, start, length);
    slot = (slot + 1) & dictionaryMask;
  }
}

/**
 * Keys that no rule asks for are remembered too: they come in each record. As long as there is room, and only where they stand alone
 * in the dictionary: whoever chooses keys can make no long way through it.
 */
function unknownKey(hash: u32, slot: u32, bytes: v128, start: usize, length: usize): u32 {
  if (hasEscape(start, length) || isBeginTime(start, length)) return REFUSED;
  const count = load<u32>(work, SIEVE_LEARNT_COUNT);
  if (count == MAX_LEARNT || length > LONGEST_LEARNT || length == 0) return 0;
  if (slot != (hash & dictionaryMask) || isTaken(slot - 1) || isTaken(slot + 1)) return 0;
  store<u32>(work, count + 1, SIEVE_LEARNT_COUNT);
  const text = <usize>load<u32>(work, SIEVE_LEARNT) + <usize>count * LEARNT_BYTES;
  memory.copy(text, start, length);
  writeEntry(dictionary + <usize>slot * ENTRY_BYTES, 0, text, length, bytes);
  return 0;
}

function isTaken(slot: u32): bool {
  return load<u32>(dictionary + <usize>(slot & dictionaryMask) * ENTRY_BYTES, ENTRY_TEXT) != 0;
}

/** `begin_time` in any letter case, with or without an underscore in front: the time of the event, whatever other fields say. */
function isBeginTime(start: usize, length: usize): bool {
  if (length != 10 && length != 11) return false;
  const from = start + length - 10;
  // "begin_ti" and "me" with the bit of lower case set everywhere.
  return (load<u64>(from) | 0x2020202020202020) == 0x69747f6e69676562 && (load<u16>(from, 8) | 0x2020) == 0x656d;
}
