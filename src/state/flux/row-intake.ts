/**
 * RowIntake: rows that have come and are not in the order yet, up to 64. All of them are made ready together, one step after the other: their
 * groups hashed, the groups looked up, what the order knows of these, their columns hashed, what memory says of their ids. In each step
 * the lines of memory that one row needs do not depend on those of another, so that the waits for them overlap; row by row they come one
 * after the other, and are most of the time that a row takes. The rows then go into the order one by one, as they came.
 */
import type { Failures } from '../../core/failures.ts';
import type { Fingerprint } from '../memory/fingerprint.ts';
import type { GroupTable } from '../memory/group-table.ts';
import { NONE } from '../order/item-records.ts';
import type { FluxRow } from './row.ts';
import type { RowTable } from './row-table.ts';

/** Rows that are made ready together. */
const BATCH = 64;

export interface IntakeSteps {
  /** Fingerprint of a group's value, the same object each time. */
  groupOf(text: string): Fingerprint;
  /** Asks memory for what the order knows of the keys `from` to before `end`; NONE where a row has no group. */
  expectKeys(keys: Int32Array, from: number, end: number): void;
  /** So many rows are in the table by now; NONE where a row has no group. */
  expectRows(slots: Int32Array, from: number, end: number): void;
}

type TakeRow = (slot: number, key: number, arrivalMs: number) => void;

export class RowIntake<T> {
  #count = 0;
  readonly #rows = new Array<FluxRow<T> | undefined>(BATCH).fill(undefined);
  readonly #arrivals = new Float64Array(BATCH);
  readonly #los = new Int32Array(BATCH);
  readonly #his = new Int32Array(BATCH);
  readonly #keys = new Int32Array(BATCH);
  readonly #slots = new Int32Array(BATCH);
  readonly #groups: GroupTable;
  readonly #table: RowTable<T>;
  readonly #steps: IntakeSteps;
  /** Where the sum of what was asked for goes: what nobody uses would not be read. */
  readonly #read = new Float64Array(1);

  constructor(groups: GroupTable, table: RowTable<T>, steps: IntakeSteps) {
    this.#groups = groups;
    this.#table = table;
    this.#steps = steps;
  }

  /** Rows that have not been given out. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === BATCH;
  }

  /** Takes a row, unless it is full. */
  add(row: FluxRow<T>, arrivalMs: number): void {
    this.#arrivals[this.#count] = arrivalMs;
    this.#rows[this.#count++] = row;
  }

  /**
   * Gives each row out, as they came: `take` gets its number in the table, its key and when it came; a row without a group goes to `alone`.
   * What these throw goes to `failures`.
   */
  release(take: TakeRow, alone: (row: FluxRow<T>, arrivalMs: number) => void, failures: Failures): void {
    try {
      this.#makeReady();
      for (let at = 0; at < this.#count; at++) {
        try {
          this.#giveOut(at, take, alone);
        } catch (failure) {
          // Whatever it is: a bug that one row brings to light takes none of those behind it along.
          failures.add(failure);
        }
      }
    } finally {
      this.#count = 0;
    }
  }

  #giveOut(at: number, take: TakeRow, alone: (row: FluxRow<T>, arrivalMs: number) => void): void {
    const row = this.#rows[at] as FluxRow<T>;
    this.#rows[at] = undefined;
    const slot = this.#slots[at] as number;
    if (slot === NONE) alone(row, this.#arrivals[at] as number);
    else take(slot, this.#keys[at] as number, this.#arrivals[at] as number);
  }

  #makeReady(): void {
    const count = this.#count;
    const rows = this.#rows;
    const [los, his, keys, slots] = [this.#los, this.#his, this.#keys, this.#slots];
    const steps = this.#steps;
    const groups = this.#groups;
    let sum = 0;
    for (let at = 0; at < count; at++) sum += lookedAt(rows[at] as FluxRow<T>);
    this.#read[0] = sum;
    for (let at = 0; at < count; at++) {
      const { group } = rows[at] as FluxRow<T>;
      if (group === undefined) continue;
      const print = steps.groupOf(group);
      los[at] = print.lo;
      his[at] = print.hi;
    }
    this.#read[0] = groups.expect(los, 0, count);
    for (let at = 0; at < count; at++) {
      if ((rows[at] as FluxRow<T>).group === undefined) {
        keys[at] = NONE;
        continue;
      }
      const lo = los[at] as number;
      const hi = his[at] as number;
      const known = groups.find(lo, hi);
      keys[at] = known < 0 ? groups.add(lo, hi) : known;
    }
    steps.expectKeys(keys, 0, count);
    for (let at = 0; at < count; at++) {
      const row = rows[at] as FluxRow<T>;
      slots[at] =
        row.group === undefined ? NONE : this.#table.add(row, keys[at] as number, los[at] as number, his[at] as number);
    }
    steps.expectRows(slots, 0, count);
  }
}

/** Reads a word of each part of a row. */
function lookedAt(row: FluxRow<unknown>): number {
  let sum = row.timeMs + (row.own[0] ?? 0) + (row.group?.length ?? 0);
  const { columns } = row;
  for (let i = 0; i < columns.length; i++) sum += columns[i]?.length ?? 0;
  return sum;
}
