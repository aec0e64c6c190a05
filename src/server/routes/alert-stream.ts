/**
 * `GET /api/alerts/stream`: live alerts as server-sent events. `Last-Event-ID` (sent by browsers when they reconnect) or `?after=` is
 * the last alert the client has; kept ones after it come first.
 */
import type { Route } from '../route.ts';

export const alertStreamRoute: Route = {
  method: 'GET',
  path: '/api/alerts/stream',
  access: 'api',
  summary: 'live alerts as server-sent events; Last-Event-ID or ?after=',
  handle(request, reply, { streams }) {
    const header = request.headers['last-event-id'];
    const after = (request.query as Readonly<Record<string, unknown>>)['after'];
    const last = typeof header === 'string' ? header : typeof after === 'string' ? after : undefined;
    const raw = reply.raw;
    const headers = { ...reply.getHeaders(), 'content-type': 'text/event-stream; charset=utf-8' };
    const target = {
      write: (text: string): void => {
        if (!raw.headersSent) raw.writeHead(200, headers as Record<string, string>);
        raw.write(text);
      },
      get writableNeedDrain(): boolean {
        return raw.writableNeedDrain;
      },
    };
    const close = streams.open(target, last);
    if (close === undefined) {
      return reply.code(503).header('retry-after', '10').send({ error: 'too many open streams' });
    }
    reply.hijack();
    raw.on('close', close);
    raw.on('error', close);
    return reply;
  },
};
