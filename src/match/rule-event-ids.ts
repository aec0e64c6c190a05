/**
 * The event ids a predicate can hold for, when that follows from it: rules of the Security and System logs name theirs, and an
 * event with another id need not be tried. Undefined: any.
 */
import type { Predicate } from '../ir/predicate.ts';

export function eventIdsOf(predicate: Predicate): ReadonlySet<number> | undefined {
  switch (predicate.kind) {
    case 'and': {
      let ids: ReadonlySet<number> | undefined;
      for (const item of predicate.items) {
        const more = eventIdsOf(item);
        if (more === undefined) continue;
        const before = ids;
        ids = before === undefined ? more : new Set([...before].filter((id) => more.has(id)));
      }
      return ids;
    }
    case 'or': {
      const ids = new Set<number>();
      for (const item of predicate.items) {
        const more = eventIdsOf(item);
        if (more === undefined) return undefined;
        for (const id of more) ids.add(id);
      }
      return ids;
    }
    case 'compare': {
      const { path, test, negate } = predicate;
      if (negate || predicate.absent || path.kind !== 'field' || path.name !== 'EventID') return undefined;
      if (test.kind !== 'equals' || test.typing !== 'bridged') return undefined;
      if (test.value.type === 'number') return new Set([test.value.value]);
      // Text is compared as text: `04688` is not 4688, and only plain decimal ids come here.
      if (test.value.type === 'string' && /^(?:0|[1-9]\d*)$/.test(test.value.value))
        return new Set([Number(test.value.value)]);
      return undefined;
    }
    case 'constant':
      return predicate.value ? undefined : new Set();
    default:
      return undefined;
  }
}
