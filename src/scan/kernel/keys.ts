/**
 * Keys of witnesses, and the look-up: a blocked Bloom filter (three bits in one 64-bit word per key), then an open-addressing
 * table of 32-bit slots (28 bits of the key, four bits for what it may be found as).
 *
 * Bytes are taken `| 0x20`, which lower-cases letters and stays injective on letters, digits, `-`, `_` and `.`. Names are hashed
 * 16 or 32 bytes at once, so that each suffix costs the same few instructions. A key may collide: the exact path decides.
 */

export const SEED_NAME: u64 = 0x9ae16a3b2f90404f;
export const SEED_HASH: u64 = 0x3c79ac492ba7b653;
export const SEED_WORD: u64 = 0x1c69b3f74ac4ae35;
export const SEED_IPV4: u64 = 0x51afd7ed558ccd00;
export const SEED_NET4: u64 = 0x7f4a7c15f39cc060;
export const SEED_IPV6: u64 = 0x2545f4914f6cdd1d;
const FIRST: u64 = 0x9e3779b97f4a7c15;
const NEXT: u64 = 0xd6e8feb86659fd93;
const NAME_1: u64 = 0xa0761d6478bd642f;
const NAME_2: u64 = 0xe7037ed1a0b428db;
const NAME_3: u64 = 0x8ebc6af09c88c6e3;
const NAME_4: u64 = 0x589965cc75374cc3;
const LAST: u64 = 0xff51afd7ed558ccd;
const LOWER: u64 = 0x2020202020202020;

/** Goes on with the bytes `[start, end)`, not empty; at least eight bytes before `end` must be readable memory. */
// @ts-ignore: decorator
@inline
export function addRun(hash: u64, start: usize, end: usize): u64 {
  const length = end - start;
  if (length <= 8) {
    const word = (load<u64>(end - 8) | LOWER) >>> (<u64>(8 - length) << 3);
    const mixed = (hash ^ word) * FIRST;
    return mixed ^ (mixed >>> 32);
  }
  return addLongRun(hash, start, end);
}

function addLongRun(hash: u64, start: usize, end: usize): u64 {
  let mixed = hash;
  let at = end;
  while (at - start > 8) {
    mixed = step(mixed, load<u64>(at - 8) | LOWER);
    at -= 8;
  }
  return step(mixed, (load<u64>(at - 8) | LOWER) >>> (<u64>(8 - (at - start)) << 3));
}

// @ts-ignore: decorator
@inline
function step(hash: u64, word: u64): u64 {
  const mixed = (hash ^ word) * NEXT;
  return mixed ^ (mixed >>> 32);
}

/** The key that tables are asked for. */
// @ts-ignore: decorator
@inline
export function finishKey(hash: u64): u64 {
  const key = (hash ^ (hash >>> 32)) * LAST;
  return key ^ (key >>> 32);
}

export function ipv4Hash(address: u32): u64 {
  return mix(SEED_IPV4, <u64>address);
}

export function net4Hash(masked: u32, bits: u32): u64 {
  return mix(SEED_NET4, <u64>masked | (<u64>bits << 32));
}

/** Address, or masked network with its length; an address has length 128. */
export function ipv6Hash(high: u64, low: u64, bits: u32): u64 {
  return mix(mix(SEED_IPV6 ^ <u64>bits, high), low);
}

/** Word `word` in a record that holds the name or address `name`. */
export function pairHash(name: u64, word: u64): u64 {
  return mix(rotl<u64>(name, 23), word);
}

/**
 * The `length` bytes that end at `end`, at least one: the last 32 of them at once, without a branch. Up to 32 bytes before the
 * name must be readable memory.
 */
// @ts-ignore: decorator
@inline
export function nameHash(end: usize, length: usize): u64 {
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const lower = i8x16.splat(0x20);
  const last = v128.and(v128.or(v128.load(end - 16), lower), i8x16.ge_s(places, i8x16.splat(<i8>(16 - length))));
  const a = i64x2.extract_lane(last, 1) * NAME_1 + SEED_NAME;
  const b = i64x2.extract_lane(last, 0) * NAME_2;
  const hash = a ^ rotl<u64>(b, 32);
  const more: usize = length > 32 ? 32 : length;
  const first = v128.and(v128.or(v128.load(end - 32), lower), i8x16.ge_s(places, i8x16.splat(<i8>(32 - more))));
  const c = i64x2.extract_lane(first, 1) * NAME_3;
  const d = i64x2.extract_lane(first, 0) * NAME_4;
  const long = (hash ^ (hash >>> 29)) * NEXT + (c ^ rotl<u64>(d, 32));
  if (length > 32) return addLongRun(long, end - length, end - 32);
  // Chosen by a mask: half of all names are longer than 16 bytes, and a branch would be guessed wrong as often.
  return hash ^ ((hash ^ long) & (0 - <u64>(length > 16)));
}

function mix(hash: u64, word: u64): u64 {
  const mixed = (hash ^ word) * FIRST;
  return mixed ^ (mixed >>> 32);
}

/** What the key may be found as; 0 when it is in no slot of the class. */
// @ts-ignore: decorator
@inline
export function lookUp(cls: usize, tab: usize, hash: u64): u32 {
  const key = finishKey(hash);
  const words = <u64>load<u32>(cls, 4);
  const word = load<u64>(tab + load<u32>(cls) + (<usize>(((key >>> 32) * words) >>> 32) << 3));
  const bits = keyBits(key);
  return (word & bits) == bits ? lookUpSlot(cls, tab, key) : 0;
}

// @ts-ignore: decorator
@inline
export function keyBits(key: u64): u64 {
  return (<u64>1 << (key & 63)) | (<u64>1 << ((key >>> 6) & 63)) | (<u64>1 << ((key >>> 12) & 63));
}

export function lookUpSlot(cls: usize, tab: usize, key: u64): u32 {
  const count = load<u32>(cls, 12);
  const slots = tab + load<u32>(cls, 8);
  const mark = markOf(key);
  let index = <u32>(((key >>> 32) * <u64>count) >>> 32);
  let slot = load<u32>(slots + (<usize>index << 2));
  while (slot != 0) {
    if ((slot & ~15) == mark) return slot & 15;
    if (++index == count) index = 0;
    slot = load<u32>(slots + (<usize>index << 2));
  }
  return 0;
}

function markOf(key: u64): u32 {
  const mark = <u32>key & ~15;
  return mark == 0 ? 16 : mark;
}

/** Adds a key; false when the table has reached its limit. Adding again widens what it may be found as. */
export function insertKey(cls: usize, tab: usize, hash: u64, permissions: u32): bool {
  const key = finishKey(hash);
  const count = load<u32>(cls, 12);
  const slots = tab + load<u32>(cls, 8);
  const mark = markOf(key);
  let index = <u32>(((key >>> 32) * <u64>count) >>> 32);
  for (;;) {
    const at = slots + (<usize>index << 2);
    const slot = load<u32>(at);
    if (slot == 0) {
      const used = load<u32>(cls, 16);
      if (used >= load<u32>(cls, 20)) return false;
      // The slot before the filter: a scanner on another thread may miss the key for now, but never reads half of one.
      store<u32>(at, mark | permissions);
      store<u32>(cls, used + 1, 16);
      break;
    }
    if ((slot & ~15) == mark) {
      store<u32>(at, slot | permissions);
      break;
    }
    if (++index == count) index = 0;
  }
  const word = tab + load<u32>(cls) + (<usize>(((key >>> 32) * <u64>load<u32>(cls, 4)) >>> 32) << 3);
  store<u64>(word, load<u64>(word) | keyBits(key));
  return true;
}
