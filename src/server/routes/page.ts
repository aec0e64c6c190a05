/** `GET /`, `GET /login` and the files of the status page. */
import type { FastifyReply } from 'fastify';
import { PAGE_FILES } from '../page-files.ts';
import type { Route, RouteContext } from '../route.ts';

export const pageRoute: Route = {
  method: 'GET',
  path: '/',
  access: 'page',
  summary: 'the status page',
  handle: (_request, reply, context) => sendFile('index.html', reply, context),
};

export const loginPageRoute: Route = {
  method: 'GET',
  path: '/login',
  access: 'open',
  summary: 'the login form',
  handle(_request, reply, context) {
    if (!context.access.tokenNeeded) return reply.redirect('/', 303);
    return sendFile('login.html', reply, context);
  },
};

/** Scripts, style and icon: the same for everybody, nothing of the service in them. */
export const pageFileRoutes: readonly Route[] = Object.keys(PAGE_FILES)
  .filter((name) => !name.endsWith('.html'))
  .map((name) => ({
    method: 'GET',
    path: `/page/${name}`,
    access: 'open',
    summary: 'file of the status page',
    handle: (_request, reply, context) => sendFile(name, reply, context),
  }));

function sendFile(name: string, reply: FastifyReply, context: RouteContext): FastifyReply {
  const file = context.page.get(name);
  if (file === undefined) return reply.code(404).send({ error: 'not found' });
  return reply.type(file.contentType).send(file.body);
}
