/** What rules over several events remember, for the metrics. */
import type { StateReport } from '../../state/snapshot/stateful-part.ts';
import type { ComponentSnapshot } from '../../telemetry/component-counters.ts';

/** Memory by rule, for the metrics; the rule's id is the name. */
export function stateComponents(reports: readonly StateReport[]): ComponentSnapshot[] {
  return reports.map(
    ({ rule, groups, entries, bytes, waiting, late, evicted, refuted, unconfirmed = 0, restored = 0, ...bounds }) => ({
      component: 'state',
      name: rule,
      counts: {},
      dropped: {},
      errors: {},
      gauges: {
        ...{ groups, entries, bytes, waiting, late, evicted },
        ...(bounds.early !== undefined && { early: bounds.early }),
        ...(bounds.ungrouped !== undefined && { ungrouped: bounds.ungrouped }),
        ...(bounds.budgetBytes !== undefined && { budget_bytes: bounds.budgetBytes }),
        ...(bounds.groupLimit !== undefined && { group_limit: bounds.groupLimit }),
        ...(bounds.undecided !== undefined && { undecided: bounds.undecided }),
        ...(refuted !== undefined && { refuted, unconfirmed, restored }),
      },
    }),
  );
}
