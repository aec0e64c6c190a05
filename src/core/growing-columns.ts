/**
 * Columns while they are filled: arrays that double when they are full, and ends of byte ranges that become starts once all are known.
 */

type Column = Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array;

/** The same array, or a copy of twice the length, or of the needed length when that is more. */
export function grown<T extends Column>(array: T, needed: number): T {
  return needed <= array.length ? array : lengthened(array, Math.max(needed, array.length * 2));
}

/** A copy of that length, zeros behind what was there. */
export function lengthened<T extends Column>(array: T, length: number): T {
  const longer = new (array.constructor as new (length: number) => T)(length);
  longer.set(array);
  return longer;
}

/** Start of each range, and behind the last its end: ranges follow each other without gaps from 0 on. */
export function startsOf(ends: Uint32Array, count: number): Uint32Array {
  const starting = new Uint32Array(count + 1);
  starting.set(ends.subarray(0, count), 1);
  return starting;
}
