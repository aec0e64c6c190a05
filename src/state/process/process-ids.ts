/**
 * Process ids in a word: decimal numbers below a thousand million as they are, anything else (an id need not be a number) as the
 * number of its text with the highest bit set. Equal ids have equal words.
 */
import { NO_TEXT, type TextStore } from './text-store.ts';

export const NO_PID = 0xffff_ffff;
/** An id that nobody has told of. */
const UNKNOWN_PID = 0xffff_fffe;
const TEXT_BIT = 0x8000_0000;
const MAX_DIGITS = 9;
const DECIMAL = /^(?:0|[1-9]\d{0,8})$/;

/** Of an id in the spelling of `processId`. */
export function pidWord(pid: string | undefined, texts: TextStore): number {
  if (pid === undefined) return NO_PID;
  return DECIMAL.test(pid) ? Number(pid) : pidOfText(texts.idOf(pid));
}

/** Adds no text: an id that nobody has is nobody's. */
export function knownPidWord(pid: string | undefined, texts: TextStore): number {
  if (pid === undefined) return NO_PID;
  if (DECIMAL.test(pid)) return Number(pid);
  const text = texts.find(pid);
  return text === NO_TEXT ? UNKNOWN_PID : pidOfText(text);
}

/** The id that bytes spell in decimal or hexadecimal digits, when its word is a number; else undefined. */
export function pidOfBytes(view: DataView, start: number, end: number): number | undefined {
  const length = end - start;
  if (length === 0) return undefined;
  const first = view.getUint8(start);
  if (first === 0x30 && length > 2 && (view.getUint8(start + 1) | 0x20) === 0x78) {
    if (length > 2 + 7) return undefined;
    let pid = 0;
    for (let i = start + 2; i < end; i++) {
      const byte = view.getUint8(i);
      const lower = byte | 0x20;
      const digit = byte - 0x30 <= 9 && byte >= 0x30 ? byte - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
      if (digit < 0) return undefined;
      pid = 16 * pid + digit;
    }
    return pid;
  }
  if (length > MAX_DIGITS || (first === 0x30 && length > 1)) return undefined;
  let pid = 0;
  for (let i = start; i < end; i++) {
    const digit = view.getUint8(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    pid = 10 * pid + digit;
  }
  return pid;
}

/** Word of an id that is a text. */
export function pidOfText(text: number): number {
  return (text | TEXT_BIT) >>> 0;
}

/** Text of the id, 0 for a number. */
export function textOfPidWord(word: number): number {
  return word === NO_PID || word < TEXT_BIT ? NO_TEXT : word & ~TEXT_BIT;
}

export function pidText(word: number, texts: TextStore): string | undefined {
  if (word === NO_PID) return undefined;
  return word < TEXT_BIT ? String(word) : texts.textOf(word & ~TEXT_BIT);
}
