/**
 * Second look: the record's keys and scalar values, by the positions of its quotes. Strict: whatever is not plain JSON with an object
 * around it is refused, and the record goes to the exact path.
 */
import {
  ENTRY_BYTES,
  KEY_EVENT_ID,
  KIND_BOOLEAN,
  KIND_EMPTY,
  KIND_INTEGER,
  KIND_NULL,
  KIND_NUMBER,
  KIND_TEXT,
  KIND_WILD,
  MAX_VALUES,
  ROUTE_KEYS,
  ROUTE_VALUE_KEYS,
  SIEVE_DICTIONARY,
  SIEVE_DICTIONARY_MASK,
  SIEVE_KEYS,
  SIEVE_MAX_DEPTH,
  SIEVE_PRESENCE,
  SIEVE_QUOTES,
  SIEVE_ROUTE_MASK,
  SIEVE_ROUTE_VALUES,
  SIEVE_STAMP,
  SIEVE_VALUES,
} from './sieve-layout';
import { recordEnd } from './sieve-structure';
import { hashOf, isInteger, sameBytes, skipDigits } from './sieve-text';

/** In place of a key: refused. */
const REFUSED: u32 = 0xffffffff;
const LONGEST_KEY: usize = 256;
/** Longer ones may be too great for a double. */
const LONGEST_NUMBER: usize = 200;

let work: usize = 0;
let dictionary: usize = 0;
let dictionaryMask: u32 = 0;
let keyStamps: usize = 0;
let stamp: u32 = 0;
let maxDepth: u32 = 0;
let at: usize = 0;
let quote: usize = 0;
let out: usize = 0;
let lastOut: usize = 0;
let routeMask: u32 = 0;
let presenceLow: u32 = 0;

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
  quote = <usize>load<u32>(area, SIEVE_QUOTES);
  out = <usize>load<u32>(area, SIEVE_VALUES);
  lastOut = out + <usize>(MAX_VALUES - 1) * 16;
  routeMask = 0;
  presenceLow = 0;
  if (start >= recordEnd || load<u8>(start) != 0x7b) return false;
  at = start + 1;
  if (!walkObject(true, 0)) return false;
  skipBlanks();
  if (at != recordEnd) return false;
  store<u32>(area, routeMask, SIEVE_ROUTE_MASK);
  store<u32>(area, presenceLow, SIEVE_PRESENCE);
  valuesEnd = out;
  return true;
}

// @ts-ignore: decorator
@inline
function skipBlanks(): void {
  while (load<u8>(at) == 0x20) at++;
}

/** From behind the opening brace to behind the closing one. */
function walkObject(isRoot: bool, depth: u32): bool {
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
    const key = isRoot ? keyOf(at + 1, close - at - 1) : 0;
    if (key == REFUSED) return false;
    at = close + 1;
    skipBlanks();
    if (load<u8>(at) != 0x3a) return false;
    at++;
    skipBlanks();
    if (!walkValue(key, depth)) return false;
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
    return emit(key, at, at, KIND_WILD) && walkObject(false, depth + 1);
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

function emit(key: u32, start: usize, end: usize, kind: u32): bool {
  if (out >= lastOut) return false;
  store<u32>(out, key);
  store<u32>(out, <u32>start, 4);
  store<u32>(out, <u32>end, 8);
  store<u32>(out, kind, 12);
  out += 16;
  return key == 0 || key >= ROUTE_KEYS || noteRoute(key, start, end, kind);
}

function noteRoute(key: u32, start: usize, end: usize, kind: u32): bool {
  if (key >= ROUTE_VALUE_KEYS) {
    presenceLow |= <u32>1 << (key - ROUTE_VALUE_KEYS);
    return true;
  }
  // Only plain values tell a record's kind, and one of each name.
  if ((kind != KIND_TEXT && kind != KIND_INTEGER) || ((routeMask >>> key) & 1) != 0) return false;
  // One spelling of each event id: it decides which other keys count.
  if (key == KEY_EVENT_ID && hasEscape(start, end - start)) return false;
  routeMask |= <u32>1 << key;
  const entry = <usize>load<u32>(work, SIEVE_ROUTE_VALUES) + <usize>key * 12;
  store<u32>(entry, <u32>start);
  store<u32>(entry, <u32>end, 4);
  store<u32>(entry, kind, 8);
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

/** Number of a known key, 0 for others; refused when it is spelled with escapes or occurs twice. */
function keyOf(start: usize, length: usize): u32 {
  if (hasEscape(start, length)) return REFUSED;
  if (length > LONGEST_KEY) return 0;
  const hash = hashOf(start, length);
  let slot = hash & dictionaryMask;
  while (true) {
    const entry = dictionary + <usize>slot * ENTRY_BYTES;
    const key = load<u32>(entry, 4);
    if (key == 0) return isBeginTime(start, length) ? REFUSED : 0;
    if (load<u32>(entry) == hash && <usize>load<u32>(entry, 12) == length && sameBytes(<usize>load<u32>(entry, 8), start, length)) {
      const seen = keyStamps + (<usize>key << 2);
      if (load<u32>(seen) == stamp) return REFUSED;
      store<u32>(seen, stamp);
      return key;
    }
    slot = (slot + 1) & dictionaryMask;
  }
}

/** `begin_time` in any letter case, with or without an underscore in front: the time of the event, whatever other fields say. */
function isBeginTime(start: usize, length: usize): bool {
  if (length != 10 && length != 11) return false;
  const from = start + length - 10;
  // "begin_ti" and "me" with the bit of lower case set everywhere.
  return (load<u64>(from) | 0x2020202020202020) == 0x69747f6e69676562 && (load<u16>(from, 8) | 0x2020) == 0x656d;
}
