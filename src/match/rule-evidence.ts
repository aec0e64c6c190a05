/**
 * Evidence: which fields of an event made a predicate hold, for `flint.matched` of alerts, and the whole tree with what held and
 * what did not, for `flint rules explain`. Both ask the interpreter; alerts have the same evidence from `compiled-evidence.ts`.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import { foldCase } from '../core/fold.ts';
import { valuesOf } from '../core/field-path.ts';
import type { MatchedField } from '../core/match.ts';
import type { Compare, Elements, Keyword, Predicate, Test } from '../ir/predicate.ts';
import { evaluate, selectedElements } from './interpreter.ts';
import { textForm } from './rule-frame.ts';
import { foldedTextTest } from './rule-tests.ts';
import { eventSubject } from './subject.ts';
import { satisfies } from './value-test.ts';

/** Most places that one match reports, and the longest value of each. */
export const MAX_PLACES = 32;
const MAX_VALUE_CHARS = 1024;
/** Most elements of an array that an explanation goes through. */
const MAX_ELEMENTS = 20;

/** The places that made the predicate hold; empty when it does not, or holds by absence alone. */
export function evidenceOf(predicate: Predicate, fields: EventObject): MatchedField[] {
  const found: MatchedField[] = [];
  collect(predicate, fields, found);
  return found.slice(0, MAX_PLACES);
}

function collect(node: Predicate, fields: EventObject, found: MatchedField[]): void {
  if (found.length >= MAX_PLACES || !evaluate(node, eventSubject(fields))) return;
  if (node.kind === 'and' || node.kind === 'or') for (const item of node.items) collect(item, fields, found);
  else collectEvidence(node, fields, found);
}

/** Adds what made a part of a predicate hold that has no alternatives and is known to hold. */
export function collectEvidence(node: Predicate, fields: EventObject, found: MatchedField[]): void {
  if (node.kind === 'compare') collectCompare(node, fields, found);
  else if (node.kind === 'keyword') collectKeyword(node, fields, found);
  else if (node.kind === 'elements') collectElements(node, fields, found);
}

/** Of one element that made the selector hold, what made it; of no element, the selector. */
function collectElements(node: Elements, fields: EventObject, found: MatchedField[]): void {
  const { path, quantifier, body } = node;
  const element =
    quantifier === 'none'
      ? undefined
      : selectedElements(node, fields).find((one) => evaluate(body, eventSubject(one.fields)));
  const inner = element === undefined ? [] : evidenceOf(body, element.fields);
  if (element === undefined || inner.length === 0)
    addEvidence(found, path.name, undefined, selectorText(node), 'elements');
  for (const { field, ...rest } of inner) {
    const place = `${path.name}[${element?.index}]`;
    found.push({ field: field === '' || field.startsWith('[') ? place + field : `${place}.${field}`, ...rest });
  }
}

function collectCompare(node: Compare, fields: EventObject, found: MatchedField[]): void {
  if (node.path.kind !== 'field') return;
  const { name } = node.path;
  addEvidence(found, name, seenBy(node, name, fields), node.label ?? name, howOf(node.test));
}

/** The value by which a comparison with a field holds. */
export function seenBy(node: Compare, name: string, fields: EventObject): EventValue | undefined {
  const values = valuesOf(fields, name);
  // Where there is one value, by it.
  if (values.length <= 1) return values[0];
  const subject = eventSubject(fields);
  return values.find((candidate) => satisfies(node.test, candidate, subject) !== node.negate);
}

function collectKeyword(node: Keyword, fields: EventObject, found: MatchedField[]): void {
  const subject = eventSubject(fields);
  const folded = foldedTextTest(node.test);
  const test = (value: EventValue): boolean => {
    const text = folded === undefined ? undefined : textForm(value);
    return folded === undefined || text === undefined ? satisfies(node.test, value, subject) : folded(foldCase(text));
  };
  const place = findScalar(fields, '', test);
  if (place !== undefined) addEvidence(found, place.path, place.value, node.label ?? 'keyword', 'keyword');
}

/** Adds a place, unless the item was seen there before. */
export function addEvidence(
  found: MatchedField[],
  field: string,
  value: EventValue | undefined,
  item: string,
  how: string,
): void {
  if (found.some((other) => other.field === field && other.item === item)) return;
  const text =
    value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  found.push({ field, value: text.slice(0, MAX_VALUE_CHARS), item, how });
}

function findScalar(
  value: EventValue,
  path: string,
  test: (value: EventValue) => boolean,
): { readonly path: string; readonly value: EventValue } | undefined {
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly EventValue[]).entries()) {
      const found = findScalar(item, `${path}[${index}]`, test);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isEventObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const found = findScalar(item, path === '' ? key : `${path}.${key}`, test);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return value !== null && test(value) ? { path, value } : undefined;
}

/** How a value satisfied a test, in Sigma's words. */
export function howOf(test: Test): string {
  switch (test.kind) {
    case 'equals':
    case 'in':
      return 'equals';
    case 'order':
      return test.operator;
    case 'glob': {
      const shape = test.parts.map((part) => ('wildcard' in part && part.wildcard === 'any' ? '*' : 't')).join('');
      if (/^\*t+\*$/.test(shape)) return 'contains';
      if (/^t+\*$/.test(shape)) return 'startswith';
      return /^\*t+$/.test(shape) ? 'endswith' : 'wildcard';
    }
    case 'regex':
      return 're';
    case 'network':
      return 'cidr';
    case 'field-reference':
      return 'fieldref';
    case 'time-part':
      return test.part;
    case 'exists':
    case 'null':
      return test.kind;
  }
}

/** What an event has in a field. */
interface SeenField {
  /** Absent when it has nothing, empty where there is no one place. */
  readonly seen?: readonly EventValue[];
  /** Where `seen` comes from, when it does not stand in the event. */
  readonly from?: string;
}

/** `seen` and `from`: for items. */
export interface Explanation extends SeenField {
  /** `all of`, `any of`, `not`, or the item as written. */
  readonly text: string;
  readonly held: boolean;
  /** The field that an item compares with (`fieldref`). */
  readonly other?: SeenField & { readonly field: string };
  readonly children: readonly Explanation[];
}

/**
 * The predicate as a tree with the outcome of each node on this event. `fromOf` says of a field where its value comes from, when the
 * event itself does not have it.
 */
export function explain(
  predicate: Predicate,
  fields: EventObject,
  fromOf: (name: string) => string | undefined = () => undefined,
): Explanation {
  const held = evaluate(predicate, eventSubject(fields));
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return {
        text: predicate.kind === 'and' ? 'all of' : 'any of',
        held,
        children: predicate.items.map((item) => explain(item, fields, fromOf)),
      };
    case 'not':
      return { text: 'not', held, children: [explain(predicate.item, fields, fromOf)] };
    case 'constant':
      return { text: predicate.value ? 'always' : 'never', held, children: [] };
    case 'keyword':
      return { text: `any value: ${predicate.label ?? ''}`, held, seen: keywordSeen(predicate, fields), children: [] };
    case 'compare': {
      const name = predicate.path.kind === 'field' ? predicate.path.name : '';
      const seenIn = (field: string): SeenField => {
        const [seen, from] = [valuesOf(fields, field), fromOf(field)];
        return { ...(seen.length === 0 ? {} : { seen }), ...(from === undefined ? {} : { from }) };
      };
      const other = predicate.test.kind === 'field-reference' ? predicate.test.other.name : undefined;
      return {
        ...{ text: predicate.label ?? name, held, ...seenIn(name) },
        ...(other !== undefined && { other: { field: other, ...seenIn(other) } }),
        children: [],
      };
    }
    case 'bind':
      return { text: `some ${predicate.type}`, held, children: [] };
    case 'elements':
      return elementsExplained(predicate, fields, held);
  }
}

function keywordSeen(node: Keyword, fields: EventObject): readonly EventValue[] {
  const subject = eventSubject(fields);
  const place = findScalar(fields, '', (value) => satisfies(node.test, value, subject));
  return place === undefined ? [] : [place.value];
}

/** As rules write it. */
function selectorText({ path, quantifier }: Elements): string {
  return `${path.name}[${String(quantifier).replaceAll('-', typeof quantifier === 'number' ? '-' : '_')}]`;
}

function elementsExplained(node: Elements, fields: EventObject, held: boolean): Explanation {
  const seen = valuesOf(fields, node.path.name);
  const children = selectedElements(node, fields)
    .slice(0, MAX_ELEMENTS)
    .map((element) => {
      const of = explain(node.body, element.fields);
      return { ...of, text: `[${element.index}] ${of.text}` };
    });
  return { text: selectorText(node), held, ...(seen.length === 0 || children.length > 0 ? {} : { seen }), children };
}
