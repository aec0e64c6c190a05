/**
 * ProcessIndex: from host and process id to the instance that started last; the others hang on it, the younger first. Open addressing
 * with a keyed hash (ids are log content), at most half full: each slot is two words, the hash and the row, so that rows are looked at
 * only where the hash agrees, and growing reads the table alone.
 *
 * The instances of an id are linked both ways. The youngest knows the oldest (its `YOUNGER`) and how many there are (the upper bits of its
 * flags), so that an id that is used again and again loses its oldest instance without a walk over the others.
 */
import {
  FLAG_BITS,
  FLAG_MASK,
  FLAGS,
  HOST,
  NO_ROW,
  OLDER,
  PID,
  type ProcessRows,
  START,
  YOUNGER,
} from './process-rows.ts';
import type { TextSeed } from './text-hashes.ts';

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

  /** Pairs of host and process id that will be asked for soon, in `ids[0, count)`: brings their places near. */
  touch(ids: Uint32Array, count: number): void {
    const table = this.#table;
    const mask = this.#mask;
    const seed = this.#seed;
    let all = 0;
    for (let i = 0; i < count; i += 2)
      all ^= table[2 * (hashOf(seed, ids[i] as number, ids[i + 1] as number) & mask)] as number;
    // To forget this is always right; what nothing depends on would not be read at all.
    if (all === 0) this.#lastSlot = NO_SLOT;
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
      rows.set(row, YOUNGER, row);
      this.#setCount(row, 1);
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
    const count = this.#countOf(first) + 1;
    if (younger === NO_ROW) {
      // A single instance is its own oldest one.
      rows.set(row, YOUNGER, rows.get(first, YOUNGER));
      rows.set(first, YOUNGER, row);
      this.#setCount(first, 0);
      this.#setCount(row, count);
      this.#table[2 * slot + 1] = row;
    } else {
      rows.set(younger, OLDER, row);
      rows.set(next === NO_ROW ? first : next, YOUNGER, row);
      rows.set(row, YOUNGER, younger);
      this.#setCount(first, count);
    }
    return false;
  }

  /** The oldest instance of an id that has more than so many; 0 for none. */
  oldestBeyond(limit: number, host: number, pid: number): number {
    const first = this.first(host, pid);
    return first === NO_ROW || this.#countOf(first) <= limit ? NO_ROW : this.#rows.get(first, YOUNGER);
  }

  unlink(row: number): void {
    const rows = this.#rows;
    const host = rows.get(row, HOST);
    const pid = rows.get(row, PID);
    const slot = this.#find(host, pid, hashOf(this.#seed, host, pid));
    const first = this.#table[2 * slot + 1] as number;
    const count = this.#countOf(first) - 1;
    const older = rows.get(row, OLDER);
    const younger = rows.get(row, YOUNGER);
    if (first !== row) {
      rows.set(younger, OLDER, older);
      rows.set(older === NO_ROW ? first : older, YOUNGER, younger);
      this.#setCount(first, count);
    } else if (older === NO_ROW) this.#remove(slot);
    else {
      // It is the youngest now, and knows the oldest.
      rows.set(older, YOUNGER, younger);
      this.#setCount(older, count);
      this.#table[2 * slot + 1] = older;
    }
    rows.set(row, OLDER, NO_ROW);
    rows.set(row, YOUNGER, NO_ROW);
    this.#setCount(row, 0);
  }

  #countOf(first: number): number {
    return this.#rows.get(first, FLAGS) >>> FLAG_BITS;
  }

  #setCount(row: number, count: number): void {
    const flags = this.#rows.get(row, FLAGS) & FLAG_MASK;
    this.#rows.set(row, FLAGS, flags | (count << FLAG_BITS));
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
