/** Sink over TCP or TLS: a framing and a connection. */
import { readFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import type { Sink, SinkAddress, SinkContext } from './sink.ts';
import { StreamConnection } from './stream-connection.ts';

/** All messages of a batch as one piece of the stream. */
export type Frame = (bodies: readonly Uint8Array[]) => Uint8Array;

/** Options that every sink over TCP or TLS has. */
export const STREAM_OPTIONS = {
  timeout_ms: Type.Integer({
    default: 10_000,
    minimum: 1,
    maximum: 600_000,
    description: 'time for connecting and for each write',
    'x-unit': 'milliseconds',
  }),
  ca_file: Type.Optional(
    Type.String({ description: 'PEM file of the authorities to trust instead of the system ones (TLS)' }),
  ),
  cert_file: Type.Optional(Type.String({ description: 'PEM file of the client certificate (TLS)' })),
  key_file: Type.Optional(Type.String({ description: 'PEM file of the key of the client certificate (TLS)' })),
  verify: Type.Boolean({ default: true, description: 'check the certificate of the destination (TLS)' }),
};

const StreamOptions = Type.Object(STREAM_OPTIONS);

export function createStreamedSink(address: SinkAddress, context: SinkContext, frame: Frame): Sink {
  const options = address.options as Partial<Static<typeof StreamOptions>>;
  const connection = new StreamConnection({
    host: address.host,
    port: address.port,
    timeoutMs: options.timeout_ms ?? 10_000,
    ...(address.transport === 'tls' && { tls: tlsOptions(options) }),
    ...(context.lookup !== undefined && { lookup: context.lookup }),
  });
  return {
    send: (messages) => connection.write(frame(messages.map(({ body }) => body))),
    close: () => connection.close(),
  };
}

function tlsOptions(options: Partial<Static<typeof StreamOptions>>): {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  rejectUnauthorized: boolean;
} {
  return {
    rejectUnauthorized: options.verify !== false,
    ...(options.ca_file !== undefined && { ca: readFileSync(options.ca_file) }),
    ...(options.cert_file !== undefined && { cert: readFileSync(options.cert_file) }),
    ...(options.key_file !== undefined && { key: readFileSync(options.key_file) }),
  };
}
