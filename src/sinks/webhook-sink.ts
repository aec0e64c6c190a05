/**
 * Sink `webhook`: HTTP or HTTPS POST of a batch as NDJSON, as one JSON array, or one request per message. The name is resolved first, the address
 * checked, and the connection made to that very address, so that a name cannot lead to a private network (also not by changing between
 * check and use). Redirects are not followed. 400, 413 and 422 say that the messages will never be taken; all else is tried again, after
 * `Retry-After` where it is given.
 */
import { readFileSync } from 'node:fs';
import { type ClientRequestArgs, Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Static, Type } from 'typebox';
import { isPublicAddress } from '../core/address-scope.ts';
import { parseIp } from '../core/ip-address.ts';
import { retryAfterMs } from '../core/retry-after.ts';
import { diagnostic, FlintError } from '../errors/diagnostic.ts';
import { systemLookup } from './host-lookup.ts';
import { lines } from './line-framing.ts';
import {
  type OutgoingMessage,
  type Sink,
  type SinkAddress,
  type SinkContext,
  SinkError,
  type SinkKind,
} from './sink.ts';

const WebhookOptions = Type.Object(
  {
    body: Type.Union([Type.Literal('ndjson'), Type.Literal('array'), Type.Literal('single')], {
      default: 'ndjson',
      description: 'a batch as lines, as one JSON array, or one request per message',
    }),
    query: Type.Optional(Type.String({ description: 'query part of the URL, without the question mark' })),
    headers: Type.Record(Type.String(), Type.String(), { default: {}, description: 'further request headers' }),
    token_env: Type.Optional(Type.String({ description: 'environment variable that holds the bearer token' })),
    token_file: Type.Optional(Type.String({ description: 'file whose first line is the bearer token' })),
    timeout_ms: Type.Integer({
      default: 10_000,
      minimum: 1,
      maximum: 600_000,
      description: 'time for a whole request',
      'x-unit': 'milliseconds',
    }),
    verify: Type.Boolean({ default: true, description: 'check the certificate of the destination' }),
    ca_file: Type.Optional(
      Type.String({ description: 'PEM file of the authorities to trust instead of the system ones' }),
    ),
  },
  { additionalProperties: false },
);

export const webhookKind: SinkKind = {
  protocol: 'webhook',
  summary: 'HTTP or HTTPS POST of batches',
  example: 'webhook+https://hooks.example.org/alerts?token_env=HOOK_TOKEN',
  transports: ['https', 'http'],
  defaultFormat: 'ecs',
  options: WebhookOptions,
  traits: () => ({ queued: true, maxBodyBytes: Number.POSITIVE_INFINITY, attempts: Number.POSITIVE_INFINITY }),
  open: (address, context) => new WebhookSink(address, context),
};

const REFUSED_FOR_GOOD = new Set([400, 413, 422]);

class WebhookSink implements Sink {
  readonly #address: SinkAddress;
  readonly #context: SinkContext;
  readonly #options: Partial<Static<typeof WebhookOptions>>;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #secure: boolean;
  readonly #token: string | undefined;
  readonly #abort = new AbortController();

  constructor(address: SinkAddress, context: SinkContext) {
    const options = address.options as Partial<Static<typeof WebhookOptions>>;
    this.#address = address;
    this.#context = context;
    this.#options = options;
    this.#secure = address.transport !== 'http';
    this.#token = tokenOf(options);
    const ca = options.ca_file === undefined ? {} : { ca: readFileSync(options.ca_file) };
    this.#agent = this.#secure
      ? new HttpsAgent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: options.verify !== false, ...ca })
      : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.#options.body !== 'single')
      return this.#post(batchBody(messages, this.#options.body ?? 'ndjson'), this.#batchType());
    for (const [sent, { body }] of messages.entries()) await this.#post(body, this.#context.contentType, sent);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#agent.destroy();
  }

  #batchType(): string {
    if (this.#context.contentType !== 'application/json') return this.#context.contentType;
    return this.#options.body === 'array' ? 'application/json' : 'application/x-ndjson';
  }

  async #post(body: Uint8Array, contentType: string, delivered = 0): Promise<void> {
    const target = await this.#resolve(delivered);
    const response = await this.#request(target, body, contentType, delivered);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return;
    const wait = retryAfterMs(response.headers, this.#context.now());
    throw new SinkError(`"${this.#address.host}" answered ${status}`, {
      retryable: !REFUSED_FOR_GOOD.has(status),
      delivered,
      ...(wait !== undefined && { retryAfterMs: wait }),
    });
  }

  async #resolve(delivered: number): Promise<string> {
    const { host } = this.#address;
    try {
      const { address } = await (this.#context.lookup ?? systemLookup)(host);
      if (this.#context.allowPrivateAddresses || isPublicAddress(address)) return address;
    } catch (cause) {
      throw new SinkError(`cannot resolve the host name "${host}"`, { retryable: true, delivered, cause });
    }
    // The name may lead elsewhere tomorrow; the messages wait in the queue until someone decides.
    throw new SinkError(`"${host}" has a private address, which is not allowed`, { retryable: true, delivered });
  }

  #request(address: string, body: Uint8Array, contentType: string, delivered: number): Promise<IncomingMessage> {
    const { host, port, path } = this.#address;
    const timeoutMs = this.#options.timeout_ms ?? 10_000;
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)]);
    const args: ClientRequestArgs & { servername?: string } = {
      method: 'POST',
      host: address,
      port: port === 0 ? (this.#secure ? 443 : 80) : port,
      path: requestTarget(path, this.#options.query),
      agent: this.#agent,
      signal,
      // The certificate is checked against the name that was asked for; an address has no SNI.
      ...(this.#secure && { servername: parseIp(host) === undefined ? host : '' }),
      headers: {
        ...this.#options.headers,
        host: hostHeader(host, port),
        'content-type': contentType,
        'content-length': body.length,
        'user-agent': 'flint',
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
      },
    };
    return new Promise((resolve, reject) => {
      const fail = (cause: Error): void => {
        const reason = this.#abort.signal.aborted
          ? 'sink is closed'
          : signal.aborted
            ? `no answer for ${timeoutMs} ms`
            : ((cause as NodeJS.ErrnoException).code ?? cause.message);
        reject(new SinkError(`cannot post to "${host}": ${reason}`, { retryable: true, delivered, cause }));
      };
      const request = (this.#secure ? httpsRequest : httpRequest)(args, (response) => {
        response.on('error', fail);
        response.on('end', () => resolve(response));
        // The body says nothing that is needed; it is read so that the connection can be used again.
        response.resume();
      });
      request.on('error', fail);
      request.end(body);
    });
  }
}

function batchBody(messages: readonly OutgoingMessage[], form: 'ndjson' | 'array'): Uint8Array {
  const bodies = messages.map(({ body }) => body);
  if (form === 'ndjson') return lines(bodies);
  const comma = Buffer.from(',');
  return Buffer.concat([
    Buffer.from('['),
    ...bodies.flatMap((body, i) => (i === 0 ? [body] : [comma, body])),
    Buffer.from(']'),
  ]);
}

function requestTarget(path: string, query: string | undefined): string {
  const target = encodeURI(path === '' ? '/' : path).replace(/[?#]/g, encodeURIComponent);
  return query === undefined || query === '' ? target : `${target}?${encodeURI(query)}`;
}

function hostHeader(host: string, port: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === 0 ? name : `${name}:${port}`;
}

function tokenOf({
  token_env: variable,
  token_file: file,
}: Partial<Static<typeof WebhookOptions>>): string | undefined {
  if (variable === undefined && file === undefined) return undefined;
  const token = variable !== undefined ? process.env[variable] : readFileSync(file as string, 'utf8').split('\n')[0];
  const trimmed = token?.trim() ?? '';
  if (/^[\u0021-\u007e]+$/.test(trimmed)) return trimmed;
  const place = variable !== undefined ? `environment variable "${variable}"` : `file "${file}"`;
  const message = `no usable token in ${place}`;
  throw new FlintError([
    diagnostic('CONFIG_BAD_VALUE', 'error', message, { hint: 'a token is printable ASCII without blanks' }),
  ]);
}
