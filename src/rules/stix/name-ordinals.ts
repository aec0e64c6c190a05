/**
 * NameOrdinals: each distinct name gets the next number from 1, in reading order: the `rule_id` of STIX Spark
 * (stix-spark.md section 5.3). Names are kept as 64-bit hashes, 20 bytes each: a million names need no strings, and two names
 * would share a number by chance once in ten million such sets.
 */

export class NameOrdinals {
  #count = 0;
  #hashes = new Uint32Array(2 * 1024);
  #slots = new Uint32Array(4096);

  /** `known`: what `export` of an earlier load returned; its names keep their numbers. */
  constructor(known: Uint32Array = new Uint32Array(0)) {
    if (known.length === 0) return;
    this.#count = known.length >> 1;
    this.#hashes = known.slice();
    this.#slots = new Uint32Array(Math.max(4096, 2 ** Math.ceil(Math.log2(this.#count * 2 + 2))) / 2);
    this.#rehash();
  }

  /** Hashes of all names in the order of their numbers, two words each. */
  export(): Uint32Array {
    return this.#hashes.slice(0, 2 * this.#count);
  }

  get size(): number {
    return this.#count;
  }

  ordinalOf(name: string): number {
    const low = hash(name, 0x811c9dc5);
    const high = hash(name, 0x1000193);
    const mask = this.#slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const ordinal = this.#slots[slot] ?? 0;
      if (ordinal === 0) return this.#append(low, high, slot);
      if (this.#hashes[2 * ordinal - 2] === low && this.#hashes[2 * ordinal - 1] === high) return ordinal;
    }
  }

  #append(low: number, high: number, slot: number): number {
    const ordinal = ++this.#count;
    if (2 * ordinal > this.#hashes.length) {
      const larger = new Uint32Array(this.#hashes.length * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[2 * ordinal - 2] = low;
    this.#hashes[2 * ordinal - 1] = high;
    this.#slots[slot] = ordinal;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return ordinal;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let ordinal = 1; ordinal <= this.#count; ordinal++) {
      let slot = (this.#hashes[2 * ordinal - 2] ?? 0) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = ordinal;
    }
  }
}

/** Two multiplications a character, with different constants for each seed, and a final mix. */
function hash(text: string, seed: number): number {
  let value = seed ^ text.length;
  const factor = seed | 0x55555555;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
    value = Math.imul(value ^ (value >>> 15), factor);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
