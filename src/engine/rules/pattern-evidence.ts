/** Which comparisons of a pattern an event satisfied, and with which values: what an alert shows. */
import type { MatchedField } from '../../core/match.ts';
import type { Compare, Predicate } from '../../ir/predicate.ts';
import { evaluate } from '../../match/interpreter.ts';
import { type MatchValue, objectValues } from '../../match/object-path.ts';
import type { ObservedObject, Subject } from '../../match/subject.ts';
import { satisfies } from '../../match/value-test.ts';

const MAX_FIELDS = 50;
const MAX_VALUE_CHARACTERS = 1_024;

/** For a predicate that holds. At most 50 entries. */
export function matchedComparisons(predicate: Predicate, subject: Subject): readonly MatchedField[] {
  const found: MatchedField[] = [];
  if (predicate.kind === 'or') for (const item of predicate.items) collectBind(item, subject, found);
  else collectBind(predicate, subject, found);
  return found.slice(0, MAX_FIELDS);
}

function collectBind(node: Predicate, subject: Subject, found: MatchedField[]): void {
  if (node.kind !== 'bind') return;
  for (const object of subject.objects(node.type)) {
    const only: Subject = {
      ...subject,
      objects: (type) => (type === node.type ? [object] : []),
      resolve: subject.resolve,
    };
    if (!evaluate(node, only)) continue;
    collectCompares(node.body, object, subject, found);
    return;
  }
}

function collectCompares(node: Predicate, object: ObservedObject, subject: Subject, found: MatchedField[]): void {
  if (node.kind === 'and' || node.kind === 'or')
    for (const item of node.items) collectCompares(item, object, subject, found);
  else if (node.kind === 'not') collectCompares(node.item, object, subject, found);
  else if (node.kind === 'compare') {
    const entry = comparison(node, object, subject);
    if (entry !== undefined) found.push(entry);
  }
}

function comparison(node: Compare, object: ObservedObject, subject: Subject): MatchedField | undefined {
  if (node.path.kind !== 'object') return undefined;
  const value = objectValues(object, node.path, subject).find(
    (one) => satisfies(node.test, one, subject) !== node.negate,
  );
  if (value === undefined) return undefined;
  const keys = node.path.steps.map((step) =>
    step.kind === 'key' ? `.${step.name}` : step.kind === 'any' ? '[*]' : `[${step.index}]`,
  );
  const field = `${object.type}:${keys.join('').slice(1)}`;
  return { field, value: shown(value), item: node.label ?? field, how: 'pattern' };
}

function shown(value: MatchValue): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex').slice(0, MAX_VALUE_CHARACTERS);
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.slice(0, MAX_VALUE_CHARACTERS);
}
