/**
 * Sigma's typing (sigma.md section 5): text and the decimal text of a number are equal, booleans equal their text. Each
 * function answers one kind of test for one value; `value-test.ts` chooses between this file and `strict-typing.ts`.
 */
import type { EventValue } from '../core/event.ts';
import { foldCase } from '../core/fold.ts';
import type { Collation, Glob, Literal, OrderOperator, Regex } from '../ir/predicate.ts';
import { globMatches } from './glob.ts';
import { compiledRegex } from './regex.ts';

export function bridgedEquals(literal: Literal, collation: Collation, value: EventValue): boolean {
  if (typeof value === 'object') return false;
  if (literal.type === 'string') {
    const text = textForm(value);
    if (text === undefined) return false;
    return collation === 'exact' ? text === literal.value : foldCase(text) === foldCase(literal.value);
  }
  if (literal.type === 'number') return numberForm(value) === literal.value;
  if (literal.type === 'boolean') {
    if (typeof value === 'string') return value.toLowerCase() === String(literal.value);
    return value === literal.value;
  }
  return false;
}

export function bridgedOrdered(operator: OrderOperator, literal: Literal, value: EventValue): boolean {
  if (literal.type !== 'number' && literal.type !== 'string') return false;
  const order = compareNumbers(value, literal.value);
  if (order === undefined) return false;
  if (operator === 'lt') return order < 0;
  if (operator === 'lte') return order <= 0;
  if (operator === 'gt') return order > 0;
  return order >= 0;
}

/** Less than, equal to or greater than 0; undefined when `left` is no number. Integers beyond 2^53 come as texts, and are compared exactly. */
function compareNumbers(left: EventValue, right: number | string): number | undefined {
  const [a, b] = [numberForm(left), Number(right)];
  if (a === undefined) return undefined;
  if (a !== b) return a < b ? -1 : 1;
  if (Math.abs(a) <= Number.MAX_SAFE_INTEGER) return 0;
  const [exactLeft, exactRight] = [exactInteger(left), exactInteger(right)];
  if (exactLeft === undefined || exactRight === undefined || exactLeft === exactRight) return 0;
  return exactLeft < exactRight ? -1 : 1;
}

function exactInteger(value: EventValue): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^[+-]?\d{1,400}$/.test(value) ? BigInt(value.replace(/^\+/, '')) : undefined;
}

export function bridgedGlob(glob: Glob, value: EventValue): boolean {
  const text = textForm(value);
  return text !== undefined && globMatches(glob, text);
}

export function bridgedRegex(regex: Regex, value: EventValue): boolean {
  const text = textForm(value);
  return text !== undefined && compiledRegex(regex).matches(regex.normalize === 'nfc' ? text.normalize('NFC') : text);
}

function textForm(value: EventValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A number, or a text that is a decimal number as a whole: no hexadecimal, no blanks. */
function numberForm(value: EventValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(value)) return undefined;
  return Number(value);
}
