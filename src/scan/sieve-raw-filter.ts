/**
 * SieveRawFilters: whether any keyword literal may stand in a record, told from its raw bytes (`kernel/sieve-raw.ts`). Of each literal four
 * bytes are chosen that JSON does not spell otherwise. They are chosen together: what several literals have is looked for once, and
 * fewer grams let fewer places pass. Kinds of records with the same keywords share one filter.
 */
import { type LiteralFrequency, gramOf } from './gram-frequency.ts';
import type { ScanMemory } from './scan-memory.ts';
import type { SieveMatcher } from './sieve-group.ts';
import { RAW_BITS, RAW_BYTES, RAW_SHIFT } from './sieve-memory.ts';

const GRAM = 4;
const GRAM_MUL = 0x9e3779b1;
const BUCKETS = 8;
/** One gram more counts as much as so many occurrences in a million bytes. */
const GRAM_PER_MILLION = 30;
/** No JSON writer escapes these, but as `\uXXXX`. */
const UNCHANGED = /^[ !#-.0-[\]-~]+$/;

export class SieveRawFilters {
  readonly #memory: ScanMemory;
  readonly #addresses = new Map<string, number>();

  constructor(memory: ScanMemory) {
    this.#memory = memory;
  }

  /** Address of the filter; 0 when some literal could be spelled in too many ways to be looked for in raw bytes. */
  addressOf({ literals, numeric, strange }: SieveMatcher, frequency: LiteralFrequency): number {
    if (numeric.length > 0 || strange !== undefined) return 0;
    const texts = [...new Set(literals.map(({ text }) => text))].sort();
    const id = JSON.stringify(texts);
    let address = this.#addresses.get(id);
    if (address === undefined) {
      const grams = commonGrams(texts, frequency);
      address = grams === undefined ? 0 : this.#write(grams);
      this.#addresses.set(id, address);
    }
    return address;
  }

  #write(grams: readonly number[]): number {
    const address = this.#memory.allocate(RAW_BYTES);
    const bytes = new Uint8Array(this.#memory.memory.buffer, address, RAW_BYTES);
    const set = (at: number, bit: number): void => {
      bytes[at] = (bytes[at] ?? 0) | bit;
    };
    // What begins alike shares one of the eight buckets.
    const sorted = [...grams].sort((a, b) => (a & 0xffff) - (b & 0xffff));
    for (const [place, gram] of sorted.entries()) {
      const bucket = 1 << Math.floor((place * BUCKETS) / sorted.length);
      for (const [i, byte] of [gram & 0xff, (gram >>> 8) & 0xff, (gram >>> 16) & 0xff].entries()) {
        set(32 * i + (byte & 15), bucket);
        // A capital is told from its letter by one bit of the upper half, which is set in all grams.
        set(32 * i + 16 + (byte >>> 4), bucket);
        set(32 * i + 16 + ((byte >>> 4) & ~2), bucket);
      }
      const hash = Math.imul(gram, GRAM_MUL) >>> RAW_SHIFT;
      set(RAW_BITS + (hash >>> 3), 1 << (hash & 7));
    }
    return address;
  }
}

interface Gram {
  readonly weight: number;
  /** Literals that have it. */
  readonly users: Set<number>;
}

/**
 * Grams of which each text has one, the cheapest for the texts that are left first; undefined when some text has none. Rare are those
 * whose first three bytes are: only these are looked for in every place.
 */
function commonGrams(texts: readonly string[], frequency: LiteralFrequency): readonly number[] | undefined {
  const grams = new Map<number, Gram>();
  for (const [user, text] of texts.entries())
    for (let offset = 0; offset + GRAM <= text.length; offset++) {
      if (!UNCHANGED.test(text.slice(offset, offset + GRAM))) continue;
      const gram = gramOf(text, offset);
      const known = grams.get(gram);
      if (known !== undefined) {
        known.users.add(user);
        continue;
      }
      const pairs = [0, 1].map((i) => frequency.pairsPerMillion(text.slice(offset + i, offset + i + 2)));
      grams.set(gram, { weight: GRAM_PER_MILLION + Math.min(...pairs), users: new Set([user]) });
    }
  const byText = texts.map((): Gram[] => []);
  for (const gram of grams.values()) for (const user of gram.users) byText[user]?.push(gram);
  if (byText.some((own) => own.length === 0)) return undefined;
  const chosen: number[] = [];
  for (let left = texts.length; left > 0; ) {
    let best: readonly [number, Gram] | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [number, gram] of grams) {
      const cost = gram.weight / gram.users.size;
      if (cost >= least) continue;
      best = [number, gram];
      least = cost;
    }
    if (best === undefined) break;
    chosen.push(best[0]);
    const covered = [...best[1].users];
    left -= covered.length;
    for (const user of covered) for (const gram of byText[user] ?? []) gram.users.delete(user);
    for (const [number, gram] of grams) if (gram.users.size === 0) grams.delete(number);
  }
  return chosen;
}
