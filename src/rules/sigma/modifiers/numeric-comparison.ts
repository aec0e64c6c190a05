/** What `gt`, `gte`, `lt`, `lte` share: numbers only; after a time part they compare that part. */
import type { OrderOperator } from '../../../ir/predicate.ts';
import type { Modifier } from './modifier.ts';

export function numericComparison(operator: OrderOperator, summary: string): Modifier {
  return {
    name: operator,
    summary,
    accepts: ['number', 'time-part'],
    needsField: true,
    apply: (value) => {
      if (value.kind === 'number') return { kind: 'order', operator, value: value.value };
      if (value.kind === 'time-part') return { ...value, operator };
      return { problem: 'not a number' };
    },
  };
}
