/** All routes, in the order of the reference page. */
import type { Route } from '../route.ts';
import { alertStreamRoute } from './alert-stream.ts';
import { alertsRoute } from './alerts.ts';
import { healthRoute } from './health.ts';
import { intelRoute } from './intel.ts';
import { loginRoute, logoutRoute } from './login.ts';
import { metricsRoute } from './metrics.ts';
import { loginPageRoute, pageFileRoutes, pageRoute } from './page.ts';
import { readinessRoute } from './readiness.ts';
import { stateRoute } from './state.ts';
import { statusRoute } from './status.ts';
import { taxiiRoutes } from './taxii.ts';

export const ROUTES: readonly Route[] = [
  pageRoute,
  statusRoute,
  alertsRoute,
  alertStreamRoute,
  stateRoute,
  intelRoute,
  ...taxiiRoutes,
  metricsRoute,
  healthRoute,
  readinessRoute,
  loginPageRoute,
  loginRoute,
  logoutRoute,
  ...pageFileRoutes,
];
