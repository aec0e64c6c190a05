/** Adds witnesses to the tables: the loader writes items into memory, the kernel hashes them as the scan does. */
import { addEnding, setBit } from './endings';
import { addRun, insertKey, ipv4Hash, ipv6Hash, nameHash, net4Hash, pairHash, SEED_HASH, SEED_WORD } from './keys';
import { CLASS_ADDRESS, CLASS_HASH, CLASS_NAME, CLASS_PAIR, CLASS_WORD, TAB_NEAR_REACH4, TAB_NET4, TAB_NET6, TAB_NET6_LENGTHS, TAB_REACH4 } from './layout';
import { classOf, setBlocks, tab } from './state';

const ITEM_NAME: u32 = 0;
const ITEM_HASH: u32 = 1;
const ITEM_WORD: u32 = 2;
const ITEM_IPV4: u32 = 3;
const ITEM_NET4: u32 = 4;
const ITEM_IPV6: u32 = 5;
const ITEM_NET6: u32 = 6;
/** A word that goes with the name or address of the item before. */
const ITEM_PAIRED_WORD: u32 = 7;

/** Items of 16 bytes: kind, permissions, a, b. Text: a = address, b = length. Returns how many were added before a table was full. */
export function insertItems(context: usize, tables: usize, items: usize, count: u32): u32 {
  setBlocks(context, tables);
  let last: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const item = items + (<usize>i << 4);
    const kind = load<u32>(item);
    const permissions = load<u32>(item, 4);
    const a = load<u32>(item, 8);
    const b = load<u32>(item, 12);
    let cls = CLASS_ADDRESS;
    let hash: u64 = 0;
    if (kind == ITEM_NAME) {
      cls = CLASS_NAME;
      hash = nameHash(a + b, b);
      addEnding(a, a + b);
    } else if (kind == ITEM_HASH) {
      cls = CLASS_HASH;
      hash = addRun(SEED_HASH, a, a + b);
    } else if (kind == ITEM_WORD) {
      cls = CLASS_WORD;
      hash = addRun(SEED_WORD, a, a + b);
    } else if (kind == ITEM_IPV4) {
      hash = ipv4Hash(a);
      setReach4(a >>> 8);
    } else if (kind == ITEM_NET4) {
      hash = net4Hash(a, b);
      reachNet4(a, b);
    } else if (kind == ITEM_IPV6) hash = ipv6Hash(load<u64>(a), load<u64>(a, 8), 128);
    else if (kind == ITEM_NET6) {
      hash = ipv6Hash(load<u64>(a), load<u64>(a, 8), b);
      reachNet6(load<u64>(a), b);
    } else if (kind == ITEM_PAIRED_WORD) {
      cls = CLASS_PAIR;
      hash = pairHash(last, addRun(SEED_WORD, a, a + b));
    }
    if (!insertKey(classOf(cls), tab, hash, permissions)) return i;
    if (kind != ITEM_PAIRED_WORD) last = hash;
  }
  return count;
}

function reachNet4(masked: u32, bits: u32): void {
  const map = tab + <usize>load<u32>(tab, TAB_NET4);
  const first = masked >>> 16;
  const count: u32 = bits >= 16 ? 1 : <u32>1 << (16 - bits);
  for (let i: u32 = 0; i < count; i++) {
    const at = map + (<usize>(first + i) << 2);
    store<u32>(at, load<u32>(at) | (<u32>1 << bits));
  }
  const reached: u32 = bits >= 24 ? 1 : <u32>1 << (24 - bits);
  for (let i: u32 = 0; i < reached; i++) setReach4((masked >>> 8) + i);
}

function setReach4(upper: u32): void {
  setBit(tab + <usize>load<u32>(tab, TAB_REACH4), upper);
  setBit(tab + <usize>load<u32>(tab, TAB_NEAR_REACH4), upper >>> 4);
}

function reachNet6(high: u64, bits: u32): void {
  const map = tab + <usize>load<u32>(tab, TAB_NET6);
  const first = <u32>(high >>> 48);
  const count: u32 = bits >= 16 ? 1 : <u32>1 << (16 - bits);
  for (let i: u32 = 0; i < count; i++) {
    const at = map + <usize>((first + i) >>> 3);
    store<u8>(at, load<u8>(at) | (<u8>1 << <u8>((first + i) & 7)));
  }
  const lengths = tab + <usize>((bits >>> 6) << 3);
  store<u64>(lengths, load<u64>(lengths, TAB_NET6_LENGTHS) | (<u64>1 << <u64>(bits & 63)), TAB_NET6_LENGTHS);
}
