/**
 * `POST /login`, `POST /logout`: the token for a cookie and back. Answers are redirects, so that the form works without a script;
 * the fragment tells the form what to say.
 */
import type { Route } from '../route.ts';
import { credentialsOf } from '../session.ts';

export const loginRoute: Route = {
  method: 'POST',
  path: '/login',
  access: 'open',
  summary: 'form field token; sets the session cookie',
  handle(request, reply, { access, secure }) {
    const token = new URLSearchParams(typeof request.body === 'string' ? request.body : '').get('token') ?? '';
    const decision = access.tryToken(token.trim(), credentialsOf(request).peer);
    if (decision.allowed) return reply.header('set-cookie', access.sessionCookie(secure)).redirect('/', 303);
    if (decision.reason === 'too-many-attempts') {
      return reply.header('retry-after', String(decision.retryAfterSec)).redirect('/login#wait', 303);
    }
    return reply.redirect('/login#wrong', 303);
  },
};

export const logoutRoute: Route = {
  method: 'POST',
  path: '/logout',
  access: 'open',
  summary: 'ends the session in this browser',
  handle: (_request, reply, { access, secure }) =>
    reply.header('set-cookie', access.endedCookie(secure)).redirect('/login', 303),
};
