/**
 * LiteralIndex: which of many literals stand in one text, letter case ignored, each bound to the whole, the start, the end, or nowhere. Whole
 * texts by hash map; starts and ends by hash map on their outermost characters; free ones by the hash of one four-character
 * piece each, looked up at every position. Built by add and finish, then read-only. A text is looked at once, whatever the
 * number of literals.
 */
import { foldCase } from '../core/fold.ts';
import { buildFreeLiterals, FreeLiterals, type OwnerVisitor } from './free-literals.ts';
import { GRAM, isForGrams } from './gram-table.ts';
import type { AtomRelation } from './rule-atoms.ts';
import { TextUnits } from './text-units.ts';

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
const NON_ASCII = /[^\u0000-\u007f]/;
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
  #free: FreeLiterals | undefined;
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
    const short: { starts: Literal[]; ends: Literal[]; contains: Literal[] } = { starts: [], ends: [], contains: [] };
    for (const literal of this.#byRelation.starts.values())
      if (literal.text.length < GRAM) short.starts.push(literal);
      else push(this.#starts, literal.text.slice(0, GRAM), literal);
    for (const literal of this.#byRelation.ends.values())
      if (literal.text.length < GRAM) short.ends.push(literal);
      else push(this.#ends, literal.text.slice(-GRAM), literal);
    const free = [...this.#byRelation.contains.values()];
    const long = free.filter(({ text }) => isForGrams(text));
    if (long.length <= FEW) short.contains.push(...free);
    else {
      short.contains.push(...free.filter(({ text }) => !isForGrams(text)));
      this.#free = new FreeLiterals(buildFreeLiterals(long), this.#units);
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
    this.#free?.find(text, visit, folded);
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
}

function push(map: Map<string, Literal[]>, key: string, literal: Literal): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [literal]);
  else list.push(literal);
}

function visitAll(literal: Literal, visit: OwnerVisitor): void {
  for (let i = 0; i < literal.owners.length; i++) visit(literal.owners[i] as number);
}
