/**
 * Literals of rules in the values of one record. Each field that rules of the record's kind test has a matcher: hash tables for whole
 * values, for starts and for ends, and for what may stand anywhere a bit table of four-byte grams; few and short ones apart.
 */
import {
  GROUP_COUNTS,
  GROUP_HITS,
  GROUP_RECORDS,
  GROUP_TRIGGERS,
  GROUP_TRIGGER_STARTS,
  KIND_EMPTY,
  KIND_NULL,
  KIND_NUMBER,
  KIND_TEXT,
  LIST_PIECE,
  LITERAL_ATOM,
  LITERAL_LENGTH,
  LITERAL_NEXT,
  LITERAL_OFFSET,
  LITERAL_RELATION,
  LITERAL_TEXT,
  MATCHER_BITS,
  MATCHER_ENDS,
  MATCHER_ENDS_MASK,
  MATCHER_ENDS_SIZES,
  MATCHER_EQUALS,
  MATCHER_EQUALS_MASK,
  MATCHER_FEW,
  MATCHER_GRAMS,
  MATCHER_GRAMS_MASK,
  MATCHER_LONGEST,
  MATCHER_NUMERIC,
  MATCHER_NUMERIC_COUNT,
  MATCHER_REMEMBERS,
  MATCHER_SHIFT,
  MATCHER_SLOTS,
  MATCHER_SLOT_COUNT,
  MATCHER_STARTS,
  MATCHER_STARTS_MASK,
  MATCHER_STARTS_SIZES,
  MATCHER_STEP,
  MATCHER_STRANGE,
  RELATION_ENDS,
  RELATION_EQUALS,
  RELATION_FREE,
  RELATION_STARTS,
  REPEAT_ATOMS,
  REPEAT_ATOM_COUNT,
  SIEVE_ATOMS,
  SIEVE_HITS,
  SIEVE_LIST,
  SIEVE_LITERAL_BYTES,
  SIEVE_QUEUE,
  SIEVE_RULES,
  SIEVE_SLOTS,
  SIEVE_STAMP,
  SIEVE_TEXT,
  SLOT_BYTES,
} from './sieve-layout';
import { findFew } from './sieve-few';
import { SLOT_NULL } from './sieve-formula';
import { dropRecord, endRecord, findRepeat, isRepeatable, recordAtom } from './sieve-repeats';
import { edgeKey, foldText, hashOf, isInteger, isNumeric, isStrange, sameBytes } from './sieve-text';

const GRAM_MUL: u32 = 0x9e3779b1;
const SLOT_MUL: u32 = 0x85ebca6b;
/** Sizes of starts and ends that are looked up: bits of the sizes mask. */
const SIZES: u32 = 0x1011e;
/** Two values or an unknown number of them: nothing about the slot is certain. */
const SLOT_MANY: u32 = 2;

let area: usize = 0;
let stamp: u32 = 0;
let atoms: usize = 0;
let slots: usize = 0;
let rules: usize = 0;
let textAt: usize = 0;
let list: usize = 0;
let triggerStarts: usize = 0;
let triggers: usize = 0;
let hits: usize = 0;
/** Behind the last rule to be evaluated. */
export let queueEnd: usize = 0;

export function beginMatch(work: usize, group: usize): void {
  area = work;
  stamp = load<u32>(work, SIEVE_STAMP);
  atoms = <usize>load<u32>(work, SIEVE_ATOMS);
  slots = <usize>load<u32>(work, SIEVE_SLOTS);
  rules = <usize>load<u32>(work, SIEVE_RULES);
  textAt = <usize>load<u32>(work, SIEVE_TEXT);
  list = <usize>load<u32>(work, SIEVE_LIST);
  queueEnd = <usize>load<u32>(work, SIEVE_QUEUE);
  triggerStarts = <usize>load<u32>(group, GROUP_TRIGGER_STARTS);
  triggers = <usize>load<u32>(group, GROUP_TRIGGERS);
  if (load<u32>(group, GROUP_COUNTS) == 0) hits = <usize>load<u32>(work, SIEVE_HITS);
  else {
    hits = <usize>load<u32>(group, GROUP_HITS);
    store<u32>(group, load<u32>(group, GROUP_RECORDS) + 1, GROUP_RECORDS);
  }
}

/** One scalar value; false when only decoding can tell. */
export function matchValue(matcher: usize, start: usize, end: usize, kind: u32): bool {
  if (kind == KIND_EMPTY) {
    noteSlots(matcher, SLOT_MANY, true, start, end, kind);
    return true;
  }
  noteSlots(matcher, 1, kind == KIND_NULL, start, end, kind);
  if (kind == KIND_NULL) return true;
  if (kind == KIND_NUMBER) {
    // Its text may be spelled otherwise than in the record.
    markNumeric(matcher, start, end, kind);
    return true;
  }
  const isRemembered = kind == KIND_TEXT && load<u32>(matcher, MATCHER_REMEMBERS) != 0 && isRepeatable(end - start);
  if (isRemembered) {
    const repeat = findRepeat(area, matcher, start, end - start);
    if (repeat != 0) {
      const atomsEnd = repeat + REPEAT_ATOMS + (<usize>load<u32>(repeat, REPEAT_ATOM_COUNT) << 2);
      for (let atom = repeat + REPEAT_ATOMS; atom < atomsEnd; atom += 4) mark(load<u32>(atom));
      return true;
    }
  }
  const length = foldText(start, end, textAt);
  if (length < 0) {
    dropRecord();
    return false;
  }
  if (
    kind == KIND_TEXT &&
    load<u32>(matcher, MATCHER_NUMERIC_COUNT) != 0 &&
    isNumeric(textAt, <usize>length) &&
    !isInteger(textAt, <usize>length)
  ) {
    dropRecord();
    markNumeric(matcher, start, end, kind);
  }
  if (isStrange && load<u32>(matcher, MATCHER_STRANGE) != 0) mark(load<u32>(matcher, MATCHER_STRANGE) - 1);
  findWhole(matcher, <usize>length);
  findEdges(<usize>load<u32>(matcher, MATCHER_STARTS), load<u32>(matcher, MATCHER_STARTS_MASK), load<u32>(matcher, MATCHER_STARTS_SIZES), <usize>length, false);
  findEdges(<usize>load<u32>(matcher, MATCHER_ENDS), load<u32>(matcher, MATCHER_ENDS_MASK), load<u32>(matcher, MATCHER_ENDS_SIZES), <usize>length, true);
  if (load<u32>(matcher, MATCHER_BITS) != 0) findFree(matcher, <usize>length);
  const few = <usize>load<u32>(matcher, MATCHER_FEW);
  if (few != 0) findFew(area, few, textAt, textAt + <usize>length);
  if (isRemembered) endRecord(matcher, start, end - start);
  return true;
}

function noteSlots(matcher: usize, count: u32, isNull: bool, start: usize, end: usize, kind: u32): void {
  const first = <usize>load<u32>(matcher, MATCHER_SLOTS);
  const total = <usize>load<u32>(matcher, MATCHER_SLOT_COUNT);
  for (let i: usize = 0; i < total; i++) {
    const state = slots + <usize>load<u32>(first + (i << 2)) * SLOT_BYTES;
    const known = load<u32>(state) == stamp ? load<u32>(state, 4) : 0;
    store<u32>(state, stamp);
    store<u32>(state, ((known & 0xffff) < 0xff00 ? known + count : known) | (isNull ? SLOT_NULL : 0), 4);
    store<u32>(state, <u32>start, 8);
    store<u32>(state, <u32>end, 12);
    store<u32>(state, kind, 16);
  }
}

function markNumeric(matcher: usize, start: usize, end: usize, kind: u32): void {
  noteSlots(matcher, SLOT_MANY, false, start, end, kind);
  const first = <usize>load<u32>(matcher, MATCHER_NUMERIC);
  const total = <usize>load<u32>(matcher, MATCHER_NUMERIC_COUNT);
  for (let i: usize = 0; i < total; i++) mark(load<u32>(first + (i << 2)));
}

/** The atom holds: rules that need it are to be evaluated. */
function mark(atom: u32): void {
  recordAtom(atom);
  const place = atoms + (<usize>atom << 2);
  if (load<u32>(place) == stamp) return;
  store<u32>(place, stamp);
  const hit = hits + (<usize>atom << 2);
  store<u32>(hit, load<u32>(hit) + 1);
  const start = triggerStarts + (<usize>atom << 2);
  const end = triggers + (<usize>load<u32>(start, 4) << 2);
  for (let trigger = triggers + (<usize>load<u32>(start) << 2); trigger < end; trigger += 4) {
    const rule = load<u32>(trigger);
    const seen = rules + (<usize>rule << 2);
    if (load<u32>(seen) == stamp) continue;
    store<u32>(seen, stamp);
    store<u32>(queueEnd, rule);
    queueEnd += 4;
  }
}

/** First literal under the key, or 0. */
// @ts-ignore: decorator
@inline
function lookUp(table: usize, mask: u32, key: u32): usize {
  let slot = ((key * SLOT_MUL) >>> 8) & mask;
  while (true) {
    const entry = table + (<usize>slot << 3);
    const literal = load<u32>(entry, 4);
    if (literal == 0) return 0;
    if (load<u32>(entry) == key) return <usize>literal;
    slot = (slot + 1) & mask;
  }
}

function findWhole(matcher: usize, length: usize): void {
  const table = <usize>load<u32>(matcher, MATCHER_EQUALS);
  if (table == 0 || length > <usize>load<u32>(matcher, MATCHER_LONGEST)) return;
  let literal = lookUp(table, load<u32>(matcher, MATCHER_EQUALS_MASK), hashOf(textAt, length));
  for (; literal != 0; literal = <usize>load<u32>(literal, LITERAL_NEXT))
    if (<usize>load<u32>(literal, LITERAL_LENGTH) == length && sameBytes(<usize>load<u32>(literal), textAt, length))
      mark(load<u32>(literal, LITERAL_ATOM));
}

function findEdges(table: usize, mask: u32, sizes: u32, length: usize, isEnd: bool): void {
  let rest = sizes;
  while (rest != 0) {
    const size = <u32>ctz(rest);
    rest &= rest - 1;
    if (<usize>size > length) return;
    const edge = isEnd ? textAt + length - <usize>size : textAt;
    let literal = lookUp(table, mask, edgeKey(edge, size));
    for (; literal != 0; literal = <usize>load<u32>(literal, LITERAL_NEXT)) {
      const own = <usize>load<u32>(literal, LITERAL_LENGTH);
      if (own > length) continue;
      if (sameBytes(<usize>load<u32>(literal), isEnd ? textAt + length - own : textAt, own))
        mark(load<u32>(literal, LITERAL_ATOM));
    }
  }
}

/** Every `step`th place: its gram is hashed into the bit table; what passes is compared with grams, then with literals. */
function findFree(matcher: usize, length: usize): void {
  const bits = <usize>load<u32>(matcher, MATCHER_BITS);
  const shift = load<u32>(matcher, MATCHER_SHIFT);
  const step = <usize>load<u32>(matcher, MATCHER_STEP);
  const grams = <usize>load<u32>(matcher, MATCHER_GRAMS);
  const mask = load<u32>(matcher, MATCHER_GRAMS_MASK);
  const end = textAt + length;
  for (let piece = textAt; piece < end; piece += LIST_PIECE) {
    const stop = min<usize>(end, piece + LIST_PIECE);
    let out = list;
    for (let at = piece; at < stop; ) {
      out = notePlace(out, bits, shift, at);
      at += step;
      out = notePlace(out, bits, shift, at);
      at += step;
      out = notePlace(out, bits, shift, at);
      at += step;
      out = notePlace(out, bits, shift, at);
      at += step;
    }
    for (let entry = list; entry < out; entry += 4) {
      const at = <usize>load<u32>(entry);
      let literal = lookUp(grams, mask, load<u32>(at));
      for (; literal != 0; literal = <usize>load<u32>(literal, LITERAL_NEXT)) checkAt(literal, at - <usize>load<u32>(literal, LITERAL_OFFSET), end);
    }
  }
}

/** Writes the place to the list, and moves on behind it only when its gram may be that of a literal: no branch to be mistaken. */
// @ts-ignore: decorator
@inline
function notePlace(out: usize, bits: usize, shift: u32, at: usize): usize {
  const bit = (load<u32>(at) * GRAM_MUL) >>> shift;
  store<u32>(out, <u32>at);
  return out + (<usize>((<u32>load<u8>(bits + <usize>(bit >>> 3)) >>> (bit & 7)) & 1) << 2);
}

// @ts-ignore: decorator
@inline
export function checkAt(literal: usize, from: usize, end: usize): void {
  const length = <usize>load<u32>(literal, LITERAL_LENGTH);
  if (from < textAt || from + length > end) return;
  if (sameBytes(<usize>load<u32>(literal), from, length)) mark(load<u32>(literal, LITERAL_ATOM));
}

/** Puts `count` literals that follow each other at `first` into the matcher's tables, which are empty and large enough. */
export function addLiterals(matcher: usize, first: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const literal = first + <usize>i * SIEVE_LITERAL_BYTES;
    const text = <usize>load<u32>(literal, LITERAL_TEXT);
    const length = load<u32>(literal, LITERAL_LENGTH);
    const relation = load<u32>(literal, LITERAL_RELATION);
    if (relation == RELATION_EQUALS) {
      insert(matcher, MATCHER_EQUALS, hashOf(text, <usize>length), literal);
      if (load<u32>(matcher, MATCHER_LONGEST) < length) store<u32>(matcher, length, MATCHER_LONGEST);
    } else if (relation == RELATION_STARTS || relation == RELATION_ENDS) {
      const size = edgeSize(length);
      const sizes = relation == RELATION_STARTS ? MATCHER_STARTS_SIZES : MATCHER_ENDS_SIZES;
      store<u32>(matcher + sizes, load<u32>(matcher + sizes) | (<u32>1 << size));
      const edge = relation == RELATION_STARTS ? text : text + <usize>(length - size);
      insert(matcher, relation == RELATION_STARTS ? MATCHER_STARTS : MATCHER_ENDS, edgeKey(edge, size), literal);
    } else if (relation == RELATION_FREE) {
      const gram = load<u32>(text + <usize>load<u32>(literal, LITERAL_OFFSET));
      const bit = (gram * GRAM_MUL) >>> load<u32>(matcher, MATCHER_SHIFT);
      setBit(<usize>load<u32>(matcher, MATCHER_BITS), bit);
      insert(matcher, MATCHER_GRAMS, gram, literal);
    }
  }
}

/** The largest size that is looked up and not longer. */
function edgeSize(length: u32): u32 {
  let size: u32 = 16;
  while (((SIZES >>> size) & 1) == 0 || size > length) size--;
  return size;
}

function insert(matcher: usize, table: usize, key: u32, literal: usize): void {
  const entries = <usize>load<u32>(matcher + table);
  const mask = load<u32>(matcher + table, 4);
  let slot = ((key * SLOT_MUL) >>> 8) & mask;
  while (true) {
    const entry = entries + (<usize>slot << 3);
    const next = load<u32>(entry, 4);
    if (next == 0 || load<u32>(entry) == key) {
      store<u32>(literal, next, LITERAL_NEXT);
      store<u32>(entry, key);
      store<u32>(entry, <u32>literal, 4);
      return;
    }
    slot = (slot + 1) & mask;
  }
}

// @ts-ignore: decorator
@inline
function setBit(table: usize, bit: u32): void {
  const place = table + <usize>(bit >>> 3);
  store<u8>(place, load<u8>(place) | (<u8>1 << <u8>(bit & 7)));
}
