/**
 * FreeLiterals: which of many literals stand anywhere in one text, letter case ignored. Typed arrays, built once, which threads may share; a text
 * is looked at once, whatever the number of literals.
 */
import { foldCase } from '../core/fold.ts';
import { buildGramTables, GRAM, type GramTable, gramHash } from './gram-table.ts';
import { TextUnits, UNITS_OVERLAP } from './text-units.ts';

export type OwnerVisitor = (owner: number) => void;

/** Plain data. */
export interface FreeColumns {
  /** ASCII, folded, one behind the other. */
  readonly texts: Uint8Array;
  /** Where each begins, and the end of the last. */
  readonly textStart: Uint32Array;
  readonly owners: Uint32Array;
  readonly ownerStart: Uint32Array;
  readonly tables: readonly GramTable[];
}

/** Each text once, all of them `isForGrams`. */
export function buildFreeLiterals(
  literals: readonly { readonly text: string; readonly owners: readonly number[] }[],
): FreeColumns {
  return {
    texts: new Uint8Array(Buffer.from(literals.map(({ text }) => text).join(''), 'latin1')),
    textStart: startsOf(literals.map(({ text }) => text.length)),
    owners: Uint32Array.from(literals.flatMap(({ owners }) => owners)),
    ownerStart: startsOf(literals.map(({ owners }) => owners.length)),
    tables: buildGramTables(literals.map(({ text }) => text)),
  };
}

/** Where pieces of these lengths begin that stand one behind the other, and the end of the last. */
function startsOf(lengths: readonly number[]): Uint32Array {
  const starts = new Uint32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) starts[i + 1] = (starts[i] as number) + length;
  return starts;
}

export class FreeLiterals {
  readonly #columns: FreeColumns;
  readonly #units: TextUnits;

  /** `units`: working memory, which indexes of one thread may share. */
  constructor(columns: FreeColumns, units: TextUnits = new TextUnits()) {
    this.#columns = columns;
    this.#units = units;
  }

  /**
   * Calls `visit` for the owners of every literal in the text; an owner may be visited more than once. `folded` is the folded text
   * when the caller has it; it is made here only when something may be found.
   */
  find(text: string, visit: OwnerVisitor, folded?: string): void {
    const { tables } = this.#columns;
    for (let i = 0; i < tables.length; i++) this.#findBy(tables[i] as GramTable, text, folded, visit);
  }

  #findBy(table: GramTable, text: string, known: string | undefined, visit: OwnerVisitor): void {
    const textUnits = this.#units;
    const { heads, next, offsets, hashes, numbers, step } = table;
    const { units } = textUnits;
    const mask = heads.length - 1;
    let folded = known;
    for (let start = 0; start < text.length; ) {
      const length = textUnits.load(text, start);
      for (let at = 0; at + GRAM <= length; at += step) {
        const mixed = gramHash(
          units[at] as number,
          units[at + 1] as number,
          units[at + 2] as number,
          units[at + 3] as number,
        );
        let entry = heads[mixed & mask] as number;
        while (entry > 0) {
          if (((hashes[entry - 1] as number) | 0) === mixed) {
            folded ??= foldCase(text);
            this.#visitIf(numbers[entry - 1] as number, folded, start + at - (offsets[entry - 1] as number), visit);
          }
          entry = next[entry - 1] as number;
        }
      }
      if (start + length >= text.length) return;
      start += length - UNITS_OVERLAP;
    }
  }

  /** Where the literal stands at `first`. */
  #visitIf(literal: number, folded: string, first: number, visit: OwnerVisitor): void {
    const { texts, textStart, owners, ownerStart } = this.#columns;
    const from = textStart[literal] as number;
    const length = (textStart[literal + 1] as number) - from;
    if (first < 0 || first + length > folded.length) return;
    for (let i = 0; i < length; i++) if (folded.charCodeAt(first + i) !== texts[from + i]) return;
    const end = ownerStart[literal + 1] as number;
    for (let i = ownerStart[literal] as number; i < end; i++) visit(owners[i] as number);
  }
}
