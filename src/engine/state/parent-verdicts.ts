/**
 * ParentVerdicts: whether any comparison that a rule makes of the parent of a process holds for a remembered parent. Rules that hold only
 * if one does are told by the event sieve; where none does, the child's record need not be decoded. A verdict follows from a few
 * texts of the parent and is kept with their numbers, so that parents of one program and command line share it. A table of fixed size,
 * one place for each hash; numbers live until the store drops texts.
 */
import type { EventValue } from '../../core/event.ts';
import { ruleOf } from '../../core/rule-candidate.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Compare, Predicate } from '../../ir/predicate.ts';
import { evaluate } from '../../match/interpreter.ts';
import { eventSubject } from '../../match/subject.ts';
import { DERIVED_PROCESS_FIELDS } from '../../state/process/process-fields.ts';
import type { ProcessMemory } from '../../state/process/process-memory.ts';
import { FIELD_NAMES, FIELDS, GUID, NO_ROW, PID } from '../../state/process/process-rows.ts';

const PLACES = 8192;
/** Rule, verdict, then the words. */
const MAX_WORDS = 4;
const ENTRY = 2 + MAX_WORDS;
const NONE_HOLDS = 1;
const SOME_HOLDS = 2;
/** Above the numbers of rules. */
const SIZES = 2 ** 22;
const NO_NAMES: ReadonlySet<string> = new Set();

/** By rule the fields that records of some kind lack and the parent answers; kinds that are met later may add to them. */
export type ParentFields = Map<number, Set<string>>;

interface AskedOfParent {
  /** How many fields the rule has asked of parents so far. */
  readonly size: number;
  readonly comparisons: readonly Compare[];
  /** Name of each field and the property of the parent that it is. */
  readonly properties: readonly (readonly [name: string, property: string])[];
  /** Columns of these. */
  readonly columns: readonly number[];
}

export class ParentVerdicts {
  readonly #rules: readonly DetectionRule[];
  readonly #fields: ParentFields;
  readonly #asked = new Map<number, AskedOfParent>();
  readonly #entries = new Uint32Array(PLACES * ENTRY);
  readonly #words = new Uint32Array(MAX_WORDS);
  #drops = 0;

  constructor(rules: readonly DetectionRule[], fields: ParentFields) {
    this.#rules = rules;
    this.#fields = fields;
  }

  /** Whether one of the rules, as the sieve names them, may hold for a child of the process in `row` (0: of an unknown one). */
  mayHold(
    candidates: ArrayLike<number>,
    first: number,
    count: number,
    memory: ProcessMemory<unknown>,
    row: number,
  ): boolean {
    const { drops } = memory.table.texts;
    if (drops !== this.#drops) {
      this.#drops = drops;
      this.#entries.fill(0);
    }
    for (let i = first; i < first + count; i++)
      if (this.#holds(ruleOf(candidates[i] as number), memory, row)) return true;
    return false;
  }

  #holds(rule: number, memory: ProcessMemory<unknown>, row: number): boolean {
    const asked = this.#askedBy(rule);
    const { columns } = asked;
    // Nobody has told which fields its records lack.
    if (asked.size === 0) return true;
    if (columns.length > MAX_WORDS) return this.#compute(asked, memory, row);
    const { rows } = memory.table;
    const words = this.#words;
    // An unknown parent has no texts, as one that nothing is known of.
    const key = rule + asked.size * SIZES;
    let hash = Math.imul(key ^ 0x5bd1e995, 0x9e3779b1);
    for (let i = 0; i < MAX_WORDS; i++) {
      const column = columns[i];
      const word = column === undefined || row === NO_ROW ? 0 : rows.get(row, column);
      words[i] = word;
      hash = Math.imul(hash ^ word ^ (hash >>> 15), 0x85ebca77);
    }
    const entries = this.#entries;
    const at = ENTRY * ((hash ^ (hash >>> 16)) & (PLACES - 1));
    let isKnown = entries[at] === key && entries[at + 1] !== 0;
    for (let i = 0; isKnown && i < MAX_WORDS; i++) isKnown = entries[at + 2 + i] === words[i];
    if (isKnown) return entries[at + 1] === SOME_HOLDS;
    const holds = this.#compute(asked, memory, row);
    entries[at] = key;
    entries[at + 1] = holds ? SOME_HOLDS : NONE_HOLDS;
    entries.set(words, at + 2);
    return holds;
  }

  #compute({ comparisons, properties }: AskedOfParent, memory: ProcessMemory<unknown>, row: number): boolean {
    const fields: Record<string, EventValue> = {};
    const parent = row === NO_ROW ? undefined : memory.processAt(row);
    for (const [name, property] of properties) {
      const value = parent?.property(property);
      if (value !== undefined) fields[name] = value;
    }
    const subject = eventSubject(fields);
    return comparisons.some((comparison) => evaluate(comparison, subject));
  }

  #askedBy(rule: number): AskedOfParent {
    const names = this.#fields.get(rule) ?? NO_NAMES;
    let asked = this.#asked.get(rule);
    if (asked === undefined || asked.size !== names.size) {
      asked = askedOfParent((this.#rules[rule] as DetectionRule).predicate, names);
      this.#asked.set(rule, asked);
    }
    return asked;
  }
}

function askedOfParent(predicate: Predicate, names: ReadonlySet<string>): AskedOfParent {
  const comparisons = comparisonsOf(predicate, names);
  const properties = new Map<string, string>();
  for (const { path } of comparisons) {
    const property = path.kind === 'field' ? DERIVED_PROCESS_FIELDS.get(path.name)?.property : undefined;
    if (path.kind === 'field' && property !== undefined) properties.set(path.name, property);
  }
  return {
    size: names.size,
    comparisons,
    properties: [...properties],
    columns: [...new Set([...properties.values()].map(columnOf))],
  };
}

/** Those of the fields, which need nothing else. */
function comparisonsOf(predicate: Predicate, names: ReadonlySet<string>): readonly Compare[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.items.flatMap((item) => comparisonsOf(item, names));
    case 'not':
      return comparisonsOf(predicate.item, names);
    case 'compare': {
      const { path, test } = predicate;
      return path.kind === 'field' && names.has(path.name) && test.kind !== 'field-reference' ? [predicate] : [];
    }
    case 'elements':
    case 'constant':
    case 'keyword':
    case 'bind':
      return [];
  }
}

function columnOf(property: string): number {
  if (property === 'ProcessId') return PID;
  if (property === 'ProcessGuid') return GUID;
  return FIELDS + (FIELD_NAMES as readonly string[]).indexOf(property);
}
