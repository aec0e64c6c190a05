/** The one object a framer hands to `emit` for all its records: no allocation per record, valid only during the call. */

export interface EmittedRecord {
  bytes: Uint8Array;
  start: number;
  end: number;
  position: number;
  line: number;
}

export function emptyRecord(): EmittedRecord {
  return { bytes: new Uint8Array(0), start: 0, end: 0, position: 0, line: 0 };
}

const SPACE = 0x20;
const CARRIAGE_RETURN = 0x0d;

/** True when nothing but blanks, tabs and carriage returns stand between `start` and `end`. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte !== SPACE && byte !== 0x09 && byte !== CARRIAGE_RETURN) return false;
  }
  return true;
}

/** End of the line's text: without the carriage return of a CRLF. */
export function withoutCarriageReturn(bytes: Uint8Array, start: number, end: number): number {
  return end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
}

/** A byte order mark at the very start of a stream is no part of the first record. */
export function afterByteOrderMark(bytes: Uint8Array, start: number, end: number): number {
  return end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf
    ? start + 3
    : start;
}
