/** One value against one Test: the table that gives every kind of test its meaning. */
import type { EventValue } from '../core/event.ts';
import { foldCase } from '../core/fold.ts';
import { networkContains, parseNetwork } from '../core/ip-address.ts';
import type { Literal, OrderOperator, Test } from '../ir/predicate.ts';
import { globMatches } from './glob.ts';
import { compiledRegex } from './regex.ts';
import type { Subject } from './subject.ts';

type Check<K extends Test['kind']> = (test: Extract<Test, { kind: K }>, value: EventValue, subject: Subject) => boolean;

const CHECKS: { readonly [K in Test['kind']]: Check<K> } = {
  equals: (test, value) => equalsLiteral(test, test.value, value),
  in: (test, value) => test.values.some((literal) => equalsLiteral(test, literal, value)),
  order: (test, value) => ordered(test.operator, test.value, value),
  glob: (test, value) => {
    const text = textForm(value, test.typing === 'bridged');
    return text !== undefined && globMatches(test, text);
  },
  regex: (test, value) => {
    const text = textForm(value, test.typing === 'bridged');
    return text !== undefined && compiledRegex(test).matches(test.normalize === 'nfc' ? text.normalize('NFC') : text);
  },
  network: (test, value) => {
    const left = typeof value === 'string' ? parseNetwork(value) : undefined;
    const right = parseNetwork(test.network);
    if (left === undefined || right === undefined) return false;
    return test.relation === 'subset' ? networkContains(right, left) : networkContains(left, right);
  },
  exists: () => true,
  null: (_test, value) => value === null,
  'field-reference': () => false,
  'time-part': () => false,
};

export function satisfies(test: Test, value: EventValue, subject: Subject): boolean {
  const check = CHECKS[test.kind] as Check<Test['kind']>;
  return check(test as never, value, subject);
}

function equalsLiteral(
  test: { readonly collation: 'exact' | 'folded'; readonly typing: 'strict' | 'bridged' },
  literal: Literal,
  value: EventValue,
): boolean {
  if (typeof value === 'object') return false;
  if (literal.type === 'string') {
    const text = textForm(value, test.typing === 'bridged');
    if (text === undefined) return false;
    return test.collation === 'exact' ? text === literal.value : foldCase(text) === foldCase(literal.value);
  }
  if (literal.type === 'number') return numberForm(value, test.typing === 'bridged') === literal.value;
  if (literal.type === 'boolean') {
    if (typeof value === 'string') return test.typing === 'bridged' && value.toLowerCase() === String(literal.value);
    return value === literal.value;
  }
  return false;
}

function ordered(operator: OrderOperator, literal: Literal, value: EventValue): boolean {
  if (literal.type !== 'number') return false;
  const left = numberForm(value, true);
  if (left === undefined) return false;
  if (operator === 'lt') return left < literal.value;
  if (operator === 'lte') return left <= literal.value;
  if (operator === 'gt') return left > literal.value;
  return left >= literal.value;
}

function textForm(value: EventValue, bridged: boolean): string | undefined {
  if (typeof value === 'string') return value;
  return bridged && (typeof value === 'number' || typeof value === 'boolean') ? String(value) : undefined;
}

/** A number, or with bridging a text that is a decimal number as a whole: no hexadecimal, no blanks. */
function numberForm(value: EventValue, bridged: boolean): number | undefined {
  if (typeof value === 'number') return value;
  if (!bridged || typeof value !== 'string' || !/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(value))
    return undefined;
  return Number(value);
}
