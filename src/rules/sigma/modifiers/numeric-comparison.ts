/** What `gt`, `gte`, `lt`, `lte` share: numbers only; after a time part they compare that part. Integers beyond 2^53 are texts here. */
import type { OrderOperator } from '../../../ir/predicate.ts';
import { literalOf } from '../text-value.ts';
import type { Modifier } from './modifier.ts';
import { described } from './modifier.ts';

export function numericComparison(operator: OrderOperator, summary: string): Modifier {
  return {
    name: operator,
    summary,
    accepts: ['number', 'text', 'time-part'],
    needsField: true,
    apply: (value, written) => {
      if (value.kind === 'number') return { kind: 'order', operator, value: value.value };
      if (value.kind === 'time-part') return { ...value, operator };
      const digits = value.kind === 'text' ? literalOf(value) : undefined;
      if (digits !== undefined && isLargeInteger(digits)) return { kind: 'order', operator, value: digits };
      const hint = isNumber(digits) ? { hint: `write it without quotes: ${digits}` } : {};
      return { problem: `modifier "${operator}" does not fit ${described(value, written)}`, ...hint };
    },
  };
}

function isNumber(digits = ''): boolean {
  return /^-?\d+(\.\d+)?$/.test(digits);
}

function isLargeInteger(digits: string): boolean {
  return /^[-+]?\d{16,40}$/.test(digits) && !Number.isSafeInteger(Number(digits));
}
