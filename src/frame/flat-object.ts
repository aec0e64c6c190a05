/**
 * Whether bytes are one record for the JSON stream framer, told at the speed of a byte search: an object that holds no other has one
 * closing brace, the last byte. What begins so is an object to its end or, without a newline, one line of text; only the elements of
 * `Records` would be taken out of it. False says nothing: such bytes need the framer.
 */
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LF = 0x0a;
const LIST = 0x5b;
/** With a small or a large R. */
const WRAPPER = Buffer.from('ecords"');

export function isFlatObject(bytes: Buffer): boolean {
  const last = bytes.length - 1;
  return (
    bytes[0] === OPEN &&
    bytes.indexOf(CLOSE) === last &&
    bytes.indexOf(LF) === -1 &&
    // Most have no list: one byte is found faster than seven.
    (bytes.indexOf(LIST) === -1 || bytes.indexOf(WRAPPER) === -1)
  );
}
