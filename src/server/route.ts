/** Route: one resource of the HTTP API, one file each; `routes/table.ts` lists them all. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { Access } from './access.ts';
import type { AlertStreams } from './alert-streams.ts';
import type { PageFile } from './page-files.ts';
import type { RateHistory } from './rate-history.ts';
import type { ServiceView } from './service-view.ts';
import type { TaxiiServer } from './taxii/taxii-server.ts';

/** What a route may use. */
export interface RouteContext {
  readonly view: ServiceView;
  readonly access: Access;
  readonly streams: AlertStreams;
  readonly history: RateHistory;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly now: () => number;
  /** Components of the service and of this server. */
  readonly components: () => readonly ComponentSnapshot[];
  /** Prometheus text of components and service. */
  readonly metrics: () => string;
  /** Absent when switched off. */
  readonly taxii?: TaxiiServer;
  /** True when this server speaks TLS itself: cookies are then marked Secure. */
  readonly secure: boolean;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /**
   * `open`: for everybody (probes, login, files without content). `page`: without a session leads to the login form.
   * `api`: answers 401 without a token. `taxii`: the same in TAXII's words, and the token may come as the password of basic authentication.
   */
  readonly access: 'open' | 'page' | 'api' | 'taxii';
  /** One line for the reference page. */
  readonly summary: string;
  handle(request: FastifyRequest, reply: FastifyReply, context: RouteContext): unknown;
}
