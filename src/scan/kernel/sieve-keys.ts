/** The dictionary of keys: entries are found by the first sixteen bytes of a key, its length, and the key that it stands under. */
import {
  ENTRY_BYTES,
  ENTRY_LENGTH,
  ENTRY_START,
  ENTRY_TEXT,
  SIEVE_DICTIONARY,
  SIEVE_DICTIONARY_MASK,
  SIEVE_MASKS,
} from './sieve-layout';
import { forgetOrders } from './sieve-order';
import { sameBytes } from './sieve-text';

const MIX_A: u64 = 0x9e3779b97f4a7c15;
const MIX_B: u64 = 0xc2b2ae3d27d4eb4f;

/** `bytes`: the first sixteen, zeros behind a shorter key; `size`: its length, and the number of the key above from bit 16 on. */
// @ts-ignore: decorator
@inline
export function keyHash(bytes: v128, size: u32): u32 {
  const mixed = (i64x2.extract_lane(bytes, 0) ^ <u64>size) * MIX_A + i64x2.extract_lane(bytes, 1) * MIX_B;
  return <u32>(mixed >>> 40);
}

// @ts-ignore: decorator
@inline
export function writeEntry(entry: usize, key: u32, text: usize, size: u32, bytes: v128): void {
  store<u32>(entry, key);
  store<u32>(entry, <u32>text, ENTRY_TEXT);
  store<u32>(entry, size, ENTRY_LENGTH);
  v128.store(entry, bytes, ENTRY_START);
}

/** Adds a key to the dictionary, or gives one that is there its number; there is room. `parent`: number of the key above, 0 for none. */
export function addKey(work: usize, key: u32, parent: u32, text: usize, length: u32): void {
  forgetOrders(work);
  const dictionary = <usize>load<u32>(work, SIEVE_DICTIONARY);
  const mask = load<u32>(work, SIEVE_DICTIONARY_MASK);
  const short = min<usize>(<usize>length, 16);
  const bytes = v128.and(v128.load(text), v128.load(<usize>load<u32>(work, SIEVE_MASKS) + 16 - short));
  const size = length | (parent << 16);
  let slot = keyHash(bytes, size) & mask;
  while (true) {
    const entry = dictionary + <usize>slot * ENTRY_BYTES;
    const other = <usize>load<u32>(entry, ENTRY_TEXT);
    if (other == 0) {
      writeEntry(entry, key, text, size, bytes);
      return;
    }
    if (load<u32>(entry, ENTRY_LENGTH) == size && sameBytes(other, text, <usize>length)) {
      store<u32>(entry, key);
      return;
    }
    slot = (slot + 1) & mask;
  }
}
