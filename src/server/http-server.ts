/**
 * HTTP server: metrics, probes, status, alerts and the status page of a running service, over what a ServiceView shows.
 *
 * Loopback by default. Every request passes the same gate before its route: security headers, Host and Origin, token. Import this
 * module lazily (`await import`): it is the only one that loads fastify, which commands without HTTP need not pay for.
 */
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import { mergeComponents, renderMetrics } from '../telemetry/prometheus.ts';
import { Access } from './access.ts';
import { AlertStreams, STREAM_LIMITS, type StreamLimits } from './alert-streams.ts';
import { ATTEMPT_LIMITS, type AttemptLimits, FailedAttempts } from './failed-attempts.ts';
import { loadPageFiles } from './page-files.ts';
import { RateHistory } from './rate-history.ts';
import { type HostPolicy, isLoopback, refuseOrigin } from './request-origin.ts';
import type { Route, RouteContext } from './route.ts';
import { ROUTES } from './routes/table.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { serviceMetrics } from './service-metrics.ts';
import type { ServiceView } from './service-view.ts';
import { credentialsOf } from './session.ts';
import { rateTotals } from './status-report.ts';
import { taxiiError } from './taxii/taxii-answer.ts';
import type { TaxiiServer } from './taxii/taxii-server.ts';
import { sendTaxii } from './routes/taxii.ts';

export interface HttpServerOptions {
  readonly view: ServiceView;
  /** Address to bind; default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** At least 16 characters; needed off loopback. */
  readonly token?: string;
  /** Names this server is reached by beside its address and the loopback names, without port (a reverse proxy's name). */
  readonly allowedHosts?: readonly string[];
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number;
  readonly streamLimits?: StreamLimits;
  readonly attemptLimits?: AttemptLimits;
  /** Directory of the built status page; default beside this module. */
  readonly pageDirectory?: string;
  /** Served below /taxii2/; absent: nothing is there. */
  readonly taxii?: TaxiiServer;
}

export interface HttpServer {
  /** `http://127.0.0.1:8686`, with the port really bound. */
  readonly url: string;
  /** Ends open streams and stops listening. Idempotent. */
  close(): Promise<void>;
}

const DEFAULT_HOST = '127.0.0.1';
const MIN_TOKEN_LENGTH = 16;
const BODY_BYTES = 16_384;
const MAX_CONNECTIONS = 256;
const SAMPLE_MS = 1000;
const SAMPLES_KEPT = 180;

/** Starts the server. Rejects with FlintError when the token is missing or weak, or the address cannot be had. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const host = options.host ?? DEFAULT_HOST;
  checkToken(host, options.token);
  const now = options.now ?? Date.now;
  const attempts = new FailedAttempts(now, options.attemptLimits ?? ATTEMPT_LIMITS);
  const streams = new AlertStreams(options.view.alerts, options.streamLimits ?? STREAM_LIMITS);
  const components = () => mergeComponents([...options.view.components(), streams.snapshot()]);
  const context: RouteContext = {
    view: options.view,
    access: new Access(options.token, attempts, now),
    streams,
    history: new RateHistory(SAMPLE_MS, SAMPLES_KEPT),
    page: await loadPageFiles(options.pageDirectory ?? fileURLToPath(new URL('./page/', import.meta.url))),
    now,
    components,
    metrics: () => {
      const taxii = options.taxii === undefined ? {} : { taxii: options.taxii.counts };
      return renderMetrics(components()) + serviceMetrics(options.view, { failedLogins: attempts.total, ...taxii });
    },
    secure: options.tls !== undefined,
    ...(options.taxii !== undefined && { taxii: options.taxii }),
  };
  const app = createApp(options.tls);
  const policy: HostPolicy = { boundHost: host, allowedHosts: (options.allowedHosts ?? []).map(lowerCase) };
  for (const route of ROUTES) addRoute(app, route, context, policy);

  const url = await listen(app, host, options.port);
  context.history.sample(now(), rateTotals(context));
  const sampler = setInterval(() => context.history.sample(now(), rateTotals(context)), SAMPLE_MS).unref();
  return {
    url,
    close: async () => {
      clearInterval(sampler);
      streams.close();
      await app.close();
    },
  };
}

function createApp(tls: HttpServerOptions['tls']): FastifyInstance {
  const common = {
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: 15_000,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    return503OnClosing: true,
  } as const;
  // The two server types differ only in their socket; everything used here is common to both.
  const app = (tls === undefined ? fastify(common) : fastify({ ...common, https: tls })) as FastifyInstance;
  app.server.maxConnections = MAX_CONNECTIONS;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS);
  });
  app.setNotFoundHandler((request, reply) => refuse(request, reply, 404, 'not found'));
  app.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    return refuse(request, reply, status, status < 500 ? error.message : 'internal error');
  });
  return app;
}

function addRoute(app: FastifyInstance, route: Route, context: RouteContext, policy: HostPolicy): void {
  app.route({
    method: route.method,
    url: route.path,
    exposeHeadRoute: false,
    onRequest: async (request, reply) => admit(route, request, reply, context, policy),
    handler: (request, reply) => route.handle(request, reply, context),
  });
}

/** The gate: answers and returns the reply when the request goes no further. */
function admit(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  context: RouteContext,
  policy: HostPolicy,
): FastifyReply | undefined {
  // Probes come with whatever name the orchestrator uses, and tell nothing.
  const isProbe = route.path === '/healthz' || route.path === '/readyz';
  const refused = isProbe ? undefined : refuseOrigin(request.method, request.headers, policy);
  if (refused !== undefined) return refuse(request, reply, 403, refused);
  if (route.access === 'open') return undefined;
  const decision = context.access.decide({ ...credentialsOf(request), basic: route.access === 'taxii' });
  if (decision.allowed) return undefined;
  if (decision.reason === 'too-many-attempts') {
    reply.header('retry-after', String(decision.retryAfterSec));
    return refuse(request, reply, 429, 'too many wrong tokens from this address');
  }
  if (route.access === 'page') return reply.redirect('/login', 303);
  const basic = route.access === 'taxii' ? ', Basic realm="flint", charset="UTF-8"' : '';
  reply.header('www-authenticate', `Bearer realm="flint"${basic}`);
  return refuse(request, reply, 401, decision.reason === 'bad-token' ? 'wrong token' : 'a token is needed');
}

/** In the words of those who ask: TAXII clients understand their own error messages only. */
function refuse(request: FastifyRequest, reply: FastifyReply, status: number, message: string): FastifyReply {
  if (!/^\/taxii2(?:[/?]|$)/.test(request.url)) return reply.code(status).send({ error: message });
  return sendTaxii(reply, taxiiError(status, message));
}

function checkToken(host: string, token: string | undefined): void {
  if (token === undefined && !isLoopback(host)) {
    const message = `http address "${host}" can be reached from other machines and needs a token`;
    throw new FlintError([diagnostic('SERVER_TOKEN_NEEDED', 'error', message)]);
  }
  if (token !== undefined && token.length < MIN_TOKEN_LENGTH) {
    const message = `http token has ${token.length} characters, at least ${MIN_TOKEN_LENGTH} are needed`;
    throw new FlintError([diagnostic('SERVER_TOKEN_WEAK', 'error', message)]);
  }
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host: isIP(host) === 0 && isLoopback(host) ? DEFAULT_HOST : host, port });
  } catch (cause) {
    await app.close();
    // Expected: the port is taken, or the address is not ours.
    const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const code = inUse ? 'ENV_ADDRESS_IN_USE' : 'ENV_CANNOT_LISTEN';
    const message = inUse ? `http address "${host}:${port}" is already in use` : `cannot listen on "${host}:${port}"`;
    throw new FlintError([diagnostic(code, 'error', message)], { cause });
  }
}

function lowerCase(name: string): string {
  return name.toLowerCase();
}
