/**
 * LiteralPlan: up to 50,000 literals compiled for the literal kernel (docs/design/scanner.md, "Literals"). Every fourth byte of
 * a record is looked at, or every second where literals are short, so each literal has four or two grams, one for each distance from
 * such a place, the rarest ones; where it is too short for that, one for each byte that may stand beside it. The key by which the literal is found are the eight bytes that begin
 * or end with the gram, where it has so many, else the gram alone. Shorter and frequent literals are not looked for: their owners
 * are candidates in every record.
 *
 * Cost: 32 to 128 KiB of bit table for the grams and as much for the keys, and about 100 bytes and the text per literal.
 */
import type { GramFrequency } from './gram-frequency.ts';
import { builtInFrequency, gramOf } from './gram-frequency.ts';
import type { ScanMemory } from './scan-memory.ts';

/** All `fragments` stand in every record that one of the owners can match by this literal; at least one, 3 bytes or longer each. */
export interface LiteralWitness {
  /** Over `[A-Za-z0-9._-]`, in any case; colons only as they stand in the bytes. */
  readonly fragments: readonly string[];
  /** What becomes a candidate: numbers of the caller's, small and dense. */
  readonly owners: readonly number[];
}

export interface LiteralPlan {
  readonly memory: WebAssembly.Memory;
  /** Address and length of the compiled block, which holds no addresses of its own: a copy is as good (`copyPlan`). */
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
/** Literals too short for a gram at each of the places that are looked at need one for each byte beside them: so many are looked for. */
const MAX_SHORT = 32;
const FRAGMENT = /^[a-z0-9._:-]{3,4000}$/;
const HEADER_BYTES = 64;
const LITERAL_BYTES = 16;
/** Every second byte of a record is looked at, or every fourth where all literals but a few are long enough. */
const STRIDES = [2, 4] as const;
type Stride = (typeof STRIDES)[number];
const GRAM_BYTES = 4;
const GRAM_MUL = 0x9e3779b1;
const AHEAD_MUL = 0x9e3779b97f4a7c15n;
const BACK_MUL = 0xd6e8feb86659fd93n;
const LINK_BYTES = 32;
/** A gram without eight bytes around it brings all its places to the comparison: it counts as if it were so many times as frequent. */
const SHORT_COST = 4;
const MIN_TABLE_BITS = 18;
const MAX_TABLE_BITS = 20;
/** One more literal with the same gram counts as much as so many occurrences in a million bytes: no gram has a long chain. */
const SHARED_PER_MILLION = 1;
/** A literal whose rarest gram is more frequent stands in too many records to be worth looking for. */
const FREQUENT_PER_MILLION = 40;

interface Gram {
  readonly gram: number;
  /** 32 bits by which the kernel finds the literal. */
  readonly key: number;
  readonly literal: number;
  readonly offset: number;
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
  const grams = chooseGrams(literals, frequency, stride);
  const tableBits = Math.min(MAX_TABLE_BITS, Math.max(MIN_TABLE_BITS, Math.ceil(Math.log2(grams.length * 24 + 1))));
  const keyBits = Math.min(MAX_TABLE_BITS, Math.max(MIN_TABLE_BITS, Math.ceil(Math.log2(grams.length * 16 + 1))));
  const slots = 2 ** Math.ceil(Math.log2(grams.length * 2 + 2));
  const shortest = literals.reduce((least, one) => Math.min(least, ...one.fragments.map(({ length }) => length)), 4000);
  const fragments = literals.reduce((sum, { fragments: { length } }) => sum + length, 0);
  const textBytes = literals.reduce(
    (sum, { fragments: list }) => sum + list.reduce((all, { length }) => all + length + 8, 0),
    0,
  );
  const tableAt = HEADER_BYTES;
  const keysAt = tableAt + 2 ** (tableBits - 3);
  const slotsAt = keysAt + 2 ** (keyBits - 3);
  const linksAt = slotsAt + slots * 8;
  const literalsAt = linksAt + grams.length * LINK_BYTES;
  const listsAt = literalsAt + literals.length * LITERAL_BYTES;
  const textsAt = listsAt + fragments * 8;
  const bytes = textsAt + textBytes;
  const address = memory.allocate(bytes);
  const view = new DataView(memory.memory.buffer, address, bytes);
  const header = [
    tableAt,
    32 - tableBits,
    slotsAt,
    slots - 1,
    linksAt,
    literalsAt,
    keysAt,
    32 - keyBits,
    stride,
    shortest,
  ];
  for (const [i, value] of header.entries()) view.setUint32(i * 4, value, true);
  for (const { gram, key } of grams) {
    setBit(view, tableAt, Math.imul(gram, GRAM_MUL) >>> (32 - tableBits));
    setBit(view, keysAt, key >>> (32 - keyBits));
  }
  writeKeys(view, grams, literals);
  writeTexts(view, literals, literalsAt, listsAt, textsAt);
  const ownerStart = new Uint32Array(literals.length + 1);
  const owners = Uint32Array.from(literals.flatMap((literal) => [...literal.owners]));
  for (const [i, literal] of literals.entries()) ownerStart[i + 1] = (ownerStart[i] ?? 0) + literal.owners.size;
  const alwaysOwners = Uint32Array.from(always).sort();
  const allOwners = Uint32Array.from(new Set([...owners, ...always])).sort();
  return {
    memory: memory.memory,
    address,
    bytes,
    literalCount: literals.length,
    ownerStart,
    owners,
    alwaysOwners,
    allOwners,
  };
}

/** The same plan in another memory, so that what stands there is searched where it stands. */
export function copyPlan(plan: LiteralPlan, memory: ScanMemory): LiteralPlan {
  const address = memory.allocate(plan.bytes);
  const from = new Uint8Array(plan.memory.buffer, plan.address, plan.bytes);
  new Uint8Array(memory.memory.buffer, address, plan.bytes).set(from);
  return { ...plan, memory: memory.memory, address };
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
  const literals: JoinedWitness[] = [];
  let short = 0;
  for (const literal of joined) {
    const text = literal.fragments[0] as string;
    const isRare = text.length > 3 && frequencyOf(text, frequency) <= mostPerMillion;
    if (isRare && (text.length > 4 || ++short <= MAX_SHORT)) literals.push(literal);
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

/** Shorter literals need a gram for each byte that may stand beside them at one place or other. */
function strideOf(literals: readonly JoinedWitness[]): Stride {
  const short = literals.filter(({ fragments: [text = ''] }) => text.length < 4 + GRAM_BYTES - 1);
  return short.length <= MAX_SHORT && short.every(({ fragments: [text = ''] }) => text.length > GRAM_BYTES) ? 4 : 2;
}

function chooseGrams(literals: readonly JoinedWitness[], frequency: GramFrequency, stride: Stride): Gram[] {
  const grams: Gram[] = [];
  const users = new Map<number, number>();
  for (const [literal, { fragments }] of literals.entries()) {
    const text = fragments[0] as string;
    for (let first = 0; first < stride; first++) {
      const gram = rarest(literal, text, first, stride, frequency, users);
      if (gram !== undefined) grams.push(gram);
      else addBeside(grams, literal, text, first === stride - 1 ? -1 : first);
    }
  }
  return grams;
}

/** Of the grams at `first` and every `stride` places on. */
function rarest(
  literal: number,
  text: string,
  first: number,
  stride: Stride,
  frequency: GramFrequency,
  users: Map<number, number>,
): Gram | undefined {
  let best: Gram | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let offset = first; offset + GRAM_BYTES <= text.length; offset += stride) {
    const gram = gramOf(text, offset);
    const key = keyOf(text, offset);
    const places = frequency.perMillion(text.slice(offset, offset + GRAM_BYTES));
    const weight = places * (key.isShort ? SHORT_COST : 1) + SHARED_PER_MILLION * (users.get(gram) ?? 0);
    if (weight >= least) continue;
    best = { gram, key: key.value, literal, offset };
    least = weight;
  }
  if (best !== undefined) users.set(best.gram, (users.get(best.gram) ?? 0) + 1);
  return best;
}

/** The first or the last three characters, with any folded byte before or behind them. */
function addBeside(grams: Gram[], literal: number, text: string, offset: number): void {
  const known = text.slice(Math.max(0, offset), offset + GRAM_BYTES);
  if (known.length !== GRAM_BYTES - 1) throw new Error(`no gram in "${text}"`);
  for (let byte = 0; byte < 256; byte++) {
    if ((byte & 0x20) === 0) continue;
    const beside = String.fromCharCode(byte);
    const gram = gramOf(offset < 0 ? beside + known : known + beside, 0);
    grams.push({ gram, key: shortKey(gram), literal, offset });
  }
}

function shortKey(gram: number): number {
  return Math.imul(gram, GRAM_MUL) >>> 0;
}

function keyOf(text: string, offset: number): { readonly value: number; readonly isShort: boolean } {
  if (offset + 8 <= text.length) return { value: longKey(text, offset, AHEAD_MUL), isShort: false };
  if (offset >= 4) return { value: longKey(text, offset - 4, BACK_MUL), isShort: false };
  return { value: shortKey(gramOf(text, offset)), isShort: true };
}

/** Of the eight bytes from `offset` on. */
function longKey(text: string, offset: number, factor: bigint): number {
  return Number(BigInt.asUintN(64, eightBytes(text, offset) * factor) >> 32n);
}

function eightBytes(text: string, offset: number): bigint {
  return BigInt(gramOf(text, offset)) | (BigInt(gramOf(text, offset + 4)) << 32n);
}

function setBit(view: DataView, tableAt: number, bit: number): void {
  const at = tableAt + (bit >>> 3);
  view.setUint8(at, view.getUint8(at) | (1 << (bit & 7)));
}

function writeKeys(view: DataView, grams: readonly Gram[], literals: readonly JoinedWitness[]): void {
  const slotsAt = view.getUint32(8, true);
  const mask = view.getUint32(12, true);
  const linksAt = view.getUint32(16, true);
  for (const [i, { key, literal, offset }] of grams.entries()) {
    let slot = (key >>> 4) & mask;
    for (;;) {
      const at = slotsAt + slot * 8;
      if (view.getUint32(at + 4, true) === 0 || view.getUint32(at, true) === key) break;
      slot = (slot + 1) & mask;
    }
    const at = slotsAt + slot * 8;
    const link = linksAt + i * LINK_BYTES;
    view.setUint32(link, literal, true);
    view.setInt32(link + 4, offset, true);
    view.setUint32(link + 8, view.getUint32(at + 4, true), true);
    view.setUint32(at, key, true);
    view.setUint32(at + 4, i + 1, true);
    writeBytes(view, link + 16, literals[literal]?.fragments[0] ?? '', offset);
  }
}

/** Eight bytes of the text from `offset` on, and a mask of those that it has. */
function writeBytes(view: DataView, at: number, text: string, offset: number): void {
  for (let i = 0; i < 8; i++) {
    const isInside = offset + i >= 0 && offset + i < text.length;
    view.setUint8(at + i, isInside ? text.charCodeAt(offset + i) | 0x20 : 0);
    view.setUint8(at + 8 + i, isInside ? 0xff : 0);
  }
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
