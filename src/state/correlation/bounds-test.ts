/** The condition of a correlation as a test of the number that its aggregate gives. */
import type { CorrelationBound } from '../../ir/correlation.ts';
import type { PlannedCorrelation } from './plan.ts';

export function boundsTest(planned: PlannedCorrelation): (value: number) => boolean {
  const { condition } = planned.rule;
  if (condition.kind === 'expression') return (value) => value === 1;
  const tests = condition.bounds.map(boundTest);
  return (value) => {
    for (const test of tests) if (!test(value)) return false;
    return true;
  };
}

function boundTest({ operator, value: bound }: CorrelationBound): (value: number) => boolean {
  const tests: { readonly [K in CorrelationBound['operator']]: (value: number) => boolean } = {
    gt: (value) => value > bound,
    gte: (value) => value >= bound,
    lt: (value) => value < bound,
    lte: (value) => value <= bound,
    equals: (value) => value === bound,
    'not-equals': (value) => value !== bound,
  };
  return tests[operator];
}
