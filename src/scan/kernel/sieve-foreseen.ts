/**
 * Keys that come as they did, letter by letter: an order (`sieve-order.ts`) knows of each of its keys what stands from its quote to
 * where its value begins, as machines write it, without blanks. Thirty-two bytes are compared at once then, the value ends at a
 * quote that the structure knows or where digits end, and nothing else is looked at. Texts and integers only; whatever is
 * different in any way is left to the walk, which goes on from there and sees it as if nothing had been foreseen.
 */
import {
  ITEM_BYTES,
  ITEM_KIND,
  ITEM_SIZE,
  ITEM_TEXT,
  ITEM_VALUE,
  KIND_INTEGER,
  KIND_TEXT,
  MAX_ORDER_KEYS,
  SIEVE_MASKS,
} from './sieve-layout';
import { isTelling, tell } from './sieve-tells';
import { digitsAt, LONGEST_INTEGER } from './sieve-text';

/** A key with its quotes, the colon and the quote of a text is no longer. */
const LONGEST: usize = 32;

let masks: usize = 0;

/** Of the last stretch, where it is not empty: behind its last value, and its last positions of quotes and values. */
export let foreseenEnd: usize = 0;
export let quotesLeft: usize = 0;
export let valuesLeft: usize = 0;

/** A record begins. */
// @ts-ignore: decorator
@inline
export function beginForeseen(area: usize): void {
  masks = <usize>load<u32>(area, SIEVE_MASKS);
}

/**
 * Keys and values from `start` on, the place of the first quote at `quotes`, as long as they come as the items from `first` to `last`
 * say; values are written from `values` on, where there is room for all. Returns the first item that was not met.
 */
export function walkForeseen(first: usize, last: usize, start: usize, end: usize, quotes: usize, values: usize): usize {
  let item = first;
  let here = start;
  let next = quotes;
  let to = values;
  while (item < last) {
    const size = <usize>load<u32>(item, ITEM_SIZE);
    if (size == 0) break;
    const mask = masks + 16 - size;
    const low = v128.and(v128.xor(v128.load(here), v128.load(item, ITEM_TEXT)), v128.load(mask));
    const high = v128.and(v128.xor(v128.load(here, 16), v128.load(item, ITEM_TEXT + 16)), v128.load(mask, 16));
    if (v128.any_true(v128.or(low, high))) break;
    const from = here + size;
    let close: usize;
    let behind: usize;
    let following: usize;
    if (load<u32>(item, ITEM_KIND) == KIND_TEXT) {
      // What was compared may reach beyond the record, its quotes do not.
      close = <usize>load<u32>(next, 12);
      if (<usize>load<u32>(next, 8) != from - 1 || close >= end) break;
      behind = close + 1;
      following = next + 16;
    } else {
      const count = digitsAt(from);
      if (<usize>load<u32>(next, 4) != from - 2 || count - 1 >= LONGEST_INTEGER) break;
      if (load<u8>(from) == 0x30 && count != 1) break;
      close = from + count;
      if (close >= end) break;
      const c: u32 = load<u8>(close);
      if (c != 0x2c && c != 0x7d) break;
      behind = close;
      following = next + 8;
    }
    const value = v128.load(item, ITEM_VALUE);
    v128.store(to, value);
    store<u64>(to, <u64>from | (<u64>close << 32), 4);
    const key = <u32>i32x4.extract_lane(value, 0);
    if (isTelling(key)) tell(key, from, close, load<u32>(item, ITEM_KIND));
    to += 16;
    next = following;
    foreseenEnd = behind;
    item += ITEM_BYTES;
    here = behind + 1;
    if (load<u8>(behind) != 0x2c || <usize>load<u32>(next) != here) break;
  }
  quotesLeft = next;
  valuesLeft = to;
  return item;
}

/** The item's key has come as it did, at `start`, with a value of this kind from `from` on: the next one may come letter by letter. */
export function learnItem(item: usize, key: u32, kind: u32, start: usize, from: usize): void {
  const size = from - start;
  if (size > LONGEST) return;
  const mask = masks + 16 - size;
  v128.store(item, v128.and(v128.load(start), v128.load(mask)), ITEM_TEXT);
  v128.store(item, v128.and(v128.load(start, 16), v128.load(mask, 16)), ITEM_TEXT + 16);
  v128.store(item, i32x4(key, 0, 0, kind), ITEM_VALUE);
  store<u32>(item, <u32>size, ITEM_SIZE);
}
