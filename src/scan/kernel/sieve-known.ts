/**
 * Texts of values that their reader has numbered: facts name them by these numbers, and nobody looks at their bytes again. Tables of
 * fixed size, one for long texts, two places for each hash; nothing is taken for true before all bytes are compared. A text that was met
 * again is not given up for the next one in its places, but for the one after.
 */
import {
  KNOWN_BYTES,
  KNOWN_HEAD_BYTES,
  KNOWN_TEXTS,
  LONG_BYTES,
  LONG_TEXTS,
  MAX_KNOWN,
  MAX_LONG,
  MIN_KNOWN,
  SIEVE_KNOWN_HEADS,
  SIEVE_KNOWN_TEXTS,
  SIEVE_LONG_TEXTS,
} from './sieve-layout';
import { hashOf, sameBytes } from './sieve-text';

const MIX: u64 = 0x9e3779b97f4a7c15;
/** On the length: it was met since it was noted. */
const WAS_MET: u32 = 0x80000000;

/** Of the text looked for last: the head of its first place, and where the bytes of that stand; of the second place they are beside it. */
let head: usize = 0;
let bytes: usize = 0;
/** From one place to the other: bytes of the heads, and of the texts. */
let headStep: usize = 0;
let bytesStep: usize = 0;

/** Finds both places; false for a text that is too short or too long. Beginning, middle and end of it decide. */
// @ts-ignore: decorator
@inline
function findPlaces(work: usize, start: usize, length: usize): bool {
  if (length - MIN_KNOWN > MAX_LONG - MIN_KNOWN) return false;
  const middle = length < 16 ? 0 : load<u64>(start + (length >>> 1));
  const mixed = hashOf(start, length) ^ <u32>((middle * MIX) >>> 40);
  const hash = <usize>(mixed ^ (mixed >>> 15));
  // The second place is the neighbour.
  const step: isize = (hash & 1) == 0 ? 1 : -1;
  head = <usize>load<u32>(work, SIEVE_KNOWN_HEADS);
  headStep = <usize>(step * <isize>KNOWN_HEAD_BYTES);
  if (length <= MAX_KNOWN) {
    const place = hash & <usize>(KNOWN_TEXTS - 1);
    head += place * KNOWN_HEAD_BYTES;
    bytes = <usize>load<u32>(work, SIEVE_KNOWN_TEXTS) + place * KNOWN_BYTES;
    bytesStep = <usize>(step * <isize>KNOWN_BYTES);
  } else {
    const place = hash & <usize>(LONG_TEXTS - 1);
    head += (<usize>KNOWN_TEXTS + place) * KNOWN_HEAD_BYTES;
    bytes = <usize>load<u32>(work, SIEVE_LONG_TEXTS) + place * LONG_BYTES;
    bytesStep = <usize>(step * <isize>LONG_BYTES);
  }
  return true;
}

// @ts-ignore: decorator
@inline
function isThere(at: usize, text: usize, start: usize, length: usize): bool {
  if ((load<u32>(at, 4) & ~WAS_MET) != <u32>length || !sameBytes(text, start, length)) return false;
  store<u32>(at, <u32>length | WAS_MET, 4);
  return true;
}

/** Number of the text; 0 when it is not known. */
export function knownText(work: usize, start: usize, length: usize): u32 {
  if (!findPlaces(work, start, length)) return 0;
  if (isThere(head, bytes, start, length)) return load<u32>(head);
  return isThere(head + headStep, bytes + bytesStep, start, length) ? load<u32>(head + headStep) : 0;
}

/** From now on the text has this number: where that stands; 0 when there is no room for it. */
export function noteText(work: usize, start: usize, length: usize, number: u32): usize {
  if (!findPlaces(work, start, length)) return 0;
  if ((load<u32>(head, 4) & WAS_MET) != 0) {
    if ((load<u32>(head + headStep, 4) & WAS_MET) != 0) {
      store<u32>(head, load<u32>(head, 4) & ~WAS_MET, 4);
      return 0;
    }
    head += headStep;
    bytes += bytesStep;
  }
  memory.copy(bytes, start, length);
  store<u32>(head, number);
  store<u32>(head, <u32>length, 4);
  return head;
}
