/**
 * Texts made safe for output: cut to a number of UTF-8 bytes at a character border, and free of lone surrogates, which have
 * no UTF-8 form and which strict JSON readers refuse.
 */

/** Bytes that a character outside the Basic Multilingual Plane takes; no character takes more. */
const MAX_CHARACTER_BYTES = 4;

/** The longest beginning of `text` of at most `limitBytes` bytes in UTF-8 that ends between two characters. */
export function cutUtf8(text: string, limitBytes: number): string {
  if (text.length * 3 <= limitBytes) return text;
  // One UTF-16 unit takes at least one byte, so no more than `limitBytes` units can fit.
  const bytes = Buffer.from(text.slice(0, limitBytes + MAX_CHARACTER_BYTES), 'utf8');
  if (bytes.length <= limitBytes) return text;
  let end = limitBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** Replaces lone surrogates by U+FFFD. */
export function wellFormed(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text;
}

/** True when `cutUtf8` would leave the text as it is. */
export function isShort(text: string, limitBytes: number): boolean {
  return text.length * 3 <= limitBytes || (text.length <= limitBytes && Buffer.byteLength(text) <= limitBytes);
}

/** True when `cutUtf8` and `wellFormed` would leave the text as it is, told without looking at texts of odd length closely. */
export function isWithin(text: string, limitBytes: number): boolean {
  return text.length * 3 <= limitBytes && !/[\ud800-\udfff]/.test(text);
}
