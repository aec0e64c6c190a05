/**
 * LiteralIndex: which of many literals stand in one folded text, each bound to the whole, the start, the end, or nowhere. Whole
 * texts by hash map; starts and ends by hash map on their outermost characters; free ones by the hash of one four-character
 * piece each, looked up at every position. Built by add and finish, then read-only. A text is looked at once, whatever the
 * number of literals.
 */
import type { AtomRelation } from './rule-atoms.ts';

export type OwnerVisitor = (owner: number) => void;

interface Literal {
  readonly text: string;
  readonly owners: number[];
}

const GRAM = 4;
/** Up to so many free literals are cheaper to look for one by one. */
const FEW = 4;

export class LiteralIndex {
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
  #heads = new Int32Array(0);
  #next = new Int32Array(0);
  #offsets = new Int32Array(0);
  #free: Literal[] = [];
  #mask = 0;

  add(relation: AtomRelation, text: string, owner: number): void {
    const literals = relation === 'equals' ? this.#equals : this.#byRelation[relation];
    const literal = literals.get(text);
    if (literal === undefined) literals.set(text, { text, owners: [owner] });
    else if (literal.owners.at(-1) !== owner) literal.owners.push(owner);
  }

  finish(): void {
    const short: { starts: Literal[]; ends: Literal[]; contains: Literal[] } = { starts: [], ends: [], contains: [] };
    for (const literal of this.#byRelation.starts.values())
      if (literal.text.length < GRAM) short.starts.push(literal);
      else push(this.#starts, literal.text.slice(0, GRAM), literal);
    for (const literal of this.#byRelation.ends.values())
      if (literal.text.length < GRAM) short.ends.push(literal);
      else push(this.#ends, literal.text.slice(-GRAM), literal);
    const free = [...this.#byRelation.contains.values()];
    const long = free.filter(({ text }) => text.length >= GRAM);
    if (long.length <= FEW) short.contains.push(...free);
    else {
      short.contains.push(...free.filter(({ text }) => text.length < GRAM));
      this.#buildGrams(long);
    }
    this.#short = short;
  }

  /** Calls `visit` for the owners of every literal in the text; an owner may be visited more than once. */
  find(text: string, visit: OwnerVisitor): void {
    const whole = this.#equals.get(text);
    if (whole !== undefined) visitAll(whole, visit);
    const { starts, ends, contains } = this.#short;
    for (const literal of starts) if (text.startsWith(literal.text)) visitAll(literal, visit);
    for (const literal of ends) if (text.endsWith(literal.text)) visitAll(literal, visit);
    for (const literal of contains) if (text.includes(literal.text)) visitAll(literal, visit);
    if (text.length < GRAM) return;
    if (this.#starts.size > 0)
      for (const literal of this.#starts.get(text.slice(0, GRAM)) ?? [])
        if (text.startsWith(literal.text)) visitAll(literal, visit);
    if (this.#ends.size > 0)
      for (const literal of this.#ends.get(text.slice(-GRAM)) ?? [])
        if (text.endsWith(literal.text)) visitAll(literal, visit);
    if (this.#free.length > 0) this.#findFree(text, visit);
  }

  #findFree(text: string, visit: OwnerVisitor): void {
    const heads = this.#heads;
    const mask = this.#mask;
    let a = text.charCodeAt(0);
    let b = text.charCodeAt(1);
    let c = text.charCodeAt(2);
    for (let at = GRAM - 1; at < text.length; at++) {
      const d = text.charCodeAt(at);
      let entry = heads[hash(a, b, c, d) & mask] as number;
      while (entry >= 0) {
        const literal = this.#free[entry] as Literal;
        const start = at - (GRAM - 1) - (this.#offsets[entry] as number);
        if (start >= 0 && text.startsWith(literal.text, start)) visitAll(literal, visit);
        entry = this.#next[entry] as number;
      }
      a = b;
      b = c;
      c = d;
    }
  }

  #buildGrams(literals: Literal[]): void {
    // Pieces that few literals of the set share are taken: common ones (".exe") would be hit at every turn.
    const frequency = new Map<string, number>();
    for (const { text } of literals)
      for (const gram of new Set(gramsOf(text))) frequency.set(gram, (frequency.get(gram) ?? 0) + 1);
    let size = 1024;
    while (size < literals.length * 8) size *= 2;
    this.#mask = size - 1;
    this.#heads = new Int32Array(size).fill(-1);
    this.#next = new Int32Array(literals.length).fill(-1);
    this.#offsets = new Int32Array(literals.length);
    this.#free = literals;
    for (const [index, { text }] of literals.entries()) {
      let best = 0;
      let least = Number.POSITIVE_INFINITY;
      for (const [offset, gram] of gramsOf(text).entries()) {
        const score = (frequency.get(gram) as number) * commonness(gram);
        if (score < least) {
          least = score;
          best = offset;
        }
      }
      const gram = text.slice(best, best + GRAM);
      const bucket = hash(gram.charCodeAt(0), gram.charCodeAt(1), gram.charCodeAt(2), gram.charCodeAt(3)) & this.#mask;
      this.#offsets[index] = best;
      this.#next[index] = this.#heads[bucket] as number;
      this.#heads[bucket] = index;
    }
  }
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

function hash(a: number, b: number, c: number, d: number): number {
  const mixed = Math.imul(a | (b << 8) | (c << 16) | (d << 24), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** How often a piece is expected in logs: letters of everyday words weigh more than digits and signs. */
function commonness(gram: string): number {
  let weight = 1;
  for (const char of gram) weight *= 'etaoinsrldcmpuw\\. :'.includes(char) ? 4 : /[a-z]/.test(char) ? 2 : 1;
  return COMMON_GRAMS.test(gram) ? weight * 50 : weight;
}

const COMMON_GRAMS =
  /syst|yste|stem|em32|m32\\|\.exe|\.dll|wind|indo|ndow|dows|ows\\|micr|icro|cros|roso|osof|soft|oft\\|prog|rogr|gram|file|iles|user|sers|ers\\|powe|ower|wers|ersh|rshe|shel|hell|ell\.|ll\.e|l\.ex|c:\\w|:\\wi|\\win|\\sys|data|appd|ppda/;
