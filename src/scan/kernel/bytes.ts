/** Tests on single bytes. */

// @ts-ignore: decorator
@inline
export function isAlnum(c: u32): bool {
  return (c | 0x20) - 0x61 < 26 || c - 0x30 < 10;
}

/** Letters, digits, `_ - .` */
// @ts-ignore: decorator
@inline
export function isToken(c: u32): bool {
  return isAlnum(c) || c == 0x2e || c == 0x2d || c == 0x5f;
}

// @ts-ignore: decorator
@inline
export function isDigit(c: u32): bool {
  return c - 0x30 < 10;
}

/** Value of a hex digit, or -1. */
export function hexValue(c: u32): i32 {
  if (c - 0x30 < 10) return c - 0x30;
  const letter = (c | 0x20) - 0x61;
  return letter < 6 ? <i32>(letter + 10) : -1;
}

/** Value of `count` hex digits at `at`, or -1; reads no further than `end`. */
export function hexNumber(at: usize, count: u32, end: usize): i32 {
  if (at + count > end) return -1;
  let value: i32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const digit = hexValue(load<u8>(at + i));
    if (digit < 0) return -1;
    value = (value << 4) | digit;
  }
  return value;
}
