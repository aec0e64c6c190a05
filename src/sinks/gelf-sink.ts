/** Sink `gelf`: over UDP in chunks and, by option, gzip; over TCP and TLS ended by a NUL byte (GELF specification). */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Static, Type } from 'typebox';
import { createDatagramSink, overUdp } from './datagram-sink.ts';
import { gelfDatagrams, maxGelfBytes } from './gelf-chunks.ts';
import { joined } from './line-framing.ts';
import type { SinkAddress, SinkKind } from './sink.ts';
import { createStreamedSink, STREAM_OPTIONS } from './stream-sink.ts';

const DEFAULT_CHUNK_BYTES = 1420;

const GelfOptions = Type.Object(
  {
    ...STREAM_OPTIONS,
    chunk_bytes: Type.Integer({
      default: DEFAULT_CHUNK_BYTES,
      minimum: 100,
      maximum: 65_507,
      description: 'largest datagram; longer messages are chunked (UDP)',
      'x-unit': 'bytes',
    }),
    compress: Type.Union([Type.Literal('none'), Type.Literal('gzip')], {
      default: 'none',
      description: 'compression (UDP)',
    }),
  },
  { additionalProperties: false },
);

export const gelfKind: SinkKind = {
  protocol: 'gelf',
  summary: 'GELF 1.1 over UDP (chunked), TCP or TLS',
  example: 'gelf+udp://graylog.example.org:12201',
  transports: ['udp', 'tcp', 'tls'],
  defaultFormat: 'gelf',
  options: GelfOptions,
  traits: (transport, options) =>
    overUdp(transport)
      ? { queued: false, maxBodyBytes: maxGelfBytes(chunkBytesOf(options)), attempts: 5 }
      : { queued: true, maxBodyBytes: Number.POSITIVE_INFINITY, attempts: Number.POSITIVE_INFINITY },
  open: (address, context) =>
    overUdp(address.transport)
      ? createDatagramSink(address, context, packer(address))
      : createStreamedSink(address, context, (bodies) => joined(bodies, 0)),
};

function packer(address: SinkAddress): (body: Uint8Array) => readonly Uint8Array[] | undefined {
  const { compress } = address.options as Partial<Static<typeof GelfOptions>>;
  const chunkBytes = chunkBytesOf(address.options);
  return (body) =>
    gelfDatagrams(compress === 'gzip' ? gzipSync(body) : body, chunkBytes, randomBytes(8).readBigUInt64BE(0));
}

function chunkBytesOf(options: SinkAddress['options'] = {}): number {
  return (options as Partial<Static<typeof GelfOptions>>).chunk_bytes ?? DEFAULT_CHUNK_BYTES;
}
