/**
 * PerKeys: what follows from the names of an event's fields alone, worked out once for each list of names. Records of one source list
 * the same names in the same order; a list is told by comparing its names, which are the same texts in memory, one after the other.
 */

/** Lists of one hash that are remembered; lists that somebody makes to meet in one push each other out. */
const MAX_ALIKE = 8;
/** Longer lists, and lists of longer names in sum, are not remembered. */
const MAX_KEYS = 256;
const MAX_CHARACTERS = 4096;

interface Known<T> {
  readonly keys: readonly string[];
  readonly value: T;
}

export class PerKeys<T> {
  readonly #make: (keys: readonly string[]) => T;
  readonly #mostLists: number;
  readonly #lists = new Map<number, Known<T>[]>();
  #count = 0;

  /** `mostLists`: when there are more the memory begins anew. */
  constructor(make: (keys: readonly string[]) => T, mostLists: number) {
    this.#make = make;
    this.#mostLists = mostLists;
  }

  /** `keys` as `Object.keys` gives them. */
  of(keys: readonly string[]): T {
    const hash = hashOf(keys);
    const alike = this.#lists.get(hash);
    if (alike !== undefined)
      for (let i = 0; i < alike.length; i++) {
        const known = alike[i] as Known<T>;
        if (isSame(known.keys, keys)) return known.value;
      }
    return this.#add(hash, keys);
  }

  #add(hash: number, keys: readonly string[]): T {
    const value = this.#make(keys);
    if (keys.length > MAX_KEYS || keys.reduce((sum, key) => sum + key.length, 0) > MAX_CHARACTERS) return value;
    if (this.#count >= this.#mostLists) {
      this.#lists.clear();
      this.#count = 0;
    }
    const alike = this.#lists.get(hash) ?? [];
    this.#lists.set(hash, alike);
    if (alike.length === MAX_ALIKE) alike.shift();
    else this.#count++;
    alike.push({ keys, value });
    return value;
  }
}

/** By the lengths of some: few lists of one source agree in these. */
function hashOf(keys: readonly string[]): number {
  const { length } = keys;
  if (length === 0) return 0;
  const last = (keys[length - 1] as string).length;
  const middle = (keys[length >> 1] as string).length;
  const third = (keys[(length / 3) | 0] as string).length;
  return (((length * 61 + last) * 61 + middle) * 61 + third) | 0;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
