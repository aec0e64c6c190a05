/**
 * Event sieve (docs/design/event-sieve.md): JSON records in, and for each the rules that may hold for it. The record's kind is told
 * from a few of its values; the kind's rules are looked for in the fields they name; what is not plain JSON of a known kind is
 * left to the exact path. Reads up to 80 bytes behind a record, which must be memory; their values do not matter.
 */
import { missingAutomaton } from './sieve-formula';
import { evaluateQueue, matchGroup } from './sieve-group';
import {
  CERTAIN,
  EVERY_RULE,
  FACT_BYTES,
  FIELD_BYTES,
  GROUP_EXACT,
  GROUP_FEEDS,
  GROUP_MATCHED,
  GROUP_NONE,
  HAS_FACT,
  HEADER_BYTES,
  MAX_FIELDS,
  NODE_GROUP,
  NODE_RECORDS,
  OPEN_TO_PARENT,
  ORDER_FEEDS,
  ORDER_LISTED,
  ORDER_LISTED_COUNT,
  ORDER_PROGRAM,
  PLAIN_START,
  SIEVE_BLANKS,
  SIEVE_EXACT,
  SIEVE_FORCED,
  SIEVE_FULL,
  SIEVE_LISTED,
  SIEVE_MISSING,
  SIEVE_OUT,
  SIEVE_OUT_CAPACITY,
  SIEVE_OUT_COUNT,
  SIEVE_POSITION,
  SIEVE_RECORD,
  SIEVE_STAMP,
  SIEVE_VALUES,
} from './sieve-layout';
import { programFor, wordOf, writeFact } from './sieve-facts';
import { findRoute } from './sieve-route';
import { isTerminated, isUnusual, nextRecord, readStructure, recordEnd } from './sieve-structure';
import { order, valuesEnd, walkRecord } from './sieve-walk';

export { escapeText } from './sieve-escape';
export { addLayout } from './sieve-facts';
export { noteText } from './sieve-known';
export { addKey } from './sieve-keys';
export { addLiterals } from './sieve-match';
export { addEdge } from './sieve-route';

const DONE: u32 = 1;
/** The list of candidates is full: take them and call again. */
const FULL: u32 = 0;
/** The next record is of a kind that is not known yet: add its route, or force it, and call again. */
const UNKNOWN: u32 = 2;
/** A formula of the next record asks for an automaton: make it, write its address, and call again. */
const MISSING: u32 = 3;

/** The lines of `[position, end)`; an unterminated last line is a record when `isFinal`. */
export function sieveLines(work: usize, end: usize, isFinal: u32): u32 {
  let at = <usize>load<u32>(work, SIEVE_POSITION);
  while (at < end) {
    readStructure(work, at, end, true);
    if (!isTerminated && isFinal == 0) return DONE;
    const status = sieveRecord(work, at);
    if (status != DONE) return status;
    at = nextRecord;
    store<u32>(work, <u32>at, SIEVE_POSITION);
  }
  return DONE;
}

/** `count` records given by start and end, u32 each, from the work area's record number on. */
export function sieveRanges(work: usize, ranges: usize, count: u32): u32 {
  let record = load<u32>(work, SIEVE_RECORD);
  while (record < count) {
    const range = ranges + (<usize>record << 3);
    const start = <usize>load<u32>(range);
    readStructure(work, start, <usize>load<u32>(range, 4), false);
    const status = sieveRecord(work, start);
    if (status != DONE) return status;
    record++;
  }
  return DONE;
}

/** The record that was read last. */
function sieveRecord(work: usize, start: usize): u32 {
  if (load<u32>(work, SIEVE_OUT_COUNT) > load<u32>(work, SIEVE_OUT_CAPACITY)) return FULL;
  store<u32>(work, load<u32>(work, SIEVE_STAMP) + 1, SIEVE_STAMP);
  const record = load<u32>(work, SIEVE_RECORD);
  if (isBlank(start)) {
    store<u32>(work, load<u32>(work, SIEVE_BLANKS) + 1, SIEVE_BLANKS);
    store<u32>(work, record + 1, SIEVE_RECORD);
    return DONE;
  }
  if (load<u32>(work, SIEVE_FORCED) != 0) store<u32>(work, 0, SIEVE_FORCED);
  else if (!isUnusual && walkRecord(work, start)) {
    const route = findRoute(work);
    if (route == 0 && load<u32>(work, SIEVE_FULL) == 0) return UNKNOWN;
    let group = GROUP_EXACT;
    if (route != 0) {
      store<u32>(route, load<u32>(route, NODE_RECORDS) + 1, NODE_RECORDS);
      group = load<u32>(route, NODE_GROUP);
    }
    if (group == GROUP_NONE) {
      store<u32>(work, record + 1, SIEVE_RECORD);
      return DONE;
    }
    if (group != GROUP_EXACT && matchGroup(work, <usize>group, start)) {
      const out = <usize>load<u32>(work, SIEVE_OUT) + (<usize>load<u32>(work, SIEVE_OUT_COUNT) << 2);
      const rules = evaluateQueue(work, <usize>group, out + HEADER_BYTES);
      if (missingAutomaton != 0) {
        store<u32>(work, <u32>missingAutomaton, SIEVE_MISSING);
        store<u32>(route, load<u32>(route, NODE_RECORDS) - 1, NODE_RECORDS);
        return MISSING;
      }
      const feeds = <usize>load<u32>(<usize>group, GROUP_FEEDS);
      if (feeds != 0 && areOpenToParent(rules, out + HEADER_BYTES)) addFed(work, feeds, start, record, rules, out + HEADER_BYTES);
      else if (rules != 0) addMatched(work, <usize>load<u32>(<usize>group, GROUP_MATCHED), start, record, rules, out + HEADER_BYTES);
      store<u32>(work, record + 1, SIEVE_RECORD);
      return DONE;
    }
  }
  store<u32>(work, load<u32>(work, SIEVE_EXACT) + 1, SIEVE_EXACT);
  addCandidate(work, start, record, EVERY_RULE, 0, 0, 0);
  store<u32>(work, record + 1, SIEVE_RECORD);
  return DONE;
}

/** A record that is for rules; its values are listed where all hold for certain and somebody wants no more of it. */
function addMatched(work: usize, wanted: usize, start: usize, record: u32, rules: u32, list: usize): void {
  const end = list + (<usize>rules << 2);
  let fields: u32 = 0;
  if (wanted != 0) {
    let certain = CERTAIN;
    for (let rule = list; rule < end; rule += 4) certain &= load<u32>(rule);
    if (certain == CERTAIN) {
      const listed = <usize>load<u32>(work, SIEVE_LISTED);
      fields = listAddresses(work, wanted, listed);
      if (fields == MAX_FIELDS) fields = 0;
      writeFields(listed, fields, wanted, end);
    }
  }
  addCandidate(work, start, record, rules, rules, fields, 0);
}

/** Whether nothing but the parent of the record's process decides whether one of the rules holds. */
function areOpenToParent(rules: u32, list: usize): bool {
  const end = list + (<usize>rules << 2);
  let open = OPEN_TO_PARENT;
  for (let rule = list; rule < end; rule += 4) open &= load<u32>(rule);
  return open != 0;
}

/**
 * A record that tells of a process and is for no rule, or for such as only its parent decides: the fact behind these, or the values that
 * are listed of it.
 */
function addFed(work: usize, feeds: usize, start: usize, record: u32, rules: u32, list: usize): void {
  const to = list + (<usize>rules << 2);
  const isKnown = order != 0 && load<u32>(order, ORDER_FEEDS) == <u32>feeds;
  const listed = order == 0 ? <usize>load<u32>(work, SIEVE_LISTED) : order + ORDER_LISTED;
  const count = isKnown ? load<u32>(order, ORDER_LISTED_COUNT) : listAddresses(work, feeds, listed);
  let program = isKnown ? <usize>load<u32>(order, ORDER_PROGRAM) : 0;
  if (program == 0) {
    program = programFor(work, feeds, listed, count);
    if (order != 0) {
      store<u32>(order, <u32>feeds, ORDER_FEEDS);
      store<u32>(order, count, ORDER_LISTED_COUNT);
      store<u32>(order, <u32>program, ORDER_PROGRAM);
    }
  }
  if (program != 0 && writeFact(work, listed, program, to)) {
    addCandidate(work, start, record, rules, rules, 0, HAS_FACT);
    return;
  }
  writeFields(listed, count, feeds, to);
  addCandidate(work, start, record, rules, rules, count, 0);
}

/** Of each listed value its slot and kind, start, end. */
function writeFields(listed: usize, count: u32, slots: usize, to: usize): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const value = <usize>load<u32>(listed + (i << 2));
    const field = to + i * FIELD_BYTES;
    store<u32>(field, wordOf(slots, value));
    store<u32>(field, load<u32>(value, 4), 4);
    store<u32>(field, load<u32>(value, 8), 8);
  }
}

/** Lists the addresses of the values of the keys that somebody wants. */
function listAddresses(work: usize, slots: usize, to: usize): u32 {
  let count: u32 = 0;
  const end = valuesEnd;
  for (let value = <usize>load<u32>(work, SIEVE_VALUES); value < end && count < MAX_FIELDS; value += 16) {
    if (load<u8>(slots + <usize>load<u32>(value)) == 0) continue;
    store<u32>(to + (<usize>count << 2), <u32>value);
    count++;
  }
  return count;
}

/** Rules, the fact or fields stand in the list already. */
function addCandidate(work: usize, start: usize, record: u32, count: u32, rules: u32, fields: u32, facts: u32): void {
  const used = load<u32>(work, SIEVE_OUT_COUNT);
  const out = <usize>load<u32>(work, SIEVE_OUT) + (<usize>used << 2);
  store<u32>(out, <u32>start);
  store<u32>(out, <u32>recordEnd, 4);
  store<u32>(out, record, 8);
  store<u32>(out, count, 12);
  store<u32>(out, fields, 16);
  // Two bytes: a quote, and the first character of the key.
  const first = <u32>load<u16>(start, 1) | 0x2000;
  const isPlain = (first & 0xff) == 0x22 && first >>> 8 != 0x72;
  store<u32>(out, facts | (isPlain ? PLAIN_START : 0), 20);
  store<u32>(work, used + <u32>(HEADER_BYTES >>> 2) + rules + <u32>(FACT_BYTES >>> 2) * facts + <u32>(FIELD_BYTES >>> 2) * fields, SIEVE_OUT_COUNT);
}

function isBlank(start: usize): bool {
  let at = start;
  while (at < recordEnd && load<u8>(at) <= 0x20) at++;
  return at >= recordEnd;
}
