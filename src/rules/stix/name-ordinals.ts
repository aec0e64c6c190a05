/**
 * NameOrdinals: each distinct name gets the next number from 1, in reading order: the `rule_id` of STIX Spark
 * (stix-spark.md section 5.3). Names are kept as 64-bit hashes, 20 bytes each: a million names need no strings, and two names
 * would share a number by chance once in ten million such sets.
 */
import { grown } from '../../core/growing-columns.ts';
import { WordKeys } from '../../core/word-keys.ts';

export class NameOrdinals {
  readonly #known: WordKeys;
  /** New names: hashes in the order of their numbers, and where they are. */
  #count = 0;
  #hashes = new Uint32Array(2 * 1024);
  #slots = new Uint32Array(4096);

  /** `known`: what `export` of an earlier load returned; its names keep their numbers. */
  constructor(known: Uint32Array = new Uint32Array(0)) {
    this.#known = new WordKeys(known, 2);
  }

  /** Hashes of all names in the order of their numbers, two words each. */
  export(): Uint32Array {
    const { words } = this.#known;
    if (this.#count === 0) return words;
    const all = new Uint32Array(words.length + 2 * this.#count);
    all.set(words);
    all.set(this.#hashes.subarray(0, 2 * this.#count), words.length);
    return all;
  }

  get size(): number {
    return this.#known.size + this.#count;
  }

  ordinalOf(name: string): number {
    const low = hash(name, 0x811c9dc5);
    const high = hash(name, 0x1000193);
    const known = this.#known.find(low, high);
    if (known >= 0) return known + 1;
    const mask = this.#slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] ?? 0;
      if (number === 0) return this.#append(low, high, slot);
      if (this.#hashes[2 * number - 2] === low && this.#hashes[2 * number - 1] === high)
        return this.#known.size + number;
    }
  }

  #append(low: number, high: number, slot: number): number {
    const number = ++this.#count;
    this.#hashes = grown(this.#hashes, 2 * number);
    this.#hashes[2 * number - 2] = low;
    this.#hashes[2 * number - 1] = high;
    this.#slots[slot] = number;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return this.#known.size + number;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let number = 1; number <= this.#count; number++) {
      let slot = (this.#hashes[2 * number - 2] ?? 0) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number;
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
