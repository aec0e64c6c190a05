/**
 * Columns while they are filled: arrays that double when they are full, and ends of byte ranges that become starts once all are known.
 */

/** The same array, or a copy of twice the length, or of the needed length when that is more. */
export function grown<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(array: T, needed: number): T {
  if (needed <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}

/** Start of each range, and behind the last its end: ranges follow each other without gaps from 0 on. */
export function startsOf(ends: Uint32Array, count: number): Uint32Array {
  const starting = new Uint32Array(count + 1);
  starting.set(ends.subarray(0, count), 1);
  return starting;
}
