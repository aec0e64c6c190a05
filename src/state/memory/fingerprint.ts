/**
 * 64-bit keyed fingerprints of texts, the keys of all state tables. The mixing is that of HalfSipHash with one compression and three
 * finalization rounds, over UTF-16 code units two at a time: log contents are hostile, and without the key nobody can prepare
 * texts that collide. Two different texts of a million agree with a chance of about 3e-8. Results stand in `lo` and `hi`, so that
 * nothing is allocated. Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF" (2012), reference code of HalfSipHash.
 */

export class Fingerprint {
  lo = 0;
  hi = 0;

  set(lo: number, hi: number): this {
    this.lo = lo | 0;
    this.hi = hi | 0;
    return this;
  }

  /** Replaces the value by the fingerprint of `text` keyed with the present value: a chain of texts is a tuple, not a joined text. */
  add(text: string): this {
    const k0 = this.lo;
    const k1 = this.hi;
    let v0 = k0;
    let v1 = k1 ^ 0xee;
    let v2 = k0 ^ 0x6c796765;
    let v3 = k1 ^ 0x74656462;
    const length = text.length;
    const even = length & ~1;
    for (let i = 0; i <= even; i += 2) {
      // The last word holds the odd code unit, if any, and the length, so that "a" and "a\0" differ.
      const m =
        i < even
          ? text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)
          : (even < length ? text.charCodeAt(even) : 0) | (length << 16);
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
    return this.#finish(v0, v1, v2, v3);
  }

  /** As `add` of the text whose UTF-16 units are these bytes. The round is written out again, for the reason that `process/text-hashes.ts` gives. */
  addBytes(bytes: Uint8Array, start: number, end: number): this {
    const k0 = this.lo;
    const k1 = this.hi;
    let v0 = k0;
    let v1 = k1 ^ 0xee;
    let v2 = k0 ^ 0x6c796765;
    let v3 = k1 ^ 0x74656462;
    const length = end - start;
    const even = start + (length & ~1);
    for (let i = start; i <= even; i += 2) {
      const m =
        i < even
          ? (bytes[i] as number) | ((bytes[i + 1] as number) << 16)
          : (even < end ? (bytes[even] as number) : 0) | (length << 16);
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
    return this.#finish(v0, v1, v2, v3);
  }

  #finish(a: number, b: number, c: number, d: number): this {
    let v0 = a;
    let v1 = b;
    let v2 = c ^ 0xee;
    let v3 = d;
    for (let half = 0; half < 2; half++) {
      if (half === 1) v1 ^= 0xdd;
      for (let round = 0; round < 3; round++) {
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
      }
      if (half === 0) this.lo = v1 ^ v3;
      else this.hi = v1 ^ v3;
    }
    return this;
  }

  /** Combines with a second 64-bit value. For a fixed second value this is a bijection: nothing collides that did not before. */
  mix(lo: number, hi: number): this {
    let a = Math.imul(this.lo ^ lo, 0x9e3779b1);
    a ^= a >>> 15;
    let b = Math.imul(this.hi ^ hi ^ a, 0x85ebca77);
    b ^= b >>> 13;
    this.lo = a ^ Math.imul(b, 0xc2b2ae3d);
    this.hi = b;
    return this;
  }

  /** 53 of the 64 bits as a number, for the keys of a Map. */
  get key(): number {
    return (this.lo >>> 0) + (this.hi & 0x1fffff) * 4294967296;
  }
}
