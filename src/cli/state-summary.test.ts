import { describe, expect, it } from 'vitest';
import type { StateReport } from '../state/snapshot/stateful-part.ts';
import { stateSummary } from './state-summary.ts';

function report(name: string, counts: Partial<StateReport>): StateReport {
  const none = { groups: 0, entries: 0, bytes: 0, waiting: 0, late: 0, evicted: 0 };
  return { engine: 'correlation', rule: name, name, ...none, ...counts };
}

describe('what a scan says of rules over several events', () => {
  it('nothing when nothing was late, forgotten or in doubt', () => {
    expect(stateSummary([report('a', { groups: 3 })])).toEqual([]);
  });

  it('late events and what was forgotten, by rule', () => {
    expect(
      stateSummary([report('a', { late: 1 }), report('b', { late: 1200, early: 3, ungrouped: 2, evicted: 7 })]),
    ).toEqual([
      'later than the lateness allows (state.late_events): 1,200 of b, 1 of a',
      'not waited with for older events because too many waited: 3 of b',
      'tagged, but without the field of --flux-group, so not remembered: 2 of b',
      'forgotten because a bound of memory was reached: 7 of b',
    ]);
  });

  it('five rules by name, the others by number', () => {
    const reports = Array.from({ length: 7 }, (_, i) => report(`r${i}`, { late: 10 - i }));
    expect(stateSummary(reports)).toEqual([
      'later than the lateness allows (state.late_events): 10 of r0, 9 of r1, 8 of r2, 7 of r3, 6 of r4, and more of 2 other rules',
    ]);
  });

  it('what became of alerts of Bloom memory', () => {
    expect(stateSummary([report('f', { engine: 'flux', refuted: 2, unconfirmed: 1, restored: 0 })])).toEqual([
      'Bloom memory: 2 false alerts dropped, 1 alerts unconfirmed, 0 hidden alerts restored (docs/flux.md)',
    ]);
  });
});
