/**
 * JSON that can stand on one line of any transport: no raw control character, no line separator of Unicode, no lone surrogate. Readers
 * that split on more than line feed (U+0085, U+2028) or that refuse lone surrogates get the same records as all others.
 */
import { wellFormed } from './text-limit.ts';

/** DEL, C1 controls with NEL, the separators, the byte order mark: legal in JSON, and dangerous to line readers. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\ufeff]/g;
/** Printable ASCII: nothing but quotes and backslashes can need an escape. */
const PRINTABLE = /^[ -~]*$/;
/** The same without the two. */
const BARE = /^[ !#-[\]-~]*$/;

/** A part of a JSON text; as bytes, which are ASCII, to be taken at once. */
export type JsonPiece = string | Uint8Array;

/** A text that is written again and again: as bytes where it can be. */
export function asciiPiece(json: string): JsonPiece {
  return PRINTABLE.test(json) ? Buffer.from(json, 'latin1') : json;
}

/** The text that the pieces make. */
export function joinedPieces(pieces: readonly JsonPiece[]): string {
  let json = '';
  for (const piece of pieces)
    json +=
      typeof piece === 'string' ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1');
  return json;
}

export function jsonLine(value: unknown): string {
  // JSON.stringify writes a lone surrogate as an escape, so it can be told from the text without a replacer.
  let text = JSON.stringify(value);
  if (/\\ud[89a-f]/.test(text)) text = JSON.stringify(value, wellFormedMember);
  return text.replace(UNSAFE, escaped);
}

/** `jsonLine` of a text. */
export function jsonText(text: string): string {
  if (BARE.test(text)) return `"${text}"`;
  return PRINTABLE.test(text) ? JSON.stringify(text) : jsonLine(text);
}

/** `jsonLine` in ASCII only: needs no byte order mark in a syslog message. */
export function asciiJsonLine(value: unknown): string {
  return jsonLine(value).replace(/[\u0080-\uffff]/g, escaped);
}

/** The members of an object's text, each with a comma in front. */
export function membersOf(json: string): string {
  return json === '{}' ? '' : `,${json.slice(1, -1)}`;
}

function wellFormedMember(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [wellFormed(key), member]));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
