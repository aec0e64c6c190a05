/**
 * Groups that own remembered facts: fingerprint of the group to a small number, with the group's fact count and generation. A group
 * without facts has no entry, so idle groups cost nothing. Open addressing with linear probing over typed arrays; numbers of
 * emptied groups are used again.
 *
 * Layout: `#index[i]` is the number of a group plus one, 0 free; `keys[2n]`, `keys[2n+1]` low and high half of group n's fingerprint;
 * `live[n]` facts it owns; `puts[n]` facts put in its present generation; `generation[n]` 1 to 250.
 */

export class GroupTable {
  keys = new Int32Array(16);
  live = new Uint32Array(8);
  puts = new Uint32Array(8);
  generation = new Uint8Array(8);
  #index = new Uint32Array(16);
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
    const mask = this.#index.length - 1;
    for (let at = lo & mask; ; at = (at + 1) & mask) {
      const entry = this.#index[at] as number;
      if (entry === 0) return -1;
      const group = entry - 1;
      if (this.keys[2 * group] === lo && this.keys[2 * group + 1] === hi) return group;
    }
  }

  add(lo: number, hi: number): number {
    const group = this.#free.pop() ?? this.#next++;
    if (group >= this.live.length) this.#grow();
    this.keys[2 * group] = lo;
    this.keys[2 * group + 1] = hi;
    this.live[group] = 0;
    this.puts[group] = 0;
    this.generation[group] = 1;
    if (++this.#count * 2 > this.#index.length) this.#reindex(this.#index.length * 2);
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
    this.#reindex(this.#index.length, free);
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
    while (size < 2 * end) size *= 2;
    this.#count = end;
    this.#index = new Uint32Array(size);
    this.releaseEmpty();
  }

  #place(group: number): void {
    const mask = this.#index.length - 1;
    let at = (this.keys[2 * group] as number) & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = group + 1;
  }

  #reindex(size: number, free: ReadonlySet<number> = new Set(this.#free)): void {
    this.#index = new Uint32Array(size);
    for (let group = 0; group < this.#next; group++) if (!free.has(group)) this.#place(group);
  }

  #grow(): void {
    const size = this.live.length * 2;
    this.keys = copyInto(new Int32Array(2 * size), this.keys);
    this.live = copyInto(new Uint32Array(size), this.live);
    this.puts = copyInto(new Uint32Array(size), this.puts);
    this.generation = copyInto(new Uint8Array(size), this.generation);
  }
}

function copyInto<A extends Int32Array | Uint32Array | Uint8Array>(to: A, from: A): A {
  to.set(from);
  return to;
}
