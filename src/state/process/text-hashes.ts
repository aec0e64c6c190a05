/**
 * Hashes of texts, over their bytes: a fast one that looks at a sample, for tables where a collision costs a comparison only, and one
 * with a key, for tables in which nobody may prepare texts that collide.
 */

/** Key of `keyedHash`. */
export interface TextSeed {
  readonly lo: number;
  readonly hi: number;
}

const SAMPLE_BYTES = 16;

/** Fast, and no more: of longer texts the beginning, the middle and the end decide. */
export function sampledHash(view: DataView, start: number, length: number): number {
  let hash = length;
  if (length < 4) for (let i = 0; i < length; i++) hash = Math.imul(hash ^ view.getUint8(start + i), 0x9e3779b1);
  else if (length <= 2 * SAMPLE_BYTES) {
    const last = start + length - 4;
    for (let at = start; at < last; at += 4)
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1) ^ (hash >>> 15);
    hash = Math.imul(hash ^ view.getInt32(last, true), 0x9e3779b1);
  } else {
    const middle = start + (length >>> 1);
    const end = start + length - SAMPLE_BYTES;
    hash =
      Math.imul(hash ^ view.getInt32(start, true), 0x85ebca77) ^ Math.imul(view.getInt32(middle, true), 0xc2b2ae3d);
    hash = Math.imul(hash ^ (hash >>> 15) ^ view.getInt32(middle + 4, true), 0x9e3779b1);
    for (let at = end; at < end + SAMPLE_BYTES; at += 4)
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1) ^ (hash >>> 15);
  }
  return hash ^ (hash >>> 15);
}

/**
 * HalfSipHash with one compression and three finalization rounds, as the fingerprints of `memory/fingerprint.ts`, over bytes. Its round
 * is written out in both: as a method that they share it takes 2.4 times as long. Source: Aumasson, Bernstein, "SipHash: a fast
 * short-input PRF" (2012).
 */
export function keyedHash({ lo, hi }: TextSeed, view: DataView, start: number, length: number): number {
  let v0 = lo | 0;
  let v1 = hi ^ 0xee;
  let v2 = lo ^ 0x6c796765;
  let v3 = hi ^ 0x74656462;
  const whole = length & ~3;
  for (let i = 0; i <= whole + 12; i += 4) {
    let m = 0;
    if (i < whole) m = view.getInt32(start + i, true);
    else if (i === whole) {
      m = length << 24;
      for (let j = whole; j < length; j++) m |= view.getUint8(start + j) << (8 * (j - whole));
    } else if (i === whole + 4) v2 ^= 0xff;
    v3 ^= m;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= m;
  }
  return (v1 ^ v3) >>> 0;
}
