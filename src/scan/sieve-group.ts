/**
 * SieveGroup: the rules of one kind of record as plain data, and its writing into the kernel's memory. Atoms, slots and rules are
 * numbered from 0 within the group.
 */
import type { LiteralFrequency } from './gram-frequency.ts';
import type { LiteralGrams } from './literal-grams.ts';
import type { ScanMemory } from './scan-memory.ts';
import type { LazyAutomaton, SieveAutomata } from './sieve-automata.ts';
import {
  DOUBTFUL_KEY,
  GROUP_ALWAYS,
  GROUP_ALWAYS_COUNT,
  FEW_BUCKETS,
  FEW_LITERALS,
  GROUP_AUTOMATA,
  GROUP_BYTES,
  GROUP_CODE,
  GROUP_COUNTS,
  GROUP_FEEDS,
  GROUP_HITS,
  GROUP_KEYS,
  GROUP_KEYWORDS,
  GROUP_LITERALS,
  GROUP_MATCHED,
  GROUP_MATCHERS,
  GROUP_NUMBERS,
  GROUP_RAW,
  GROUP_TRIGGER_STARTS,
  GROUP_TRIGGERS,
  LITERAL_ATOM,
  LITERAL_LENGTH,
  LITERAL_OFFSET,
  LITERAL_RELATION,
  LITERAL_TEXT,
  MATCHER_BITS,
  MATCHER_BYTES,
  MATCHER_ENDS,
  MATCHER_EQUALS,
  MATCHER_FEW,
  MATCHER_GRAMS,
  MATCHER_NUMERIC,
  MATCHER_NUMERIC_COUNT,
  MATCHER_REMEMBERS,
  MATCHER_SHIFT,
  MATCHER_SLOT_COUNT,
  MATCHER_SLOTS,
  MATCHER_STARTS,
  MATCHER_STEP,
  MATCHER_STRANGE,
  RELATION_CONTAINS,
  RELATION_ENDS,
  RELATION_EQUALS,
  RELATION_FREE,
  RELATION_STARTS,
  SIEVE_LITERAL_BYTES,
} from './sieve-memory.ts';
import type { SieveRawFilters } from './sieve-raw-filter.ts';

export type SieveRelation = 'equals' | 'starts' | 'ends' | 'contains';

export interface SieveLiteral {
  readonly relation: SieveRelation;
  /** ASCII in lower case; not empty but for `equals`. */
  readonly text: string;
  readonly atom: number;
}

/** `gram`: where the gram begins by which it is looked up. */
interface WrittenLiteral extends SieveLiteral {
  readonly gram?: number;
}

/** What is looked for in the values of some keys. */
export interface SieveMatcher {
  /** Slots that a value of the keys belongs to. */
  readonly slots: readonly number[];
  readonly literals: readonly SieveLiteral[];
  /** Atoms that another spelling of a number could satisfy. */
  readonly numeric: readonly number[];
  /** Atom that holds when the value has a character beyond ASCII. */
  readonly strange?: number;
}

export interface SieveGroup {
  readonly atoms: number;
  readonly slots: number;
  /** By key: keys may share one. */
  readonly matchers: ReadonlyMap<number, SieveMatcher>;
  /** Keys of which a value need not be what the fields are: nothing is certain then. */
  readonly doubtfulKeys: ReadonlySet<number>;
  /** Looked for in every scalar value. */
  readonly keywords: SieveMatcher | undefined;
  /** Numbers that the rules are reported by, ascending. */
  readonly numbers: Uint32Array;
  /** Rules that are evaluated for every record. */
  readonly always: readonly number[];
  /** Rules to be evaluated when atom i holds. */
  readonly triggers: readonly (readonly number[])[];
  /** Text of each atom that is looked for only when a formula asks for it. */
  readonly searched: ReadonlyMap<number, string>;
  readonly automata: readonly LazyAutomaton[];
  /** Formulas, in prefix notation, and where each rule's begins. */
  readonly code: readonly number[];
  readonly codeStarts: readonly number[];
  /** Keys whose values are listed of every record that is for no rule, by slot; absent: such records are no candidates. */
  readonly feeds?: readonly number[];
  /** By key the slot under which its values are listed of every record for which all rules hold for certain; absent: none are. */
  readonly matched?: ReadonlyMap<number, number>;
}

const RELATIONS: Readonly<Record<SieveRelation, number>> = {
  equals: RELATION_EQUALS,
  starts: RELATION_STARTS,
  ends: RELATION_ENDS,
  contains: RELATION_CONTAINS,
};
const GRAM = 4;
/** Every so many places are looked at. What is too short for that is looked for without grams, which costs so much of a look at each. */
const STEPS = [4, 3, 2, 1] as const;
const FEW_COST = 0.2;
/** So many literals are looked for without grams. */
const FEW = 24;
const FEW_BYTES = 3;
const BUCKETS = 8;
const ALL_HALVES = Array.from({ length: 32 }, (_, half) => half);

/** What groups have in common. */
export interface SharedTables {
  /** Of the logs at hand. */
  readonly frequency: LiteralFrequency;
  readonly grams: LiteralGrams;
  readonly rawFilters: SieveRawFilters;
  readonly automata: SieveAutomata;
}

/** Puts literals into the tables of a matcher: the kernel does, which knows the hashes. */
export type AddLiterals = (matcher: number, first: number, count: number) => void;

/** Address of the written group; `keys` is the number of keys there can be. `counts`: what its records hold is counted. */
export function writeGroup(
  memory: ScanMemory,
  group: SieveGroup,
  keys: number,
  shared: SharedTables,
  addLiterals: AddLiterals,
  counts: boolean,
): number {
  const writer = new GroupWriter(memory, shared, addLiterals);
  const address = memory.allocate(GROUP_BYTES);
  const keyMap = memory.allocate(2 * keys);
  const distinct = [...new Set(group.matchers.values())];
  const matchers = memory.allocate((distinct.length + 1) * MATCHER_BYTES);
  let at = matchers;
  const places = new Map<SieveMatcher, number>();
  for (const [place, matcher] of distinct.entries()) {
    places.set(matcher, place + 1);
    writer.matcher(at, matcher);
    at += MATCHER_BYTES;
  }
  const map = new Uint16Array(memory.memory.buffer, keyMap, keys);
  for (const [key, matcher] of group.matchers)
    map[key] = (places.get(matcher) ?? 0) | (group.doubtfulKeys.has(key) ? DOUBTFUL_KEY : 0);
  if (group.keywords !== undefined) writer.matcher(at, group.keywords);
  const code = writer.words(group.code);
  const starts = [0];
  for (const rules of group.triggers) starts.push((starts.at(-1) ?? 0) + rules.length);
  const header = new Uint32Array(memory.memory.buffer, address, GROUP_BYTES / 4);
  const set = (offset: number, value: number): void => {
    header[offset / 4] = value;
  };
  set(GROUP_KEYS, keyMap);
  set(GROUP_MATCHERS, matchers);
  set(GROUP_KEYWORDS, group.keywords === undefined ? 0 : at);
  set(GROUP_RAW, group.keywords === undefined ? 0 : shared.rawFilters.addressOf(group.keywords, shared.frequency));
  set(GROUP_HITS, writer.words(new Uint32Array(group.atoms)));
  if (group.feeds !== undefined)
    set(GROUP_FEEDS, writer.slotsOf(new Map(group.feeds.map((key, slot) => [key, slot])), keys));
  if (group.matched !== undefined) set(GROUP_MATCHED, writer.slotsOf(group.matched, keys));
  set(GROUP_LITERALS, writer.searched(group));
  set(GROUP_AUTOMATA, writer.words(group.automata.map((automaton) => shared.automata.cellOf(automaton))));
  set(GROUP_ALWAYS, writer.words(group.always));
  set(GROUP_ALWAYS_COUNT, group.always.length);
  set(GROUP_TRIGGER_STARTS, writer.words(starts));
  set(GROUP_TRIGGERS, writer.words(group.triggers.flat()));
  set(GROUP_CODE, writer.words(group.codeStarts.map((start) => code + 4 * start)));
  set(GROUP_NUMBERS, writer.words(group.numbers));
  set(GROUP_COUNTS, counts ? 1 : 0);
  return address;
}

class GroupWriter {
  readonly #memory: ScanMemory;
  readonly #frequency: LiteralFrequency;
  readonly #grams: LiteralGrams;
  readonly #addLiterals: AddLiterals;

  constructor(memory: ScanMemory, { frequency, grams }: SharedTables, addLiterals: AddLiterals) {
    this.#memory = memory;
    this.#frequency = frequency;
    this.#grams = grams;
    this.#addLiterals = addLiterals;
  }

  words(values: ArrayLike<number>): number {
    const address = this.#memory.allocate(4 * Math.max(1, values.length));
    new Uint32Array(this.#memory.memory.buffer, address, values.length).set(values);
    return address;
  }

  /** A byte for each key: its slot + 1. */
  slotsOf(slots: ReadonlyMap<number, number>, count: number): number {
    const address = this.#memory.allocate(count);
    const map = new Uint8Array(this.#memory.memory.buffer, address, count);
    for (const [key, slot] of slots) map[key] = slot + 1;
    return address;
  }

  matcher(address: number, { slots, literals, numeric, strange }: SieveMatcher): void {
    const count = (relation: SieveRelation): number =>
      literals.filter((literal) => literal.relation === relation).length;
    const anywhere = literals.filter(({ relation }) => relation === 'contains');
    const { step, few, free } = this.#plan(anywhere);
    const bound = literals.filter(({ relation }) => relation !== 'contains');
    const fields = new Map<number, number>([
      [MATCHER_SLOTS, this.words(slots)],
      [MATCHER_SLOT_COUNT, slots.length],
      [MATCHER_NUMERIC, this.words(numeric)],
      [MATCHER_NUMERIC_COUNT, numeric.length],
      [MATCHER_STRANGE, strange === undefined ? 0 : strange + 1],
    ]);
    this.#table(fields, MATCHER_EQUALS, count('equals'));
    this.#table(fields, MATCHER_STARTS, count('starts'));
    this.#table(fields, MATCHER_ENDS, count('ends'));
    if (free.length > 0) {
      const bits = Math.min(20, Math.max(10, Math.ceil(Math.log2(free.length * step * 16))));
      fields.set(MATCHER_BITS, this.#memory.allocate(2 ** (bits - 3)));
      fields.set(MATCHER_SHIFT, 32 - bits);
      fields.set(MATCHER_STEP, step);
      this.#table(fields, MATCHER_GRAMS, free.length * step);
    }
    if (few.length > 0) fields.set(MATCHER_FEW, this.#few(few));
    if (slots.length > 0 && literals.some(({ relation }) => relation !== 'equals')) fields.set(MATCHER_REMEMBERS, 1);
    const view = new DataView(this.#memory.memory.buffer, address, MATCHER_BYTES);
    for (const [offset, value] of fields) view.setUint32(offset, value, true);
    const grams = this.#withGrams(free, step);
    this.#addLiterals(address, this.#literals([...bound, ...grams]), bound.length + grams.length);
  }

  /** How literals that may stand anywhere are looked for: most by grams, what is too short for that and what is few at once. */
  #plan(literals: readonly SieveLiteral[]): {
    readonly step: number;
    readonly few: readonly SieveLiteral[];
    readonly free: readonly SieveLiteral[];
  } {
    if (literals.length <= FEW) return { step: 1, few: literals, free: [] };
    const short = STEPS.map((step) => ({ step, few: literals.filter(({ text }) => text.length < GRAM + step - 1) }));
    const cost = ({ step, few }: (typeof short)[number]): number => 1 / step + (few.length > 0 ? FEW_COST : 0);
    const [best] = short.filter(({ step, few }) => few.length <= FEW || step === 1).sort((a, b) => cost(a) - cost(b));
    const { step, few } = best as (typeof short)[number];
    return { step, few, free: literals.filter((literal) => !few.includes(literal)) };
  }

  /** Each literal once for each of `step` grams in a row, so that every `step`th place of a text meets one of them. */
  #withGrams(literals: readonly SieveLiteral[], step: number): WrittenLiteral[] {
    const users = new Map<number, number>();
    const written: WrittenLiteral[] = [];
    for (const { relation, text, atom } of literals) {
      const first = this.#grams.choose(text, step, users);
      for (let gram = first; gram < first + step; gram++) written.push({ relation, text, atom, gram });
    }
    return written;
  }

  #few(literals: readonly SieveLiteral[]): number {
    const first = this.#literals(literals);
    const address = this.#memory.allocate(FEW_LITERALS + 8 * literals.length);
    const view = new DataView(this.#memory.memory.buffer, address, FEW_LITERALS + 8 * literals.length);
    const chosen = literals
      .map(({ text }, i) => ({ text, at: first + i * SIEVE_LITERAL_BYTES, offset: this.#rarestBytes(text) }))
      .sort((a, b) => (a.text.slice(a.offset) < b.text.slice(b.offset) ? -1 : 1));
    for (let bucket = 0; bucket <= BUCKETS; bucket++) {
      const start = Math.ceil((bucket * chosen.length) / BUCKETS);
      view.setUint32(FEW_BUCKETS + 4 * bucket, address + FEW_LITERALS + 8 * start, true);
    }
    for (const [place, { text, at, offset }] of chosen.entries()) {
      view.setUint32(FEW_LITERALS + 8 * place, at, true);
      view.setUint32(FEW_LITERALS + 8 * place + 4, offset, true);
      const bucket = 1 << Math.floor((place * BUCKETS) / chosen.length);
      for (let i = 0; i < FEW_BYTES; i++) {
        const byte = offset + i < text.length ? text.charCodeAt(offset + i) : undefined;
        const halves = byte === undefined ? ALL_HALVES : [byte & 15, 16 + (byte >>> 4)];
        for (const half of halves) view.setUint8(32 * i + half, view.getUint8(32 * i + half) | bucket);
      }
    }
    return address;
  }

  /** Where three bytes of the literal begin that are rare; at its beginning when it is shorter. */
  #rarestBytes(text: string): number {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let offset = 0; offset + FEW_BYTES <= text.length; offset++) {
      const pair = (at: number): number => this.#frequency.pairsPerMillion(text.slice(at, at + 2));
      const weight = Math.min(pair(offset), pair(offset + 1));
      if (weight >= least) continue;
      best = offset;
      least = weight;
    }
    return best;
  }

  /** By atom the address of its literal, or 0. */
  searched({ atoms, searched }: SieveGroup): number {
    const table = this.words(new Uint32Array(atoms));
    const literals = [...searched].map(([atom, text]): SieveLiteral => ({ relation: 'contains', text, atom }));
    const first = this.#literals(literals);
    const words = new Uint32Array(this.#memory.memory.buffer, table, atoms);
    for (const [i, { atom }] of literals.entries()) words[atom] = first + i * SIEVE_LITERAL_BYTES;
    return table;
  }

  /** A hash table of free entries and its mask, which stands behind its address. */
  #table(fields: Map<number, number>, offset: number, count: number): void {
    if (count === 0) return;
    const slots = 2 ** Math.ceil(Math.log2(count * 2 + 1));
    fields.set(offset, this.#memory.allocate(slots * 8));
    fields.set(offset + 4, slots - 1);
  }

  #literals(literals: readonly WrittenLiteral[]): number {
    let size = literals.length * SIEVE_LITERAL_BYTES;
    for (const { text } of literals) size += text.length + 8;
    const first = this.#memory.allocate(size);
    const { buffer } = this.#memory.memory;
    const words = new Uint32Array(buffer, first, (literals.length * SIEVE_LITERAL_BYTES) / 4);
    const bytes = Buffer.from(buffer);
    let text = first + literals.length * SIEVE_LITERAL_BYTES;
    let at = 0;
    for (const literal of literals) {
      const { length } = literal.text;
      words[at + LITERAL_TEXT / 4] = text;
      words[at + LITERAL_LENGTH / 4] = length;
      words[at + LITERAL_ATOM / 4] = literal.atom;
      words[at + LITERAL_RELATION / 4] = literal.gram === undefined ? RELATIONS[literal.relation] : RELATION_FREE;
      words[at + LITERAL_OFFSET / 4] = literal.gram ?? 0;
      bytes.write(literal.text, text, length, 'latin1');
      text += length + 8;
      at += SIEVE_LITERAL_BYTES / 4;
    }
    return first;
  }
}
