/** How frequent grams of four characters are, to choose the rarest of each literal: built in, or learnt from a sample of logs. */
import { commonGramRanks } from './common-grams.ts';

export interface GramFrequency {
  /** Weight of a folded gram; the rarer, the smaller. */
  weightOf(gram: string): number;
}

/** The built-in table, from Windows events. */
export function builtInFrequency(): GramFrequency {
  const ranks = commonGramRanks();
  const size = ranks.size;
  return { weightOf: (gram) => size + 1 - (ranks.get(gram) ?? size + 1) };
}

const BUCKETS = 1 << 18;

/** Counts of all grams of a sample, in a table of one megabyte; two grams in one bucket count as one. */
export function learnFrequency(sample: Uint8Array): GramFrequency {
  const counts = new Uint32Array(BUCKETS);
  let gram = 0;
  for (let i = 0; i < sample.length; i++) {
    gram = (gram >>> 8) | (((sample[i] ?? 0) | 0x20) << 24);
    if (i >= 3) {
      const bucket = bucketOf(gram);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
  }
  return { weightOf: (text) => counts[bucketOf(gramOf(text, 0))] ?? 0 };
}

function bucketOf(gram: number): number {
  return Math.imul(gram, 0x85ebca6b) >>> 14;
}

/** Four folded bytes at `offset`, the first lowest, as the kernel loads them. */
export function gramOf(text: string, offset: number): number {
  let gram = 0;
  for (let i = 3; i >= 0; i--) gram = (gram << 8) | (text.charCodeAt(offset + i) | 0x20);
  return gram >>> 0;
}
