/**
 * SigmaDecisions: what of each rule a kind of record leaves open. Comparisons of fields that the kind tells become constants, and
 * constants disappear. Most rules of a kind ask for nothing that it tells: these are the same for all kinds, and what is decided alike
 * is decided once, so that kinds whose rules come out the same are seen to be the same.
 */
import type { Compare } from '../../ir/predicate.ts';
import type { RuleFormula } from '../../match/rule-formula.ts';

/** Without comparisons: decided by the kind, or what is left of them. */
export type Decided = Exclude<RuleFormula, { readonly kind: 'comparison' }>;

/** Two with the same id are the same rule, decided alike. */
export interface DecidedRule {
  readonly id: number;
  readonly number: number;
  readonly formula: Decided;
  /** Fields that it asks for, the decided ones included. */
  readonly fields: readonly string[];
}

/** What deciding asks of a kind of record. */
export interface DecidingKind {
  /** `told`: all records of the kind have the same value there. `unknown`: only decoding can tell. */
  /** `parent`: the record has no such field, and what is remembered of the parent of its process answers it. */
  readonly stateOf: (field: string) => 'open' | 'told' | 'unknown' | 'parent';
  /** False: the decoder may find texts that do not stand in the record. */
  readonly isWhole: boolean;
  /** The result of a comparison of fields that are told. */
  readonly decide: (node: Compare) => boolean;
}

interface Asked {
  readonly formula: RuleFormula;
  readonly fields: readonly string[];
  readonly hasKeywords: boolean;
}

const TRUE: Decided = { kind: 'constant', value: true };
const FALSE: Decided = { kind: 'constant', value: false };
const UNKNOWN: Decided = { kind: 'unknown' };
const PARENT: Decided = { kind: 'parent' };
/** States of fields whose values do not stand in the record. */
const CLOSED: ReadonlySet<string> = new Set(['unknown', 'parent']);
/** Beyond so many, what is decided is not remembered: kinds of records are log content. */
const MAX_KNOWN = 65_536;

export class SigmaDecisions {
  readonly #formulaOf: (number: number) => RuleFormula;
  readonly #asked = new Map<number, Asked>();
  readonly #known = new Map<string, DecidedRule>();
  #ids = 0;
  /** What was asked of the kind, in order, and how it answered: this alone makes the difference between two kinds. */
  #results = '';

  /** `formulaOf` is asked once for each rule. */
  constructor(formulaOf: (number: number) => RuleFormula) {
    this.#formulaOf = formulaOf;
  }

  /** Undefined: the rule holds for no record of the kind. */
  decide(number: number, kind: DecidingKind): DecidedRule | undefined {
    const { formula, fields, hasKeywords } = this.#askedOf(number);
    const isOpen = (kind.isWhole || !hasKeywords) && fields.every((field) => kind.stateOf(field) === 'open');
    this.#results = '';
    // A rule of open fields only is found without looking at its formula.
    let rule = isOpen ? this.#known.get(`${number} `) : undefined;
    if (rule !== undefined) return rule;
    const left = this.#left(formula, kind);
    if (left.kind === 'constant' && !left.value) return undefined;
    const key = `${number} ${isOpen ? '' : this.#results}`;
    rule = this.#known.get(key);
    if (rule === undefined) {
      rule = { id: this.#ids++, number, formula: left, fields };
      if (this.#known.size < MAX_KNOWN) this.#known.set(key, rule);
    }
    return rule;
  }

  #askedOf(number: number): Asked {
    let asked = this.#asked.get(number);
    if (asked === undefined) {
      const formula = this.#formulaOf(number);
      const fields = new Set<string>();
      const hasKeywords = gatherFields(formula, fields);
      asked = { formula, fields: [...fields], hasKeywords };
      this.#asked.set(number, asked);
    }
    return asked;
  }

  #left(formula: RuleFormula, kind: DecidingKind): Decided {
    switch (formula.kind) {
      case 'comparison': {
        const state = kind.stateOf(formula.field);
        const { test } = formula.node;
        if (state === 'parent' && test.kind !== 'field-reference') {
          this.#results += 'p';
          return PARENT;
        }
        if (state === 'unknown' || state === 'parent') return this.#unknown();
        const other = test.kind === 'field-reference' ? test.other.name : formula.field;
        if (state === 'open' || kind.stateOf(other) !== 'told') {
          this.#results += '-';
          return this.#left(formula.formula, kind);
        }
        const result = kind.decide(formula.node);
        this.#results += result ? '1' : '0';
        return result ? TRUE : FALSE;
      }
      case 'not': {
        const item = this.#left(formula.item, kind);
        if (item.kind === 'constant') return item.value ? FALSE : TRUE;
        return item.kind === 'unknown' ? item : { kind: 'not', item };
      }
      case 'and':
      case 'or': {
        const neutral = formula.kind === 'and';
        const items: Decided[] = [];
        for (const child of formula.items) {
          const item = this.#left(child, kind);
          if (item.kind !== 'constant') items.push(item);
          else if (item.value !== neutral) return neutral ? FALSE : TRUE;
        }
        const [only] = items;
        if (only === undefined) return neutral ? TRUE : FALSE;
        return items.length === 1 ? only : { kind: formula.kind, items };
      }
      case 'same':
        return CLOSED.has(kind.stateOf(formula.other)) ? this.#unknown() : this.#open(formula);
      case 'atom':
        if (formula.atom.field !== undefined) return formula;
        return kind.isWhole ? this.#open(formula) : this.#unknown();
      default:
        return formula;
    }
  }

  #unknown(): Decided {
    this.#results += 'u';
    return UNKNOWN;
  }

  #open(formula: Decided): Decided {
    this.#results += '-';
    return formula;
  }
}

/** Returns whether the formula has keywords, which may stand in any field. */
function gatherFields(formula: RuleFormula, fields: Set<string>): boolean {
  switch (formula.kind) {
    case 'and':
    case 'or': {
      let hasKeywords = false;
      for (const item of formula.items) if (gatherFields(item, fields)) hasKeywords = true;
      return hasKeywords;
    }
    case 'not':
      return gatherFields(formula.item, fields);
    case 'comparison':
      fields.add(formula.field);
      return gatherFields(formula.formula, fields);
    case 'atom':
      return formula.atom.field === undefined;
    case 'same':
      fields.add(formula.other);
      return false;
    default:
      return false;
  }
}
