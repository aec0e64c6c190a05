/**
 * GramTable: typed arrays by which those of many texts that stand somewhere in another are found, by the hash of a piece of four characters each.
 * They may lie in shared memory, and know the texts by number only: who looks something up (`free-literals.ts`) compares.
 */
import { UNITS_OVERLAP } from './text-units.ts';

export const GRAM = 4;
/** Every so many positions of a text are looked at for texts of at least GRAM + STEP - 1 characters. */
const STEP = 4;
/** The step of a table whose texts are all longer. */
const WIDEST_STEP = 8;
const NON_ASCII = /[^\u0000-\u007f]/;

/**
 * Buckets by hash of a piece, each a chain of (text, offset of the piece in it). With step 1 a text has one entry, its least
 * common piece. Longer texts have an entry for each of `step` neighbouring pieces, so that every `step`th position of
 * a text is enough to meet one of them.
 */
export interface GramTable {
  /** The number of an entry, from 1; 0: none. */
  readonly heads: Uint32Array;
  readonly next: Uint32Array;
  /** Where the piece stands in the text. */
  readonly offsets: Uint32Array;
  /** The whole hash of an entry's piece: few texts get past it that do not hold the piece. */
  readonly hashes: Uint32Array;
  /** Of each entry the number of its text. */
  readonly numbers: Uint32Array;
  readonly step: number;
}

/** Texts that a table can find: ASCII, of at least four characters, and not longer than pieces of a text overlap. */
export function isForGrams(text: string): boolean {
  return text.length >= GRAM && text.length <= UNITS_OVERLAP && !NON_ASCII.test(text);
}

/** Tables of texts, all of them `isForGrams`; a text is known by its position. */
export function buildGramTables(texts: readonly string[]): readonly GramTable[] {
  const which = [...texts.keys()];
  const isLong = (i: number): boolean => (texts[i] as string).length >= GRAM + STEP - 1;
  const sampled = which.filter(isLong);
  const dense = which.filter((i) => !isLong(i));
  const tables: GramTable[] = [];
  if (sampled.length > 0) tables.push(buildGrams(texts, sampled, widestStep(texts, sampled)));
  if (dense.length > 0) tables.push(buildGrams(texts, dense, 1));
  return tables;
}

function buildGrams(texts: readonly string[], which: readonly number[], step: number): GramTable {
  // Pieces that few literals of the set share are taken: common ones (".exe") would be hit at every turn.
  const frequency = new Map<string, number>();
  for (const number of which)
    for (const gram of new Set(gramsOf(texts[number] as string))) frequency.set(gram, (frequency.get(gram) ?? 0) + 1);
  let size = 4096;
  while (size < which.length * step * 8) size *= 2;
  const entries = which.length * step;
  const heads = new Uint32Array(size);
  const next = new Uint32Array(entries);
  const offsets = new Uint32Array(entries);
  const hashes = new Uint32Array(entries);
  const numbers = new Uint32Array(entries);
  let entry = 0;
  for (const number of which) {
    const text = texts[number] as string;
    const scores = gramsOf(text).map((gram) => (frequency.get(gram) as number) * commonness(gram));
    const first = rarestRun(scores, step);
    for (let offset = first; offset < first + step; offset++, entry++) {
      const mixed = hashAt(text, offset);
      const bucket = mixed & (size - 1);
      hashes[entry] = mixed;
      numbers[entry] = number;
      offsets[entry] = offset;
      next[entry] = heads[bucket] as number;
      heads[bucket] = entry + 1;
    }
  }
  return { heads, next, offsets, hashes, numbers, step };
}

/** The shortest text still has so many neighbouring pieces. */
function widestStep(texts: readonly string[], which: readonly number[]): number {
  const shortest = which.reduce((least, i) => Math.min(least, (texts[i] as string).length), Number.POSITIVE_INFINITY);
  return Math.min(WIDEST_STEP, shortest - GRAM + 1);
}

/** Start of the `length` neighbours with the least sum. */
function rarestRun(scores: readonly number[], length: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let start = 0; start + length <= scores.length; start++) {
    let sum = 0;
    for (let i = start; i < start + length; i++) sum += scores[i] as number;
    if (sum < least) {
      least = sum;
      best = start;
    }
  }
  return best;
}

function hashAt(text: string, at: number): number {
  return gramHash(text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2), text.charCodeAt(at + 3));
}

function gramsOf(text: string): string[] {
  const grams: string[] = [];
  for (let at = 0; at + GRAM <= text.length; at++) grams.push(text.slice(at, at + GRAM));
  return grams;
}

/** Letters of either case are one: bit 5 is set in each. */
export function gramHash(a: number, b: number, c: number, d: number): number {
  const mixed = Math.imul(a | (b << 8) | (c << 16) | (d << 24) | 0x20202020, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** How often a piece is expected in logs: letters of everyday words weigh more than digits and signs. */
function commonness(gram: string): number {
  let weight = 1;
  for (const char of gram) weight *= 'etaoinsrldcmpuw\\. :'.includes(char) ? 4 : /[a-z]/.test(char) ? 2 : 1;
  return COMMON_GRAMS.test(gram) ? weight * 50 : weight;
}

const COMMON_GRAMS =
  /syst|yste|stem|em32|m32\\|\.exe|\.dll|wind|indo|ndow|dows|ows\\|micr|icro|cros|roso|osof|soft|oft\\|prog|rogr|gram|file|iles|user|sers|ers\\|powe|ower|wers|ersh|rshe|shel|hell|ell\.|ll\.e|l\.ex|c:\\w|:\\wi|\\win|\\sys|data|appd|ppda/;
