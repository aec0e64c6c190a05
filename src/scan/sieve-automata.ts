/**
 * SieveAutomata: the automata of regular expressions in the kernel's memory. Each has a cell, which the formulas of all groups name; the
 * automaton itself is made when a formula first asks for it, because most expressions are behind literals that never stand in a log. Other
 * threads see it by its cell, which is written last.
 */
import type { ScanMemory } from './scan-memory.ts';
import { AUTOMATON_CLASSES, AUTOMATON_EXACT, AUTOMATON_NEXT, AUTOMATON_SKIP, NO_AUTOMATON } from './sieve-memory.ts';

/** A table automaton over ASCII (`match/regex-automaton.ts`); state 1 says yes. */
export interface SieveAutomaton {
  /** For texts as they stand, and right both ways. */
  readonly isExact: boolean;
  readonly classes: Uint8Array;
  readonly classCount: number;
  readonly next: Uint16Array;
}

export interface LazyAutomaton {
  /** Made when it is read first; undefined: the expression has none. */
  readonly table: SieveAutomaton | undefined;
}

const CELLS = 256;

export class SieveAutomata {
  readonly #memory: ScanMemory;
  readonly #cells = new Map<LazyAutomaton, number>();
  readonly #byCell = new Map<number, LazyAutomaton>();
  #next = 0;
  #end = 0;

  constructor(memory: ScanMemory) {
    this.#memory = memory;
  }

  /** Address of its cell. */
  cellOf(automaton: LazyAutomaton): number {
    let cell = this.#cells.get(automaton);
    if (cell === undefined) {
      if (this.#next === this.#end) {
        this.#next = this.#memory.allocate(4 * CELLS);
        this.#end = this.#next + 4 * CELLS;
      }
      cell = this.#next;
      this.#next += 4;
      this.#cells.set(automaton, cell);
      this.#byCell.set(cell, automaton);
    }
    return cell;
  }

  /** All that have a cell. */
  get cells(): ReadonlyMap<number, LazyAutomaton> {
    return this.#byCell;
  }

  /** Its cell was written before. */
  recall(cell: number, automaton: LazyAutomaton): void {
    this.#cells.set(automaton, cell);
    this.#byCell.set(cell, automaton);
  }

  /** Makes the automaton that a formula has asked for. */
  make(cell: number): void {
    const table = this.#byCell.get(cell)?.table;
    const address = table === undefined ? NO_AUTOMATON : this.#write(table);
    Atomics.store(new Uint32Array(this.#memory.memory.buffer, cell, 1), 0, address);
  }

  #write({ isExact, classes, classCount, next }: SieveAutomaton): number {
    const address = this.#memory.allocate(AUTOMATON_NEXT + 2 * next.length);
    const buffer = this.#memory.memory.buffer;
    new Uint32Array(buffer, address, 1)[0] = classCount | (isExact ? AUTOMATON_EXACT : 0);
    new Uint8Array(buffer, address + AUTOMATON_CLASSES, classes.length).set(classes);
    const skipped = classes.map((kind) => (next[kind] === 0 ? 1 : 0));
    new Uint8Array(buffer, address + AUTOMATON_SKIP, classes.length).set(skipped);
    new Uint16Array(buffer, address + AUTOMATON_NEXT, next.length).set(next);
    return address;
  }
}
