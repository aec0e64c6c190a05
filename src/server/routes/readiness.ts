/** `GET /readyz`: 200 when inputs listen and intelligence is loaded, else 503. The reasons are for those who may see the status. */
import type { Route } from '../route.ts';
import { credentialsOf } from '../session.ts';

export const readinessRoute: Route = {
  method: 'GET',
  path: '/readyz',
  access: 'open',
  summary: '200 when ready, 503 with reasons when not',
  handle(request, reply, { view, access }) {
    const { ready, reasons } = view.readiness();
    reply.code(ready ? 200 : 503);
    const mayKnow = !access.tokenNeeded || access.decide(credentialsOf(request)).allowed;
    return mayKnow ? { ready, reasons } : { ready };
  },
};
