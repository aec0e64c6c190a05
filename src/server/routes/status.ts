/** `GET /api/status`: all that the status page shows beside the alerts. */
import type { Route } from '../route.ts';
import { statusReport } from '../status-report.ts';

export const statusRoute: Route = {
  method: 'GET',
  path: '/api/status',
  access: 'api',
  summary: 'service, readiness, components, rates, intelligence, test commands',
  handle: (_request, _reply, context) => statusReport(context),
};
