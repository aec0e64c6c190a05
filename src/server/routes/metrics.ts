/** `GET /metrics`: counters of everything, in the Prometheus text format 0.0.4. */
import { PROMETHEUS_CONTENT_TYPE } from '../../telemetry/prometheus.ts';
import type { Route } from '../route.ts';

export const metricsRoute: Route = {
  method: 'GET',
  path: '/metrics',
  access: 'api',
  summary: 'counters and gauges for Prometheus',
  handle(_request, reply, { metrics }) {
    reply.type(PROMETHEUS_CONTENT_TYPE);
    return metrics();
  },
};
