/**
 * RuleFormula: what a rule's predicate says about literals in fields, for a sieve that looks at raw values. Three-valued: an atom marked
 * sure holds exactly when its comparison does; the others are needed but not enough; `unknown` is what only the interpreter
 * can tell. Literals are folded ASCII: what stands beyond ASCII only makes a formula say maybe more often.
 */
import { foldCase } from '../core/fold.ts';
import type { Compare, Glob, Keyword, Literal, Predicate, Regex, Test } from '../ir/predicate.ts';
import { literalProbability } from './literal-frequency.ts';
import { type RegexAutomaton, regexAutomaton } from './regex-automaton.ts';
import { regexLiterals } from './regex-literal.ts';
import { type AtomRelation, atomsOfComparison } from './rule-atoms.ts';

export interface FormulaAtom {
  /** Dense, over all rules that share an `AtomTable`. */
  readonly id: number;
  /** Undefined: any scalar of the event. */
  readonly field: string | undefined;
  /** `strange`: some character beyond ASCII. */
  readonly relation: AtomRelation | 'strange';
  readonly text: string;
  /** Estimated share of events. */
  readonly probability: number;
}

export type RuleFormula =
  | { readonly kind: 'and' | 'or'; readonly items: readonly RuleFormula[] }
  | { readonly kind: 'not'; readonly item: RuleFormula }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'unknown' }
  /** What is remembered of the parent of the event's process tells; a formula of one kind of record alone. */
  | { readonly kind: 'parent' }
  /** `numeric`: the text of a number, which may be spelled otherwise. */
  | { readonly kind: 'atom'; readonly atom: FormulaAtom; readonly sure: boolean; readonly numeric: boolean }
  /** Needed: the field's value has so many characters; of the automaton behind it, which says more. */
  | { readonly kind: 'length'; readonly field: string; readonly least: number }
  /** The automaton, if there is one, says yes to the field's value: needed, and certain where it is exact. */
  | { readonly kind: 'automaton'; readonly field: string; readonly automaton: FormulaAutomaton }
  /** Needed: both fields have the same text. */
  | { readonly kind: 'same'; readonly field: string; readonly other: string }
  /** The field's value is an address of the network: certain both ways. */
  | { readonly kind: 'network'; readonly field: string; readonly network: string }
  /** Needed: the event has the field. */
  | { readonly kind: 'present'; readonly field: string }
  /** The field is absent or null: certain both ways. */
  | { readonly kind: 'null'; readonly field: string }
  /** A comparison of one field, to be decided beforehand where the field's value is known. */
  | { readonly kind: 'comparison'; readonly node: Compare; readonly field: string; readonly formula: RuleFormula };

const UNKNOWN: RuleFormula = { kind: 'unknown' };
/** Single signs of expressions are worth looking for; letters and digits are everywhere. */
const SIGN = /^[!-/:-@[-`{-~]$/;
const ASCII = /^[\u0000-\u007f]*$/;
/** Larger integers are not printed digit by digit. */
const MAX_INTEGER = 1e15;
/** Longer literals are looked for by their beginning (or end). */
const MAX_LENGTH = 200;

/** The automaton of an expression, made when somebody wants it: most expressions never have to say anything. */
export class FormulaAutomaton {
  readonly #regex: Regex;
  #table: RegexAutomaton | undefined;
  #isMade = false;

  constructor(regex: Regex) {
    this.#regex = regex;
  }

  get regex(): Regex {
    return this.#regex;
  }

  /** Undefined when the expression has none. */
  get table(): RegexAutomaton | undefined {
    if (!this.#isMade) this.#table = regexAutomaton(this.#regex);
    this.#isMade = true;
    return this.#table;
  }
}

/** Atoms of many rules; equal ones are one object. */
export class AtomTable {
  /** By field, then by relation, then by text. */
  readonly #atoms = new Map<string | undefined, Record<FormulaAtom['relation'], Map<string, FormulaAtom>>>();
  #size = 0;
  readonly #automata = new Map<string, FormulaAutomaton>();

  get size(): number {
    return this.#size;
  }

  /** Equal expressions have one automaton. */
  automatonOf(regex: Regex): FormulaAutomaton {
    const { ignoreCase, dotAll } = regex.flags;
    const key = `${ignoreCase ? 'i' : ''}${dotAll ? 's' : ''} ${regex.source}`;
    let automaton = this.#automata.get(key);
    if (automaton === undefined) {
      automaton = new FormulaAutomaton(regex);
      this.#automata.set(key, automaton);
    }
    return automaton;
  }

  atom(field: string | undefined, relation: FormulaAtom['relation'], text: string): FormulaAtom {
    let ofField = this.#atoms.get(field);
    if (ofField === undefined) {
      const none = (): Map<string, FormulaAtom> => new Map();
      ofField = { equals: none(), starts: none(), ends: none(), contains: none(), strange: none() };
      this.#atoms.set(field, ofField);
    }
    const atoms = ofField[relation];
    let atom = atoms.get(text);
    if (atom === undefined) {
      const probability = relation === 'strange' ? RARE : literalProbability(text, relation);
      atom = { id: this.#size++, field, relation, text, probability };
      atoms.set(text, atom);
    }
    return atom;
  }
}

/** Formulas of predicates, each made once. Rules that are loaded again have theirs already. */
export class RuleFormulas {
  readonly #atoms = new AtomTable();
  readonly #known = new WeakMap<Predicate, RuleFormula>();

  /** Literals of all rules so far. */
  get atoms(): number {
    return this.#atoms.size;
  }

  /** As the formulas have it. */
  automatonOf(regex: Regex): FormulaAutomaton {
    return this.#atoms.automatonOf(regex);
  }

  of(predicate: Predicate): RuleFormula {
    let formula = this.#known.get(predicate);
    if (formula === undefined) {
      formula = formulaOf(predicate, this.#atoms);
      this.#known.set(predicate, formula);
    }
    return formula;
  }
}

const RARE = 0.01;

export function formulaOf(predicate: Predicate, table: AtomTable): RuleFormula {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return { kind: predicate.kind, items: predicate.items.map((item) => formulaOf(item, table)) };
    case 'not':
      return { kind: 'not', item: formulaOf(predicate.item, table) };
    case 'constant':
      return { kind: 'constant', value: predicate.value };
    case 'keyword':
      return needed(predicate, undefined, table) ?? UNKNOWN;
    case 'compare': {
      const { path } = predicate;
      if (path.kind !== 'field') return UNKNOWN;
      return { kind: 'comparison', node: predicate, field: path.name, formula: compared(predicate, path.name, table) };
    }
    case 'bind':
    case 'elements':
      return UNKNOWN;
  }
}

function compared(node: Compare, field: string, table: AtomTable): RuleFormula {
  const { test, negate, absent } = node;
  if (test.kind === 'null') return absent && !negate ? { kind: 'null', field } : UNKNOWN;
  // What holds for events without the field gives nothing to look for.
  if (absent || (test.kind === 'exists' && negate)) return UNKNOWN;
  const present: RuleFormula = { kind: 'present', field };
  if (negate) return present;
  if (test.kind === 'regex') return expression(test, node, field, table);
  if (test.kind === 'network' && test.relation === 'subset') return { kind: 'network', field, network: test.network };
  if (test.kind === 'field-reference' && test.relation === 'equals')
    return { kind: 'same', field, other: test.other.name };
  return tested(test, field, table) ?? needed(node, field, table) ?? present;
}

/**
 * What is cheap to see comes first: literals, single signs, the length, then the automaton. What comes first is certain by itself, and
 * whether the expression matches is for the automaton to say.
 */
function expression(test: Regex, node: Compare, field: string, table: AtomTable): RuleFormula {
  const items: RuleFormula[] = [];
  const literals = needed(node, field, table);
  if (test.typing !== 'bridged' || test.normalize !== 'none') {
    if (literals !== undefined) items.push(literals);
  } else {
    if (literals !== undefined) items.push(asCertain(literals));
    const { pieces: texts, leastLength } = regexLiterals(test);
    const signs = new Set(texts.filter((text) => SIGN.test(text)));
    for (const sign of signs) items.push(sure(table.atom(field, 'contains', sign)));
    items.push({ kind: 'length', field, least: leastLength });
    items.push({ kind: 'automaton', field, automaton: table.automatonOf(test) });
  }
  return items.length === 0 ? { kind: 'present', field } : { kind: 'and', items };
}

/** Literals as facts of their own. */
function asCertain(formula: RuleFormula): RuleFormula {
  if (formula.kind === 'and') return { kind: 'and', items: formula.items.map(asCertain) };
  return formula.kind === 'atom' && formula.atom.relation !== 'strange' ? { ...formula, sure: true } : formula;
}

/** Tests that an atom decides, or that are a list of such. */
function tested(test: Test, field: string, table: AtomTable): RuleFormula | undefined {
  if (test.kind === 'equals' && test.typing === 'bridged')
    return equal(test.value, test.collation === 'folded', field, table);
  if (test.kind === 'in' && test.typing === 'bridged')
    return {
      kind: 'or',
      items: test.values.map(
        (value) => equal(value, test.collation === 'folded', field, table) ?? { kind: 'present', field },
      ),
    };
  if (test.kind === 'glob' && test.typing === 'bridged' && test.collation === 'folded' && test.normalize === 'none')
    return plainGlob(test, field, table);
  return undefined;
}

function equal(value: Literal, folded: boolean, field: string, table: AtomTable): RuleFormula | undefined {
  if (value.type === 'number') {
    if (!Number.isInteger(value.value) || Math.abs(value.value) >= MAX_INTEGER) return undefined;
    return { kind: 'atom', atom: table.atom(field, 'equals', String(value.value)), sure: true, numeric: true };
  }
  if (value.type === 'boolean') return sure(table.atom(field, 'equals', String(value.value)));
  if (value.type !== 'string') return undefined;
  const text = foldCase(value.value);
  if (ASCII.test(text) && text.length <= MAX_LENGTH) {
    const atom = table.atom(field, 'equals', text);
    return folded ? sure(atom) : maybe(atom);
  }
  return pieces(field, 'equals', text, table);
}

function plainGlob(glob: Glob, field: string, table: AtomTable): RuleFormula | undefined {
  let written: string | undefined;
  let [isOpenBefore, isOpenBehind] = [false, false];
  for (const part of glob.parts) {
    if ('text' in part) {
      if (part.text === '') continue;
      if (written !== undefined) return undefined;
      written = part.text;
    } else if (!('wildcard' in part) || part.wildcard !== 'any') return undefined;
    else if (written === undefined) isOpenBefore = true;
    else isOpenBehind = true;
  }
  if (written === undefined) return isOpenBefore ? undefined : sure(table.atom(field, 'equals', ''));
  const text = foldCase(written);
  if (!ASCII.test(text) || text.length > MAX_LENGTH) return undefined;
  const bound = isOpenBehind ? 'starts' : 'equals';
  return sure(table.atom(field, isOpenBefore ? (isOpenBehind ? 'contains' : 'ends') : bound, text));
}

/** The literals that hold whenever the comparison does. */
function needed(node: Compare | Keyword, field: string | undefined, table: AtomTable): RuleFormula | undefined {
  const items = atomsOfComparison(node).map(({ relation, text }) => pieces(field, relation, text, table));
  const [only] = items;
  return items.length > 1 ? { kind: 'and', items } : only;
}

/** The ASCII runs of a literal; a bound end binds the run that stands there. */
function pieces(field: string | undefined, relation: AtomRelation, text: string, table: AtomTable): RuleFormula {
  if (ASCII.test(text) && text.length <= MAX_LENGTH) return maybe(table.atom(field, relation, text));
  const items: RuleFormula[] = [];
  if (!ASCII.test(text)) items.push(maybe(table.atom(field, 'strange', '')));
  for (const { 0: run, index } of text.matchAll(/[\u0000-\u007f]+/g)) {
    const atStart = index === 0 && (relation === 'equals' || relation === 'starts');
    const atEnd = index + run.length === text.length && (relation === 'equals' || relation === 'ends');
    if (atStart) items.push(maybe(table.atom(field, 'starts', run.slice(0, MAX_LENGTH))));
    if (atEnd) items.push(maybe(table.atom(field, 'ends', run.slice(-MAX_LENGTH))));
    if (!atStart && !atEnd) items.push(maybe(table.atom(field, 'contains', run.slice(0, MAX_LENGTH))));
  }
  return { kind: 'and', items };
}

function sure(atom: FormulaAtom): RuleFormula {
  return { kind: 'atom', atom, sure: true, numeric: false };
}

function maybe(atom: FormulaAtom): RuleFormula {
  return { kind: 'atom', atom, sure: false, numeric: false };
}
