/**
 * How the literals of a plan are found: by grams and keys. Where every fourth (or second) byte of a record is looked at, a literal has a gram of
 * four bytes for each distance from such a place, and a key for each gram: five bytes that begin with it or two bytes before it. Chosen is what
 * is expected least often, for all literals one after the other. Of short literals one byte of a gram or key lies outside: it is any byte, and
 * stands in the tables in all its forms. The kernel (`kernel/literal.kernel.ts`) computes the same hashes.
 */
import type { GramFrequency } from './gram-frequency.ts';

export type Stride = 2 | 4;

/** How a literal is found where it stands at one distance from a place that is looked at. */
export interface LiteralGram {
  readonly literal: number;
  /** Where the gram begins in the literal; one byte of it may lie outside. */
  readonly offset: number;
  /** Five bytes that begin with the gram, or two bytes before it; or the gram alone. */
  readonly key: 'ahead' | 'back' | 'short';
}

/** Bytes of a gram. */
export const GRAM_BYTES = 4;
/** Bytes of the text that stand beside a gram on its left and are looked at with it. */
export const BACK = 2;
const GRAM_MUL = 0x9e3779b1;
const KEY_BYTES = 5;
const AHEAD_MUL = 0x9e3779b97f4a7c15n;
const BACK_MUL = 0xd6e8feb86659fd93n;
/** What of a key counts: of the first and the last byte that begin with the gram half, since one of both may be any. */
const AHEAD_BITS = 0x0fffffff0fn;
const BACK_BITS = 0xffffffffffn;
/** One more literal with the same key counts as much as so many occurrences in a million bytes: no key has many literals. */
const SHARED_PER_MILLION = 1;
/** A gram of which one byte is any fills the tables: it counts as if it stood so often more in a million bytes. */
const OPEN_PER_MILLION = 20;
/** Comparing costs as much as looking for so many keys. */
const COMPARE_COST = 6;
/** Bytes that may stand beside a literal, folded. */
const ANY = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => (byte & 0x20) !== 0);

/** One gram for each literal and each distance; literals have `stride` + 1 characters at least, or `stride` + 2 with a stride of two. */
export function chooseGrams(texts: readonly string[], frequency: GramFrequency, stride: Stride): LiteralGram[] {
  const costs = new GramCosts(frequency);
  return texts.flatMap((text, literal) =>
    Array.from({ length: stride }, (_, distance) => {
      const first = distance === stride - 1 ? -1 : distance;
      const inside = offsets(text, distance, stride, 0);
      const places = stride === 2 && inside.length > 0 ? inside : offsets(text, first, stride, 1);
      return { literal, ...costs.cheapest(text, places, stride) };
    }),
  );
}

/** From `first` on, as long as no more than `outside` bytes of a gram lie behind the text. */
function offsets(text: string, first: number, stride: Stride, outside: number): number[] {
  const count = Math.floor((text.length + outside - GRAM_BYTES - first) / stride) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => first + i * stride);
}

class GramCosts {
  readonly #frequency: GramFrequency;
  /** Of grams with any byte, which are sums. */
  readonly #open = new Map<string, number>();
  /** Literals of each key. */
  readonly #users = new Map<string, number>();

  constructor(frequency: GramFrequency) {
    this.#frequency = frequency;
  }

  /** Of the grams at these offsets and their keys the one that is expected to cost least. */
  cheapest(text: string, places: readonly number[], stride: Stride): Pick<LiteralGram, 'offset' | 'key'> {
    let best: Pick<LiteralGram, 'offset' | 'key'> | undefined;
    let bestKey = '';
    let least = Number.POSITIVE_INFINITY;
    for (const offset of places) {
      const listed = this.#perMillion(text, offset);
      if (listed >= least) continue;
      for (const key of keysAt(text, offset, stride)) {
        const from = key === 'back' ? offset - BACK : offset;
        const bytes = key + text.slice(Math.max(0, from), from + KEY_BYTES);
        const found =
          key === 'short' ? listed : Math.min(this.#perMillion(text, from), this.#perMillion(text, from + 1));
        const isOpen = offset < 0 || offset + GRAM_BYTES > text.length;
        const cost =
          (isOpen ? OPEN_PER_MILLION : 0) +
          listed +
          COMPARE_COST * (found + SHARED_PER_MILLION) * (1 + (this.#users.get(bytes) ?? 0));
        if (cost >= least) continue;
        best = { offset, key };
        bestKey = bytes;
        least = cost;
      }
    }
    if (best === undefined) throw new Error(`no gram in "${text}"`);
    this.#users.set(bestKey, (this.#users.get(bestKey) ?? 0) + 1);
    return best;
  }

  /** How often the gram at `offset` is expected, with any byte where one lies outside the text. */
  #perMillion(text: string, offset: number): number {
    const gram = text.slice(Math.max(0, offset), offset + GRAM_BYTES);
    if (gram.length === GRAM_BYTES) return this.#frequency.perMillion(gram);
    if (gram.length < GRAM_BYTES - 1) return Number.POSITIVE_INFINITY;
    const name = offset < 0 ? `<${gram}` : gram;
    let sum = this.#open.get(name);
    if (sum === undefined) {
      sum = 0;
      for (const byte of ANY) {
        const beside = String.fromCharCode(byte);
        sum += this.#frequency.perMillion(offset < 0 ? beside + gram : gram + beside);
      }
      this.#open.set(name, sum);
    }
    return sum;
  }
}

/** Keys that lie in the literal; else, where few literals are so short, one of which a byte lies outside. */
function keysAt(text: string, offset: number, stride: Stride): readonly LiteralGram['key'][] {
  const isAhead = offset >= 0 && offset + KEY_BYTES <= text.length;
  const isBack = offset >= BACK && offset - BACK + KEY_BYTES <= text.length;
  if (isAhead) return isBack ? ['ahead', 'back'] : ['ahead'];
  if (isBack) return ['back'];
  return stride === 4 ? ['ahead'] : ['short'];
}

/** Bits of the table of grams, of `2 ** bits`: the first three bytes say which word of 32, the fourth which bit of it. */
export function gramBits(text: string, offset: number, bits: number): number[] {
  return spellings(text, offset, GRAM_BYTES).map((gram) => {
    const word = Math.imul(Number(gram & 0xffffffn) << 8, GRAM_MUL) >>> (37 - bits);
    return word * 32 + (Number(gram >> 24n) & 31);
  });
}

/** The key, 32 bits; several where a byte lies outside the literal. */
export function keysOf(text: string, { offset, key }: LiteralGram): number[] {
  if (key === 'short')
    return spellings(text, offset, GRAM_BYTES).map((gram) => Math.imul(Number(gram), GRAM_MUL) >>> 0);
  const [from, bits, factor] =
    key === 'ahead' ? ([offset, AHEAD_BITS, AHEAD_MUL] as const) : ([offset - BACK, BACK_BITS, BACK_MUL] as const);
  const different = new Set(spellings(text, from, KEY_BYTES).map((bytes) => bytes & bits));
  return [...different].map((bytes) => Number(BigInt.asUintN(64, bytes * factor) >> 32n));
}

/** The folded bytes of the text from `offset` on, the first lowest, with any byte where one lies outside. */
function spellings(text: string, offset: number, length: number): bigint[] {
  let known = 0;
  let outside = -1;
  // Five bytes are exact in a double.
  for (let i = 0; i < length; i++) {
    if (offset + i >= 0 && offset + i < text.length) known += (text.charCodeAt(offset + i) | 0x20) * 256 ** i;
    else if (outside >= 0) throw new Error(`too little of "${text}" at ${offset}`);
    else outside = i;
  }
  if (outside < 0) return [BigInt(known)];
  return ANY.map((byte) => BigInt(known + byte * 256 ** outside));
}
