/**
 * Orders of keys. Records of one source name the same keys in the same order, and nearly always have as many quotes: the order of the
 * last record with so many says which key comes next, so that it is compared with one name instead of being looked up, and none can
 * stand twice. Where each key has one value of its own, the order also says which values are wanted. It is given up at the first key
 * that is another one, and what was met takes its place.
 */
import { ITEM_BYTES, MAX_ORDER_KEYS, ORDER_BYTES, ORDER_FEEDS, ORDER_GROUP, ORDER_ITEMS, ORDER_QUOTES, ORDERS, SIEVE_ORDERS } from './sieve-layout';

/** In place of a kind: no value, several, or what lies in an object. */
export const KIND_IRREGULAR: u32 = 255;

/** The order for records with so many bytes of positions of quotes, or room for it. */
// @ts-ignore: decorator
@inline
export function orderFor(work: usize, quoteBytes: usize): usize {
  // Keys and texts have two quotes each.
  return <usize>load<u32>(work, SIEVE_ORDERS) + ((quoteBytes >>> 3) & (ORDERS - 1)) * ORDER_BYTES;
}

// @ts-ignore: decorator
@inline
export function itemsEnd(order: usize): usize {
  return order + ORDER_ITEMS + MAX_ORDER_KEYS * ITEM_BYTES;
}

/** What followed from the order, or from the kinds of its values, holds no longer. */
// @ts-ignore: decorator
@inline
export function forgetLists(order: usize): void {
  store<u32>(order, 0, ORDER_GROUP);
  store<u32>(order, 0, ORDER_FEEDS);
}

/** A name that nobody asked for has got a number: it must not stand twice from now on. */
export function forgetOrders(work: usize): void {
  const orders = <usize>load<u32>(work, SIEVE_ORDERS);
  for (let i: usize = 0; i < ORDERS; i++) store<u32>(orders + i * ORDER_BYTES, 0, ORDER_QUOTES);
}
