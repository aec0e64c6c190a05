/** What `gelf` and `json` share: messages over UDP, TCP or TLS. They differ in name, port and the framing usual on TCP. */
import { type Static, Type } from 'typebox';
import { FRAMING_NAMES } from '../frame/registry.ts';
import { hostPort } from './cannot-listen.ts';
import { createDatagramInput } from './datagram-input.ts';
import type { Input, InputAddress, InputContext } from './input.ts';
import { maxRecordBytes, RECORD_OPTIONS, recordSource } from './record-source.ts';
import { StreamTransport } from './stream-transport.ts';
import { readTlsFiles, TLS_OPTIONS } from './tls-files.ts';
import { UDP_OPTIONS } from './udp-transport.ts';

export const STREAM_OPTIONS = {
  framing: Type.Union(
    FRAMING_NAMES.map((name) => Type.Literal(name)),
    { default: 'auto', description: 'how records are told apart (TCP, TLS)' },
  ),
  max_connections: Type.Integer({
    default: 1024,
    minimum: 1,
    maximum: 65_535,
    description: 'clients at once (TCP, TLS); more are refused and counted',
  }),
  idle_seconds: Type.Integer({
    default: 900,
    minimum: 1,
    maximum: 604_800,
    'x-unit': 'seconds',
    description: 'a client that sends nothing for so long is closed (TCP, TLS)',
  }),
  buffer_bytes: Type.Integer({
    default: 134_217_728,
    minimum: 65_536,
    'x-unit': 'bytes',
    description: 'unfinished records of all clients together (TCP, TLS)',
  }),
  ...TLS_OPTIONS,
};

export const messageOptions = Type.Object(
  { ...RECORD_OPTIONS, ...UDP_OPTIONS, ...STREAM_OPTIONS },
  { additionalProperties: false },
);
type MessageOptions = Static<typeof messageOptions>;

export function createMessageInput(address: InputAddress, context: InputContext): Input {
  const options = address.options as MessageOptions;
  return address.transport === 'udp'
    ? createDatagramInput(address, context, options)
    : createStreamInput(address, context, options);
}

function createStreamInput(address: InputAddress, context: InputContext, options: MessageOptions): Input {
  const { host } = address;
  const id = `${context.instanceId}/${context.name}`;
  const transport = new StreamTransport(context, {
    host,
    port: address.port,
    ...(address.transport === 'tls' && { tls: readTlsFiles(options) }),
    framing: options.framing,
    maxRecordBytes: maxRecordBytes(context, options),
    maxConnections: options.max_connections,
    idleMs: options.idle_seconds * 1000,
    bufferBytes: options.buffer_bytes,
    pendingBytes: options.pending_bytes,
    source: (path) => recordSource(context, options, { path, id, replayable: false }),
    sequence: { next: 0 },
  });
  let bound = '';
  return {
    async start() {
      await transport.start();
      bound = hostPort(host, transport.port);
    },
    stop: () => transport.stop(),
    finished: new Promise(() => {}),
    get boundAddress() {
      return bound;
    },
  };
}
