/** StatusReport: the answer of /api/status, and its making. The status page imports the type. */
import type { StateReport } from '../state/snapshot/stateful-part.ts';
import type { ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { RateSeries } from './rate-history.ts';
import type { RouteContext } from './route.ts';
import type { Readiness, ServiceInfo } from './service-view.ts';
import { type TestCommand, testCommands } from './test-commands.ts';

/** The others stand in /api/state. */
const MAX_STATE_RULES = 100;

export interface StatusReport {
  /** The server's clock, milliseconds since the epoch: ages are shown against it. */
  readonly nowMs: number;
  readonly service: ServiceInfo;
  readonly readiness: Readiness;
  readonly components: readonly ComponentSnapshot[];
  /** What rules over several events remember, the greatest first. */
  readonly state: readonly StateReport[];
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
    state: view
      .state()
      .rules.toSorted((a, b) => b.bytes - a.bytes)
      .slice(0, MAX_STATE_RULES),
    rates: history.series(),
    alerts: { total: view.alerts.total, instance: view.alerts.instance },
    testCommands: testCommands(service.listeners, service.intelligence),
    tokenNeeded: access.tokenNeeded,
  };
}

/** Events that came in and alerts that went out so far. */
export function rateTotals(context: Pick<RouteContext, 'view'>): { events: number; alerts: number } {
  let events = 0;
  for (const component of context.view.components()) {
    if (component.component === 'input') events += component.counts['received_records'] ?? 0;
  }
  return { events, alerts: context.view.alerts.total };
}
