/**
 * Second look: the record's keys (`sieve-key-lookup.ts`) and scalar values, by the positions of its quotes. Which key it is decides no
 * branch: keys come in any order, and a branch mistaken costs as much as a key. Objects are followed along the paths of the names that
 * rules use; what nobody asks for is only passed over. Strict: whatever is not plain JSON with an object around it is refused, and the
 * record goes to the exact path.
 */
import {
  INFO_ANY,
  INFO_BYTES,
  ITEM_BYTES,
  ITEM_KIND,
  ITEM_SIZE,
  KEY_ANY,
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
  MAX_ORDER_KEYS,
  MAX_VALUES,
  ORDER_ITEMS,
  ORDER_KEYS,
  ORDER_QUOTES,
  SIEVE_FORESEEN,
  SIEVE_FORESEEN_KEYS,
  SIEVE_MAX_DEPTH,
  SIEVE_QUOTES,
  SIEVE_ROOT_KEYS,
  SIEVE_VALUES,
} from './sieve-layout';
import {
  beginKeys,
  endKeys,
  flagsOf,
  info,
  isEntry,
  isRepeated,
  keyBelow,
  keyOf,
  lastEntry,
  markMet,
  nextObject,
  NOBODY,
  REFUSED,
  stamp,
  work,
} from './sieve-key-lookup';
import { beginForeseen, foreseenEnd, learnItem, quotesLeft, valuesLeft, walkForeseen } from './sieve-foreseen';
import { forgetLists, itemsEnd, KIND_IRREGULAR, orderFor } from './sieve-order';
import { quotesEnd, recordEnd } from './sieve-structure';
import { beginTells, tell } from './sieve-tells';
import { digitsAt, isInteger, LONGEST_INTEGER, skipDigits } from './sieve-text';

/** Longer ones may be too great for a double. */
const LONGEST_NUMBER: usize = 200;

/** Arrays around the value at hand: inside of them nothing tells a record's kind. */
let arrays: u32 = 0;
let maxDepth: u32 = 0;
let at: usize = 0;
let quote: usize = 0;
let out: usize = 0;
let lastOut: usize = 0;

/** Behind the last value. */
export let valuesEnd: usize = 0;
/** The order of the record's keys (`sieve-order.ts`) where each has one value of its own; else 0. */
export let order: usize = 0;

/** Walks the record; false when it is refused. */
export function walkRecord(area: usize, start: usize): bool {
  maxDepth = load<u32>(area, SIEVE_MAX_DEPTH);
  beginTells(area);
  beginForeseen(area);
  arrays = 0;
  beginKeys(area);
  if (start >= recordEnd || load<u8>(start) != 0x7b) return false;
  const isWhole = walkRoot(start + 1);
  endKeys(area);
  if (!isWhole) return false;
  // What lies behind the record is not its own, blanks neither.
  while (at < recordEnd && load<u8>(at) == 0x20) at++;
  if (at != recordEnd || isRepeated()) return false;
  valuesEnd = out;
  return true;
}

/** The outermost object, from behind its brace: in local variables, as globals are memory and each step waits for the one before. */
function walkRoot(start: usize): bool {
  let here = start;
  let next = <usize>load<u32>(work, SIEVE_QUOTES);
  let to = <usize>load<u32>(work, SIEVE_VALUES);
  const last = to + <usize>(MAX_VALUES - 1) * 16;
  const lastForeseen = last - MAX_ORDER_KEYS * 16;
  const end = recordEnd;
  let keys: u32 = 0;
  const quoteBytes = quotesEnd - next;
  const guessed = orderFor(work, quoteBytes);
  const first = guessed + ORDER_ITEMS;
  const lastItem = itemsEnd(guessed);
  let item = first;
  /** Behind the keys that may come as they did; 0: another one has come. */
  let foreseen: usize = <usize>load<u32>(guessed, ORDER_QUOTES) == quoteBytes ? first + <usize>load<u32>(guessed, ORDER_KEYS) * ITEM_BYTES : 0;
  if (foreseen == 0) store<u32>(guessed, 0, ORDER_QUOTES);
  let isOrder = true;
  let isRegular = true;
  order = 0;
  lastOut = last;
  while (load<u8>(here) == 0x20) here++;
  let isOpen = load<u8>(here) != 0x7d;
  if (!isOpen) here++;
  while (isOpen) {
    if (<usize>load<u32>(next) != here) return false;
    const isForeseen = item < foreseen && to < lastForeseen && load<u32>(item, ITEM_SIZE) != 0;
    const reached = isForeseen ? walkForeseen(item, foreseen, here, end, next, to) : item;
    if (reached != item) {
      const passed = <u32>((reached - item) / ITEM_BYTES);
      store<u32>(work, load<u32>(work, SIEVE_FORESEEN_KEYS) + passed, SIEVE_FORESEEN_KEYS);
      keys += passed;
      item = reached;
      here = foreseenEnd;
      next = quotesLeft;
      to = valuesLeft;
    } else {
      const start = here;
      const close = <usize>load<u32>(next, 4);
      if (close >= end) return false;
      let key: u32;
      if (item < foreseen && isEntry(<usize>load<u32>(item), here + 1, close - here - 1)) key = load<u32>(<usize>load<u32>(item));
      else {
        if (foreseen != 0) {
          foreseen = 0;
          store<u32>(guessed, 0, ORDER_QUOTES);
          markMet(first, item, ITEM_BYTES);
        }
        key = keyOf(here + 1, close - here - 1);
        if (key == REFUSED) return false;
        if (lastEntry == 0 || item >= lastItem) isOrder = false;
        else {
          store<u32>(item, <u32>lastEntry);
          store<u32>(item, 0, ITEM_SIZE);
        }
      }
      keys++;
      next += 8;
      here = close + 1;
      while (load<u8>(here) == 0x20) here++;
      if (load<u8>(here) != 0x3a) return false;
      here++;
      while (load<u8>(here) == 0x20) here++;
      let kind = KIND_TEXT;
      /** Where a text or an integer begins; 0: it is another value. */
      let from: usize = 0;
      if (load<u8>(here) == 0x22) {
        if (<usize>load<u32>(next) != here || to >= last) return false;
        const textEnd = <usize>load<u32>(next, 4);
        if (textEnd >= end) return false;
        next += 8;
        from = here + 1;
        noteValue(to, key, key, from, textEnd, KIND_TEXT);
        to += 16;
        here = textEnd + 1;
      } else {
        const value = here;
        at = here;
        quote = next;
        out = to;
        if (!walkValue(key, NOBODY, 0)) return false;
        kind = out - to == 16 ? load<u32>(to, 12) : KIND_IRREGULAR;
        if (kind == KIND_INTEGER && <usize>load<u32>(to, 4) == value) from = value;
        here = at;
        next = quote;
        to = out;
      }
      if (kind == KIND_IRREGULAR) isRegular = false;
      if (item < lastItem) {
        if (load<u32>(item, ITEM_KIND) != kind) {
          store<u32>(item, kind, ITEM_KIND);
          store<u32>(item, 0, ITEM_SIZE);
          forgetLists(guessed);
        }
        // Blanks around the colon are not foreseen.
        if (item < foreseen && from == close + (kind == KIND_TEXT ? 3 : 2) && load<u32>(item, ITEM_SIZE) == 0) learnItem(item, key, kind, start, from);
        item += ITEM_BYTES;
      }
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
  if (!isOrder || isRepeated()) return true;
  if (foreseen != 0) store<u32>(work, load<u32>(work, SIEVE_FORESEEN) + 1, SIEVE_FORESEEN);
  if (foreseen == 0 || keys != load<u32>(guessed, ORDER_KEYS)) {
    forgetLists(guessed);
    store<u32>(guessed, <u32>quoteBytes, ORDER_QUOTES);
    store<u32>(guessed, keys, ORDER_KEYS);
  }
  if (isRegular) order = guessed;
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
  const own = node == NOBODY ? 0 : nextObject();
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

/** The key that an object of `key` under `above` is looked into as. */
function nestedUnder(key: u32, above: u32): u32 {
  const flags = flagsOf(above);
  if ((flags & (KEY_FLAT | KEY_ANY)) == 0 || (flagsOf(key) & KEY_MAY_NEST) != 0) return key;
  return (flags & KEY_ANY) != 0 ? load<u32>(info + <usize>above * INFO_BYTES, INFO_ANY) : REFUSED;
}

function walkScalar(key: u32): bool {
  const start = at;
  // Most are integers: a byte is looked at once.
  if (load<u8>(at) == 0x2d) at++;
  if (<u32>load<u8>(at) - 0x31 < 9) {
    const digits = at;
    let count: usize;
    do {
      count = digitsAt(at);
      at += count;
    } while (count == 16);
    const c: u32 = load<u8>(at);
    const isEnd = (c == 0x2c || c == 0x7d || c == 0x5d || c == 0x20) && at < recordEnd;
    if (isEnd && at - digits <= LONGEST_INTEGER) return emit(key, start, at, KIND_INTEGER);
    if (isEnd && at - start < LONGEST_NUMBER) return emit(key, start, at, KIND_NUMBER);
  }
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

function emit(key: u32, start: usize, end: usize, kind: u32): bool {
  if (out >= lastOut) return false;
  noteValue(out, key, arrays == 0 ? key : NOBODY, start, end, kind);
  out += 16;
  return true;
}
