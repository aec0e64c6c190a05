/**
 * The reference interpreter: the oracle that every fast backend is held to by random differential tests. It follows the
 * definitions in `ir/predicate.ts` node by node and caches nothing but compiled regular expressions. Cost is linear in
 * the predicate and, for each comparison, in the values its path selects.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import { someValue, valuesOf } from '../core/field-path.ts';
import type { Compare, Elements, FieldPath, Predicate } from '../ir/predicate.ts';
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
  const held =
    node.path.kind === 'object'
      ? bound !== undefined && objectValues(bound, node.path, subject).some(test)
      : someFieldValue(subject.fields, node.path, test);
  if (node.path.kind === 'field' && node.test.kind === 'exists')
    return selectsAnything(subject.fields, node.path) !== node.negate;
  return selected ? held : node.absent;
}

function evaluateElements(node: Elements, subject: Subject): boolean {
  const array = arrayAt(subject.fields, node.path);
  if (array === undefined) return node.quantifier === 'none' || node.quantifier === 'all-or-empty';
  const holds = (element: EventValue): boolean => {
    const fields: EventObject = isEventObject(element) ? element : { '': element };
    return evaluateIn(node.body, { ...subject, fields, objects: subject.objects, resolve: subject.resolve }, undefined);
  };
  if (node.quantifier === 'any') return array.some(holds);
  if (node.quantifier === 'none') return !array.some(holds);
  return (array.length > 0 || node.quantifier === 'all-or-empty') && array.every(holds);
}

function someFieldValue(fields: EventObject, path: FieldPath, visit: (value: EventValue) => boolean): boolean {
  if (path.index === undefined) return someValue(fields, path.name, visit);
  const element = arrayAt(fields, path)?.at(path.index);
  return element !== undefined && visit(element);
}

function selectsAnything(fields: EventObject, path: FieldPath): boolean {
  if (path.index !== undefined) return arrayAt(fields, path)?.at(path.index) !== undefined;
  return valuesOf(fields, path.name).length > 0 || arrayAt(fields, path) !== undefined;
}

function arrayAt(fields: EventObject, path: FieldPath): readonly EventValue[] | undefined {
  let value: EventValue | undefined = Object.hasOwn(fields, path.name) ? fields[path.name] : fields;
  if (!Object.hasOwn(fields, path.name)) {
    for (const segment of path.name.split('.')) {
      value = isEventObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
    }
  }
  return Array.isArray(value) ? (value as readonly EventValue[]) : undefined;
}

/** Visits every scalar of the event, nested objects and arrays included, keys excluded. */
function someScalar(value: EventValue, visit: (value: EventValue) => boolean): boolean {
  if (Array.isArray(value)) return value.some((item) => someScalar(item, visit));
  if (isEventObject(value)) return Object.values(value).some((item) => someScalar(item, visit));
  return value !== null && visit(value);
}
