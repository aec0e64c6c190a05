/**
 * LiteralPlan: up to 50,000 literals compiled for the literal kernel (docs/design/scanner.md, "Literals"). Every fourth byte of a record is looked at, or
 * every second where there are literals of four characters or many of five and six. By what they are found there stands in `literal-keys.ts`; this
 * file chooses the literals and lays out the tables. Shorter and frequent literals are not looked for: their owners are candidates in
 * every record.
 *
 * Cost: 32 to 128 KiB of bit table for the grams and as much for the keys, and about 130 bytes and the text per literal.
 */
import { shared } from '../core/text-pool.ts';
import type { GramFrequency } from './gram-frequency.ts';
import { builtInFrequency } from './gram-frequency.ts';
import { BACK, chooseGrams, GRAM_BYTES, gramBits, keysOf, type LiteralGram, type Stride } from './literal-keys.ts';
import type { ScanMemory } from './scan-memory.ts';

/** All `fragments` stand in every record that one of the owners can match by this literal; at least one, 3 bytes or longer each. */
export interface LiteralWitness {
  /** Over `[A-Za-z0-9._-]`, in any case; colons only as they stand in the bytes. */
  readonly fragments: readonly string[];
  /** What becomes a candidate: numbers of the caller's, small and dense. */
  readonly owners: readonly number[];
}

/** Plain data in shared memory. */
export interface LiteralPlan {
  readonly memory: WebAssembly.Memory;
  /** Address and length of the compiled block, which holds no addresses of its own: a copy is as good (`placePlan`). */
  readonly address: number;
  readonly bytes: number;
  readonly literalCount: number;
  /** Owners of literal i: `owners[ownerStart[i]]` to `owners[ownerStart[i + 1] - 1]`. */
  readonly ownerStart: Uint32Array;
  readonly owners: Uint32Array;
  /** Owners with a literal that is too short or too frequent to be looked for: candidates in every record, ascending. */
  readonly alwaysOwners: Uint32Array;
  /** All distinct owners: the answer for a record whose escapes hide its text. */
  readonly allOwners: Uint32Array;
}

export const MAX_LITERALS = 50_000;
/** More literals of four characters than these are not looked for. */
const MAX_FOUR = 32;
/** Every fourth byte is enough while there are no more literals of five and six characters: each is looked for by grams of three bytes and any fourth. */
const MAX_FIVE = 256;
const MAX_SIX = 1024;
const FRAGMENT = /^[a-z0-9._:-]{3,4000}$/;
const HEADER_BYTES = 64;
const LITERAL_BYTES = 16;
const LINK_BYTES = 16;
const MIN_TABLE_BITS = 18;
const MAX_TABLE_BITS = 20;
/** A literal whose rarest gram is more frequent stands in too many records to be worth looking for. */
const FREQUENT_PER_MILLION = 40;

interface LiteralKey {
  readonly key: number;
  readonly gram: LiteralGram;
}

/**
 * Compiles the witnesses; equal ones are joined. Throws a RangeError for a fragment that is too short or holds other characters,
 * and for more than `MAX_LITERALS` distinct witnesses: both are the caller's to rule out. `mostPerMillion`: a literal that is expected
 * more often in a million bytes is not looked for.
 */
export function compileLiterals(
  memory: ScanMemory,
  witnesses: Iterable<LiteralWitness>,
  frequency: GramFrequency = builtInFrequency(),
  mostPerMillion = FREQUENT_PER_MILLION,
): LiteralPlan {
  const { literals, always } = worthwhile(joinWitnesses(witnesses, frequency), frequency, mostPerMillion);
  if (literals.length > MAX_LITERALS) throw new RangeError(`${literals.length} literals are more than ${MAX_LITERALS}`);
  const stride = strideOf(literals);
  const texts = literals.map(({ fragments: [text = ''] }) => text);
  const grams = chooseGrams(texts, frequency, stride);
  const keys = grams
    .flatMap((gram) => keysOf(texts[gram.literal] as string, gram).map((key) => ({ key, gram })))
    .sort((a, b) => a.key - b.key);
  const tableBits = tableBitsFor(grams.length * 24);
  const keyBits = tableBitsFor(keys.length * 16);
  const startBits = Math.ceil(Math.log2(keys.length + 2));
  const shortest = literals.reduce((least, one) => Math.min(least, ...one.fragments.map(({ length }) => length)), 4000);
  const fragments = literals.reduce((sum, { fragments: { length } }) => sum + length, 0);
  const textBytes = literals.reduce(
    (sum, { fragments: list }) => sum + list.reduce((all, { length }) => all + length + 8, 0),
    0,
  );
  const tableAt = HEADER_BYTES;
  const keysAt = tableAt + 2 ** (tableBits - 3);
  const linksAt = keysAt + 2 ** (keyBits - 3);
  const startsAt = linksAt + (keys.length + 1) * LINK_BYTES;
  const literalsAt = startsAt + (2 ** startBits + 1) * 4;
  const listsAt = literalsAt + literals.length * LITERAL_BYTES;
  const textsAt = listsAt + fragments * 8;
  const bytes = textsAt + textBytes;
  const address = memory.allocate(bytes);
  const view = new DataView(memory.memory.buffer, address, bytes);
  const header = [
    tableAt,
    32 - (tableBits - 5),
    linksAt,
    startsAt,
    32 - startBits,
    literalsAt,
    keysAt,
    32 - keyBits,
    stride,
    shortest,
    grams.some(({ key }) => key === 'short') ? 1 : 0,
  ];
  for (const [i, value] of header.entries()) view.setUint32(i * 4, value, true);
  for (const { literal, offset } of grams)
    for (const bit of gramBits(texts[literal] as string, offset, tableBits)) setBit(view, tableAt, bit);
  for (const { key } of keys) setBit(view, keysAt, key >>> (32 - keyBits));
  writeStarts(view, startsAt, 32 - startBits, keys);
  for (const [i, { gram }] of keys.entries())
    writeLink(view, linksAt + i * LINK_BYTES, gram, texts[gram.literal] as string);
  writeTexts(view, literals, literalsAt, listsAt, textsAt);
  const ownerStart = new Uint32Array(literals.length + 1);
  const owners = Uint32Array.from(literals.flatMap((literal) => [...literal.owners]));
  for (const [i, literal] of literals.entries()) ownerStart[i + 1] = (ownerStart[i] ?? 0) + literal.owners.size;
  const alwaysOwners = Uint32Array.from(always).sort();
  const allOwners = Uint32Array.from(new Set([...owners, ...always])).sort();
  const ofOwners = { ownerStart: shared(ownerStart), owners: shared(owners) };
  const more = { alwaysOwners: shared(alwaysOwners), allOwners: shared(allOwners) };
  return { memory: memory.memory, address, bytes, literalCount: literals.length, ...ofOwners, ...more };
}

/**
 * The same plan in the memory of the texts, which are searched where they stand; by the thread that owns the memory. In a block of a power of two, so
 * that plans that come later find room where others were.
 */
export function placePlan(plan: LiteralPlan, memory: ScanMemory): LiteralPlan {
  const address = memory.allocate(roomOf(plan));
  const from = new Uint8Array(plan.memory.buffer, plan.address, plan.bytes);
  new Uint8Array(memory.memory.buffer, address, plan.bytes).set(from);
  return { ...plan, memory: memory.memory, address };
}

/** Gives back what `placePlan` took, when no thread searches by it any more. */
export function releasePlan(plan: LiteralPlan, memory: ScanMemory): void {
  memory.release(plan.address, roomOf(plan));
}

function roomOf({ bytes }: LiteralPlan): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}

interface JoinedWitness {
  /** Folded; the rarest first, which the kernel looks for. */
  readonly fragments: readonly string[];
  readonly owners: Set<number>;
}

function joinWitnesses(witnesses: Iterable<LiteralWitness>, frequency: GramFrequency): JoinedWitness[] {
  const joined = new Map<string, JoinedWitness>();
  for (const { fragments, owners } of witnesses) {
    const folded = [...new Set(fragments.map((fragment) => fragment.toLowerCase()))];
    const wrong = folded.find((fragment) => !FRAGMENT.test(fragment));
    if (wrong !== undefined || folded.length === 0)
      throw new RangeError(`"${wrong ?? ''}" is no fragment of a literal`);
    folded.sort((a, b) => weightOf(a, frequency) - weightOf(b, frequency));
    const key = folded.join('\n');
    const known = joined.get(key);
    if (known === undefined) joined.set(key, { fragments: folded, owners: new Set(owners) });
    else for (const owner of owners) known.owners.add(owner);
  }
  return [...joined.values()];
}

/** Leaves out what would be found in a good part of all records: its owners are candidates anyway. */
function worthwhile(
  joined: readonly JoinedWitness[],
  frequency: GramFrequency,
  mostPerMillion: number,
): { readonly literals: readonly JoinedWitness[]; readonly always: ReadonlySet<number> } {
  const always = new Set<number>();
  const isRare = ({ fragments: [text = ''] }: JoinedWitness) =>
    text.length >= GRAM_BYTES && frequencyOf(text, frequency) <= mostPerMillion;
  const isFour = ({ fragments: [text = ''] }: JoinedWitness) => text.length === GRAM_BYTES;
  const withoutFour = joined.filter((one) => isFour(one) && isRare(one)).length > MAX_FOUR;
  const literals: JoinedWitness[] = [];
  for (const literal of joined) {
    if (isRare(literal) && !(withoutFour && isFour(literal))) literals.push(literal);
    else for (const owner of literal.owners) always.add(owner);
  }
  // An owner that is a candidate anyway needs no search.
  return { literals: literals.filter(({ owners }) => [...owners].some((owner) => !always.has(owner))), always };
}

/** Of its rarest gram, in a million bytes. */
function frequencyOf(fragment: string, frequency: GramFrequency): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 4 <= fragment.length; i++)
    least = Math.min(least, frequency.perMillion(fragment.slice(i, i + 4)));
  return least;
}

/** For the order of fragments: short ones come last. */
function weightOf(fragment: string, frequency: GramFrequency): number {
  return fragment.length < 5 ? Number.MAX_SAFE_INTEGER - fragment.length : frequencyOf(fragment, frequency);
}

function strideOf(literals: readonly JoinedWitness[]): Stride {
  const count = (length: number) => literals.filter(({ fragments: [text = ''] }) => text.length === length).length;
  return count(4) === 0 && count(5) <= MAX_FIVE && count(6) <= MAX_SIX ? 4 : 2;
}

function tableBitsFor(bits: number): number {
  return Math.min(MAX_TABLE_BITS, Math.max(MIN_TABLE_BITS, Math.ceil(Math.log2(bits + 1))));
}

function setBit(view: DataView, tableAt: number, bit: number): void {
  const at = tableAt + (bit >>> 3);
  view.setUint8(at, view.getUint8(at) | (1 << (bit & 7)));
}

/** Keys ascend; `shift` leaves the bits by which they are found. */
function writeStarts(view: DataView, startsAt: number, shift: number, keys: readonly LiteralKey[]): void {
  const starts = 2 ** (32 - shift);
  let next = 0;
  for (const [i, { key }] of keys.entries())
    for (; next <= key >>> shift; next++) view.setUint32(startsAt + next * 4, i * LINK_BYTES, true);
  for (; next <= starts; next++) view.setUint32(startsAt + next * 4, keys.length * LINK_BYTES, true);
}

/** Eight bytes of the text from two before the gram on; the literal, the offset of the gram, and how many bits lie outside. */
function writeLink(view: DataView, at: number, { literal, offset }: LiteralGram, text: string): void {
  const from = offset - BACK;
  const before = Math.max(0, -from);
  const behind = Math.max(0, from + 8 - text.length);
  for (let i = before; i < 8 - behind; i++) view.setUint8(at + i, text.charCodeAt(from + i) | 0x20);
  view.setUint32(at + 8, literal, true);
  view.setInt16(at + 12, offset, true);
  view.setUint8(at + 14, behind * 8);
  view.setUint8(at + 15, (behind + before) * 8);
}

/** Texts are written as the kernel compares them: every byte with the bit of lower case, eight bytes of room behind. */
function writeTexts(
  view: DataView,
  literals: readonly JoinedWitness[],
  literalsAt: number,
  listsAt: number,
  textsAt: number,
): void {
  let list = listsAt;
  let text = textsAt;
  for (const [i, { fragments }] of literals.entries()) {
    const entry = literalsAt + i * LITERAL_BYTES;
    for (const [j, fragment] of fragments.entries()) {
      for (let k = 0; k < fragment.length; k++) view.setUint8(text + k, fragment.charCodeAt(k) | 0x20);
      const at = j === 0 ? entry : list;
      view.setUint32(at, text, true);
      view.setUint32(at + 4, fragment.length, true);
      if (j === 1) view.setUint32(entry + 8, list, true);
      if (j > 0) list += 8;
      text += fragment.length + 8;
    }
    view.setUint32(entry + 12, fragments.length - 1, true);
  }
}
