/** A text as it stands in JSON, without the quotation marks around it: of printable ASCII, where these and backslashes alone need an escape. */

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

/**
 * Writes the bytes of `[from, to)` to `out`, where there must be room for twice as many and 16 more; up to 16 bytes behind `to` are read.
 * Returns where the text ends, or 0 when some byte is no printable ASCII.
 */
export function escapeText(from: usize, to: usize, out: usize): usize {
  let into = out;
  for (let at = from; at < to; at += 16) {
    const bytes = v128.load(at);
    const left = to - at;
    const within: u32 = left >= 16 ? 0xffff : (1 << <u32>left) - 1;
    // Bytes beyond ASCII are negative.
    const strange = v128.or(i8x16.lt_s(bytes, i8x16.splat(0x20)), i8x16.eq(bytes, i8x16.splat(0x7f)));
    if ((<u32>i8x16.bitmask(strange) & within) != 0) return 0;
    const marks = v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(BACKSLASH)));
    let escapes = <u32>i8x16.bitmask(marks) & within;
    let done: usize = 0;
    // What follows an escape is written anew one place further on.
    v128.store(into, bytes);
    while (escapes != 0) {
      const next = <usize>ctz(escapes);
      into += next - done;
      store<u8>(into, BACKSLASH);
      into++;
      done = next;
      v128.store(into, v128.load(at + done));
      escapes &= escapes - 1;
    }
    into += min<usize>(16, left) - done;
  }
  return into;
}
