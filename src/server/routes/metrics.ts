/** `GET /metrics`: counters of everything, in the Prometheus text format 0.0.4. */
import type { Route } from '../route.ts';

export const metricsRoute: Route = {
  method: 'GET',
  path: '/metrics',
  access: 'api',
  summary: 'counters and gauges for Prometheus',
  handle(_request, reply, { metrics }) {
    reply.type('text/plain; version=0.0.4; charset=utf-8');
    return metrics();
  },
};
