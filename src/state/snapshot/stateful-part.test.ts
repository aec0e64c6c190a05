import { expect, it } from 'vitest';
import { isMemoryOf, type StateReport } from './stateful-part.ts';

const COUNTS = { groups: 0, entries: 0, bytes: 0, waiting: 0, late: 0, evicted: 0 };

it('memory that rules share is that of each of them, whatever their names hold', () => {
  const names = ['parent, then child', 'other'];
  const report: StateReport = {
    ...{ ...COUNTS, engine: 'flux', rule: 'spec.yml', name: names.join(', '), sharedBy: names },
  };
  const asked = [...names, 'spec.yml', 'parent', 'then child', report.name];
  expect(asked.map((name) => isMemoryOf(report, name))).toEqual([true, true, true, false, false, false]);
});
