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
  const elements = selectedElements(node, subject.fields);
  const holds = ({ fields }: SelectedElement): boolean =>
    evaluateIn(body, { ...subject, fields, objects: subject.objects, resolve: subject.resolve }, undefined);
  if (typeof quantifier === 'number')
    return elements.length === 0 ? holds({ index: quantifier, fields: {} }) : elements.some(holds);
  if (quantifier === 'any') return elements.some(holds);
  if (quantifier === 'none') return !elements.some(holds);
  return (elements.length > 0 || quantifier === 'all-or-empty') && elements.every(holds);
}

export interface SelectedElement {
  /** Its place in its array. */
  readonly index: number;
  /** The element as an event: what is no object is its field `''`. */
  readonly fields: EventObject;
}

/** The elements that a selector means: those of the arrays its path leads to, one of each for a position. */
export function selectedElements({ path, quantifier }: Elements, fields: EventObject): readonly SelectedElement[] {
  const asEvent = (element: EventValue, index: number): SelectedElement => ({
    index,
    fields: isEventObject(element) ? element : { '': element },
  });
  const found = wholeValues(fields, path.name);
  if (typeof quantifier !== 'number')
    return found.flatMap((value) =>
      value === null ? [] : Array.isArray(value) ? (value as readonly EventValue[]).map(asEvent) : [asEvent(value, 0)],
    );
  return found.flatMap((value) => {
    const element = Array.isArray(value) ? (value as readonly EventValue[]).at(quantifier) : undefined;
    return element === undefined ? [] : [asEvent(element, quantifier)];
  });
}

/** Visits every scalar of the event, nested objects and arrays included, keys excluded. */
function someScalar(value: EventValue, visit: (value: EventValue) => boolean): boolean {
  if (Array.isArray(value)) return value.some((item) => someScalar(item, visit));
  if (isEventObject(value)) return Object.values(value).some((item) => someScalar(item, visit));
  return value !== null && visit(value);
}
