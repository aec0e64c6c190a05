/**
 * The reference interpreter: the oracle that every fast backend is held to by random differential tests. It follows the
 * definitions in `ir/predicate.ts` node by node and caches nothing but compiled regular expressions. Cost is linear in
 * the predicate and, for each comparison, in the values its path selects.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import { hasField, someValue, wholeValues } from '../core/field-path.ts';
import type { Compare, Elements, Predicate } from '../ir/predicate.ts';
import { type MatchValue, objectValues } from './object-path.ts';
import type { ObservedObject, Subject } from './subject.ts';
import { satisfies } from './value-test.ts';

type Evaluate<K extends Predicate['kind']> = (
  node: Extract<Predicate, { kind: K }>,
  subject: Subject,
  bound: ObservedObject | undefined,
) => boolean;

const EVALUATORS: { readonly [K in Predicate['kind']]: Evaluate<K> } = {
  and: (node, subject, bound) => node.items.every((item) => evaluateIn(item, subject, bound)),
  or: (node, subject, bound) => node.items.some((item) => evaluateIn(item, subject, bound)),
  not: (node, subject, bound) => !evaluateIn(node.item, subject, bound),
  constant: (node) => node.value,
  compare: evaluateCompare,
  keyword: (node, subject) => someScalar(subject.fields, (value) => satisfies(node.test, value, subject)),
  bind: (node, subject) => {
    for (const object of subject.objects(node.type)) if (evaluateIn(node.body, subject, object)) return true;
    return false;
  },
  elements: evaluateElements,
};

/** True when the predicate holds for the subject. Never throws for data. */
export function evaluate(predicate: Predicate, subject: Subject): boolean {
  return evaluateIn(predicate, subject, undefined);
}

function evaluateIn(node: Predicate, subject: Subject, bound: ObservedObject | undefined): boolean {
  const evaluator = EVALUATORS[node.kind] as Evaluate<Predicate['kind']>;
  return evaluator(node as never, subject, bound);
}

function evaluateCompare(node: Compare, subject: Subject, bound: ObservedObject | undefined): boolean {
  let selected = false;
  const test = (value: MatchValue): boolean => {
    selected = true;
    return satisfies(node.test, value, subject) !== node.negate;
  };
  if (node.path.kind === 'object') {
    const held = bound !== undefined && objectValues(bound, node.path, subject).some(test);
    return selected ? held : node.absent;
  }
  const { name } = node.path;
  if (node.test.kind === 'exists') return hasField(subject.fields, name) !== node.negate;
  const held = someValue(subject.fields, name, test);
  return selected ? held : node.absent && !hasField(subject.fields, name);
}

function evaluateElements(node: Elements, subject: Subject): boolean {
  const { quantifier, body } = node;
  const holds = (element: EventValue | undefined): boolean => {
    const fields: EventObject = element === undefined ? {} : isEventObject(element) ? element : { '': element };
    return evaluateIn(body, { ...subject, fields, objects: subject.objects, resolve: subject.resolve }, undefined);
  };
  const found = wholeValues(subject.fields, node.path.name);
  if (typeof quantifier === 'number') {
    const arrays = found.filter((value): value is readonly EventValue[] => Array.isArray(value));
    const elements = arrays.map((array) => array.at(quantifier)).filter((element) => element !== undefined);
    return elements.length === 0 ? holds(undefined) : elements.some(holds);
  }
  const elements = found.flatMap((value) => (value === null ? [] : value));
  if (quantifier === 'any') return elements.some(holds);
  if (quantifier === 'none') return !elements.some(holds);
  return (elements.length > 0 || quantifier === 'all-or-empty') && elements.every(holds);
}

/** Visits every scalar of the event, nested objects and arrays included, keys excluded. */
function someScalar(value: EventValue, visit: (value: EventValue) => boolean): boolean {
  if (Array.isArray(value)) return value.some((item) => someScalar(item, visit));
  if (isEventObject(value)) return Object.values(value).some((item) => someScalar(item, visit));
  return value !== null && visit(value);
}
