/** StatusReport: the answer of /api/status, and its making. The status page imports the type. */
import type { StateReport } from '../state/snapshot/stateful-part.ts';
import type { ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { RateSeries } from './rate-history.ts';
import type { RouteContext } from './route.ts';
import type { Readiness, ServiceInfo } from './service-view.ts';
import { type TestCommand, testCommands } from './test-commands.ts';

/** Rules told of one by one; all of them stand in /api/state. */
const SHOWN_RULES = 8;

/** What some rules over several events remember together. */
export type StateTotals = Readonly<Record<StateCount, number>>;
type StateCount = (typeof STATE_COUNTS)[number];
const STATE_COUNTS = [
  'groups',
  'entries',
  'bytes',
  'waiting',
  'late',
  'early',
  'ungrouped',
  'evicted',
  'undecided',
] as const;

export interface StatusReport {
  /** The server's clock, milliseconds since the epoch: ages are shown against it. */
  readonly nowMs: number;
  readonly service: ServiceInfo;
  readonly readiness: Readiness;
  readonly components: readonly ComponentSnapshot[];
  /** What rules over several events remember: those with most, the greatest first, and how many others there are. */
  readonly state: {
    readonly rules: readonly StateReport[];
    readonly others: { readonly rules: number; readonly total: StateTotals };
  };
  readonly rates: RateSeries;
  /** Alerts since the start, and the id to open the stream after. */
  readonly alerts: { readonly total: number; readonly instance: string };
  readonly testCommands: readonly TestCommand[];
  /** True when there is a session that can be ended. */
  readonly tokenNeeded: boolean;
}

export function statusReport(context: RouteContext): StatusReport {
  const { view, history, access, now, components } = context;
  const service = view.info();
  return {
    nowMs: now(),
    service,
    readiness: view.readiness(),
    components: components(),
    state: stateOf(view.state().rules),
    rates: history.series(),
    alerts: { total: view.alerts.total, instance: view.alerts.instance },
    testCommands: testCommands(service.listeners, service.intelligence),
    tokenNeeded: access.tokenNeeded,
  };
}

function stateOf(reports: readonly StateReport[]): StatusReport['state'] {
  const greatest = reports.toSorted((a, b) => b.bytes - a.bytes);
  const others = greatest.slice(SHOWN_RULES);
  const sumOf = (what: StateCount): number => others.reduce((sum, report) => sum + (report[what] ?? 0), 0);
  const total = Object.fromEntries(STATE_COUNTS.map((what) => [what, sumOf(what)])) as StateTotals;
  return { rules: greatest.slice(0, SHOWN_RULES), others: { rules: others.length, total } };
}

/** Events that came in and alerts that went out so far. */
export function rateTotals(context: Pick<RouteContext, 'view'>): { events: number; alerts: number } {
  let events = 0;
  for (const component of context.view.components()) {
    if (component.component === 'input') events += component.counts['received_records'] ?? 0;
  }
  return { events, alerts: context.view.alerts.total };
}
