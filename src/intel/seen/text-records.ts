/**
 * The lines of a list as records: where they are, and digests of them. A line feed, and a carriage return before it, are no part of
 * the line, so that another kind of line end is no change.
 *
 * The digest is 64 bits under a seed that nobody outside knows: whoever writes into a list cannot make two lines that are taken for one.
 */
import type { SeenHead } from './seen-records.ts';

/** End of the content of a line that lies in `bytes` from `start` to the line feed at `end`. */
export function contentEnd(bytes: Uint8Array, start: number, end: number): number {
  return end > start && bytes[end - 1] === 0x0d ? end - 1 : end;
}

/**
 * Two words, valid until the next call. Undefined for a line with a carriage return inside: old files end their lines so, and
 * there may be several in it.
 */
export function lineDigest(
  bytes: Uint8Array,
  start: number,
  end: number,
  seed: SeenHead['seed'],
): Uint32Array | undefined {
  let a = seed[0] ^ (end - start);
  let b = seed[1];
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === 0x0d) return undefined;
    a = Math.imul(a ^ byte, 0x9e37_79b1);
    a ^= a >>> 15;
    b = Math.imul((b << 7) ^ (b >>> 25) ^ byte, 0x85eb_ca6b);
  }
  digest[0] = Math.imul(a ^ (b >>> 16), 0x2c1b_3c6d);
  digest[1] = Math.imul(b ^ (a >>> 13), 0xc2b2_ae35);
  return digest;
}

const digest = new Uint32Array(2);

/** Whether lines of this text can be told apart by their bytes: no UTF-16, no byte order mark. */
export function hasPlainStart(head: Uint8Array): boolean {
  const [a, b, c] = head;
  return !(a === 0xff && b === 0xfe) && !(a === 0xfe && b === 0xff) && !(a === 0xef && b === 0xbb && c === 0xbf);
}
