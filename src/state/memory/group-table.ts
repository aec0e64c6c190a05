/**
 * Groups that own remembered facts: fingerprint of the group to a small number, with the group's fact count and generation. A group
 * without facts has no entry, so idle groups cost nothing. Open addressing with linear probing over typed arrays, fingerprints beside the
 * numbers, so that a group is found in one line of memory; numbers of emptied groups are used again.
 *
 * Layout: entry i of the index, from word 3i: number of a group plus one, 0 free; its fingerprint, low and high half. By number n
 * `keys[2n]`, `keys[2n+1]`, the same fingerprint;
 * `live[n]` facts it owns; `puts[n]` facts put in its present generation; `generation[n]` 1 to 250.
 */
import { lengthened } from '../../core/growing-columns.ts';

/** Words of an entry. */
const ENTRY = 3;

export class GroupTable {
  keys = new Int32Array(16);
  live = new Uint32Array(8);
  puts = new Uint32Array(8);
  generation = new Uint8Array(8);
  #index = new Int32Array(ENTRY * 16);
  /** Entries of the index less one, a power of two less one. */
  #mask = 15;
  #free: number[] = [];
  #next = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return (
      this.keys.byteLength +
      this.live.byteLength +
      this.puts.byteLength +
      this.generation.byteLength +
      this.#index.byteLength
    );
  }

  /** Number of the group, -1 when it owns nothing. */
  find(lo: number, hi: number): number {
    const index = this.#index;
    const mask = this.#mask;
    for (let entry = lo & mask; ; entry = (entry + 1) & mask) {
      const at = ENTRY * entry;
      const group = (index[at] as number) - 1;
      if (group < 0 || (index[at + 1] === lo && index[at + 2] === hi)) return group;
    }
  }

  /** Asks memory for where groups with these low halves stand, `from` to before `end`; the result says nothing. */
  expect(los: Int32Array, from: number, end: number): number {
    const index = this.#index;
    const mask = this.#mask;
    let sum = 0;
    for (let i = from; i < end; i++) sum = (sum + (index[ENTRY * ((los[i] as number) & mask)] as number)) | 0;
    return sum;
  }

  add(lo: number, hi: number): number {
    const group = this.#free.pop() ?? this.#next++;
    if (group >= this.live.length) this.#grow();
    this.keys[2 * group] = lo;
    this.keys[2 * group + 1] = hi;
    this.live[group] = 0;
    this.puts[group] = 0;
    this.generation[group] = 1;
    if (++this.#count * 4 > this.#mask * 3) this.#reindex(2 * (this.#mask + 1));
    else this.#place(group);
    return group;
  }

  /** Frees the numbers of groups without facts. Called after a sweep, when nobody holds a number. */
  releaseEmpty(): void {
    const free = new Set(this.#free);
    for (let group = 0; group < this.#next; group++) {
      if (this.live[group] !== 0 || free.has(group)) continue;
      this.#free.push(group);
      this.#count--;
      free.add(group);
    }
    this.#reindex(this.#mask + 1, free);
  }

  /** Plain columns for a snapshot; owned by the caller. */
  columns(): { keys: Int32Array; live: Uint32Array; puts: Uint32Array; generation: Uint8Array } {
    const end = this.#next;
    return {
      keys: this.keys.slice(0, 2 * end),
      live: this.live.slice(0, end),
      puts: this.puts.slice(0, end),
      generation: this.generation.slice(0, end),
    };
  }

  /** Takes the columns of a snapshot; groups without facts become free numbers. */
  restore(columns: ReturnType<GroupTable['columns']>): void {
    const end = columns.live.length;
    while (this.live.length < end) this.#grow();
    this.keys.set(columns.keys);
    this.live.set(columns.live);
    this.puts.set(columns.puts);
    this.generation.set(columns.generation);
    this.#next = end;
    this.#free = [];
    let size = 16;
    while (size * 3 < 4 * end) size *= 2;
    this.#count = end;
    this.#mask = size - 1;
    this.releaseEmpty();
  }

  #place(group: number): void {
    const index = this.#index;
    const lo = this.keys[2 * group] as number;
    let entry = lo & this.#mask;
    while (index[ENTRY * entry] !== 0) entry = (entry + 1) & this.#mask;
    index[ENTRY * entry] = group + 1;
    index[ENTRY * entry + 1] = lo;
    index[ENTRY * entry + 2] = this.keys[2 * group + 1] as number;
  }

  #reindex(size: number, free: ReadonlySet<number> = new Set(this.#free)): void {
    this.#index = new Int32Array(ENTRY * size);
    this.#mask = size - 1;
    for (let group = 0; group < this.#next; group++) if (!free.has(group)) this.#place(group);
  }

  #grow(): void {
    const size = this.live.length * 2;
    this.keys = lengthened(this.keys, 2 * size);
    this.live = lengthened(this.live, size);
    this.puts = lengthened(this.puts, size);
    this.generation = lengthened(this.generation, size);
  }
}
