/** Credentials of a request, in the form that `Access` decides on. */
import type { FastifyRequest } from 'fastify';
import type { Credentials } from './access.ts';

export function credentialsOf(request: FastifyRequest): Credentials {
  return {
    authorization: request.headers.authorization,
    cookie: request.headers.cookie,
    peer: request.socket.remoteAddress ?? '',
  };
}
