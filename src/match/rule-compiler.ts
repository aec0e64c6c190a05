/**
 * RuleCompiler: predicates to closures over a RuleFrame. Fields become slots shared by all rules; equal sub-predicates of
 * different rules are found by their text, compiled once, and evaluated at most once per event. Conjunctions are put in an order
 * that fails early. A node without a special form is given to the interpreter.
 */
import type { EventValue } from '../core/event.ts';
import type { Compare, Predicate } from '../ir/predicate.ts';
import { evaluate } from './interpreter.ts';
import { LiteralIndex } from './literal-index.ts';
import type { RuleFrame } from './rule-frame.ts';
import { RuleFrame as Frame, textForm } from './rule-frame.ts';
import type { TextTest, ValueTest } from './rule-tests.ts';
import { foldedTextTest, textAnywhere, valueTest } from './rule-tests.ts';
import { eventSubject } from './subject.ts';
import { TextUnits } from './text-units.ts';
import { satisfies } from './value-test.ts';
import { foldCase } from '../core/fold.ts';

/** Texts that are looked for in one field, and with the length of its value: from so many on they are looked for at once. */
const MANY_TEXTS = 8;
const MUCH = 8192;

export type RuleTest = (frame: RuleFrame) => boolean;

interface Entry {
  readonly test: RuleTest;
  /** Where its result is kept for an event; -1 while one rule alone uses it. */
  memo: number;
}

export class RuleCompiler {
  readonly #slots = new Map<string, number>();
  readonly #keys = new Map<Predicate, string>();
  readonly #entries = new Map<string, Entry>();
  #memos = 0;
  readonly #units: TextUnits;

  /** `units`: working memory. */
  constructor(units = new TextUnits()) {
    this.#units = units;
  }

  slotOf(field: string): number {
    let slot = this.#slots.get(field);
    if (slot === undefined) {
      slot = this.#slots.size;
      this.#slots.set(field, slot);
    }
    return slot;
  }

  /** The frame that the tests are run on is to be fitted before they are. */
  compile(predicate: Predicate): RuleTest {
    const key = this.#keyOf(predicate);
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      if (entry.memo < 0) entry.memo = this.#memos++;
      return entry.test;
    }
    const built = this.#build(predicate);
    // A single comparison costs about as much as looking its result up.
    if (predicate.kind === 'compare' || predicate.kind === 'constant') return built;
    const fresh: Entry = { test: (frame) => remembered(frame, fresh.memo, built), memo: -1 };
    this.#entries.set(key, fresh);
    return fresh.test;
  }

  createFrame(): RuleFrame {
    return new Frame([...this.#slots.keys()], this.#memos);
  }

  /** Makes room in the frame for what was compiled since. */
  fit(frame: RuleFrame): void {
    frame.grow(this.#slots.keys(), this.#slots.size, this.#memos);
  }

  get sharedCount(): number {
    return this.#memos;
  }

  #keyOf(node: Predicate): string {
    let key = this.#keys.get(node);
    if (key === undefined) {
      key = structuralKey(node, (child) => this.#keyOf(child));
      this.#keys.set(node, key);
    }
    return key;
  }

  #build(node: Predicate): RuleTest {
    switch (node.kind) {
      case 'and':
        return conjunction(inOrder(node.items).map((item) => this.compile(item)));
      case 'or':
        return this.#disjunction(node.items);
      case 'not': {
        const item = this.compile(node.item);
        return (frame) => !item(frame);
      }
      case 'constant':
        return node.value ? () => true : () => false;
      case 'compare':
        return this.#compare(node);
      case 'keyword':
        return keywordTest(node);
      case 'bind':
      case 'elements':
        return (frame) => evaluate(node, eventSubject(frame.fields));
    }
  }

  #compare(node: Compare): RuleTest {
    const { path, test, negate, absent } = node;
    if (path.kind !== 'field' || test.kind === 'exists' || test.kind === 'field-reference')
      return (frame) => evaluate(node, eventSubject(frame.fields));
    const slot = this.slotOf(path.name);
    const text = negate ? undefined : foldedTextTest(test);
    if (text !== undefined && !absent) return textComparison(slot, text);
    const single: ValueTest = valueTest(test) ?? ((value) => satisfies(test, value, NO_SUBJECT));
    return valueComparison(slot, negate ? (value) => !single(value) : single, absent);
  }

  /** Members that test folded text of one field become one test with the text fetched once. */
  #disjunction(items: readonly Predicate[]): RuleTest {
    const bySlot = new Map<number, TextTest[]>();
    const anywhere = new Map<number, string[]>();
    const equals = new Map<number, Set<string>>();
    const others: RuleTest[] = [];
    for (const item of items) {
      const text = item.kind === 'compare' && !item.negate && !item.absent ? foldedTextTest(item.test) : undefined;
      if (text === undefined || item.kind !== 'compare' || item.path.kind !== 'field') {
        others.push(this.compile(item));
        continue;
      }
      const slot = this.slotOf(item.path.name);
      if (item.test.kind === 'equals' && item.test.value.type === 'string') {
        const values = equals.get(slot) ?? new Set();
        equals.set(slot, values.add(foldCase(item.test.value.value)));
        continue;
      }
      const part = textAnywhere(item.test);
      if (part !== undefined) anywhere.set(slot, [...(anywhere.get(slot) ?? []), part]);
      else bySlot.set(slot, [...(bySlot.get(slot) ?? []), text]);
    }
    for (const [slot, parts] of anywhere) {
      const tests = bySlot.get(slot) ?? [];
      bySlot.set(slot, [...tests, anyText(parts, this.#units)]);
    }
    for (const [slot, values] of equals) {
      const tests = bySlot.get(slot) ?? [];
      bySlot.set(slot, [(text) => values.has(text), ...tests]);
    }
    const tests = [...[...bySlot].map(([slot, group]) => textComparison(slot, anyOf(group))), ...others];
    return disjunction(tests);
  }
}

function remembered(frame: RuleFrame, memo: number, test: RuleTest): boolean {
  if (memo < 0) return test(frame);
  const known = frame.memo(memo);
  return known === 0 ? frame.remember(memo, test(frame)) : known === 2;
}

const NO_SUBJECT = eventSubject({});

function textComparison(slot: number, test: TextTest): RuleTest {
  return (frame) => {
    const text = frame.folded(slot);
    if (text !== undefined) return test(text);
    if (!frame.isMany(slot)) return false;
    const values = frame.value(slot) as readonly EventValue[];
    for (const value of values) {
      const one = textForm(value);
      if (one !== undefined && test(foldCase(one))) return true;
    }
    return false;
  };
}

function valueComparison(slot: number, test: ValueTest, absent: boolean): RuleTest {
  return (frame) => {
    const value = frame.value(slot);
    if (!frame.isMany(slot)) return value === undefined ? absent : test(value);
    const values = value as readonly EventValue[];
    return values.length === 0 ? absent && frame.isAbsent(slot) : values.some(test);
  };
}

/** Looked for in the folded texts first; wildcards and letter case are left to the interpreter. */
function keywordTest(node: Extract<Predicate, { kind: 'keyword' }>): RuleTest {
  const literal =
    node.test.kind === 'glob' && node.test.normalize === 'none' ? longestText(node.test.parts) : undefined;
  const whole =
    node.test.kind === 'glob' &&
    node.test.collation === 'folded' &&
    node.test.typing === 'bridged' &&
    node.test.parts.length === 3 &&
    literal !== undefined
      ? isContains(node.test.parts)
      : false;
  const exact = (frame: RuleFrame): boolean => evaluate(node, eventSubject(frame.fields));
  if (literal === undefined) return exact;
  const folded = foldCase(literal);
  const somewhere = (frame: RuleFrame): boolean => {
    const texts = frame.texts();
    for (let i = 0; i < texts.length; i++) if ((texts[i] as string).includes(folded)) return true;
    return false;
  };
  return whole ? somewhere : (frame) => somewhere(frame) && exact(frame);
}

function isContains(parts: readonly object[]): boolean {
  return (
    'wildcard' in (parts[0] as object) &&
    'text' in (parts[1] as object) &&
    'wildcard' in (parts[2] as object) &&
    [0, 2].every((i) => (parts[i] as { wildcard: string }).wildcard === 'any')
  );
}

function longestText(parts: readonly object[]): string | undefined {
  let longest: string | undefined;
  for (const part of parts)
    if ('text' in part && (longest === undefined || (part.text as string).length > longest.length))
      longest = part.text as string;
  return longest;
}

/** Whether some of the folded texts stands in a text: one by one, or at once where that is much to look at. */
function anyText(parts: readonly string[], units: TextUnits): TextTest {
  let index: LiteralIndex | undefined;
  let isFound = false;
  const visit = (): void => {
    isFound = true;
  };
  return (text) => {
    if (parts.length < MANY_TEXTS || parts.length * text.length < MUCH)
      return parts.some((part) => text.includes(part));
    if (index === undefined) {
      index = new LiteralIndex(units);
      for (const part of parts) index.add('contains', part, 0);
      index.finish();
    }
    isFound = false;
    index.find(text, visit, text);
    return isFound;
  };
}

function anyOf(tests: readonly TextTest[]): TextTest {
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only;
  return (text) => {
    for (let i = 0; i < tests.length; i++) if ((tests[i] as TextTest)(text)) return true;
    return false;
  };
}

function conjunction(tests: readonly RuleTest[]): RuleTest {
  const [a, b] = tests;
  if (tests.length === 2 && a !== undefined && b !== undefined) return (frame) => a(frame) && b(frame);
  return (frame) => {
    for (let i = 0; i < tests.length; i++) if (!(tests[i] as RuleTest)(frame)) return false;
    return true;
  };
}

function disjunction(tests: readonly RuleTest[]): RuleTest {
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only;
  return (frame) => {
    for (let i = 0; i < tests.length; i++) if ((tests[i] as RuleTest)(frame)) return true;
    return false;
  };
}

/** Cheap and telling first: single comparisons, then groups, then negations, regular expressions and keywords. */
function inOrder(items: readonly Predicate[]): readonly Predicate[] {
  return items
    .map((item) => [cost(item), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

function cost(node: Predicate): number {
  switch (node.kind) {
    case 'constant':
      return 0;
    case 'compare':
      return node.test.kind === 'regex' ? 50 : node.test.kind === 'equals' ? 1 : 2;
    case 'keyword':
      return 30;
    case 'not':
      return 3 + cost(node.item);
    case 'and':
    case 'or':
      return node.items.reduce((sum, item) => sum + cost(item), 0.5);
    case 'bind':
    case 'elements':
      return 20;
  }
}

/** Equal for predicates that differ in labels only. */
function structuralKey(node: Predicate, childKey: (child: Predicate) => string): string {
  if (node.kind === 'and' || node.kind === 'or') return `${node.kind}(${node.items.map(childKey).join(',')})`;
  if (node.kind === 'not') return `not(${childKey(node.item)})`;
  return JSON.stringify(node, (key, value: unknown) => (key === 'label' ? undefined : value));
}
