/** Bytes of JSON numbers and literals, for framing: generous, because the decoder judges the value. */

/** The first byte of a number or literal: digit, minus, `t f n`, and `N I` of NaN and Infinity. */
export function isScalarStart(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === 0x74 ||
    byte === 0x66 ||
    byte === 0x6e ||
    byte === 0x4e ||
    byte === 0x49
  );
}

/** Digits, letters, `+ - . _`: numbers and literals, also the NaN and Infinity that some writers put out. */
export function isScalarByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x5f
  );
}
