/**
 * The texts of details of a table, one after the other: read in large pieces, because a million small reads of a file take seconds;
 * where only some are wanted, what lies between them is left out. What is looked for in them is found in the bytes, without parsing.
 */
import type { IndicatorTable } from '../../core/indicator-table.ts';
import { idKey, keyHash, NO_ID } from '../../core/stix-id.ts';

const PIECE_BYTES = 1024 * 1024;
/** A gap up to this size is read along. */
const GAP_BYTES = 16 * 1024;

/**
 * Number of the details and its text; the bytes are valid until the next one is taken. Details without text are left out, and those
 * that `wanted` has no 1 for.
 */
export function* detailTexts(
  table: IndicatorTable,
  wanted?: Uint8Array,
): Generator<readonly [number: number, text: Buffer]> {
  const { textStart, texts, profile } = table.columns;
  const isWanted = (number: number): boolean =>
    wanted === undefined ? textStart[number] !== textStart[number + 1] : wanted[number] === 1;
  for (let number = 0; number < profile.length; ) {
    if (!isWanted(number)) {
      number++;
      continue;
    }
    const start = textStart[number] ?? 0;
    let end = textStart[number + 1] ?? 0;
    let next = number + 1;
    for (let at = next; at < profile.length && (textStart[at] ?? 0) <= end + GAP_BYTES; at++) {
      if (end - start >= PIECE_BYTES) break;
      if (!isWanted(at)) continue;
      next = at + 1;
      end = textStart[next] ?? 0;
    }
    const piece = texts.bytes(start, end);
    for (; number < next; number++) {
      const [from = 0, to = 0] = [textStart[number], textStart[number + 1]];
      if (from < to && isWanted(number)) yield [number, piece.subarray(from - start, to - start)];
    }
  }
}

/** `keyHash` of the id of each details; of tables that lack the column all texts are read. */
export function idHashes(table: IndicatorTable): Uint32Array {
  const { idHash, profile } = table.columns;
  if (idHash !== undefined) return idHash;
  const hashes = new Uint32Array(profile.length).fill(NO_ID);
  for (const [number, text] of detailTexts(table)) {
    const id = idOfText(text);
    if (id !== undefined) hashes[number] = keyHash(idKey(id));
  }
  return hashes;
}

const ID_START = Buffer.from('{"id":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The id that a text begins with; undefined when it has none. */
function idOfText(text: Buffer): string | undefined {
  if (text.compare(ID_START, 0, ID_START.length, 0, ID_START.length) !== 0) return undefined;
  const end = text.indexOf(QUOTE, ID_START.length);
  const id = text.subarray(ID_START.length, end);
  if (!id.includes(BACKSLASH)) return id.toString('utf8');
  return (JSON.parse(text.toString('utf8')) as { readonly id: string }).id;
}
