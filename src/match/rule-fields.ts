/** The fields of the event that a predicate reads, by the names that the rule gives them. */
import type { DetectionRule } from '../ir/detection-rule.ts';
import type { Predicate } from '../ir/predicate.ts';

const known = new WeakMap<Predicate, readonly string[]>();

/** The names that the rule reads. A rule that knows them is not compiled for it. */
export function fieldNamesOf(rule: Pick<DetectionRule, 'asked' | 'predicate'>): readonly string[] {
  return rule.asked ?? fieldNamesIn(rule.predicate);
}

export function fieldNamesIn(predicate: Predicate): readonly string[] {
  let names = known.get(predicate);
  if (names === undefined) {
    const found = new Set<string>();
    collectFieldNames(predicate, found);
    names = [...found];
    known.set(predicate, names);
  }
  return names;
}

/** Adds the names to `found`. Fields inside array elements are no fields of the event and are left out. */
function collectFieldNames(predicate: Predicate, found: Set<string>): void {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      for (const item of predicate.items) collectFieldNames(item, found);
      return;
    case 'not':
      collectFieldNames(predicate.item, found);
      return;
    case 'compare':
      if (predicate.path.kind === 'field') found.add(predicate.path.name);
      if (predicate.test.kind === 'field-reference') found.add(predicate.test.other.name);
      return;
    case 'elements':
      found.add(predicate.path.name);
      return;
    case 'constant':
    case 'keyword':
    case 'bind':
      return;
  }
}
