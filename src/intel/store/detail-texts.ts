/**
 * The texts of all details of a table, one after the other: read in large pieces, because a million small reads of a file take
 * seconds. What is looked for in them is found in the bytes, without parsing.
 */
import type { IndicatorTable } from '../../core/indicator-table.ts';

/** Number of the details and its text; the bytes are valid until the next one is taken. Details without text are left out. */
export function* detailTexts(table: IndicatorTable): Generator<readonly [number: number, text: Buffer]> {
  const { textStart, texts, profile } = table.columns;
  const chunks = texts.chunks()[Symbol.iterator]();
  let held: Buffer = Buffer.alloc(0);
  let heldStart = 0;
  for (let number = 0; number < profile.length; number++) {
    const [start = 0, end = 0] = [textStart[number], textStart[number + 1]];
    if (start === end) continue;
    while (heldStart + held.length < end) {
      const next = chunks.next();
      if (next.done === true) return;
      const rest = held.subarray(Math.min(held.length, start - heldStart));
      heldStart += held.length - rest.length;
      held = Buffer.concat([rest, next.value]);
    }
    yield [number, held.subarray(start - heldStart, end - heldStart)];
  }
}

const ID_START = Buffer.from('{"id":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The id that a text begins with; undefined when it has none. */
export function idOfText(text: Buffer): string | undefined {
  if (text.compare(ID_START, 0, ID_START.length, 0, ID_START.length) !== 0) return undefined;
  const end = text.indexOf(QUOTE, ID_START.length);
  const id = text.subarray(ID_START.length, end);
  if (!id.includes(BACKSLASH)) return id.toString('utf8');
  return (JSON.parse(text.toString('utf8')) as { readonly id: string }).id;
}
