/**
 * Facts of processes from the listed values of a record: its ids, its time, and for each text the number that its reader has given it
 * or is to give it.
 * The reader says once for each list of names and kinds where what stands (a program, see `src/scan/fact-reader.ts`); this follows
 * it, and gives up where anything is unusual: the reader then looks at the list itself, by the same rules.
 */
import {
  FACT_BYTES,
  FACT_ZONELESS,
  KIND_NUMBER,
  KIND_TEXT,
  LAYOUT_BYTES,
  LAYOUTS,
  MAX_OPEN,
  NO_FACT_PID,
  OPEN_BYTES,
  OPEN_TEXT,
  SIEVE_LAYOUTS,
  SIEVE_OPEN,
  SIEVE_OPEN_COUNT,
  SIEVE_ZONED,
} from './sieve-layout';
import { knownText, noteText } from './sieve-known';
import { sameBytes } from './sieve-text';

const MIX: u32 = 0x9e3779b1;
/** No escape makes a text of a condition longer than this. */
const LONGEST_CONDITION: u32 = 128;
const GIVE_UP: u32 = 2;
const NO_DAY: i32 = -0x80000000;

let work: usize = 0;
let list: usize = 0;
/** The next word of the program. */
let cursor: usize = 0;
let day: i32 = 0;
let msOfDay: u32 = 0;
let isZoneless: bool = false;
/** The last day and its ten characters. */
let knownDay: i32 = NO_DAY;
let knownYear: u64 = 0;
let knownRest: u32 = 0;

// @ts-ignore: decorator
@inline
export function layoutHash(hash: u32, word: u32): u32 {
  return (hash ^ word) * MIX;
}

// @ts-ignore: decorator
@inline
function layoutEntry(area: usize, hash: u32): usize {
  return <usize>load<u32>(area, SIEVE_LAYOUTS) + <usize>((hash >>> 16) & (LAYOUTS - 1)) * LAYOUT_BYTES;
}

/** `words` are `count` words of slot and kind; the program stands until the place is needed for another. */
export function addLayout(area: usize, words: usize, count: u32, program: usize): void {
  let hash = count;
  for (let i: usize = 0; i < <usize>count; i++) hash = layoutHash(hash, load<u32>(words + (i << 2)));
  const entry = layoutEntry(area, hash);
  store<u32>(entry, <u32>words);
  store<u32>(entry, count, 4);
  store<u32>(entry, <u32>program, 8);
}

/** Slot and kind of a listed value. */
// @ts-ignore: decorator
@inline
export function wordOf(feeds: usize, value: usize): u32 {
  return (<u32>load<u8>(feeds + <usize>load<u32>(value)) - 1) | (load<u32>(value, 12) << 8);
}

/** The program for `count` listed values, given by their addresses; 0: the reader has told of none. */
export function programFor(area: usize, feeds: usize, listed: usize, count: u32): usize {
  let hash = count;
  const end = listed + (<usize>count << 2);
  for (let at = listed; at < end; at += 4) hash = layoutHash(hash, wordOf(feeds, <usize>load<u32>(at)));
  const entry = layoutEntry(area, hash);
  let word = <usize>load<u32>(entry);
  if (word == 0 || load<u32>(entry, 4) != count) return 0;
  for (let at = listed; at < end; at += 4) {
    if (load<u32>(word) != wordOf(feeds, <usize>load<u32>(at))) return 0;
    word += 4;
  }
  return <usize>load<u32>(entry, 8);
}

/** Writes the fact of the listed values; false when it is for the reader. */
export function writeFact(area: usize, listed: usize, program: usize, out: usize): bool {
  work = area;
  list = listed;
  cursor = program;
  refused = false;
  if (!readTime()) return false;
  const hosts = cursor;
  skipPlaces();
  const kind = findShape();
  if (kind >= GIVE_UP) return false;
  const pid = readPid();
  if (pid == NO_FACT_PID) return false;
  store<u32>(out, <u32>day);
  store<u32>(out, msOfDay, 4);
  store<u32>(out, isZoneless ? kind | FACT_ZONELESS : kind, 8);
  store<u32>(out, pid, 16);
  store<u32>(out, readText(true), 20);
  store<u32>(out, readPid(), 24);
  store<u32>(out, readText(true), 28);
  memory.fill(out + 32, 0, FACT_BYTES - 32);
  for (let rest = next(); rest != 0; rest--) {
    const field = next();
    store<u32>(out + 32 + (<usize>field << 2), readText(true));
  }
  cursor = hosts;
  store<u32>(out, readText(false), 12);
  return !refused;
}

// @ts-ignore: decorator
@inline
function next(): u32 {
  const word = load<u32>(cursor);
  cursor += 4;
  return word;
}

// @ts-ignore: decorator
@inline
function skipPlaces(): void {
  cursor += (<usize>load<u32>(cursor) + 1) << 2;
}

// @ts-ignore: decorator
@inline
function valueAt(place: u32): usize {
  return <usize>load<u32>(list + (<usize>place << 2));
}

let refused: bool = false;

/** The first that says something: its number, or its place among the open ones, 0 when there is none. Dashes say nothing but as hosts. */
function readText(isDashNothing: bool): u32 {
  const end = cursor + ((<usize>load<u32>(cursor) + 1) << 2);
  for (let at = cursor + 4; at < end; at += 4) {
    const value = valueAt(load<u32>(at));
    const start = <usize>load<u32>(value, 4);
    const length = <usize>load<u32>(value, 8) - start;
    if (length == 0 || (isDashNothing && length == 1 && load<u8>(start) == 0x2d)) continue;
    cursor = end;
    const kind = load<u32>(value, 12);
    const number = kind == KIND_TEXT ? knownText(work, start, length) : 0;
    return number != 0 ? number : openText(start, length, kind);
  }
  cursor = end;
  return 0;
}

/** A text without a number: its reader gives it one before it reads the fact. Until then it stands for itself, if it is met again. */
function openText(start: usize, length: usize, kind: u32): u32 {
  const count = load<u32>(work, SIEVE_OPEN_COUNT);
  if (count == MAX_OPEN) return refuse();
  store<u32>(work, count + 1, SIEVE_OPEN_COUNT);
  const number = OPEN_TEXT | count;
  const entry = <usize>load<u32>(work, SIEVE_OPEN) + <usize>count * OPEN_BYTES;
  store<u32>(entry, <u32>start);
  store<u32>(entry, <u32>(start + length), 4);
  store<u32>(entry, kind, 8);
  store<u32>(entry, kind == KIND_TEXT ? <u32>noteText(work, start, length, number) : 0, 12);
  return number;
}

/** The first that is a number in decimal or hexadecimal digits; another that says something is refused. */
function readPid(): u32 {
  const end = cursor + ((<usize>load<u32>(cursor) + 1) << 2);
  for (let at = cursor + 4; at < end; at += 4) {
    const value = valueAt(load<u32>(at));
    const start = <usize>load<u32>(value, 4);
    const length = <u32>(load<u32>(value, 8) - <u32>start);
    if (length == 0 || (length == 1 && load<u8>(start) == 0x2d)) continue;
    cursor = end;
    return pidOf(start, length);
  }
  cursor = end;
  return NO_FACT_PID;
}

function pidOf(start: usize, length: u32): u32 {
  let pid: u32 = 0;
  if (length > 2 && load<u8>(start) == 0x30 && (load<u8>(start, 1) | 0x20) == 0x78) {
    if (length > 9) return refuse();
    for (let i: u32 = 2; i < length; i++) {
      const byte = <u32>load<u8>(start + <usize>i);
      let digit = byte - 0x30;
      if (digit > 9) {
        digit = (byte | 0x20) - 0x57;
        if (digit < 10 || digit > 15) return refuse();
      }
      pid = (pid << 4) | digit;
    }
    return pid;
  }
  if (length > 9 || (load<u8>(start) == 0x30 && length > 1)) return refuse();
  for (let i: u32 = 0; i < length; i++) {
    const digit = <u32>load<u8>(start + <usize>i) - 0x30;
    if (digit > 9) return refuse();
    pid = pid * 10 + digit;
  }
  return pid;
}

function refuse(): u32 {
  refused = true;
  return NO_FACT_PID;
}

/** Kind of the first shape whose conditions hold, its places are read next; GIVE_UP when there is none, or only the reader can tell. */
function findShape(): u32 {
  for (let shapes = next(); shapes != 0; shapes--) {
    const following = cursor + (<usize>load<u32>(cursor) << 2);
    cursor += 4;
    const kind = next();
    let holds: u32 = 1;
    for (let rest = next(); rest != 0 && holds == 1; rest--) holds = conditionHolds();
    if (holds == GIVE_UP) return GIVE_UP;
    if (holds == 1) return kind;
    cursor = following;
  }
  return GIVE_UP;
}

/** One of the values is one of the texts. */
function conditionHolds(): u32 {
  const places = cursor;
  skipPlaces();
  const texts = cursor;
  const count = load<u32>(texts);
  cursor += 4 + (<usize>count << 3);
  const end = places + ((<usize>load<u32>(places) + 1) << 2);
  for (let at = places + 4; at < end; at += 4) {
    const value = valueAt(load<u32>(at));
    const start = <usize>load<u32>(value, 4);
    const length = <u32>(load<u32>(value, 8) - <u32>start);
    // Numbers may be spelled otherwise, texts with escapes.
    if (load<u32>(value, 12) == KIND_NUMBER) return GIVE_UP;
    for (let text = texts + 4; text < cursor; text += 8)
      if (load<u32>(text) == length && sameBytes(<usize>load<u32>(text, 4), start, <usize>length)) return 1;
    if (length > LONGEST_CONDITION) continue;
    for (let i: u32 = 0; i < length; i++) if (load<u8>(start + <usize>i) == 0x5c) return GIVE_UP;
  }
  return 0;
}

/** The time of the first value for it; false unless it is `2024-01-31T23:59:58.123Z` or its like (see TimeReader). */
function readTime(): bool {
  const count = next();
  if (count == 0) return false;
  const value = valueAt(load<u32>(cursor));
  cursor += <usize>count << 2;
  const at = <usize>load<u32>(value, 4);
  const end = <usize>load<u32>(value, 8);
  const length = end - at;
  if (length < 19 || length > 30) return false;
  const between = load<u8>(at, 10);
  if (between != 0x54 && between != 0x20) return false;
  if (load<u8>(at, 13) != 0x3a || load<u8>(at, 16) != 0x3a) return false;
  // "2024-01-" and "31": events of one day follow each other.
  const year = load<u64>(at);
  const rest = <u32>load<u16>(at, 8);
  if (year != knownYear || rest != knownRest) {
    if (!readDay(at)) return false;
    knownYear = year;
    knownRest = rest;
  }
  day = knownDay;
  const hour = digits(at + 11, 2);
  const minute = digits(at + 14, 2);
  const second = digits(at + 17, 2);
  if (hour > 23 || minute > 59 || second > 59) return false;
  msOfDay = (hour * 3600 + minute * 60 + second) * 1000;
  let here = at + 19;
  if (here < end && load<u8>(here) == 0x2e) {
    here++;
    let scale: u32 = 100;
    for (; here < end && load<u8>(here) != 0x5a; here++) {
      const digit = <u32>load<u8>(here) - 0x30;
      if (digit > 9 || (scale == 0 && digit != 0)) return false;
      msOfDay += digit * scale;
      scale /= 10;
    }
    if (here == at + 20) return false;
  }
  isZoneless = here == end;
  if (isZoneless) return load<u32>(work, SIEVE_ZONED) == 0;
  return here + 1 == end && load<u8>(here) == 0x5a;
}

/** Years before 1000 and what is no day are for the reader. */
function readDay(at: usize): bool {
  knownYear = 0;
  if (load<u8>(at, 4) != 0x2d || load<u8>(at, 7) != 0x2d) return false;
  const year = digits(at, 4);
  const month = digits(at + 5, 2);
  const dayOfMonth = digits(at + 8, 2);
  if (year < 1000 || year > 9999 || month - 1 > 11 || dayOfMonth - 1 > 30) return false;
  // Days since 1970 of the proleptic Gregorian calendar, years beginning in March.
  const y = <i32>year - (month <= 2 ? 1 : 0);
  const era = y / 400;
  const ofEra = y - era * 400;
  const shifted = <i32>month + (month > 2 ? -3 : 9);
  const ofYear = (153 * shifted + 2) / 5 + <i32>dayOfMonth - 1;
  knownDay = era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468;
  return true;
}

/** Beyond any number of so many digits when there is anything else. */
function digits(at: usize, count: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const digit = <u32>load<u8>(at + <usize>i) - 0x30;
    if (digit > 9) return 0xffffffff;
    value = value * 10 + digit;
  }
  return value;
}
