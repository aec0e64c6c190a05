/**
 * ProcessIndex: from host and process id to the instance that started last; the others hang on it, the younger first. Open addressing
 * with a keyed hash (ids are log content), at most half full: each slot is two words, the hash and the row, so that rows are looked at
 * only where the hash agrees, and growing reads the table alone.
 */
import { HOST, NO_ROW, OLDER, PID, type ProcessRows, START } from './process-rows.ts';
import type { TextSeed } from './text-store.ts';

const FIRST_SLOTS = 4096;
const NO_SLOT = -1;

export class ProcessIndex {
  readonly #rows: ProcessRows;
  readonly #seed: TextSeed;
  #table = new Uint32Array(2 * FIRST_SLOTS);
  #mask = FIRST_SLOTS - 1;
  #count = 0;
  /** Where the id was found that was asked for last: a new process is asked for before it is put there. */
  #lastHost = 0;
  #lastPid = 0;
  #lastSlot = NO_SLOT;

  constructor(rows: ProcessRows, seed: TextSeed) {
    this.#rows = rows;
    this.#seed = seed;
  }

  /** The instance that started last; 0 for none. */
  first(host: number, pid: number): number {
    const slot = this.#find(host, pid, hashOf(this.#seed, host, pid));
    this.#lastHost = host;
    this.#lastPid = pid;
    this.#lastSlot = slot;
    return this.#table[2 * slot + 1] as number;
  }

  /** Puts a row among the instances of its id, before those that did not start later. True: it is the only one. */
  link(row: number): boolean {
    const rows = this.#rows;
    const host = rows.get(row, HOST);
    const pid = rows.get(row, PID);
    const hash = hashOf(this.#seed, host, pid);
    const isLast = this.#lastSlot !== NO_SLOT && host === this.#lastHost && pid === this.#lastPid;
    const slot = isLast ? this.#lastSlot : this.#find(host, pid, hash);
    const first = this.#table[2 * slot + 1] as number;
    if (first === NO_ROW) {
      rows.set(row, OLDER, NO_ROW);
      this.#lastSlot = NO_SLOT;
      this.#table[2 * slot] = hash;
      this.#table[2 * slot + 1] = row;
      if (2 * ++this.#count > this.#mask) this.#grow();
      return true;
    }
    const startMs = rows.number(row, START);
    let younger = NO_ROW;
    let next = first;
    while (next !== NO_ROW && rows.number(next, START) > startMs) {
      younger = next;
      next = rows.get(next, OLDER);
    }
    rows.set(row, OLDER, next);
    if (younger === NO_ROW) this.#table[2 * slot + 1] = row;
    else rows.set(younger, OLDER, row);
    return false;
  }

  unlink(row: number): void {
    const rows = this.#rows;
    const host = rows.get(row, HOST);
    const pid = rows.get(row, PID);
    const slot = this.#find(host, pid, hashOf(this.#seed, host, pid));
    const first = this.#table[2 * slot + 1] as number;
    const older = rows.get(row, OLDER);
    rows.set(row, OLDER, NO_ROW);
    if (first !== row) {
      let younger = first;
      while (younger !== NO_ROW && rows.get(younger, OLDER) !== row) younger = rows.get(younger, OLDER);
      if (younger !== NO_ROW) rows.set(younger, OLDER, older);
    } else if (older === NO_ROW) this.#remove(slot);
    else this.#table[2 * slot + 1] = older;
  }

  /** Slot of the id, or the free one where it would stand. */
  #find(host: number, pid: number, hash: number): number {
    const table = this.#table;
    const mask = this.#mask;
    const rows = this.#rows;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = table[2 * slot + 1] as number;
      if (row === NO_ROW) return slot;
      if (table[2 * slot] === hash && rows.get(row, PID) === pid && rows.get(row, HOST) === host) return slot;
    }
  }

  /** Those behind it move up, so that no search ends too early. */
  #remove(removed: number): void {
    const table = this.#table;
    const mask = this.#mask;
    this.#lastSlot = NO_SLOT;
    let hole = removed;
    for (let slot = (hole + 1) & mask; table[2 * slot + 1] !== NO_ROW; slot = (slot + 1) & mask) {
      const home = (table[2 * slot] as number) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      table[2 * hole] = table[2 * slot] as number;
      table[2 * hole + 1] = table[2 * slot + 1] as number;
      hole = slot;
    }
    table[2 * hole + 1] = NO_ROW;
    this.#count--;
  }

  #grow(): void {
    const former = this.#table;
    const table = new Uint32Array(2 * former.length);
    const mask = table.length / 2 - 1;
    for (let at = 0; at < former.length; at += 2) {
      const row = former[at + 1] as number;
      if (row === NO_ROW) continue;
      const hash = former[at] as number;
      let slot = hash & mask;
      while (table[2 * slot + 1] !== NO_ROW) slot = (slot + 1) & mask;
      table[2 * slot] = hash;
      table[2 * slot + 1] = row;
    }
    this.#table = table;
    this.#mask = mask;
  }
}

function hashOf({ lo, hi }: TextSeed, host: number, pid: number): number {
  let hash = Math.imul(pid ^ lo, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ host ^ hi, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d);
  return (hash ^ (hash >>> 16)) >>> 0;
}
