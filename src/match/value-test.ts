/**
 * One value against one Test: the table that gives every kind of test its meaning. What depends on the typing of the language
 * stands in `strict-typing.ts` (STIX) and `bridged-typing.ts` (Sigma).
 */
import { networkContains, parseNetwork } from '../core/ip-address.ts';
import type { Literal, Test } from '../ir/predicate.ts';
import { bridgedEquals, bridgedGlob, bridgedOrdered, bridgedRegex } from './bridged-typing.ts';
import { fieldReferenceHolds } from './field-reference.ts';
import type { MatchValue } from './object-path.ts';
import { strictEquals, strictGlob, strictOrdered, strictRegex } from './strict-typing.ts';
import type { Subject } from './subject.ts';
import { timePartHolds } from './time-part.ts';

type Check<K extends Test['kind']> = (test: Extract<Test, { kind: K }>, value: MatchValue, subject: Subject) => boolean;

const CHECKS: { readonly [K in Test['kind']]: Check<K> } = {
  equals: (test, value, subject) => equals(test, test.value, value, subject),
  in: (test, value, subject) => test.values.some((literal) => equals(test, literal, value, subject)),
  order: (test, value, subject) => {
    if (test.typing === 'strict') return strictOrdered(test.operator, test.value, value, subject);
    return !isOctets(value) && bridgedOrdered(test.operator, test.value, value);
  },
  glob: (test, value) => {
    if (test.typing === 'strict') return strictGlob(test, value);
    return !isOctets(value) && bridgedGlob(test, value);
  },
  regex: (test, value) => {
    if (test.typing === 'strict') return strictRegex(test, value);
    return !isOctets(value) && bridgedRegex(test, value);
  },
  network: (test, value) => {
    const left = typeof value === 'string' ? parseNetwork(value) : undefined;
    const right = parseNetwork(test.network);
    if (left === undefined || right === undefined) return false;
    return test.relation === 'subset' ? networkContains(right, left) : networkContains(left, right);
  },
  exists: () => true,
  null: (_test, value) => value === null,
  'field-reference': (test, value, subject) => !isOctets(value) && fieldReferenceHolds(test, value, subject.fields),
  'time-part': (test, value) => !isOctets(value) && timePartHolds(test, value),
};

/** `value` is octets only below a STIX object path that ends in `_hex` or `_bin`. */
export function satisfies(test: Test, value: MatchValue, subject: Subject): boolean {
  const check = CHECKS[test.kind] as Check<Test['kind']>;
  return check(test as never, value, subject);
}

function equals(
  test: Extract<Test, { kind: 'equals' | 'in' }>,
  literal: Literal,
  value: MatchValue,
  subject: Subject,
): boolean {
  if (test.typing === 'strict') return strictEquals(literal, test.collation, value, subject);
  return !isOctets(value) && bridgedEquals(literal, test.collation, value);
}

function isOctets(value: MatchValue): value is Uint8Array {
  return value instanceof Uint8Array;
}
