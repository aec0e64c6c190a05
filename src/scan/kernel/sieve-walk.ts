/**
 * Second look: the record's keys and scalar values, by the positions of its quotes. Which key it is decides no branch: keys come in any
 * order, and a branch mistaken costs as much as a key. Objects are followed along the paths of the names that rules use; what
 * nobody asks for is only passed over. Strict: whatever is not plain JSON with an object around it is refused, and the record
 * goes to the exact path.
 */
import {
  ENTRY_BYTES,
  ENTRY_LENGTH,
  ENTRY_START,
  ENTRY_TEXT,
  INFO_ANY,
  INFO_BYTES,
  INFO_FLAGS,
  INFO_TELL,
  KEY_ANY,
  KEY_BLANKLESS,
  KEY_CLOSED,
  KEY_FLAT,
  KEY_MAY_NEST,
  KEY_PARENT,
  KEY_SINGLE,
  KIND_ARRAY,
  KIND_BOOLEAN,
  KIND_EMPTY,
  KIND_INTEGER,
  KIND_NULL,
  KIND_NUMBER,
  KIND_TEXT,
  KIND_WILD,
  LEARNT_BYTES,
  LONGEST_KEY,
  MAX_LEARNT,
  MAX_VALUES,
  SIEVE_DICTIONARY,
  SIEVE_DICTIONARY_MASK,
  SIEVE_INFO,
  SIEVE_KEYS,
  SIEVE_KEYS_BYTES,
  SIEVE_LEARNT,
  SIEVE_LEARNT_COUNT,
  SIEVE_MASKS,
  SIEVE_MAX_DEPTH,
  SIEVE_QUOTES,
  SIEVE_ROOT_KEYS,
  SIEVE_SERIAL,
  SIEVE_STAMP,
  SIEVE_TELLS,
  SIEVE_TEXT,
  SIEVE_VALUES,
} from './sieve-layout';
import { recordEnd } from './sieve-structure';
import { keyHash, writeEntry } from './sieve-keys';
import { isInteger, sameBytes, skipDigits } from './sieve-text';

/** In place of a key: nobody asks for it. */
const NOBODY: u32 = 0;
/** In place of a key: refused. */
const REFUSED: u32 = 0xffffffff;
/** Nested objects are numbered, to see keys that stand twice in one; the stamps are begun anew before the numbers run out. */
const LAST_SERIAL: u32 = 0xff000000;
/** Longer unknown keys are not learnt. */
const LONGEST_LEARNT: usize = 64;
/** Longer ones may be too great for a double. */
const LONGEST_NUMBER: usize = 200;

let work: usize = 0;
let dictionary: usize = 0;
let dictionaryMask: u32 = 0;
let keyStamps: usize = 0;
let masks: usize = 0;
let tells: usize = 0;
let info: usize = 0;
let scratch: usize = 0;
let serial: u32 = 0;
/** Arrays around the value at hand: inside of them nothing tells a record's kind. */
let arrays: u32 = 0;
let stamp: u32 = 0;
let maxDepth: u32 = 0;
let at: usize = 0;
let quote: usize = 0;
let out: usize = 0;
let lastOut: usize = 0;
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
  tells = <usize>load<u32>(area, SIEVE_TELLS);
  info = <usize>load<u32>(area, SIEVE_INFO);
  scratch = <usize>load<u32>(area, SIEVE_TEXT);
  serial = load<u32>(area, SIEVE_SERIAL);
  arrays = 0;
  refused = 0;
  if (serial > LAST_SERIAL) {
    memory.fill(keyStamps, 0, <usize>load<u32>(area, SIEVE_KEYS_BYTES));
    serial = 0;
  }
  if (start >= recordEnd || load<u8>(start) != 0x7b) return false;
  const isWhole = walkRoot(start + 1);
  store<u32>(area, serial, SIEVE_SERIAL);
  if (!isWhole) return false;
  // What lies behind the record is not its own, blanks neither.
  while (at < recordEnd && load<u8>(at) == 0x20) at++;
  if (at != recordEnd || refused != 0) return false;
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
  let keys: u32 = 0;
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
    keys++;
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
      noteValue(to, key, key, here + 1, textEnd, KIND_TEXT);
      to += 16;
      here = textEnd + 1;
    } else {
      at = here;
      quote = next;
      out = to;
      if (!walkValue(key, NOBODY, 0)) return false;
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
  store<u32>(work, keys, SIEVE_ROOT_KEYS);
  return true;
}

// @ts-ignore: decorator
@inline
function skipBlanks(): void {
  while (load<u8>(at) == 0x20) at++;
}

/** An object inside of the record, from behind its opening brace to behind the closing one; `node` is the key it stands under. */
function walkObject(node: u32, depth: u32): bool {
  skipBlanks();
  if (load<u8>(at) == 0x7d) {
    at++;
    return true;
  }
  const own = node == NOBODY ? 0 : ++serial;
  while (true) {
    if (<usize>load<u32>(quote) != at) return false;
    const close = <usize>load<u32>(quote, 4);
    if (close >= recordEnd) return false;
    quote += 8;
    const key = node == NOBODY ? NOBODY : keyBelow(node, own, at + 1, close - at - 1);
    if (key == REFUSED) return false;
    at = close + 1;
    skipBlanks();
    if (load<u8>(at) != 0x3a) return false;
    at++;
    skipBlanks();
    if (!walkValue(key, node, depth)) return false;
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
    if (!walkValue(key, NOBODY, depth)) return false;
    skipBlanks();
    const next = load<u8>(at++);
    if (next == 0x5d) return true;
    if (next != 0x2c) return false;
    skipBlanks();
  }
}

/** The value of `key` in an object that stands under the key `above`; in an array, or in the record itself, under nobody. */
function walkValue(key: u32, above: u32, depth: u32): bool {
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
    const start = at++;
    if (first == 0x7b) {
      const below = above == NOBODY ? key : nestedUnder(key, above);
      if (below == REFUSED) return false;
      if (key != NOBODY && !emit(key, at, at, KIND_WILD)) return false;
      return walkObject((flagsOf(below) & KEY_PARENT) != 0 ? below : NOBODY, depth + 1);
    }
    if ((flagsOf(key) & KEY_SINGLE) != 0) return false;
    arrays++;
    if (!walkArray(key, depth + 1)) return false;
    arrays--;
    if (arrays == 0) tell(key, start, at, KIND_ARRAY);
    return true;
  }
  return walkScalar(key);
}

// @ts-ignore: decorator
@inline
function flagsOf(key: u32): u32 {
  return load<u32>(info + <usize>key * INFO_BYTES, INFO_FLAGS);
}

/** The key that an object of `key` under `above` is looked into as. */
function nestedUnder(key: u32, above: u32): u32 {
  const flags = flagsOf(above);
  if ((flags & (KEY_FLAT | KEY_ANY)) == 0 || (flagsOf(key) & KEY_MAY_NEST) != 0) return key;
  return (flags & KEY_ANY) != 0 ? load<u32>(info + <usize>above * INFO_BYTES, INFO_ANY) : REFUSED;
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

/** Notes the value, and under `telling` what it tells of the record's kind. */
// @ts-ignore: decorator
@inline
function noteValue(to: usize, key: u32, telling: u32, start: usize, end: usize, kind: u32): void {
  store<u32>(to, key);
  store<u32>(to, <u32>start, 4);
  store<u32>(to, <u32>end, 8);
  store<u32>(to, kind, 12);
  tell(telling, start, end, kind);
}

/** The place of keys that tell nothing takes the values of all of them. */
// @ts-ignore: decorator
@inline
function tell(key: u32, start: usize, end: usize, kind: u32): void {
  const place = tells + (<usize>load<u32>(info + <usize>key * INFO_BYTES, INFO_TELL) << 4);
  store<u32>(place, stamp);
  store<u32>(place, <u32>start, 4);
  store<u32>(place, <u32>end, 8);
  store<u32>(place, kind, 12);
}

function emit(key: u32, start: usize, end: usize, kind: u32): bool {
  if (out >= lastOut) return false;
  noteValue(out, key, arrays == 0 ? key : NOBODY, start, end, kind);
  out += 16;
  return true;
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

/** Number of a known key of the record itself, NOBODY for others; refused when it is spelled with escapes, and in the end when it occurs twice. */
function keyOf(start: usize, length: usize): u32 {
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
function keyBelow(node: u32, own: u32, from: usize, size: usize): u32 {
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
