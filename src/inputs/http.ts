/**
 * HTTP: records in the body of a POST, in any arrangement that `framing` knows, gzip, zstd or deflate by Content-Encoding or by
 * their first bytes. The answer comes when every record is settled: 200 with counts, so that a sender that resends on anything else
 * loses nothing. Under pressure 429 with Retry-After before the body is read.
 *
 * Against browsers on the same machine (DNS rebinding): on loopback the Host header must name a loopback address, and requests
 * that a page of another origin could send (an Origin header) are refused. The token is compared in constant time.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type Static, Type } from 'typebox';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import type { InflateLimits } from '../frame/compression.ts';
import { type Chunks, InflateError, inflateDetected, inflateStream } from '../frame/inflate-stream.ts';
import { createFramer, FRAMING_NAMES } from '../frame/registry.ts';
import { BatchWriter, type Sequence } from './batch-writer.ts';
import { cannotListen, hostPort } from './cannot-listen.ts';
import { countDrop, type DropReason } from './drop-reasons.ts';
import type { Input, InputAddress, InputContext, InputKind } from './input.ts';
import { maxRecordBytes, RECORD_OPTIONS, recordSource } from './record-source.ts';
import { readTlsFiles, TLS_OPTIONS } from './tls-files.ts';

const httpOptions = Type.Object(
  {
    ...RECORD_OPTIONS,
    ...TLS_OPTIONS,
    framing: Type.Union(
      FRAMING_NAMES.map((name) => Type.Literal(name)),
      { default: 'auto', description: 'how records are told apart in a body' },
    ),
    token: Type.Optional(
      Type.String({ minLength: 8, 'x-secret': true, description: 'senders must send it: Authorization: Bearer TOKEN' }),
    ),
    max_body_bytes: Type.Integer({
      default: 67_108_864,
      minimum: 1024,
      'x-unit': 'bytes',
      description: 'longest body as sent; longer ones are answered 413',
    }),
    max_inflated_bytes: Type.Integer({
      default: 1_073_741_824,
      minimum: 1024,
      'x-unit': 'bytes',
      description: 'what a compressed body may become',
    }),
    max_connections: Type.Integer({ default: 256, minimum: 1, maximum: 65_535, description: 'clients at once' }),
    request_seconds: Type.Integer({
      default: 60,
      minimum: 1,
      maximum: 3600,
      'x-unit': 'seconds',
      description: 'time a request may take to arrive; slower ones are closed',
    }),
    pending_bytes: Type.Integer({
      default: 16_777_216,
      minimum: 65_536,
      'x-unit': 'bytes',
      description: 'records of one request read and not settled; beyond it reading waits',
    }),
  },
  { additionalProperties: false },
);
type HttpOptions = Static<typeof httpOptions>;

export const httpInput: InputKind = {
  protocol: 'http',
  summary: 'POST of JSON or text; answers when all records are settled',
  example: 'http://127.0.0.1:8088',
  transports: ['tcp', 'tls'],
  options: httpOptions,
  create: (address, context) => new HttpInput(address, context),
};

const RETRY_AFTER_SECONDS = 1;
const HEADER_MS = 10_000;
/** How long bodies that are on their way may take when the input stops. */
const STOP_GRACE_MS = 250;
const MAX_RATIO = 1000;
const MAX_WINDOW_BYTES = 8 << 20;

/** A refusal: status and text of the answer. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

class HttpInput implements Input {
  readonly finished = new Promise<void>(() => {});
  #bound = '';
  readonly #context: InputContext;
  readonly #options: HttpOptions;
  readonly #address: InputAddress;
  readonly #server: Server;
  readonly #inflate: InflateLimits;
  readonly #tokenHash: Buffer | undefined;
  readonly #sequence: Sequence = { next: 0 };
  readonly #requests = new Set<Promise<void>>();
  readonly #arriving = new Set<IncomingMessage>();
  #stopping: Promise<void> | undefined;
  #listening = false;

  constructor(address: InputAddress, context: InputContext) {
    this.#context = context;
    this.#address = address;
    this.#options = address.options as HttpOptions;
    const { token, max_inflated_bytes, max_connections, request_seconds } = this.#options;
    this.#tokenHash = token === undefined ? undefined : hashOf(`Bearer ${token}`);
    this.#inflate = { maxBytes: max_inflated_bytes, maxRatio: MAX_RATIO, maxWindowBytes: MAX_WINDOW_BYTES };
    const timeouts = {
      requestTimeout: request_seconds * 1000,
      headersTimeout: Math.min(HEADER_MS, request_seconds * 1000),
      connectionsCheckingInterval: 500,
    };
    this.#server =
      address.transport === 'tls'
        ? createTlsServer({ ...timeouts, ...readTlsFiles(this.#options) })
        : createServer(timeouts);
    this.#server.maxConnections = max_connections;
    this.#server.on('request', (request, response) => this.#accept(request, response));
    this.#server.on('drop', () => {
      context.counters.add('refused_connections');
      context.report('ENV_TOO_MANY_CLIENTS', `connection refused: ${max_connections} clients are connected`);
    });
    this.#server.on('clientError', (error: Error & { code?: string }, socket) => {
      context.counters.error('ENV_CLIENT_GIVEN_UP');
      context.report('ENV_CLIENT_GIVEN_UP', `connection closed: ${error.code ?? error.message}`);
      const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
      if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
      else socket.destroy();
    });
  }

  get boundAddress(): string {
    return this.#bound;
  }

  async start(): Promise<void> {
    const { host, port } = this.#address;
    if (!isLoopback(host) && this.#tokenHash === undefined)
      throw new FlintError([
        diagnostic('CONFIG_BAD_VALUE', 'error', `http input on "${hostPort(host, port)}" needs a "token" off loopback`),
      ]);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(cannotListen(error, host, port)));
      this.#server.listen(port, host, resolve);
    });
    this.#listening = true;
    const address = this.#server.address();
    this.#bound = hostPort(host, typeof address === 'object' && address !== null ? address.port : port);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const closed = this.#listening ? new Promise((resolve) => this.#server.close(resolve)) : Promise.resolve();
    this.#server.closeIdleConnections();
    // Bodies that do not arrive in time are not acknowledged: their senders try again.
    const grace = setTimeout(() => {
      for (const request of this.#arriving) request.destroy();
    }, STOP_GRACE_MS);
    await Promise.all(this.#requests);
    clearTimeout(grace);
    this.#server.closeAllConnections();
    await closed;
  }

  #accept(request: IncomingMessage, response: ServerResponse): void {
    this.#context.counters.add('received_requests');
    const handled = this.#handle(request, response)
      .catch((error) => this.#refuse(request, response, error))
      .then(() => sent(response))
      .finally(() => this.#requests.delete(handled));
    this.#requests.add(handled);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#check(request);
    if (request.headers.expect === '100-continue') response.writeContinue();
    const { remoteAddress = 'unknown', remotePort = 0 } = request.socket;
    const source = recordSource(this.#context, this.#options, {
      path: `http://${hostPort(remoteAddress, remotePort)}`,
      id: `${this.#context.instanceId}/${this.#context.name}`,
      replayable: false,
    });
    const writer = new BatchWriter(this.#context, source, { sequence: this.#sequence });
    const framer = createFramer(this.#options.framing, {
      maxRecordBytes: maxRecordBytes(this.#context, this.#options),
    });
    let dropped = 0;
    const drop = (reason: DropReason, sample?: Uint8Array): void => {
      dropped++;
      countDrop(this.#context, reason, sample);
    };
    let problem: unknown;
    this.#arriving.add(request);
    try {
      for await (const chunk of this.#body(request)) {
        writer.begin(chunk);
        framer.push(chunk, writer.emit, drop);
        writer.flush();
        await writer.room(this.#options.pending_bytes);
      }
    } catch (error) {
      // Damaged compression, a body that is too long, or a sender that left.
      problem = error;
    } finally {
      this.#arriving.delete(request);
    }
    if (problem instanceof InflateError) drop(problem.problem);
    // A body that was cut off will be sent again: its unfinished last record is not taken.
    if (problem === undefined) framer.end(writer.emit, drop);
    writer.flush();
    await writer.settled();
    if (problem instanceof InflateError) throw new Refusal(400, problem.message);
    if (problem !== undefined) throw problem;
    answer(response, 200, { accepted: writer.nextRecord, dropped });
  }

  #check(request: IncomingMessage): void {
    const { headers, method } = request;
    if (isLoopback(this.#address.host) && !isLoopback(hostName(headers.host ?? '')))
      throw new Refusal(403, 'the Host header must name this machine');
    if (headers.origin !== undefined) throw new Refusal(403, 'requests from web pages are refused');
    if (this.#tokenHash !== undefined && !timingSafeEqual(hashOf(headers.authorization ?? ''), this.#tokenHash))
      throw new Refusal(401, 'a valid bearer token is needed');
    if (method !== 'POST' && method !== 'PUT') throw new Refusal(405, 'send records with POST');
    if (Number(headers['content-length'] ?? 0) > this.#options.max_body_bytes) throw tooLarge();
    if (this.#stopping !== undefined) throw new Refusal(503, 'the input is stopping');
    if (this.#context.intake.pressure >= 1) throw new Refusal(429, 'too many records are waiting');
  }

  #body(request: IncomingMessage): Chunks {
    const limited = this.#limited(request);
    const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
    if (encoding === 'identity' || encoding === '') return inflateDetected(limited, this.#inflate);
    if (encoding === 'gzip' || encoding === 'x-gzip') return inflateStream(limited, 'gzip', this.#inflate);
    if (encoding === 'deflate' || encoding === 'zstd') return inflateStream(limited, encoding, this.#inflate);
    throw new Refusal(415, 'Content-Encoding must be gzip, zstd, deflate or identity');
  }

  async *#limited(request: IncomingMessage): Chunks {
    let length = 0;
    // Not destroyed when given up, so that the answer still goes out.
    const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    for await (const chunk of chunks) {
      length += chunk.length;
      this.#context.counters.add('received_bytes', chunk.length);
      if (length > this.#options.max_body_bytes) throw tooLarge();
      yield chunk;
    }
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const { counters } = this.#context;
    if (error instanceof Refusal) {
      counters.add(`answered_${error.status}`);
      // The rest of the body is read and thrown away, so that the sender gets the answer; of one that is too long it is not.
      if (error.status === 413) response.setHeader('Connection', 'close');
      else request.resume();
      if (error.status === 429 || error.status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
      if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
      if (error.status === 405) response.setHeader('Allow', 'POST, PUT');
      answer(response, error.status, { error: error.message });
      return;
    }
    if (request.destroyed && !request.complete) {
      counters.add('broken_connections');
      return;
    }
    // The intake failed: nothing is acknowledged, the sender may try again.
    counters.add('answered_500');
    answer(response, 500, { error: 'the records could not be handed on' });
  }
}

function answer(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Resolves when the answer is handed to the operating system, or nobody is there to get it. */
function sent(response: ServerResponse): Promise<void> {
  if (response.writableFinished || response.destroyed || response.socket === null) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('finish', resolve);
    response.once('close', resolve);
  });
}

function tooLarge(): Refusal {
  return new Refusal(413, 'the body is longer than max_body_bytes');
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Host header without port and brackets, lower case. */
function hostName(header: string): string {
  return header
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
