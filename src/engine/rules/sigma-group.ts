/**
 * From the rules of one kind of record, decided as far as the kind does, to a SieveGroup: which literals are looked for under which keys,
 * and by which of them each rule is reached. A rule is evaluated when a literal of its rarest clause stands in a record; rules
 * without such a clause are evaluated for every record of the kind.
 */
import { parseNetwork } from '../../core/ip-address.ts';
import type { RecordPlace } from '../../core/record-place.ts';
import type { FormulaAtom, FormulaAutomaton, RuleFormula } from '../../match/rule-formula.ts';
import type { SieveGroup, SieveLiteral, SieveMatcher } from '../../scan/sieve-group.ts';
import {
  OP_AND,
  OP_AUTOMATON,
  OP_CONSTANT,
  OP_EXACT,
  OP_LENGTH,
  OP_MAYBE,
  OP_NETWORK,
  OP_NOT,
  OP_NULL,
  OP_OR,
  OP_PARENT,
  OP_PRESENT,
  OP_SAME,
  OP_SEARCH,
  OP_SEARCH_MAYBE,
} from '../../scan/sieve-memory.ts';
import type { DecidedRule } from './sigma-decisions.ts';

export interface KindOfRecord {
  /** Fields that are wanted of every record, whatever the rules say; absent: none. */
  readonly feeds?: readonly string[];
  /** Values that are wanted of every record for which all its rules hold for certain, and their slots; absent: none. */
  readonly matched?: readonly (readonly [path: readonly string[], slot: number])[];
  /** Where the field may stand in records of the kind; undefined: only decoding can tell. */
  readonly placesOf: (field: string) => readonly RecordPlace[] | undefined;
  /** Share of the kind's records in which the atom holds, as far as is known. */
  readonly share: (atom: FormulaAtom) => number;
}

/** Numbers of the paths of keys in records. */
export interface GroupNumbers {
  /** Undefined: no more keys can be told apart. */
  readonly keyOf: (path: readonly string[]) => number | undefined;
}

const UNKNOWN: RuleFormula = { kind: 'unknown' };
const NUMERIC_TEXT = /^[0-9.+\-e]+$/;
const MAY = 1;
const SURE = 3;

/** In short steps. Undefined: too many keys; `numbers` are those of the rules, ascending. Null: no rule can hold. `atoms` are in the order of their numbers. */
export function* buildGroup(
  rules: Iterable<DecidedRule>,
  kind: KindOfRecord,
  keys: GroupNumbers,
): Generator<undefined, { readonly group: SieveGroup; readonly atoms: readonly FormulaAtom[] } | undefined | null> {
  const builder = new GroupBuilder(kind, keys);
  for (const rule of rules) {
    builder.add(rule);
    yield;
  }
  const group = yield* builder.finish();
  return group ? { group, atoms: builder.atoms } : group;
}

class GroupBuilder {
  readonly #kind: KindOfRecord;
  readonly #keys: GroupNumbers;
  readonly #numbers: number[] = [];
  readonly #always: number[] = [];
  readonly #triggers: number[][] = [];
  readonly #code: number[] = [];
  readonly #codeStarts: number[] = [];
  readonly #atoms = new Map<FormulaAtom, number>();
  readonly #numeric = new Set<FormulaAtom>();
  /** Stands for those of all fields: values may be of several fields, and a matcher has one such atom. */
  #strange: FormulaAtom | undefined;
  readonly #strangeFields = new Set<string | undefined>();
  readonly #slots = new Map<string, number>();
  readonly #automata = new Map<FormulaAutomaton, number>();
  readonly #formulas: RuleFormula[] = [];
  readonly #foreseen = new Set<FormulaAtom>();

  constructor(kind: KindOfRecord, keys: GroupNumbers) {
    this.#kind = kind;
    this.#keys = keys;
  }

  get atoms(): readonly FormulaAtom[] {
    return [...this.#atoms.keys()];
  }

  add({ number, formula }: DecidedRule): void {
    const rule = this.#numbers.length;
    this.#numbers.push(number);
    this.#formulas.push(formula);
    const clause = rarestClause(formula, this.#kind.share);
    if (clause === undefined) this.#always.push(rule);
    else for (const atom of clause.atoms) this.#triggers[this.#atomOf(atom)]?.push(rule);
  }

  *finish(): Generator<undefined, SieveGroup | undefined | null> {
    const feeds = this.#kind.feeds?.map((name) => this.#keys.keyOf([name]));
    if (feeds?.includes(undefined) === true) return undefined;
    if (this.#numbers.length === 0 && feeds === undefined) return null;
    const matched = new Map<number, number>();
    for (const [path, slot] of this.#kind.matched ?? []) {
      const key = this.#keys.keyOf(path);
      if (key === undefined) return undefined;
      matched.set(key, slot);
    }
    this.#foresee();
    // What reaches no rule is looked for only when a formula asks: that is known now.
    for (const formula of this.#formulas) {
      this.#codeStarts.push(this.#code.length);
      this.#write(formula);
      yield;
    }
    const byKey = new Map<number, Set<string>>();
    const doubtfulKeys = new Set<number>();
    const atomsOf = new Map<string | undefined, FormulaAtom[]>();
    for (const atom of this.#atoms.keys()) {
      const list = atomsOf.get(atom.field);
      if (list === undefined) atomsOf.set(atom.field, [atom]);
      else list.push(atom);
    }
    for (const field of this.#slots.keys()) {
      for (const { path, isCertain } of this.#kind.placesOf(field) ?? []) {
        const key = this.#keys.keyOf(path);
        if (key === undefined) return undefined;
        if (!isCertain) doubtfulKeys.add(key);
        const fields = byKey.get(key) ?? new Set();
        byKey.set(key, fields.add(field));
      }
    }
    // What may stand in several places is looked for in each by the same matcher.
    const shared = new Map<string, SieveMatcher>();
    const matchers = new Map<number, SieveMatcher>();
    for (const [key, fields] of byKey) {
      const names = [...fields].sort();
      const id = JSON.stringify(names);
      const slots = names.map((field) => this.#slotOf(field));
      const atoms = names.flatMap((name) => atomsOf.get(name) ?? []);
      const isStrange = names.some((name) => this.#strangeFields.has(name));
      const matcher = shared.get(id) ?? this.#matcher(slots, atoms, isStrange);
      shared.set(id, matcher);
      matchers.set(key, matcher);
      yield;
    }
    const isStrange = this.#strangeFields.has(undefined);
    const free = isStrange ? (atomsOf.get(undefined) ?? []) : atomsOf.get(undefined);
    return {
      atoms: this.#atoms.size,
      slots: this.#slots.size,
      matchers,
      doubtfulKeys,
      keywords: free === undefined ? undefined : this.#matcher([], free, isStrange),
      numbers: Uint32Array.from(this.#numbers),
      always: this.#always,
      triggers: this.#triggers,
      searched: new Map(
        [...this.#atoms].flatMap(([atom, number]) => (this.#isSearched(atom) ? [[number, atom.text]] : [])),
      ),
      automata: [...this.#automata.keys()],
      code: this.#code,
      codeStarts: this.#codeStarts,
      ...(feeds !== undefined && { feeds: feeds as readonly number[] }),
      ...(matched.size > 0 && { matched }),
    };
  }

  #matcher(slots: readonly number[], atoms: Iterable<FormulaAtom>, isStrange: boolean): SieveMatcher {
    const literals: SieveLiteral[] = [];
    const numeric: number[] = [];
    const strange = isStrange && this.#strange !== undefined ? this.#atoms.get(this.#strange) : undefined;
    for (const atom of atoms) {
      const number = this.#atomOf(atom);
      if (atom.relation === 'strange' || this.#isSearched(atom)) continue;
      literals.push({ relation: atom.relation, text: atom.text, atom: number });
      if (this.#numeric.has(atom) || NUMERIC_TEXT.test(atom.text)) numeric.push(number);
    }
    return { slots, literals, numeric, ...(strange !== undefined && { strange }) };
  }

  /** Literals that may stand anywhere cost the most to look for. */
  #isSearched(atom: FormulaAtom): boolean {
    if (atom.relation !== 'contains' || atom.field === undefined || this.#foreseen.has(atom)) return false;
    return this.#triggers[this.#atomOf(atom)]?.length === 0;
  }

  /** What rules ask for in every record is looked for with the literals that reach others, where its field has some. */
  #foresee(): void {
    const fields = new Set<string | undefined>();
    for (const [atom, number] of this.#atoms)
      if (atom.relation === 'contains' && this.#triggers[number]?.length !== 0) fields.add(atom.field);
    const visit = (formula: RuleFormula): void => {
      if (formula.kind === 'and' || formula.kind === 'or') for (const item of formula.items) visit(item);
      else if (formula.kind === 'not') visit(formula.item);
      else if (formula.kind === 'comparison') visit(formula.formula);
      else if (formula.kind === 'atom' && fields.has(formula.atom.field)) this.#foreseen.add(formula.atom);
    };
    for (const rule of this.#always) visit(this.#formulas[rule] ?? UNKNOWN);
  }

  #atomOf(given: FormulaAtom): number {
    if (given.relation === 'strange') {
      this.#strange ??= given;
      this.#strangeFields.add(given.field);
    }
    const atom = given.relation === 'strange' && this.#strange !== undefined ? this.#strange : given;
    let number = this.#atoms.get(atom);
    if (number === undefined) {
      number = this.#atoms.size;
      this.#atoms.set(atom, number);
      this.#triggers.push([]);
    }
    return number;
  }

  #slotOf(field: string): number {
    let slot = this.#slots.get(field);
    if (slot === undefined) {
      slot = this.#slots.size;
      this.#slots.set(field, slot);
    }
    return slot;
  }

  #writeNetwork(field: string, text: string): void {
    const network = parseNetwork(text);
    if (network === undefined) {
      this.#code.push(operation(OP_CONSTANT, 0));
      return;
    }
    const { family, groups, bits } = network;
    const words = [0, 1, 2, 3].map((i) => (groups[2 * i] ?? 0) * 65_536 + (groups[2 * i + 1] ?? 0));
    this.#code.push(operation(OP_NETWORK, this.#slotOf(field)), family, bits, ...words);
  }

  #write(formula: RuleFormula): void {
    const code = this.#code;
    switch (formula.kind) {
      case 'and':
      case 'or': {
        const at = code.length;
        code.push(0);
        for (const item of formula.items) this.#write(item);
        code[at] = operation(formula.kind === 'and' ? OP_AND : OP_OR, code.length - at - 1);
        return;
      }
      case 'not':
        code.push(operation(OP_NOT, 0));
        this.#write(formula.item);
        return;
      case 'constant':
        code.push(operation(OP_CONSTANT, formula.value ? SURE : 0));
        return;
      case 'parent':
        code.push(operation(OP_PARENT, 0));
        return;
      case 'unknown':
        code.push(operation(OP_CONSTANT, MAY));
        return;
      case 'atom': {
        const { atom, sure, numeric } = formula;
        const number = this.#atomOf(atom);
        if (numeric) this.#numeric.add(atom);
        if (atom.field !== undefined) this.#slotOf(atom.field);
        if (atom.field !== undefined && this.#isSearched(atom))
          code.push(operation(sure ? OP_SEARCH : OP_SEARCH_MAYBE, number), this.#slotOf(atom.field));
        else if (sure && atom.field !== undefined) code.push(operation(OP_EXACT, number), this.#slotOf(atom.field));
        else code.push(operation(OP_MAYBE, number));
        return;
      }
      case 'length':
        code.push(operation(OP_LENGTH, this.#slotOf(formula.field)), formula.least);
        return;
      case 'same':
        code.push(operation(OP_SAME, this.#slotOf(formula.field)), this.#slotOf(formula.other));
        return;
      case 'automaton': {
        const number = this.#automata.get(formula.automaton) ?? this.#automata.size;
        this.#automata.set(formula.automaton, number);
        code.push(operation(OP_AUTOMATON, number), this.#slotOf(formula.field));
        return;
      }
      case 'network':
        this.#writeNetwork(formula.field, formula.network);
        return;
      case 'present':
        code.push(operation(OP_PRESENT, this.#slotOf(formula.field)));
        return;
      case 'null':
        code.push(operation(OP_NULL, this.#slotOf(formula.field)));
        return;
      case 'comparison':
        this.#write(formula.formula);
    }
  }
}

interface ReachingClause {
  readonly atoms: readonly FormulaAtom[];
  readonly probability: number;
}

/** Atoms of which one holds whenever the formula may: of the possible choices the rarest; undefined when there is none. */
function rarestClause(formula: RuleFormula, share: KindOfRecord['share']): ReachingClause | undefined {
  switch (formula.kind) {
    case 'atom':
      return { atoms: [formula.atom], probability: share(formula.atom) };
    case 'and': {
      let best: ReachingClause | undefined;
      for (const item of formula.items) {
        const clause = rarestClause(item, share);
        if (clause !== undefined && (best === undefined || clause.probability < best.probability)) best = clause;
      }
      return best;
    }
    case 'or': {
      const atoms: FormulaAtom[] = [];
      let probability = 0;
      for (const item of formula.items) {
        const clause = rarestClause(item, share);
        if (clause === undefined) return undefined;
        for (const atom of clause.atoms) atoms.push(atom);
        probability += clause.probability;
      }
      return { atoms, probability };
    }
    case 'constant':
      return formula.value ? undefined : { atoms: [], probability: 0 };
    case 'comparison':
      return rarestClause(formula.formula, share);
    default:
      return undefined;
  }
}

function operation(kind: number, operand: number): number {
  return ((operand << 4) | kind) >>> 0;
}
