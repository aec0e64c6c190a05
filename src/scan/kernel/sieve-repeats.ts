/**
 * Values that come again: what was found in a text is remembered by its bytes, for the matcher that found it. Logs repeat the same
 * paths, names and users; a table of fixed size holds those met last, one place for each hash. Nothing of it is taken for true
 * before all bytes are compared. A text that was met twice is not given up for the next one in its place, but for the one after.
 */
import {
  MAX_REPEATED,
  MAX_REPEATED_ATOMS,
  REPEAT_ATOMS,
  REPEAT_ATOM_COUNT,
  REPEAT_BYTES,
  REPEAT_LENGTH,
  REPEAT_MATCHER,
  REPEAT_TEXT,
  REPEAT_WAS_MET,
  REPEATS,
  SIEVE_REPEATED,
  SIEVE_REPEATS,
} from './sieve-layout';
import { hashOf, sameBytes } from './sieve-text';

const MATCHER_MUL: u32 = 0x9e3779b1;

/** The place that the text looked up last is to be remembered in, or 0. */
let place: usize = 0;
let isRecording: bool = false;
let count: u32 = 0;

/** The entry of a text that was met before; 0 when it was not: what is found in it can be recorded now. */
export function findRepeat(work: usize, matcher: usize, start: usize, length: usize): usize {
  const hash = hashOf(start, length) ^ (<u32>matcher * MATCHER_MUL);
  const entry = <usize>load<u32>(work, SIEVE_REPEATS) + <usize>((hash ^ (hash >>> 16)) & (REPEATS - 1)) * REPEAT_BYTES;
  if (
    <usize>load<u32>(entry, REPEAT_MATCHER) == matcher &&
    <usize>load<u32>(entry, REPEAT_LENGTH) == length &&
    sameBytes(entry + REPEAT_TEXT, start, length)
  ) {
    store<u32>(entry, 1, REPEAT_WAS_MET);
    store<u32>(work, load<u32>(work, SIEVE_REPEATED) + 1, SIEVE_REPEATED);
    return entry;
  }
  if (load<u32>(entry, REPEAT_WAS_MET) != 0) {
    store<u32>(entry, 0, REPEAT_WAS_MET);
    return 0;
  }
  // Until it is written anew it is nobody's.
  store<u32>(entry, 0, REPEAT_MATCHER);
  place = entry;
  count = 0;
  isRecording = true;
  return 0;
}

/** The atom holds for the text looked up last. */
// @ts-ignore: decorator
@inline
export function recordAtom(atom: u32): void {
  if (!isRecording) return;
  if (count == MAX_REPEATED_ATOMS) {
    isRecording = false;
    return;
  }
  store<u32>(place + (<usize>count << 2), atom, REPEAT_ATOMS);
  count++;
}

/** All that holds for the text is known. */
export function endRecord(matcher: usize, start: usize, length: usize): void {
  if (!isRecording) return;
  isRecording = false;
  memory.copy(place + REPEAT_TEXT, start, length);
  store<u32>(place, count, REPEAT_ATOM_COUNT);
  store<u32>(place, <u32>length, REPEAT_LENGTH);
  store<u32>(place, <u32>matcher, REPEAT_MATCHER);
}

/** What was found in the text is not all that there is to it. */
export function dropRecord(): void {
  isRecording = false;
}

// @ts-ignore: decorator
@inline
export function isRepeatable(length: usize): bool {
  return length - 1 < MAX_REPEATED;
}
