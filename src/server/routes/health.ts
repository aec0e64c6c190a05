/** `GET /healthz`: the process runs and answers; for restart decisions of a supervisor. */
import type { Route } from '../route.ts';

export const healthRoute: Route = {
  method: 'GET',
  path: '/healthz',
  access: 'open',
  summary: '200 while the process answers',
  handle: () => ({ status: 'ok' }),
};
