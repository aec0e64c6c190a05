/**
 * ParentVerdicts: whether a rule may hold for the child of a remembered parent. The event sieve tells of rules that hold only if one of
 * their comparisons of the parent does: where none does, or where the rule does not hold with these whatever the rest of it says (its best
 * case, `match/best-case.ts`), the child's record need not be decoded. A verdict follows from a few texts of the parent and is kept with
 * their numbers, so that parents of one program and command line share it. A table of fixed size, one place for each hash; numbers live
 * until the store drops texts.
 */
import type { EventValue } from '../../core/event.ts';
import { ruleOf } from '../../core/rule-candidate.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Compare, Predicate } from '../../ir/predicate.ts';
import { bestCase } from '../../match/best-case.ts';
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

/**
 * By rule the fields that records lack and the parent answers, as lists: records of one kind lack all of a list and have the rest of the
 * rule's fields of parents. Kinds that are met later may add lists.
 */
export class ParentFields {
  readonly #lists = new Map<number, string[][]>();

  of(rule: number): readonly (readonly string[])[] {
    return this.#lists.get(rule) ?? NO_LISTS;
  }

  /** Of all rules. */
  *[Symbol.iterator](): Generator<readonly [rule: number, names: readonly string[]]> {
    for (const [rule, lists] of this.#lists) for (const names of lists) yield [rule, names];
  }

  /** `names`: of records of one kind, in the rule's order. */
  add(rule: number, names: readonly string[]): void {
    const lists = this.#lists.get(rule);
    if (lists === undefined) this.#lists.set(rule, [[...names]]);
    else if (!lists.some((list) => list.length === names.length && list.every((name, i) => name === names[i])))
      lists.push([...names]);
  }
}

const NO_LISTS: readonly (readonly string[])[] = Object.freeze([]);

/** What a rule asks of the parent for records of one kind. */
interface Question {
  readonly comparisons: readonly Compare[];
  /** The rule where these alone decide. */
  readonly best: Predicate;
}

interface AskedOfParent {
  /** Of how many kinds, as far as they differ, the rule has asked parents so far. */
  readonly size: number;
  readonly questions: readonly Question[];
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

  #compute({ questions, properties }: AskedOfParent, memory: ProcessMemory<unknown>, row: number): boolean {
    const fields: Record<string, EventValue> = {};
    const parent = row === NO_ROW ? undefined : memory.processAt(row);
    for (const [name, property] of properties) {
      const value = parent?.property(property);
      if (value !== undefined) fields[name] = value;
    }
    const subject = eventSubject(fields);
    return questions.some(
      ({ comparisons, best }) =>
        comparisons.some((comparison) => evaluate(comparison, subject)) && evaluate(best, subject),
    );
  }

  #askedBy(rule: number): AskedOfParent {
    const lists = this.#fields.of(rule);
    let asked = this.#asked.get(rule);
    if (asked === undefined || asked.size !== lists.length) {
      asked = askedOfParent((this.#rules[rule] as DetectionRule).predicate, lists);
      this.#asked.set(rule, asked);
    }
    return asked;
  }
}

function askedOfParent(predicate: Predicate, lists: readonly (readonly string[])[]): AskedOfParent {
  const questions = lists.map(
    (names): Question => ({
      comparisons: comparisonsOf(predicate, names),
      best: bestCase(predicate, (node) => isOfFields(node, names)),
    }),
  );
  const properties = new Map<string, string>();
  for (const { path } of questions.flatMap(({ comparisons }) => comparisons)) {
    const property = path.kind === 'field' ? DERIVED_PROCESS_FIELDS.get(path.name)?.property : undefined;
    if (path.kind === 'field' && property !== undefined) properties.set(path.name, property);
  }
  return {
    size: lists.length,
    questions,
    properties: [...properties],
    columns: [...new Set([...properties.values()].map(columnOf))],
  };
}

/** Those of the fields, which need nothing else. */
function comparisonsOf(predicate: Predicate, names: readonly string[]): readonly Compare[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.items.flatMap((item) => comparisonsOf(item, names));
    case 'not':
      return comparisonsOf(predicate.item, names);
    case 'compare':
      return isOfFields(predicate, names) ? [predicate] : [];
    case 'elements':
    case 'constant':
    case 'keyword':
    case 'bind':
      return [];
  }
}

/** Of one of the fields, and of nothing else. */
function isOfFields({ path, test }: Compare, names: readonly string[]): boolean {
  return path.kind === 'field' && names.includes(path.name) && test.kind !== 'field-reference';
}

function columnOf(property: string): number {
  if (property === 'ProcessId') return PID;
  if (property === 'ProcessGuid') return GUID;
  return FIELDS + (FIELD_NAMES as readonly string[]).indexOf(property);
}
