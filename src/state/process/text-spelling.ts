/**
 * The JSON spelling of a text: what stands between the quotes. A text has one spelling that `JSON.stringify` writes, and others
 * with escapes that nobody needs; most texts of logs are plain ASCII, which is its own spelling but for quotes.
 */

/** Neither escaped in JSON nor more than a byte in UTF-8. */
const IS_PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const NON_ASCII = /[^\x00-\x7f]/;

const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** As `JSON.stringify` spells it. */
export function jsonSpelling(text: string): string {
  return IS_PLAIN.test(text) ? text : JSON.stringify(text).slice(1, -1);
}

/** Of a value of a valid JSON text, without its quotes. */
export function textOfSpelling(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const raw = buffer.toString('latin1');
  // A shared buffer is copied first because the decoder refuses it.
  const text = NON_ASCII.test(raw)
    ? utf8.decode(buffer.buffer instanceof SharedArrayBuffer ? Uint8Array.from(bytes) : bytes)
    : raw;
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}

/** No escapes, nothing beyond ASCII: a text's only short spelling. */
export function isPlainSpelling(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === 0x5c || byte > 0x7e) return false;
  }
  return true;
}
