/**
 * The unfinished record between two chunks: a byte buffer that doubles as it grows and gives back large memory when emptied.
 * The caller holds the limit; this only keeps bytes. Appending n bytes in pieces costs O(n).
 */

const FIRST_BYTES = 4096;
const KEPT_BYTES = 1 << 20;

export class CarryBuffer {
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;

  append(source: Uint8Array, start: number, end: number): void {
    if (end <= start) return;
    const needed = this.length + end - start;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(FIRST_BYTES, needed, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(source.subarray(start, end), this.length);
    this.length = needed;
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(0);
  }
}
