/**
 * JSON that stands as a text inside of a record, read as the record itself is: integers beyond 2^53 are the text of their digits. What is
 * no JSON, or nested deeper than records may be, stays the text that it is.
 */
import type { EventValue } from './event.ts';
import { withExactIntegers } from './exact-integers.ts';

/** The default of `limits.json_depth`. */
const MAX_DEPTH = 128;
/** Digits that a number must have to be rounded, or an exponent that leads beyond doubles. */
const MAY_BE_ROUNDED = /\d{16}|\d[eE]\+?\d{2}/;

/** Undefined: no JSON, or too deep. */
export function parseInnerJson(text: string): EventValue | undefined {
  let value: EventValue;
  try {
    value = JSON.parse(text) as EventValue;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (isDeeper(value, MAX_DEPTH)) return undefined;
  return MAY_BE_ROUNDED.test(text) ? (JSON.parse(withExactIntegers(text)) as EventValue) : value;
}

function isDeeper(value: EventValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item as EventValue, levels - 1));
}
