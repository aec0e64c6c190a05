/** Compares a value with another field of the same event, both as text (Sigma `fieldref`). An absent or null field is no match. */
import type { EventObject, EventValue } from '../core/event.ts';
import { someValue } from '../core/field-path.ts';
import { foldCase } from '../core/fold.ts';
import type { FieldReference } from '../ir/predicate.ts';

export function fieldReferenceHolds(test: FieldReference, value: EventValue, fields: EventObject): boolean {
  const own = textOf(value, test);
  if (own === undefined) return false;
  return someValue(fields, test.other.name, (candidate) => {
    const other = textOf(candidate, test);
    return other !== undefined && related(test.relation, own, other);
  });
}

function related(relation: FieldReference['relation'], own: string, other: string): boolean {
  if (relation === 'equals') return own === other;
  if (relation === 'contains') return own.includes(other);
  return relation === 'startswith' ? own.startsWith(other) : own.endsWith(other);
}

function textOf(value: EventValue, test: FieldReference): string | undefined {
  if (value === null || typeof value === 'object') return undefined;
  const text = String(value);
  return test.collation === 'folded' ? foldCase(text) : text;
}
