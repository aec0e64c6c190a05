/**
 * ProcessIndex: from host and process id to the instance that started last; the others hang on it, the younger first. Open addressing
 * over row numbers, at most half full, with a keyed hash: ids are log content.
 */
import { HASH, HOST, NO_ROW, OLDER, PID, type ProcessRows, START } from './process-rows.ts';
import type { TextSeed } from './text-store.ts';

export class ProcessIndex {
  readonly #rows: ProcessRows;
  readonly #seed: TextSeed;
  #table = new Uint32Array(1024);
  #count = 0;

  constructor(rows: ProcessRows, seed: TextSeed) {
    this.#rows = rows;
    this.#seed = seed;
  }

  /** The instance that started last; 0 for none. */
  first(host: number, pid: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let slot = this.#hash(host, pid) & mask; ; slot = (slot + 1) & mask) {
      const row = table[slot] as number;
      if (row === NO_ROW) return NO_ROW;
      if (this.#rows.get(row, PID) === pid && this.#rows.get(row, HOST) === host) return row;
    }
  }

  /** Puts a row among the instances of its id, before those that did not start later. */
  link(row: number): void {
    const rows = this.#rows;
    const host = rows.get(row, HOST);
    const pid = rows.get(row, PID);
    const startMs = rows.number(row, START);
    let younger = NO_ROW;
    const first = this.first(host, pid);
    let next = first;
    while (next !== NO_ROW && rows.number(next, START) > startMs) {
      younger = next;
      next = rows.get(next, OLDER);
    }
    rows.set(row, OLDER, next);
    if (younger !== NO_ROW) rows.set(younger, OLDER, row);
    else if (first === NO_ROW) this.#add(row, host, pid);
    else {
      rows.set(row, HASH, rows.get(first, HASH));
      this.#replace(first, row);
    }
  }

  unlink(row: number): void {
    const rows = this.#rows;
    const first = this.first(rows.get(row, HOST), rows.get(row, PID));
    const older = rows.get(row, OLDER);
    rows.set(row, OLDER, NO_ROW);
    if (first !== row) {
      let younger = first;
      while (younger !== NO_ROW && rows.get(younger, OLDER) !== row) younger = rows.get(younger, OLDER);
      if (younger !== NO_ROW) rows.set(younger, OLDER, older);
    } else if (older === NO_ROW) this.#remove(row);
    else {
      rows.set(older, HASH, rows.get(row, HASH));
      this.#replace(row, older);
    }
  }

  #hash(host: number, pid: number): number {
    let hash = Math.imul(pid ^ this.#seed.lo, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ host ^ this.#seed.hi, 0x85ebca77);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #add(row: number, host: number, pid: number): void {
    this.#rows.set(row, HASH, this.#hash(host, pid));
    if (2 * ++this.#count > this.#table.length) this.#grow();
    this.#place(row);
  }

  #place(row: number): void {
    const mask = this.#table.length - 1;
    let slot = this.#rows.get(row, HASH) & mask;
    while (this.#table[slot] !== NO_ROW) slot = (slot + 1) & mask;
    this.#table[slot] = row;
  }

  #slotOf(row: number): number {
    const mask = this.#table.length - 1;
    let slot = this.#rows.get(row, HASH) & mask;
    while (this.#table[slot] !== row) slot = (slot + 1) & mask;
    return slot;
  }

  #replace(former: number, row: number): void {
    this.#table[this.#slotOf(former)] = row;
  }

  /** Those behind it move up, so that no search ends too early. */
  #remove(row: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = this.#slotOf(row);
    for (let slot = (hole + 1) & mask; table[slot] !== NO_ROW; slot = (slot + 1) & mask) {
      const home = this.#rows.get(table[slot] as number, HASH) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      table[hole] = table[slot] as number;
      hole = slot;
    }
    table[hole] = NO_ROW;
    this.#count--;
  }

  #grow(): void {
    const former = this.#table;
    this.#table = new Uint32Array(2 * former.length);
    for (const row of former) if (row !== NO_ROW) this.#place(row);
  }
}
