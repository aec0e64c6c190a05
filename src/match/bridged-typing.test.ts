import { describe, expect, it } from 'vitest';
import type { OrderOperator } from '../ir/predicate.ts';
import { bridgedOrdered } from './bridged-typing.ts';

const holds = (value: string | number, operator: OrderOperator, literal: string | number): boolean =>
  bridgedOrdered(
    operator,
    typeof literal === 'string' ? { type: 'string', value: literal } : { type: 'number', value: literal },
    value,
  );

describe('order of numbers', () => {
  it('tells neighbours beyond 2^53 apart', () => {
    const list = [
      '-18446744073709551616',
      '-9007199254740993',
      -9007199254740992,
      0,
      9007199254740991,
      9007199254740992,
    ];
    const ascending = [
      ...list,
      '9007199254740993',
      '+9007199254740994',
      '18446744073709551615',
      '18446744073709551616',
    ];
    for (const [i, left] of ascending.entries())
      for (const [j, right] of ascending.entries()) {
        expect([left, right, holds(left, 'lt', right)]).toEqual([left, right, i < j]);
        expect([left, right, holds(left, 'lte', right)]).toEqual([left, right, i <= j]);
        expect([left, right, holds(left, 'gt', right)]).toEqual([left, right, i > j]);
        expect([left, right, holds(left, 'gte', right)]).toEqual([left, right, i >= j]);
      }
  });

  it('takes fractions and powers as the doubles they are', () => {
    expect(holds('1e300', 'gt', '18446744073709551615')).toBe(true);
    expect(holds('4.5', 'lt', '18446744073709551615')).toBe(true);
    expect(holds('18446744073709551615', 'gt', 4.5)).toBe(true);
    expect(holds('x', 'lt', '18446744073709551615')).toBe(false);
  });
});
