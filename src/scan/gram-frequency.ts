/** How frequent grams of four characters are, to choose the rarest of each literal: built in, or learnt from a sample of logs. */
import { BUCKET_BITS, COUNTED_BYTES, gramLevels } from './common-grams.ts';

export interface GramFrequency {
  /** How often the folded gram stands in a million bytes, about; grams of one bucket count as one. */
  perMillion(gram: string): number;
}

/** Learnt from a sample of the user's own logs. */
export interface LiteralFrequency {
  /** How often the folded gram, as `gramOf` gives it, stands in a million bytes, about. */
  gramPerMillion(gram: number): number;
  /** How often two folded characters stand beside each other in a million bytes. */
  pairsPerMillion(pair: string): number;
}

/** The built-in table, from Windows events. */
export function builtInFrequency(): ReturnType<typeof byGram> {
  const levels = gramLevels();
  const ofLevel = Float64Array.from({ length: 256 }, (_, level) =>
    level === 0 ? 0 : (2 ** (level + 2) * 1e6) / COUNTED_BYTES,
  );
  return byGram((gram) => ofLevel[levels[bucketOf(gram, BUCKET_BITS)] ?? 0] ?? 0);
}

function byGram(gramPerMillion: (gram: number) => number): GramFrequency & Pick<LiteralFrequency, 'gramPerMillion'> {
  return { gramPerMillion, perMillion: (text) => gramPerMillion(gramOf(text, 0)) };
}

const LEARNT_BITS = 18;

/** Counts all grams of a sample, in a table of one megabyte. */
export function learnFrequency(sample: Uint8Array): ReturnType<typeof byGram> {
  const counts = new Uint32Array(1 << LEARNT_BITS);
  let gram = 0;
  for (let i = 0; i < sample.length; i++) {
    gram = (gram >>> 8) | (((sample[i] ?? 0) | 0x20) << 24);
    if (i < 3) continue;
    const bucket = bucketOf(gram, LEARNT_BITS);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const scale = 1e6 / Math.max(1, sample.length);
  return byGram((gram) => (counts[bucketOf(gram, LEARNT_BITS)] ?? 0) * scale);
}

/** Counts pairs and grams; grams of a sample too small to tell come from the built-in table. */
export function learnLiterals(sample: Uint8Array): LiteralFrequency {
  const pairs = new Uint32Array(1 << 16);
  // There are few pairs: those at every third place tell as much.
  for (let i = 1; i < sample.length; i += PAIR_STEP) {
    const pair = (sample[i - 1] as number) | 0x20 | (((sample[i] as number) | 0x20) << 8);
    pairs[pair] = (pairs[pair] as number) + 1;
  }
  const scale = (PAIR_STEP * 1e6) / Math.max(1, sample.length);
  const { gramPerMillion } = sample.length < LEAST_SAMPLE ? builtInFrequency() : learnFrequency(sample);
  return {
    gramPerMillion,
    pairsPerMillion: (text) => (pairs[text.charCodeAt(0) | 0x20 | ((text.charCodeAt(1) | 0x20) << 8)] ?? 0) * scale,
  };
}

const LEAST_SAMPLE = 256 * 1024;
const PAIR_STEP = 3;

function bucketOf(gram: number, bits: number): number {
  return Math.imul(gram, 0x85ebca6b) >>> (32 - bits);
}

/** Four folded bytes at `offset`, the first lowest, as the kernel loads them. */
export function gramOf(text: string, offset: number): number {
  let gram = 0;
  for (let i = 3; i >= 0; i--) gram = (gram << 8) | (text.charCodeAt(offset + i) | 0x20);
  return gram >>> 0;
}
