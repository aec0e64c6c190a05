/** What `minute` … `year` share: a part of a timestamp field, as written, against a number in that part's range. */
import type { TimePart } from '../../../ir/predicate.ts';
import type { Modifier } from './modifier.ts';

export function timePart(part: TimePart['part'], least: number, greatest: number): Modifier {
  return {
    name: part,
    summary: `the ${part} of a timestamp field (${least} to ${greatest})`,
    accepts: ['number'],
    first: true,
    needsField: true,
    apply: (value) => {
      if (value.kind !== 'number') return { problem: 'not a number' };
      if (!Number.isInteger(value.value) || value.value < least || value.value > greatest)
        return {
          problem: `${value.value} is no ${part}`,
          hint: `write a whole number from ${least} to ${greatest}`,
        };
      return { kind: 'time-part', part, operator: 'equals', value: value.value };
    },
  };
}
