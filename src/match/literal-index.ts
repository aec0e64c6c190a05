/**
 * LiteralIndex: which of many literals stand in one text, letter case ignored, each bound to the whole, the start, the end, or nowhere. Whole
 * texts by hash map; starts and ends by hash map on their outermost characters; free ones by the hash of one four-character
 * piece each, looked up at every position. Built by add and finish, then read-only. A text is looked at once, whatever the
 * number of literals.
 */
import { foldCase } from '../core/fold.ts';
import type { AtomRelation } from './rule-atoms.ts';
import { TextUnits, UNITS_OVERLAP } from './text-units.ts';

export type OwnerVisitor = (owner: number) => void;

interface Literal {
  readonly text: string;
  readonly owners: number[];
}

/** `at`: where the unit stands by which it is found. */
interface StrangeLiteral {
  readonly literal: Literal;
  readonly at: number;
}

const NO_LITERALS: readonly StrangeLiteral[] = Object.freeze([]);
const LAST_ASCII = 0x7f;
const GRAM = 4;
const NON_ASCII = /[^\u0000-\u007f]/;
/** Every so many positions of a text are looked at for literals of at least GRAM + STEP - 1 characters. */
const STEP = 4;
/** The step of a table whose literals are all longer. */
const WIDEST_STEP = 8;
/** Built at once, see `finishing`. */
const LITERALS_PER_STEP = 32;
/** Up to so many free literals are cheaper to look for one by one. */
const FEW = 4;

export class LiteralIndex {
  readonly #units: TextUnits;
  readonly #equals = new Map<string, Literal>();
  readonly #byRelation: Readonly<Record<'starts' | 'ends' | 'contains', Map<string, Literal>>> = {
    starts: new Map(),
    ends: new Map(),
    contains: new Map(),
  };
  readonly #starts = new Map<string, Literal[]>();
  readonly #ends = new Map<string, Literal[]>();
  #short: { readonly starts: Literal[]; readonly ends: Literal[]; readonly contains: Literal[] } = {
    starts: [],
    ends: [],
    contains: [],
  };
  #tables: readonly GramTable[] = [];
  #longestEquals = -1;
  /** Some literal is bound to an end, or too short for pieces. */
  #needsFolded = false;
  /** Shorter texts hold none of the literals. */
  #leastLength = Number.POSITIVE_INFINITY;
  /** Literals with characters beyond ASCII (emoji rules have hundreds), by the last such unit in each: no text of ASCII holds them. */
  readonly #strange = new Map<number, StrangeLiteral[]>();

  /** `units`: working memory, which indexes of one thread may share. */
  constructor(units: TextUnits = new TextUnits()) {
    this.#units = units;
  }

  add(relation: AtomRelation, text: string, owner: number): void {
    const literals = relation === 'equals' ? this.#equals : this.#byRelation[relation];
    const literal = literals.get(text);
    if (literal === undefined) literals.set(text, { text, owners: [owner] });
    else if (literal.owners.at(-1) !== owner) literal.owners.push(owner);
  }

  finish(): void {
    for (const _ of this.finishing());
  }

  /** `finish` in steps of well under a millisecond, for a thread that has other things to do meanwhile; to be taken to its end. */
  *finishing(): Generator<void, void> {
    const short: { starts: Literal[]; ends: Literal[]; contains: Literal[] } = { starts: [], ends: [], contains: [] };
    for (const literal of this.#byRelation.starts.values())
      if (literal.text.length < GRAM) short.starts.push(literal);
      else push(this.#starts, literal.text.slice(0, GRAM), literal);
    for (const literal of this.#byRelation.ends.values())
      if (literal.text.length < GRAM) short.ends.push(literal);
      else push(this.#ends, literal.text.slice(-GRAM), literal);
    const free = [...this.#byRelation.contains.values()];
    const long = free.filter(
      ({ text }) => text.length >= GRAM && text.length <= UNITS_OVERLAP && !NON_ASCII.test(text),
    );
    if (long.length <= FEW) short.contains.push(...free);
    else {
      short.contains.push(...free.filter((literal) => !long.includes(literal)));
      const sampled = long.filter(({ text }) => text.length >= GRAM + STEP - 1);
      const dense = long.filter(({ text }) => text.length < GRAM + STEP - 1);
      const tables: GramTable[] = [];
      if (sampled.length > 0) tables.push(yield* buildGrams(sampled, widestStep(sampled)));
      if (dense.length > 0) tables.push(yield* buildGrams(dense, 1));
      this.#tables = tables;
    }
    for (const literal of short.contains) this.#addStrange(literal);
    this.#short = { ...short, contains: short.contains.filter(({ text }) => !NON_ASCII.test(text)) };
    for (const text of this.#equals.keys()) this.#longestEquals = Math.max(this.#longestEquals, text.length);
    const all = [this.#equals, ...Object.values(this.#byRelation)].flatMap((literals) => [...literals.keys()]);
    for (const text of all) this.#leastLength = Math.min(this.#leastLength, text.length);
    const bound =
      this.#equals.size +
      this.#starts.size +
      this.#ends.size +
      short.starts.length +
      short.ends.length +
      short.contains.length;
    this.#needsFolded = bound > 0;
  }

  /**
   * Calls `visit` for the owners of every literal in the text; an owner may be visited more than once. `folded` is the folded text
   * when the caller has it; it is made here only when something may be found.
   */
  find(text: string, visit: OwnerVisitor, folded?: string): void {
    if (text.length < this.#leastLength) return;
    if (this.#needsFolded) this.#findBound(folded ?? foldCase(text), visit);
    for (let i = 0; i < this.#tables.length; i++) this.#findFree(this.#tables[i] as GramTable, text, folded, visit);
  }

  #findBound(text: string, visit: OwnerVisitor): void {
    // A map lookup hashes the whole text: worth it only where some literal is as long.
    const whole = text.length <= this.#longestEquals ? this.#equals.get(text) : undefined;
    if (whole !== undefined) visitAll(whole, visit);
    const { starts, ends, contains } = this.#short;
    for (const literal of starts) if (text.startsWith(literal.text)) visitAll(literal, visit);
    for (const literal of ends) if (text.endsWith(literal.text)) visitAll(literal, visit);
    for (const literal of contains) if (text.includes(literal.text)) visitAll(literal, visit);
    if (this.#strange.size > 0 && NON_ASCII.test(text)) this.#findStrange(text, visit);
    if (text.length < GRAM) return;
    if (this.#starts.size > 0)
      for (const literal of this.#starts.get(text.slice(0, GRAM)) ?? [])
        if (text.startsWith(literal.text)) visitAll(literal, visit);
    if (this.#ends.size > 0)
      for (const literal of this.#ends.get(text.slice(-GRAM)) ?? [])
        if (text.endsWith(literal.text)) visitAll(literal, visit);
  }

  /** Emoji have their first half in common: they are told apart by the second. */
  #addStrange(literal: Literal): void {
    const { text } = literal;
    for (let at = text.length - 1; at >= 0; at--) {
      const unit = text.charCodeAt(at);
      if (unit <= LAST_ASCII) continue;
      const list = this.#strange.get(unit);
      if (list === undefined) this.#strange.set(unit, [{ literal, at }]);
      else list.push({ literal, at });
      return;
    }
  }

  #findStrange(text: string, visit: OwnerVisitor): void {
    for (let place = 0; place < text.length; place++) {
      const unit = text.charCodeAt(place);
      if (unit <= LAST_ASCII) continue;
      for (const { literal, at } of this.#strange.get(unit) ?? NO_LITERALS)
        if (place >= at && text.startsWith(literal.text, place - at)) visitAll(literal, visit);
    }
  }

  #findFree(table: GramTable, text: string, known: string | undefined, visit: OwnerVisitor): void {
    const textUnits = this.#units;
    const { heads, next, offsets, hashes, literals, mask, step } = table;
    const { units } = textUnits;
    let folded = known;
    for (let start = 0; start < text.length; ) {
      const length = textUnits.load(text, start);
      for (let at = 0; at + GRAM <= length; at += step) {
        const mixed = hash(
          units[at] as number,
          units[at + 1] as number,
          units[at + 2] as number,
          units[at + 3] as number,
        );
        let entry = heads[mixed & mask] as number;
        while (entry >= 0) {
          if (hashes[entry] === mixed) {
            const literal = literals[entry] as Literal;
            const first = start + at - (offsets[entry] as number);
            folded ??= foldCase(text);
            if (first >= 0 && folded.startsWith(literal.text, first)) visitAll(literal, visit);
          }
          entry = next[entry] as number;
        }
      }
      if (start + length >= text.length) return;
      start += length - UNITS_OVERLAP;
    }
  }
}

/**
 * Buckets by hash of a piece, each a chain of (literal, offset of the piece in it). With step 1 a literal has one entry, its least
 * common piece. Longer literals have an entry for each of `step` neighbouring pieces, so that every `step`th position of
 * a text is enough to meet one of them.
 */
interface GramTable {
  readonly heads: Int32Array;
  readonly next: Int32Array;
  readonly offsets: Int32Array;
  /** The whole hash of an entry's piece: few texts get past it that do not hold the piece. */
  readonly hashes: Int32Array;
  readonly literals: readonly Literal[];
  readonly mask: number;
  readonly step: number;
}

function* buildGrams(literals: readonly Literal[], step: number): Generator<void, GramTable> {
  // Pieces that few literals of the set share are taken: common ones (".exe") would be hit at every turn.
  const frequency = new Map<string, number>();
  for (const [i, { text }] of literals.entries()) {
    for (const gram of new Set(gramsOf(text))) frequency.set(gram, (frequency.get(gram) ?? 0) + 1);
    if (i % LITERALS_PER_STEP === 0) yield;
  }
  let size = 4096;
  while (size < literals.length * step * 8) size *= 2;
  const entries = literals.length * step;
  const heads = new Int32Array(size).fill(-1);
  const next = new Int32Array(entries).fill(-1);
  const offsets = new Int32Array(entries);
  const hashes = new Int32Array(entries);
  const owners: Literal[] = [];
  for (const [i, literal] of literals.entries()) {
    if (i % LITERALS_PER_STEP === 0) yield;
    const scores = gramsOf(literal.text).map((gram) => (frequency.get(gram) as number) * commonness(gram));
    const first = rarestRun(scores, step);
    for (let offset = first; offset < first + step; offset++) {
      const entry = owners.length;
      const mixed = hashAt(literal.text, offset);
      const bucket = mixed & (size - 1);
      hashes[entry] = mixed;
      owners.push(literal);
      offsets[entry] = offset;
      next[entry] = heads[bucket] as number;
      heads[bucket] = entry;
    }
  }
  return { heads, next, offsets, hashes, literals: owners, mask: size - 1, step };
}

/** The shortest literal still has so many neighbouring pieces. */
function widestStep(literals: readonly Literal[]): number {
  const shortest = literals.reduce((least, { text }) => Math.min(least, text.length), Number.POSITIVE_INFINITY);
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
  return hash(text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2), text.charCodeAt(at + 3));
}

function push(map: Map<string, Literal[]>, key: string, literal: Literal): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [literal]);
  else list.push(literal);
}

function visitAll(literal: Literal, visit: OwnerVisitor): void {
  for (let i = 0; i < literal.owners.length; i++) visit(literal.owners[i] as number);
}

function gramsOf(text: string): string[] {
  const grams: string[] = [];
  for (let at = 0; at + GRAM <= text.length; at++) grams.push(text.slice(at, at + GRAM));
  return grams;
}

/** Letters of either case are one: bit 5 is set in each. */
function hash(a: number, b: number, c: number, d: number): number {
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
