/**
 * Texts of values that their reader has numbered: facts name them by these numbers, and nobody looks at their bytes again. A table of
 * fixed size, one place for each hash; nothing is taken for true before all bytes are compared. A text that was met again is not given
 * up for the next one in its place, but for the one after.
 */
import {
  KNOWN_BYTES,
  KNOWN_HEAD_BYTES,
  KNOWN_TEXTS,
  MAX_KNOWN,
  MIN_KNOWN,
  SIEVE_KNOWN_HEADS,
  SIEVE_KNOWN_TEXTS,
} from './sieve-layout';
import { hashOf, sameBytes } from './sieve-text';

const MIX: u64 = 0x9e3779b97f4a7c15;
/** On the length: it was met since it was noted. */
const WAS_MET: u32 = 0x80000000;

/** Beginning, middle and end of the text decide. */
// @ts-ignore: decorator
@inline
function placeOf(start: usize, length: usize): usize {
  const middle = length < 16 ? 0 : load<u64>(start + (length >>> 1));
  const hash = hashOf(start, length) ^ <u32>((middle * MIX) >>> 40);
  return <usize>((hash ^ (hash >>> 15)) & (KNOWN_TEXTS - 1));
}

/** Number of the text; 0 when it is not known. */
export function knownText(work: usize, start: usize, length: usize): u32 {
  if (length - MIN_KNOWN > MAX_KNOWN - MIN_KNOWN) return 0;
  const place = placeOf(start, length);
  const head = <usize>load<u32>(work, SIEVE_KNOWN_HEADS) + place * KNOWN_HEAD_BYTES;
  if ((load<u32>(head, 4) & ~WAS_MET) != <u32>length) return 0;
  if (!sameBytes(<usize>load<u32>(work, SIEVE_KNOWN_TEXTS) + place * KNOWN_BYTES, start, length)) return 0;
  store<u32>(head, <u32>length | WAS_MET, 4);
  return load<u32>(head);
}

/** From now on the text has this number: where that stands; 0 when there is no room for it. */
export function noteText(work: usize, start: usize, length: usize, number: u32): usize {
  if (length - MIN_KNOWN > MAX_KNOWN - MIN_KNOWN) return 0;
  const place = placeOf(start, length);
  const head = <usize>load<u32>(work, SIEVE_KNOWN_HEADS) + place * KNOWN_HEAD_BYTES;
  const known = load<u32>(head, 4);
  if ((known & WAS_MET) != 0) {
    store<u32>(head, known & ~WAS_MET, 4);
    return 0;
  }
  memory.copy(<usize>load<u32>(work, SIEVE_KNOWN_TEXTS) + place * KNOWN_BYTES, start, length);
  store<u32>(head, number);
  store<u32>(head, <u32>length, 4);
  return head;
}
