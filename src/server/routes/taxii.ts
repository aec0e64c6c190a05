/** `GET /taxii2/…`: indicators and sightings for TAXII 2.1 clients; see `taxii/taxii-server.ts`. */
import type { FastifyReply } from 'fastify';
import type { Route } from '../route.ts';
import { TAXII_MEDIA, type TaxiiAnswer, taxiiError } from '../taxii/taxii-answer.ts';

const SUMMARY = 'TAXII 2.1: discovery, API root, collections, manifests, objects, versions';

export const taxiiRoutes: readonly Route[] = ['/taxii2', '/taxii2/*'].map((path) => ({
  method: 'GET',
  path,
  access: 'taxii',
  summary: SUMMARY,
  async handle(request, reply, { taxii }) {
    const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1');
    if (taxii === undefined) return sendTaxii(reply, taxiiError(404, 'not found'));
    const { accept } = request.headers;
    return sendTaxii(reply, await taxii.answer({ path: pathname, query: searchParams, accept }));
  },
}));

export function sendTaxii(reply: FastifyReply, { status, headers, body }: TaxiiAnswer): FastifyReply {
  // As bytes: a text would get a charset parameter, which some clients do not expect.
  return reply.code(status).headers(headers).header('content-type', TAXII_MEDIA).send(Buffer.from(body, 'utf8'));
}
