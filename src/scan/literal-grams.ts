/**
 * LiteralGrams: the grams of literals with how frequent they are, worked out once for a literal that many groups of rules look for.
 * Grams are chosen for all literals of a matcher one after the other: one that another literal has is no more to look for, but each
 * time it stands in a text there is one literal more to compare.
 */
import { type LiteralFrequency, gramOf } from './gram-frequency.ts';

interface Grams {
  readonly grams: Uint32Array;
  readonly perMillion: Float64Array;
}

const GRAM = 4;
/** A gram that no other literal has counts as much as so many occurrences in a million bytes. */
const NEW_PER_MILLION = 4;

export class LiteralGrams {
  readonly #frequency: LiteralFrequency;
  readonly #known = new Map<string, Grams>();

  constructor(frequency: LiteralFrequency) {
    this.#frequency = frequency;
  }

  /** Where `count` grams in a row begin that are rare; `users` counts the literals of each gram, and takes this one in. */
  choose(text: string, count: number, users: Map<number, number>): number {
    const { grams, perMillion } = this.#of(text);
    const costs = costsOf(grams, perMillion, users);
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let offset = 0; offset + count <= costs.length; offset++) {
      let cost = 0;
      for (let i = offset; i < offset + count; i++) cost += costs[i] as number;
      if (cost >= least) continue;
      best = offset;
      least = cost;
    }
    for (let i = best; i < best + count; i++) {
      const gram = grams[i] as number;
      users.set(gram, (users.get(gram) ?? 0) + 1);
    }
    return best;
  }

  #of(text: string): Grams {
    let known = this.#known.get(text);
    if (known === undefined) {
      known = this.#gramsOf(text);
      this.#known.set(text, known);
    }
    return known;
  }

  #gramsOf(text: string): Grams {
    const grams = new Uint32Array(text.length - GRAM + 1);
    const perMillion = new Float64Array(grams.length);
    for (let offset = 0; offset < grams.length; offset++) {
      const gram = gramOf(text, offset);
      grams[offset] = gram;
      perMillion[offset] = this.#frequency.gramPerMillion(gram);
    }
    return { grams, perMillion };
  }
}

function costsOf(grams: Uint32Array, perMillion: Float64Array, users: ReadonlyMap<number, number>): Float64Array {
  const costs = new Float64Array(grams.length);
  for (let i = 0; i < grams.length; i++) {
    const others = users.get(grams[i] as number) ?? 0;
    costs[i] = (perMillion[i] as number) * (1 + others) + (others === 0 ? NEW_PER_MILLION : 0);
  }
  return costs;
}
