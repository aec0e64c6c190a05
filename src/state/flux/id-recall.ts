/**
 * IdRecall: what memory holds of the ids of a row, for all lineage rules at once. Facts of one id differ in the low half of their fingerprint
 * alone, by the place of their word, and stand side by side: one walk finds those of all rules. Of most ids nothing is remembered, which
 * a bit filter over the high half says in one look.
 */
import type { FluxMemory } from './memory.ts';
import type { FluxPlan } from './plan.ts';
import { FILLED, type RowTable } from './row-table.ts';

/** A column that lineage rules look up. */
interface AskedColumn {
  readonly column: number;
  /** Words of the rules that do. */
  readonly words: readonly number[];
  /** By word of the plan: what is remembered of the value in the last row. */
  readonly masks: Int32Array;
  /** Whether memory may hold something of it. */
  mayHold: boolean;
}

export class IdRecall {
  readonly #memory: FluxMemory;
  /** By word: what tells the facts of one id apart. */
  readonly #places: Int32Array;
  /** By word: its tags. */
  readonly #wanted: Int32Array;
  readonly #asked: readonly AskedColumn[];
  /** Where the sum of what was asked for goes: what nobody uses would not be read. */
  readonly #expected = new Float64Array(1);

  constructor(plan: FluxPlan, memory: FluxMemory, places: Int32Array, wanted: Int32Array) {
    this.#memory = memory;
    this.#places = places;
    this.#wanted = wanted;
    const columns = new Set(plan.rules.flatMap(({ child, parent }) => (child < 0 ? [] : [child, parent])));
    this.#asked = Array.from(columns, (column) => ({
      column,
      words: plan.rules.flatMap(({ child, parent, wordOffset, wordCount }) =>
        child === column || parent === column ? Array.from({ length: wordCount }, (_, w) => wordOffset + w) : [],
      ),
      masks: new Int32Array(plan.words),
      mayHold: false,
    }));
  }

  /** By word of the plan, what was recalled of a column's value; undefined where no rule asks for the column. */
  masksOf(column: number): Int32Array | undefined {
    return this.#asked.find((one) => one.column === column)?.masks;
  }

  /** Rows that are likely to be evaluated next, NONE among them for none: asks memory for what tells whether it may hold anything of them. */
  expect(rows: RowTable<unknown>, slots: Int32Array, from: number, end: number): void {
    const memory = this.#memory;
    if (memory.kind === 'bloom') return;
    let sum = 0;
    for (let i = 0; i < this.#asked.length; i++) {
      const { column } = this.#asked[i] as AskedColumn;
      for (let at = from; at < end; at++) {
        const slot = slots[at] as number;
        if (slot >= 0) sum = (sum + memory.expect(rows.printHiOf(slot, column))) | 0;
      }
    }
    this.#expected[0] = sum;
  }

  /** Whether memory may hold something of the row's ids. */
  mayHold(rows: RowTable<unknown>, slot: number): boolean {
    let any = false;
    for (let i = 0; i < this.#asked.length; i++) {
      const asked = this.#asked[i] as AskedColumn;
      asked.mayHold =
        rows.stateOf(slot, asked.column) === FILLED && this.#memory.mayHold(rows.printHiOf(slot, asked.column));
      any ||= asked.mayHold;
    }
    return any;
  }

  /** After `mayHold`: reads what there is of the ids, whose fingerprints are given by column. False when it is nothing. */
  recall(columnLo: Int32Array, columnHi: Int32Array): boolean {
    let found = 0;
    for (let i = 0; i < this.#asked.length; i++) {
      const { column, words, masks, mayHold } = this.#asked[i] as AskedColumn;
      masks.fill(0);
      if (!mayHold) continue;
      this.#memory.readMasks(
        columnLo[column] as number,
        columnHi[column] as number,
        words,
        this.#places,
        this.#wanted,
        masks,
      );
      for (let word = 0; word < masks.length; word++) found |= masks[word] as number;
    }
    return found !== 0;
  }

  /** The row has no ids. */
  clear(): void {
    for (const { masks } of this.#asked) masks.fill(0);
  }
}
