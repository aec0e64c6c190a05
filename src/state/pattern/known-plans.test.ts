/** Plans come and go; what is kept for one goes on with what has its key. */
import { describe, expect, it } from 'vitest';
import type { ObservationPlan } from '../../ir/observation.ts';
import { KnownPlans } from './known-plans.ts';

// Nobody looks into them here.
const plan = (name: string): ObservationPlan => ({ kind: 'observed', name }) as unknown as ObservationPlan;
const plansOf = (...keys: string[]): KnownPlans => new KnownPlans(keys.map(plan), keys);

describe('known plans', () => {
  it('that come under the key of one that goes have its position, and a number of their own', () => {
    const plans = plansOf('a', 'b');
    expect(plans.change([0], [{ plan: plan('a2'), key: 'a' }])).toBe(false);
    expect(plans.at(0)).toBeUndefined();
    expect([plans.end, plans.positionOf(2), plans.numberAt(0), plans.keyAt(0)]).toEqual([3, 0, 2, 'a']);
    expect([...plans.live()]).toEqual([
      ['b', 1],
      ['a', 2],
    ]);
  });

  it('that are gone for good begin anew when their key comes back', () => {
    const plans = plansOf('a', 'b');
    expect(plans.change([1, 1], [])).toBe(true);
    expect(plans.numberAt(1)).toBe(-1);
    expect(plans.change([], [{ plan: plan('b'), key: 'b' }])).toBe(false);
    expect([plans.positionOf(2), plans.numberAt(2), plans.numberAt(1)]).toEqual([2, 2, -1]);
  });

  it('find the positions of former ones by their keys', () => {
    const former = plansOf('a', 'b', 'c');
    const plans = plansOf('c', 'new', 'a');
    expect(plans.takeOver(former)).toBe(true);
    expect([0, 1, 2].map((number) => plans.positionOf(number))).toEqual([2, 3, 0]);
    expect([0, 1, 2, 3].map((position) => plans.numberAt(position))).toEqual([2, -1, 0, 1]);
    expect(plansOf('b', 'a').takeOver(plansOf('a', 'b'))).toBe(false);
  });
});
